"""`dialplane cdr-writer` alone, with entries put into Redis directly: hostile, huge, too many."""

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import time
import uuid

import psycopg
import pytest

from front.options import CLONE
from lib import raw
from lib.db import Database
from lib.platform import TestPlatform
from records import STREAM, Redis, wait_for

START = 1795224922
MIB = 1024 * 1024


class Writer:
    """The writer, started without the supervisor, which would wait before a restart."""

    def __init__(self, platform, name="writer"):
        self.db, self.supervisor, self._state = platform.db, platform.supervisor, platform.state
        self.platform = platform
        self._name, self.process = name, None
        self.redis = Redis(platform.state.path, platform.deployment["queue.port"],
                           platform.secret("redis_password"))

    def add(self, body, src="edge"):
        self.redis.call("XADD", STREAM, "*", "src", src, "node", "one", "body", body)

    def add_all(self, bodies):
        self.redis.call("EVAL", "for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'src', 'edge', "
                        "'node', 'one', 'body', ARGV[i]) end", 1, STREAM, *bodies)

    def length(self):
        return self.redis.call("XLEN", STREAM)

    def has_group(self):
        """The writer makes the group when it asks for the first time."""
        try:
            return self.redis.call("XINFO", "GROUPS", STREAM)
        except OSError:
            return False

    def dead(self):
        """How many dead letters there are."""
        return self.db.value("SELECT count(*) FROM voip.cdr_dead")

    def count(self, calls):
        return self.db.value("SELECT count(*) FROM voip.cdr WHERE call_id = ANY(%s::uuid[])",
                             list(calls))

    def start(self, *options, wait=True):
        """`wait`: until it can be told to stop in good order."""
        runs = self.log().count(" writing call records to ")
        with open(self._state / "log" / self._name, "a", encoding="utf-8") as log:
            self.process = self._state.popen([self._state / "bin/dialplane", "cdr-writer", "-s",
                                              self._state, *options], stderr=log)
        if wait:
            wait_for(lambda: self.log().count(" writing call records to ") > runs, "it runs")

    def end(self, number=signal.SIGTERM):
        """Exit status of the writer, which gets this signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def log(self):
        file = self._state / "log" / self._name
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def finish(self):
        """Waits until everything in Redis is done with."""
        wait_for(lambda: self.length() == 0, "the stream is empty", 30)

    def wait_for_rows(self, calls):
        wait_for(lambda: self.count(calls) == len(calls), f"{len(calls)} rows", 30)


def edge(call_id, **values):
    """A line as Kamailio writes it."""
    return {"v": 1, "id": call_id, "start": f"{START}.352172", "answer": f"{START}.400000",
            "end": f"{START + 9}.5", "from": "1001", "to": "1002", "reached": "1002",
            "domain": "a.test", "dir": "internal", "ext": "user", "code": 200, "by": "callee",
            "sip_call_id": "a@b", "node": "one", **values}


def new_calls(count):
    return [str(uuid.uuid4()) for _ in range(count)]


@pytest.fixture(scope="module")
def platform():
    """A platform of which only the database, Redis and the writer run."""
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        made.supervisor.start("redis")
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def writer(platform):
    made = Writer(platform)
    wait_for(lambda: made.redis.call("PING") == b"PONG", "Redis answers")
    made.start()
    wait_for(made.has_group, "it has asked for entries")
    yield made
    made.end(signal.SIGKILL)
    made.redis.call("DEL", STREAM)
    made.db.rows("DELETE FROM voip.cdr_dead")


def test_idle_writer_is_seen(writer):
    """Without a call for a while, doctor (src/cmd/checks_queue.c) still sees that it asks."""
    idle = []

    def has_asked():
        idle.extend(int(consumer[5]) for consumer in
                    writer.redis.call("XINFO", "CONSUMERS", STREAM, "writers"))
        return len(idle) > 1 and idle[-1] < idle[-2]

    wait_for(lambda: STREAM.encode() in writer.redis.call("KEYS", "*"), "it has made the group")
    wait_for(has_asked, "it asks for something", 9)


@pytest.mark.parametrize("text, stored", [
    ('","b"}', None), ("{a,b}", None), ("\\", None), ('\\"\\\\', None), ("NULL", None), ("", None),
    ("'; DROP TABLE voip.cdr; --", None), (" leading and trailing ", None),
    ("a\nb\tc\x01\x7f", None), ("\u00fc\u20ac\U0001f600", None), ("a\x00b", "a\ufffdb"),
    ("$1 %s ${x}", None),
])
def test_text(writer, text, stored):
    """What a caller writes is what is in the row, whatever it means to SQL or to arrays."""
    call, beside = new_calls(2)
    body = json.dumps(edge(call, **{"from": text, "sip_call_id": text}), ensure_ascii=False)
    writer.add(body)
    writer.add(json.dumps(edge(beside)))
    writer.wait_for_rows([call, beside])
    row, = writer.db.rows("SELECT * FROM voip.cdr WHERE call_id = %s", call)
    wanted = text if stored is None else stored
    assert (row["caller"], row["sip_call_id"]) == (wanted, wanted)
    assert raw.record(writer.platform, row) == body.encode()


def test_bytes(writer):
    """What is no UTF-8 is replaced in the row; the record itself is kept as it is."""
    call, = new_calls(1)
    body = json.dumps(edge(call, to="M-ller")).encode().replace(b"M-ller", b"M\xfcller\xed\xa0\x80")
    writer.add(body)
    writer.wait_for_rows([call])
    row = writer.db.rows("SELECT * FROM voip.cdr WHERE call_id = %s", call)[0]
    assert row["callee"] == "M\ufffdller\ufffd\ufffd\ufffd"
    assert raw.record(writer.platform, row) == body, "as it came"


def test_too_long(writer):
    """Values are cut to their column, between characters."""
    call, = new_calls(1)
    writer.add(json.dumps(edge(call, to="\u20ac" * 1000)))
    writer.wait_for_rows([call])
    callee = writer.db.value("SELECT callee FROM voip.cdr WHERE call_id = %s", call)
    assert set(callee) == {"\u20ac"} and 30 < len(callee) < 100


def test_huge(writer):
    """Many of the largest records in one batch: more than goes into one statement."""
    calls = new_calls(100)
    assert writer.end() == 0
    for call in calls:
        writer.add(json.dumps(edge(call, ballast="\\" * (MIB // 2 - 300))))
    writer.start()
    writer.wait_for_rows(calls)
    writer.finish()
    assert writer.dead() == 0
    least = writer.db.value("SELECT min(size) FROM voip.cdr_raw WHERE call_id = ANY(%s::uuid[])",
                            calls)
    assert least > MIB - 1000
    with open(f"/proc/{writer.process.pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    # The batch itself, as hiredis has it, and one statement.
    assert peak < 300 * 1024, "kB"


def test_redis_full(writer):
    """While Redis takes nothing, not even confirmations, rows are made, which makes room."""
    calls = new_calls(100)
    assert writer.end() == 0
    for number, call in enumerate(calls):
        writer.add(json.dumps(edge(call)))
        if number % 10 == 0:
            writer.add("poison")
    writer.redis.call("CONFIG", "SET", "maxmemory", 1)
    try:
        writer.start()
        writer.wait_for_rows(calls)
        writer.finish()
    finally:
        writer.redis.call("CONFIG", "SET", "maxmemory", "1gb")
    # The same bytes are the same dead letter.
    assert writer.dead() == 1


def test_deleted_and_not_acknowledged(writer):
    """Of an entry that Redis deleted just before it was killed, the rest is acknowledged."""
    assert writer.end() == 0
    writer.add(json.dumps(edge(str(uuid.uuid4()))))
    taken = writer.redis.call("XREADGROUP", "GROUP", "writers", "one-1", "STREAMS", STREAM, ">")
    writer.redis.call("XDEL", STREAM, taken[0][1][0][0])
    writer.start()
    wait_for(lambda: writer.redis.call("XPENDING", STREAM, "writers")[0] == 0, "none is pending")
    assert writer.dead() == 0


def test_many_of_another_writer(writer):
    """What another writer is at, however much it is, holds nobody up."""
    assert writer.end() == 0
    writer.redis.call("EVAL", "for i = 1, 6000 do redis.call('XADD', KEYS[1], '*', 'src', 'edge', "
                      "'node', 'one', 'body', '{}') end", 1, STREAM)
    writer.redis.call("XREADGROUP", "GROUP", "writers", "other-1", "COUNT", 6000, "STREAMS", STREAM,
                      ">")
    writer.start()
    call, = new_calls(1)
    writer.add(json.dumps(edge(call)))
    writer.wait_for_rows([call])
    assert writer.redis.call("XPENDING", STREAM, "writers")[0] == 6000


def test_database_hangs(writer):
    """A PostgreSQL that is stopped and not gone holds nobody who wants to end."""
    first, *calls = new_calls(3)
    writer.add(json.dumps(edge(first)))
    writer.wait_for_rows([first])
    backend = writer.db.value("SELECT pid FROM pg_stat_activity "
                              "WHERE application_name = 'dialplane cdr-writer'")
    os.kill(backend, signal.SIGSTOP)
    try:
        for call in calls:
            writer.add(json.dumps(edge(call)))
        wait_for(lambda: writer.redis.call("XPENDING", STREAM, "writers")[0] > 0, "it has them")
        assert writer.end() == 0
        # The next one has another process of the server.
        writer.start()
        writer.wait_for_rows(calls)
    finally:
        os.kill(backend, signal.SIGCONT)
    writer.finish()
    assert writer.dead() == 0


def test_poison(writer):
    """
    What hangs every writer, and is killed with it again and again, is given up after the fifth time,
    and takes none of the others of its batch with it.
    """
    calls = new_calls(20)
    poison = calls[10]
    assert writer.end() == 0
    writer.db.rows("""
        CREATE FUNCTION voip.hang() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF NEW.call_id = '%s' THEN PERFORM pg_sleep(300); END IF; RETURN NEW; END$$
        """ % poison)
    writer.db.rows("CREATE TRIGGER hang BEFORE INSERT ON voip.cdr "
                   "FOR EACH ROW EXECUTE FUNCTION voip.hang()")
    try:
        for call in calls:
            writer.add(json.dumps(edge(call)))
        for kills in range(5):
            assert writer.dead() == 0, kills
            writer.start(wait=False)
            hanging = wait_for(lambda: writer.db.rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'dialplane cdr-writer' "
                "AND wait_event = 'PgSleep'"), "it hangs")
            writer.end(signal.SIGKILL)
            writer.db.rows("SELECT pg_terminate_backend(%s)", hanging[0]["pid"])
            wait_for(lambda: not writer.db.rows(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'dialplane cdr-writer'"),
                "its statement is over")
        # Since the third time they go one by one: those before it are through.
        assert writer.count(calls) == 10
        writer.start()
        writer.finish()
        assert writer.count(calls) == 19
    finally:
        writer.db.rows("DROP TRIGGER hang ON voip.cdr")
        writer.db.rows("DROP FUNCTION voip.hang()")
    row, = writer.db.rows("SELECT * FROM voip.cdr_dead")
    assert (row["deliveries"], bytes(row["body"])) == (5, json.dumps(edge(poison)).encode())
    assert row["reason"] == "given to a writer 5 times, which never got done with it"
    assert writer.redis.call("XPENDING", STREAM, "writers")[0] == 0


def test_poison_in_the_database(writer):
    """The same, of what costs the connection to PostgreSQL each time, and nobody is killed."""
    calls = new_calls(20)
    poison = calls[3]
    assert writer.end() == 0
    writer.db.rows("""
        CREATE FUNCTION voip.crash() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF NEW.call_id = '%s' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NEW; END$$""" % poison)
    writer.db.rows("CREATE TRIGGER crash BEFORE INSERT ON voip.cdr "
                   "FOR EACH ROW EXECUTE FUNCTION voip.crash()")
    try:
        for call in calls:
            writer.add(json.dumps(edge(call)))
        writer.start()
        writer.finish()
    finally:
        writer.db.rows("DROP TRIGGER crash ON voip.cdr")
        writer.db.rows("DROP FUNCTION voip.crash()")
    assert writer.count(calls) == 19
    row, = writer.db.rows("SELECT * FROM voip.cdr_dead")
    assert (row["deliveries"], bytes(row["body"])) == (5, json.dumps(edge(poison)).encode())


def test_several_writers(platform, writer):
    """They share the work; each has a name of its own, and one that stops leaves nothing behind."""
    other, third = Writer(platform, "writer2"), Writer(platform, "writer3")
    other.start()
    try:
        third.start("--instance", "2", wait=False)
        assert third.process.wait(timeout=10) == 1
        assert "a writer named one-2 is running already" in third.log()
        calls = new_calls(4000)
        for call in calls[:2000]:
            writer.add(json.dumps(edge(call)))
        wait_for(lambda: {consumer[1] for consumer in writer.redis.call(
            "XINFO", "CONSUMERS", STREAM, "writers")} >= {b"one-1", b"one-2"}, "both ask")
        for call in calls[2000:]:
            writer.add(json.dumps(edge(call)))
    finally:
        assert other.end() == 0
    writer.finish()
    assert writer.count(calls) == len(calls)
    taken = int(other.log().rsplit("stopped: ", 1)[1].split()[0])
    assert 0 < taken < len(calls)


def test_killed(writer):
    """Writer and PostgreSQL are killed again and again while entries come in."""
    calls, rng, ends = new_calls(6000), random.Random(3), time.monotonic() + 6
    kills, to_add = {"writer": 0, "postgresql": 0}, iter(calls)
    while time.monotonic() < ends or not all(kills.values()):
        for call in itertools.islice(to_add, 100):
            writer.add(json.dumps(edge(call)))
        time.sleep(rng.uniform(0, 0.1))
        if rng.random() < 0.9:
            writer.end(signal.SIGKILL)
            writer.start(wait=False)
            kills["writer"] += 1
        else:
            kills["postgresql"] += kill_postgresql(writer)
        # On a machine with much else to do it would get nothing done, and take that for poison.
        if kills["writer"] % 3 == 2:
            waiting = writer.redis.call("XLEN", STREAM)
            wait_for(lambda: writer.redis.call("XLEN", STREAM) < waiting or not waiting,
                     "a batch is done")
    for call in to_add:
        writer.add(json.dumps(edge(call)))
    writer.finish()
    wait_for(lambda: is_there(writer.db), "PostgreSQL is back")
    assert writer.count(calls) == len(calls) == len(set(calls)), kills
    assert writer.dead() == 0
    assert writer.redis.call("XPENDING", STREAM, "writers")[0] == 0


def kill_postgresql(writer):
    """SIGKILL to its main process, which the supervisor starts again. False if it is not there."""
    info = writer.supervisor.processes()["postgresql"]
    if info["statename"] != "RUNNING":
        return False
    writer.db.close()
    os.kill(info["pid"], signal.SIGKILL)
    return True


def is_there(db):
    try:
        return db.value("SELECT true")
    except psycopg.OperationalError:
        db.close()
        return False


def make_up(writer, call, reason="media"):
    """A row as reconciliation makes it of what the edge counted."""
    writer.db.rows(
        "INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain,"
        " direction, caller, callee, callee_reached, service, hangup_cause, hangup_side, node,"
        " source, sip_call_id, reconciled) VALUES (%s, to_timestamp(%s), to_timestamp(%s), 0, 0,"
        " 'a.test', 'internal', 'made up', '1', '1', 'user', 'NORMAL_CLEARING', 'system', 'one',"
        " 'edge', 'x', %s)", call, f"{START}.352172", START + 5, reason)


def test_record_instead_of_one_that_was_made_up(writer):
    """The record comes after all, twice; one of a call that has its own stays beside it."""
    late, known = new_calls(2)
    make_up(writer, late)
    writer.add(json.dumps(edge(known)))
    writer.wait_for_rows([known])
    for body in edge(known, **{"from": "9"}), edge(late), edge(late, **{"from": "9"}):
        writer.add(json.dumps(body))
    writer.finish()
    rows = writer.db.rows("SELECT caller, reconciled, ended_at FROM voip.cdr "
                          "WHERE call_id = ANY(%s::uuid[])", [late, known])
    assert [(row["caller"], row["reconciled"]) for row in rows] == [("1001", None)] * 2
    assert rows[0]["ended_at"] == rows[1]["ended_at"]


def test_same_calls_in_two_writers(writer):
    """Both have them, in different order, again and again: neither waits for the other for ever."""
    calls = new_calls(20000)
    second = Writer(writer.platform, "second")
    second.start()
    try:
        # As many as a batch has, then the same the other way round: one batch for each of them.
        for begin in range(0, len(calls), 500):
            batch = calls[begin:begin + 500]
            writer.add_all(json.dumps(edge(call)) for call in (*batch, *reversed(batch)))
        writer.wait_for_rows(calls)
        writer.finish()
    finally:
        assert second.end() == 0
    assert "deadlock" not in writer.log() + second.log()
    assert writer.dead() == 0


def stages(call):
    """The record of a menu that sent a call on to a menu, and what the next media server tells of it."""
    text = (CLONE / "tests/fuzz/corpus/cdr_freeswitch/whole").read_text(encoding="utf-8").strip()
    assert "6efc7d39-a88e-4ee8-9fe4-26031afd0f46;" in text
    text = text.replace("6efc7d39-a88e-4ee8-9fe4-26031afd0f46;", f"{call};")
    return text, text.replace("reached=8001;", "reached=8002;path=8001:2>8002;").replace("leg=0", "leg=1")


def test_stages(writer):
    """Whichever comes first, what the second media server tells is in the call's row."""
    ahead, behind, together, alone = calls = new_calls(4)
    for batch in (stages(ahead)[1], stages(behind)[0]), (stages(ahead)[0], stages(behind)[1]):
        for text in batch:
            writer.add(text, "freeswitch")
        wait_for(lambda: writer.length() == 0, "they are in the tables")
    for text in (*stages(together), stages(alone)[0]):
        writer.add(text, "freeswitch")
    writer.finish()
    found = {str(row["call_id"]): row["ivr_path"] for row in writer.db.rows(
        "SELECT call_id, ivr_path FROM voip.cdr WHERE call_id = ANY(%s::uuid[])", calls)}
    assert found == {**dict.fromkeys((ahead, behind, together), "8001:2>8002>8002>1002"),
                     alone: "8001>1002"}


