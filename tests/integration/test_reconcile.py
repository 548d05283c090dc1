"""
What the edge notes of calls, and what `dialplane cdr-writer` and `dialplane cdr check` make of it: notes in
any order, records that come late, many calls at once.
"""

import concurrent.futures
import json
import os
import signal
import time
import uuid

import psycopg
import pytest

from records import wait_for
from test_cdr_writer import Writer, edge, new_calls

# Of the platform, beside the database; the writer is started by each test.
RUNNING = ("redis",)
NODE = "one"
BOOT = 1795220000
# Calls that end in 15 s at 300 calls/s, and a month of a small platform.
CALLS, RECORDS = 4500, 100_000
# For all of them, on a loaded machine; measured: docs/architecture.md.
LOOKED_AT_WITHIN = 20


def note(kind, call, **values):
    """A line as Kamailio writes it (conf/kamailio/records.lua)."""
    now = time.time()
    said = {"v": 1, "note": kind, "node": NODE, "boot": str(BOOT)}
    if kind != "boot":
        said |= {"id": call, "start": f"{now - 60:.6f}", "answer": f"{now - 50:.6f}", "from": "1001",
                 "to": "8000", "reached": "8000", "domain": "a.test", "dir": "internal",
                 "ext": "ivr", "media": "1", "sip_call_id": call, "code": "200"}
    if kind == "end":
        said |= {"end": f"{now - 10:.6f}", "by": "caller"}
    return json.dumps(said | values, separators=(",", ":"))


def notes(call, **values):
    """Of its answer and of its end."""
    both = {"start": f"{time.time() - 60:.6f}", **values}
    return note("answer", call, **both), note("end", call, **both)


@pytest.fixture
def writer(platform):
    made = Writer(platform)
    wait_for(lambda: made.redis.call("PING") == b"PONG", "Redis answers")
    made.start()
    yield made
    made.end(signal.SIGKILL)
    made.db.rows("TRUNCATE voip.cdr, voip.cdr_legs, voip.edge_calls, voip.edge_boots")


def seen(writer, call):
    """What the edge has noted of the call, once it is there."""
    return wait_for(lambda: writer.db.rows("SELECT * FROM voip.edge_calls WHERE call_id = %s", call),
                    "the note is there")


def let_pass(writer):
    """A minute, for all that the edge has noted."""
    writer.db.rows("UPDATE voip.edge_calls SET noted_at = noted_at - interval '1 min'")
    writer.db.rows("UPDATE voip.edge_boots SET noted_at = noted_at - interval '1 min'")


def record(writer, call):
    """The one record of the call, once it is there."""
    wait_for(lambda: writer.count([call]), "a record")
    row, = writer.db.rows("SELECT * FROM voip.cdr WHERE call_id = %s", call)
    return row


def check(platform, *options, text=False):
    """Exit status of `dialplane cdr check`, and what it prints."""
    done = platform.state.try_run([platform.state / "bin/dialplane", "cdr", "check", "-s",
                                   platform.state.path, *([] if text else ["--json"]), *options])
    return done.returncode, done.stdout if text else json.loads(done.stdout)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1, 1), (1, 0, 1), (0,), (1,)], ids=str)
@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "batches"])
def test_notes_in_any_order(writer, order, at_once):
    call, = new_calls(1)
    both = notes(call)
    if at_once:
        assert writer.end() == 0
    for which in order:
        writer.add(both[which])
        if not at_once:
            writer.finish()
    if at_once:
        writer.start()
    writer.finish()
    row, = seen(writer, call)
    assert (row["ended_at"] is not None) == (1 in order)
    assert row["hangup_side"] == ("caller" if 1 in order else "system")
    assert (row["node"], row["media"], row["caller"], row["service"], row["settled"]) == \
        (NODE, True, "1001", "ivr", None)
    assert row["answered_at"] > row["started_at"]
    assert row["domain_id"] == writer.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    assert writer.db.value("SELECT count(*) FROM voip.edge_boots") == 1


def test_hostile_note(writer):
    """Whatever a caller writes, it is one row, and no more than text."""
    call, beside = new_calls(2)
    hostile = 'a"b,\\\u0001\n\u00fc{}' + "x" * 5000
    writer.add(note("end", call, **{"from": hostile, "sip_call_id": hostile}))
    writer.add(note("end", "no uuid"))
    writer.add('{"v":1,"note":"end","cut o')
    writer.add(note("end", beside))
    row, = seen(writer, call)
    assert row["caller"].startswith('a"b,\\\u0001\n\u00fc{}xxx') and len(row["caller"]) < 128
    seen(writer, beside)
    let_pass(writer)
    assert record(writer, call)["caller"] == row["caller"]
    status, said = check(writer.platform, text=True)
    assert status == 0 and '\n\u00fc' not in said and "\u0001" not in said