def test_legs(writer):
    """What cdr-writer's own insert makes of two legs and a packed record of 8 KB."""
    where = (f"host={writer.platform.deployment.node['inside']} "
             f"port={writer.platform.deployment['db.port']} "
             f"dbname={writer.platform.deployment['db.name']} user=dialplane_cdr")
    writer.db.rows("INSERT INTO voip.domains (name) SELECT format('bench-%s.test', n) "
                   "FROM generate_series(0, 49) n")
    done = subprocess.run([CLONE / "build/bench/cdr_insert", "whole", "1", "3", where],
                          env={**os.environ, "PGPASSWORD": writer.platform.secret("db_cdr")},
                          capture_output=True, text=True, timeout=30, check=True)
    count = json.loads(done.stdout)["rows"]
    assert count >= 3
    found = writer.db.rows(
        "SELECT l.*, c.started_at AS call_at, c.domain_id AS tenant, c.node AS at "
        "FROM voip.cdr_legs l JOIN voip.cdr c USING (call_id) WHERE c.node = 'bench'")
    assert len(found) == 2 * count
    sides = {leg["side"] for leg in found}
    assert sides == {"caller", "callee"} == {leg["leg"] for leg in found}
    for leg in found[:20]:
        assert leg["started_at"] == leg["begun_at"] == leg["call_at"]
        assert leg["domain_id"] == leg["tenant"] is not None
        assert [str(leg[name]) for name in ("mos", "loss_pct", "jitter_ms")] == \
            ["4.41", "0.12", "3.10"]
        assert (leg["packets"], leg["codec"], leg["sip_call_id"], leg["number"], leg["rang_at"]) \
            == (1500, "PCMA", str(leg["call_id"]), None, None)
    call = found[0]["call_id"]
    text = raw.show(writer.platform, call).decode()
    assert text.count("\nleg\n") == 2 and "\nrecord\n" in text and "mos                  4.41" in text
    assert len(raw.show(writer.platform, call, "--raw")) == 8193


def recording(**changed):
    """What a collector says of a recording."""
    name = str(uuid.uuid4())
    return {"id": name, "call_id": name, "started_us": START * 1000000 + 250000, "domain": "a.test",
            "node": "one", "format": "wav", "duration_ms": 1000, "key_id": 0, "bytes": 32044,
            "sha256": "0f" * 32, **changed}


def test_recordings(writer):
    """One that comes twice is there once; those that can be no row are dead, and hold up no other."""
    writer.db.rows("DELETE FROM voip.cdr_dead")
    writer.db.rows("INSERT INTO voip.domains (name) VALUES ('recorded.test')")
    first, second = recording(domain="recorded.test"), recording(format="opus", domain="gone.test")
    wrong = [recording(key_id=999999), recording(domain="../x"), recording(sha256="x"),
             recording(id="x")]
    for said in (first, first, *wrong, second):
        writer.add(json.dumps(said), "recording")
    writer.start()
    ids = [first["id"], second["id"]]
    wait_for(lambda: writer.length() == 0, "all are done with")
    rows = {str(row["id"]): row for row in writer.db.rows(
        "SELECT r.*, extract(epoch FROM started_at) AS start, d.name FROM voip.recordings r "
        "LEFT JOIN voip.domains d ON d.id = r.domain_id")}
    assert sorted(rows) == sorted(ids)
    assert [rows[one]["name"] for one in ids] == ["recorded.test", None]
    assert rows[ids[0]]["path"] == f"recordings/2026/11/21/{ids[0]}.wav"
    assert rows[ids[1]]["path"] == f"recordings/2026/11/21/{ids[1]}.opus"
    assert float(rows[ids[0]]["start"]) == START + 0.25 and rows[ids[0]]["key_id"] is None
    assert writer.dead() == len(wrong)
    writer.db.rows("DELETE FROM voip.cdr_dead")
    writer.db.rows("DELETE FROM voip.recordings")
    writer.db.rows("DELETE FROM voip.domains WHERE name = 'recorded.test'")