def test_media_server_has_not_reported(writer):
    """Nothing before its time; then a record of what the edge saw, and once only."""
    call, = new_calls(1)
    for line in notes(call):
        writer.add(line)
    seen(writer, call)
    time.sleep(2)    # two looks
    assert writer.count([call]) == 0
    let_pass(writer)
    row = record(writer, call)
    assert (row["reconciled"], row["source"], row["node"], row["caller"], row["callee"],
            row["hangup_cause"], row["hangup_side"], row["sip_code"]) == \
        ("media", "edge", NODE, "1001", "8000", "NORMAL_CLEARING", "caller", 200)
    assert abs(row["billable_ms"] - 40_000) < 100 and abs(row["duration_ms"] - 50_000) < 100
    # The same notes again change nothing.
    for line in notes(call, start=f"{row['started_at'].timestamp():.6f}"):
        writer.add(line)
    writer.finish()
    let_pass(writer)
    assert record(writer, call) == row
    assert writer.log().count("1 that their media server has not reported") == 1


@pytest.mark.parametrize("reason", ["media", "edge"])
def test_late_record_takes_the_place(writer, reason):
    call, = new_calls(1)
    start = f"{time.time() - 60:.6f}"
    answer, end = notes(call, start=start)
    writer.add(answer)
    writer.add(end if reason == "media" else note("boot", call, boot=str(int(time.time()))))
    seen(writer, call)
    let_pass(writer)
    assert record(writer, call)["reconciled"] == reason
    late = edge(call, start=start, answer=f"{float(start) + 2:.6f}", end=f"{float(start) + 9:.6f}",
                code=200, by="callee", reached="1003")
    for _ in range(2):
        writer.add(json.dumps(late))
        wait_for(lambda: record(writer, call)["reconciled"] is None, "it is replaced")
    row = record(writer, call)
    assert (row["callee_reached"], row["hangup_side"], row["billable_ms"]) == ("1003", "callee", 7000)
    # What was reported is never replaced.
    let_pass(writer)
    writer.add(end)
    writer.finish()
    assert record(writer, call) == row


def test_record_before_notes(writer):
    """In whichever order they come: a call that was reported is left alone."""
    call, = new_calls(1)
    start = f"{time.time() - 60:.6f}"
    writer.add(json.dumps(edge(call, start=start, answer=start, end=f"{float(start) + 9:.6f}")))
    for line in notes(call, start=start):
        writer.add(line)
    writer.finish()
    let_pass(writer)
    wait_for(lambda: seen(writer, call)[0]["settled"] == "record", "it was looked at")
    assert record(writer, call)["reconciled"] is None
    status, said = check(writer.platform, "--grace", "0")
    assert status == 0 and (said["calls"], said["records"]) == (1, 1)


def test_stopped_reconciliation_holds_nothing_up(writer):
    call, = new_calls(1)
    name = "dialplane cdr-writer reconciling"
    backend = wait_for(lambda: writer.db.rows(
        "SELECT pid FROM pg_stat_activity WHERE application_name = %s", name), "it is connected")
    os.kill(backend[0]["pid"], signal.SIGSTOP)
    try:
        time.sleep(1.5)    # until it has asked for something
        writer.add(json.dumps(edge(call)))
        writer.add(note("end", call))
        writer.wait_for_rows([call])
        seen(writer, call)
        assert writer.end() == 0
    finally:
        os.kill(backend[0]["pid"], signal.SIGCONT)
    writer.start()


FILL = """
    INSERT INTO voip.cdr (call_id, started_at, answered_at, ended_at, duration_ms, billable_ms,
                          domain, direction, caller, callee, callee_reached, service, hangup_cause,
                          hangup_side, node, source, sip_call_id)
    SELECT gen_random_uuid(), at, at, at, 0, 0, 'a.test', 'internal', '1', '2', '2', 'user',
           'NORMAL_CLEARING', 'caller', 'one', 'edge', 'x'
    FROM (SELECT now() - n * interval '1 s' AS at FROM generate_series(1, %s) n) times"""
END = """
    INSERT INTO voip.edge_calls (call_id, started_at, answered_at, ended_at, node, booted_at, media,
                                 domain, direction, caller, callee, callee_reached, service,
                                 hangup_cause, hangup_side, sip_call_id, noted_at)
    SELECT call_id, started_at, started_at, started_at, 'one', now() - interval '1 day', true,
           'a.test', 'internal', '1', '2', '2', 'ivr', 'NORMAL_CLEARING', 'caller', 'x',
           now() - interval '1 min'
    FROM (SELECT call_id, started_at FROM voip.cdr LIMIT %s) reported
    UNION ALL
    SELECT gen_random_uuid(), now() - n * interval '1 s', now(), now(), 'one',
           now() - interval '1 day', true, 'a.test', 'internal', '1', '2', '2', 'ivr',
           'NORMAL_CLEARING', 'caller', 'x', now() - interval '1 min'
    FROM generate_series(1, %s) n"""


def read_without_index(db):
    """Records that were read by going through a table."""
    return db.value("SELECT sum(seq_tup_read) FROM pg_stat_user_tables "
                    "WHERE schemaname = 'voip' AND relname ~ '^cdr_([0-9]|other)'")