def partitions(writer, table):
    return {row["name"] for row in writer.db.rows(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = %s::regclass",
        f"voip.{table}")}


def age(writer):
    """Months and days that are over age, as they would be if the writer had run all the time."""
    writer.db.rows("SELECT voip.make_partition('cdr', 'month', date_trunc('month', now() AT TIME ZONE"
                   " 'UTC') - make_interval(months => n)) FROM generate_series(24, 27) n")
    writer.db.rows("SELECT voip.make_partition('cdr_raw', 'day', date_trunc('day', now() AT TIME ZONE"
                   " 'UTC') - make_interval(days => n)) FROM generate_series(28, 33) n")
    old = {name for table, ages in (("cdr", "24 months"), ("cdr_raw", "30 days"))
           for name in partitions(writer, table)
           if writer.db.value("SELECT to_date(substring(%s FROM '\\d{4}_.*'), 'YYYY_MM_DD') < now() "
                              "- %s::interval - interval '1 day' - CASE WHEN %s = 'cdr' THEN "
                              "interval '31 days' ELSE '0' END", name, ages, table)}
    assert len(old) == 6
    return old


def test_over_age(writer):
    """At its start the writer drops what is over age, makes what is to come, and nothing else."""
    assert writer.end() == 0
    before = partitions(writer, "cdr") | partitions(writer, "cdr_raw")
    old = age(writer)
    tomorrow = writer.db.value("SELECT 'voip.cdr_raw_' || to_char((now() AT TIME ZONE 'UTC') "
                               "+ interval '1 day', 'YYYY_MM_DD')")
    writer.db.rows(f"DROP TABLE {tomorrow}")
    writer.start()
    wait_for(lambda: not old & (partitions(writer, "cdr") | partitions(writer, "cdr_raw")),
             "they are gone", 30)
    left = partitions(writer, "cdr") | partitions(writer, "cdr_raw")
    assert tomorrow in left and before - old <= left
    wait_for(lambda: writer.log().count("over age are gone") == len(old), "each is said")


def test_audit_log_over_age(platform, writer):
    """Entries of the audit log are kept for as long as the deployment file says (400 days)."""
    assert writer.end() == 0
    add = ("INSERT INTO voip.audit_log (at, actor_kind, actor, method, resource, object_id)"
           " SELECT now() - make_interval(days => %s), 'shell', 'test', 'POST', 'over-age', %s"
           " FROM generate_series(1, %s)")
    # More than one go deletes.
    for days, name, count in ((399, "young", 2), (401, "old", 1500), (4000, "older", 1)):
        platform.db.rows(add, days, name, count)
    writer.start()

    def left():
        return platform.db.rows("SELECT DISTINCT object_id FROM voip.audit_log WHERE resource = 'over-age'")

    wait_for(lambda: left() == [{"object_id": "young"}], "the others are gone", 30)
    assert "log over age were deleted: 1000" in writer.log()
    platform.db.rows("DELETE FROM voip.audit_log WHERE resource = 'over-age'")


def test_table_is_in_use(writer):
    """Somebody reads all of it for long: records go on, and what is over age goes later."""
    assert writer.end() == 0
    old = age(writer)
    calls = new_calls(20)
    where = {"host": writer.platform.deployment.node["inside"], "user": "dialplane",
             "port": writer.platform.deployment["db.port"],
             "dbname": writer.platform.deployment["db.name"],
             "password": writer.platform.secret("db_admin")}
    with psycopg.connect(**where) as reader:
        reader.execute("SELECT count(*) FROM voip.cdr, voip.cdr_raw")
        writer.start()
        for call in calls:
            writer.add(json.dumps(edge(call)))
        writer.wait_for_rows(calls)
        assert old <= partitions(writer, "cdr") | partitions(writer, "cdr_raw")
    wait_for(lambda: not old & (partitions(writer, "cdr") | partitions(writer, "cdr_raw")),
             "they are gone", 60)
    assert "upkeep of" not in writer.log()