def test_many_calls_among_more_records(writer):
    """By two at once, each call is looked at once, by its key; what is missing is made up once."""
    assert writer.end() == 0
    db, missing = writer.db, CALLS // 10
    db.rows(FILL, RECORDS)
    db.rows(END, CALLS - missing, missing)
    db.rows("ANALYZE voip.cdr, voip.edge_calls")
    db.rows("SELECT pg_stat_force_next_flush()")
    before = read_without_index(db)

    def look():
        """As the writer does: until nothing is left."""
        sums = [0, 0, 0]
        with psycopg.connect(**db._where) as own:
            while (found := own.execute("SELECT looked, of_media, of_edge FROM "
                                        "voip.cdr_reconcile('30 s', '12 h')").fetchone())["looked"]:
                sums = [old + new for old, new in zip(sums, found.values())]
        return sums

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = [pool.submit(look) for _ in range(2)]
    took = time.monotonic() - began
    totals = [sum(each) for each in zip(*(one.result() for one in done))]
    print(f"{CALLS} calls among {RECORDS} records: {took:.2f} s")
    assert totals == [CALLS, missing, 0]
    assert took < LOOKED_AT_WITHIN
    # (Each process counts when its connection ends.)
    assert read_without_index(db) == before
    assert db.value("SELECT count(*) FROM voip.cdr WHERE reconciled = 'media'") == missing
    assert db.value("SELECT count(*) FROM voip.edge_calls WHERE settled IS NULL") == 0
    status, said = check(writer.platform, "--since", "7d")
    assert said["count"]["reconciled"] == missing and said["count"]["missing"] == 0
    assert said["calls"] == CALLS and len(said["list"]["reconciled"]) == missing
    writer.start()


def test_check(writer):
    """What it counts, what it lists, and its exit status."""
    db, now = writer.db, time.time()
    good, missing, waiting, running, unseen, other = new_calls(6)
    start = {call: f"{now - 600 - n:.6f}" for n, call in
             enumerate((good, missing, waiting, running, unseen, other))}
    assert check(writer.platform)[0] == 0
    writer.add(json.dumps(edge(good, start=start[good], answer=start[good], end=f"{now:.6f}")))
    writer.add(json.dumps(edge(unseen, start=start[unseen], answer=start[unseen], end=f"{now:.6f}",
                               domain="b.test")))
    writer.add(json.dumps(edge(other, start=start[other], answer="", end=f"{now:.6f}", code=486)))
    for call in (good, missing, waiting):
        writer.add(note("end", call, start=start[call], answer=start[call]))
    writer.add(note("answer", running, start=start[running], answer=start[running]))
    writer.finish()
    assert writer.end() == 0
    db.rows("UPDATE voip.edge_calls SET noted_at = noted_at - interval '1 min' "
            "WHERE call_id = ANY(%s::uuid[])", [good, missing])
    db.rows("UPDATE voip.cdr SET inserted_at = inserted_at - interval '1 min'")

    status, said = check(writer.platform)
    assert status == 1 and said["agree"] is False
    assert {key: said[key] for key in ("calls", "running", "waiting", "records")} == \
        {"calls": 4, "running": 1, "waiting": 1, "records": 1}
    assert said["count"] == {"missing": 1, "reconciled": 0, "without_call": 0}
    only, = said["list"]["missing"]
    assert (only["call_id"], only["domain"], only["caller"], only["callee"], only["node"]) == \
        (missing, "a.test", "1001", "8000", NODE)
    # The record is older than all that is known of the edge's calls: it says nothing.
    db.rows("UPDATE voip.edge_calls SET started_at = started_at - interval '1 h' "
            "WHERE call_id = %s", running)
    status, said = check(writer.platform, "--since", "2h")
    assert status == 1 and said["count"]["without_call"] == 1
    assert said["list"]["without_call"][0]["call_id"] == unseen
    assert check(writer.platform, "--since", "2h", "--domain", "c.test")[0] == 0
    assert check(writer.platform, "--since", "2h", "--domain", "b.test")[1]["count"] == \
        {"missing": 0, "reconciled": 0, "without_call": 1}
    assert check(writer.platform, "--since", "5m")[0] == 0
    assert check(writer.platform, "--grace", "0", "--domain", "a.test")[1]["count"]["missing"] == 2
    status, text = check(writer.platform, text=True)
    assert status == 1 and f"{missing}  a.test  1001 > 8000  node one: its media server" in text
    writer.start()
    wait_for(lambda: writer.count([missing]), "it is made up")
    assert check(writer.platform, "--domain", "a.test")[0] == 0


@pytest.mark.parametrize("options, status", [
    (("--since", "2026-12-01T00:00"), 0), (("--since", "2026-12-01"), 0),
    (("--since", "2026-12-01T00:00:01Z"), 0), (("--since", "2w"), 0), (("--help",), 0),
    (("--since", "yesterday"), 2), (("--since", "0h"), 2), (("--since", "h"), 2),
    (("--since", "99999999999d"), 2), (("--since", "2026-13-01"), 2), (("--since", ""), 2),
    (("--grace", "x"), 2), (("more",), 2),
])
def test_usage_of_check(platform, options, status):
    assert check(platform, *options, text=True)[0] == status