def migrate(platform, folder):
    """Brings another database of the platform's cluster to what the folder has."""
    config = platform.folder / "before.yaml"
    text = (platform.state / "etc/deploy.yaml").read_text(encoding="utf-8")
    config.write_text(text.replace("name: dialplane", "name: before"), encoding="utf-8")
    config.chmod(0o644)
    platform.state.run([platform.state / "bin/dialplane", "migrate", "-s", platform.state / "",
                        "-c", config, "--dir", folder])


def test_records_from_before(platform):
    """Tables of their own for raw records: those of the last weeks move there, as they came."""
    older = platform.folder / "older"
    older.mkdir(mode=0o755)
    for file in (CLONE / "db/migrations").glob("00[0-2]*.sql"):
        shutil.copy(file, older)
    older.chmod(0o755)
    migrate(platform, older)
    body = json.dumps({"id": "x", "text": "\u00fc\"\\'" * 1000}, ensure_ascii=False)
    where = {"host": platform.deployment.node["inside"], "user": "dialplane", "dbname": "before",
             "port": platform.deployment["db.port"], "password": platform.secret("db_admin"),
             "autocommit": True}
    with psycopg.connect(**where) as conn:
        for number, age_days in enumerate((0, 1, 29, 31, 400)):
            conn.execute(
                "INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms,"
                " domain, direction, caller, callee, callee_reached, service, hangup_cause,"
                " hangup_side, node, source, sip_call_id, raw) SELECT gen_random_uuid(),"
                " now() - make_interval(days => %s), now(), 0, 0, 'a.test', 'internal', %s, '', '',"
                " 'user', 'NORMAL_CLEARING', 'caller', 'one', 'edge', 'x', %s",
                (age_days, str(number), body))
        migrate(platform, CLONE / "db/migrations")
        found = conn.execute(
            "SELECT c.caller, r.tableoid::regclass::text LIKE '%_other', r.encoding, r.size, r.body"
            " FROM voip.cdr c LEFT JOIN voip.cdr_raw r USING (started_at, call_id)"
            " ORDER BY c.caller").fetchall()
    assert [row[0] for row in found] == list("01234")
    for _, other, encoding, size, stored in found[:3]:
        assert (other, encoding, size) == (False, "none", len(body.encode()))
        assert stored == body.encode()
    assert [row[4] for row in found[3:]] == [None, None]
