"""
The whole way of a call's record, with the real daemons: HTTP or a line in a file -> collector ->
Redis -> cdr-writer -> voip.cdr. Each record that was acknowledged is one row, whatever is killed.
"""

import base64
import concurrent.futures
import http.client
import json
import os
import random
import signal
import threading
import time
import uuid
from contextlib import contextmanager

import pytest

from lib import raw
from lib.db import Database
from lib.platform import TestPlatform

DOMAIN = "a.test"
START = 1795224922
PARTS = ("redis", "collector", "cdr-writer")


def until(condition, what, timeout=20):
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.01)
    return value


def freeswitch(call_id, **variables):
    """A record as mod_json_cdr posts it, with the ballast it has."""
    return json.dumps({
        "core-uuid": "07479926-5a45-406c-b72c-b1d41ec94b94", "switchname": "one",
        "channel_data": {"state": "CS_REPORTING", "direction": "inbound"},
        "variables": {
            "direction": "inbound", "uuid": str(uuid.uuid4()),
            "sip_h_X-VOIP-Call": f"{call_id};start={START}.352172;from=1001;to=8000;reached=8000;"
                                 "dir=internal;ext=ivr;leg=0",
            "sip_h_X-VOIP-Service": f"ivr;id=1;domain={DOMAIN}",
            "sip_call_id": f"call-{call_id}", "answer_uepoch": f"{START}400000",
            "end_uepoch": f"{START + 2}352174", "hangup_cause": "NORMAL_CLEARING",
            "sip_hangup_disposition": "recv_bye", "switch_r_sdp": "v=0\r\n" + "a=x\r\n" * 1500,
            **variables},
        "callflow": [{"dialplan": "XML"}]})


def edge(call_id, **values):
    """A line as Kamailio writes it."""
    return json.dumps({
        "v": 1, "id": call_id, "start": f"{START}.352172", "answer": "", "end": f"{START + 9}.5",
        "from": "1001", "to": "1002", "reached": "1002", "domain": DOMAIN, "dir": "internal",
        "ext": "user", "code": 486, "by": "callee", "sip_call_id": f"call-{call_id}",
        "node": "one", **values})


def asterisk(call_id, caller="1001", **values):
    """A line as cdr_custom writes it."""
    row = {"id": call_id, "start": f"{START}.352172", "answer": f"{START}.4",
           "end": f"{START + 3}.5", "from": caller, "to": "8000", "reached": "1002",
           "domain": DOMAIN, "dir": "internal", "ext": "ivr", "code": "200", "cause": "16",
           "by": "callee", "sip_call_id": f"call-{call_id}", "node": "one", "uniqueid": "one-1.7",
           "clid": '"Al" <1001>', "disposition": "ANSWERED", "billsec": "3", **values}
    return ",".join('"' + value.replace('"', '""') + '"' for value in row.values())


class Path:
    """The running parts of the way, from outside."""

    def __init__(self, platform):
        self.platform = platform
        self.db = platform.db
        self._where = (platform.deployment.node["inside"], platform.deployment["collector.port"])
        pair = f"media:{platform.secret('media_password')}"
        self._headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def post(self, body):
        """Status of one post; OSError or HTTPException when nobody answers."""
        return self.post_bytes(body.encode())

    def post_bytes(self, body):
        """As post, of any bytes."""
        connection = http.client.HTTPConnection(*self._where, timeout=10)
        try:
            connection.request("POST", f"/fs/cdr?uuid={uuid.uuid4()}", body, self._headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def post_until_taken(self, body):
        """As mod_json_cdr with retries, but without end."""
        while True:
            try:
                if self.post(body) == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)

    def append(self, name, line):
        with open(self.platform.state / "cdr" / name, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def row(self, call_id, within=20):
        """The one row of the call, once it is there."""
        rows = until(lambda: self.db.rows("SELECT * FROM voip.cdr WHERE call_id = %s", call_id),
                     f"a row of {call_id}", within)
        assert len(rows) == 1
        return rows[0]

    def count(self, calls):
        return self.db.value("SELECT count(*) FROM voip.cdr WHERE call_id = ANY(%s::uuid[])",
                             list(calls))

    def entries(self):
        return int(self.platform.redis("xlen", "dialplane:cdr"))

    def dead(self):
        """Source, body and reason of each dead letter, oldest first."""
        return self.db.rows("SELECT * FROM voip.cdr_dead ORDER BY id")

    def get(self, target):
        """Body of the answer of the collector."""
        connection = http.client.HTTPConnection(*self._where, timeout=10)
        try:
            connection.request("GET", target)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def ports_answer(self):
        try:
            connection = http.client.HTTPConnection(*self._where, timeout=1)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self, name):
        """SIGKILL to the process, which the supervisor starts again. False if it was not there."""
        info = self.platform.supervisor.processes()[name]
        if info["statename"] != "RUNNING":
            return False
        try:
            os.kill(info["pid"], signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def log(self, name):
        return "".join(file.read_text(errors="replace")
                       for file in (self.platform.state / "log").glob(f"{name}*"))


@pytest.fixture(scope="module")
def platform():
    """A platform of which only the database and the way of the records run."""
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        made.db.rows("INSERT INTO voip.domains (name) VALUES (%s)", DOMAIN)
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def path(platform):
    """All parts run at the start of each test, and nothing is left in Redis at its end."""
    for name in PARTS:
        platform.supervisor.start(name)
    running = Path(platform)
    until(running.ports_answer, "the collector answers")
    yield running
    until(lambda: running.entries() == 0, "every entry is deleted from the stream")


def test_freeswitch(path):
    call = str(uuid.uuid4())
    body = freeswitch(call)
    assert path.post(body) == 200
    row = path.row(call)
    domain_id = path.db.value("SELECT id FROM voip.domains WHERE name = %s", DOMAIN)
    expected = {"domain_id": domain_id, "domain": DOMAIN, "direction": "internal",
                "caller": "1001", "callee": "8000", "callee_reached": "8000", "service": "ivr",
                "sip_code": 200, "hangup_cause": "NORMAL_CLEARING", "hangup_side": "caller",
                "node": "one", "source": "freeswitch", "sip_call_id": f"call-{call}",
                "duration_ms": 2000, "billable_ms": 1952}
    assert {key: row[key] for key in expected} == expected
    assert raw.record(path.platform, row) == body.encode()
    assert row["started_at"].timestamp() == pytest.approx(START + 0.352172, abs=1e-6)
    assert row["answered_at"].timestamp() == pytest.approx(START + 0.4, abs=1e-6)
    assert row["ended_at"].timestamp() == pytest.approx(START + 2.352174, abs=1e-6)


def test_lines(path):
    calls = [str(uuid.uuid4()) for _ in range(2)]
    hostile = 'a"b,\\\u00fc'
    path.append("edge.jsonl", edge(calls[0]))
    path.append("asterisk.csv", asterisk(calls[1], caller=hostile))
    busy, menu = (path.row(call) for call in calls)
    assert busy["answered_at"] is None and busy["billable_ms"] == 0
    assert (busy["duration_ms"], busy["sip_code"], busy["hangup_cause"], busy["hangup_side"],
            busy["source"]) == (9147, 486, "USER_BUSY", "callee", "edge")
    assert (menu["caller"], menu["callee"], menu["callee_reached"], menu["billable_ms"],
            menu["hangup_cause"], menu["source"]) == \
        (hostile, "8000", "1002", 3100, "NORMAL_CLEARING", "asterisk")


def test_two_sources_of_one_call(path):
    """As when a media server was tried, and its answer came when the caller had given up."""
    call, last = str(uuid.uuid4()), str(uuid.uuid4())
    path.append("edge.jsonl", edge(call, code=487, by="caller"))
    path.row(call)
    assert path.post(freeswitch(call)) == 200
    assert path.post(freeswitch(last)) == 200
    path.row(last)
    assert path.row(call)["source"] == "edge"


def test_many_at_once_and_twice(path):
    calls = [str(uuid.uuid4()) for _ in range(1000)]
    bodies = [freeswitch(call) for call in calls]
    bodies += bodies[:200]
    random.Random(1).shuffle(bodies)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert set(pool.map(path.post, bodies)) == {200}
    until(lambda: path.count(calls) == len(calls), "all rows are there")
    until(lambda: path.entries() == 0, "all entries are done with")
    assert path.count(calls) == len(calls)


def test_poison(path):
    """What can be no row holds nothing up, and is kept with the reason."""
    call = str(uuid.uuid4())
    before = len(path.dead())
    refused = edge(str(uuid.uuid4()), dir="sideways")
    assert path.post('{"variables": {"direction": "inbound"}}') == 200, "a leg of no call"
    assert path.post('{"not": "a record"}') == 200
    path.append("edge.jsonl", '{"id": "cut o')
    path.append("edge.jsonl", refused)
    path.append("asterisk.csv", '"1","2"')
    path.append("edge.jsonl", edge(call))
    path.row(call)
    until(lambda: len(path.dead()) == before + 4, "four are dead")
    found = {bytes(row["body"]): row for row in path.dead()}
    assert found[refused.encode()]["reason"] == "a direction that does not exist"
    assert "columns instead of" in found[b'"1","2"']["reason"]
    assert found[b'"1","2"']["source"] == "asterisk"
    assert {row["node"] for row in path.dead()} == {"one"}


def test_refused_by_the_database(path):
    """A row that only PostgreSQL refuses is found among the others of its batch."""
    calls = [str(uuid.uuid4()) for _ in range(40)]
    before = len(path.dead())
    path.db.rows("ALTER TABLE voip.cdr ADD CONSTRAINT test CHECK (caller <> 'poison')")
    try:
        path.platform.supervisor.stop_process("cdr-writer")
        for number, call in enumerate(calls):
            path.append("edge.jsonl", edge(call, **{"from": "poison"} if number % 16 == 5 else {}))
        until(lambda: path.entries() == len(calls), "all are in Redis")
        path.platform.supervisor.start("cdr-writer")
        until(lambda: path.entries() == 0, "all are done with")
    finally:
        path.db.rows("ALTER TABLE voip.cdr DROP CONSTRAINT test")
    assert path.count(calls) == 37
    assert len(path.dead()) == before + 3


def test_postgresql_away(path):
    before, during = [str(uuid.uuid4()) for _ in range(5)], [str(uuid.uuid4()) for _ in range(50)]
    for call in before:
        assert path.post(freeswitch(call)) == 200
    until(lambda: path.count(before) == 5, "rows from before")
    path.db.close()
    path.platform.supervisor.stop_process("postgresql")
    for call in during:
        assert path.post(freeswitch(call)) == 200
    until(lambda: path.entries() == len(during), "all wait in Redis")
    until(lambda: "PostgreSQL:" in path.log("cdr-writer"), "it is said that PostgreSQL is away")
    path.platform.supervisor.start("postgresql")
    until(lambda: path.count(during) == len(during), "all rows are there")
    assert path.log("cdr-writer").count("PostgreSQL:") == 1, "said once"
    assert path.log("cdr-writer").count("PostgreSQL is back") == 1


def test_redis_away(path):
    calls = [str(uuid.uuid4()) for _ in range(50)]
    path.platform.supervisor.stop_process("redis")
    for call in calls:
        assert path.post(freeswitch(call)) == 200
    path.append("edge.jsonl", edge(calls[0]))
    path.platform.supervisor.start("redis")
    until(lambda: path.count(calls) == len(calls), "all rows are there")


def test_left_by_another_writer(path):
    """What a writer took that does not come back: taken over, once it lay idle for long enough."""
    call = str(uuid.uuid4())
    path.platform.supervisor.stop_process("cdr-writer")
    path.append("edge.jsonl", edge(call))
    until(lambda: path.entries() == 1, "it is in Redis")
    path.platform.redis("xreadgroup", "group", "writers", "gone-1", "streams", "dialplane:cdr", ">")
    entry = path.platform.redis("xrange", "dialplane:cdr", "-", "+").split()[0]
    path.platform.redis("xclaim", "dialplane:cdr", "writers", "gone-1", "0", entry, "idle", "61000")
    path.platform.supervisor.start("cdr-writer")
    path.row(call)


@contextmanager
def flow(path, calls):
    """Records come in from three sides all the while; their calls are added to the list."""
    stopping, lock = threading.Event(), threading.Lock()

    def send(number):
        while not stopping.is_set():
            call = str(uuid.uuid4())
            if number == 0:
                path.append("edge.jsonl", edge(call))
            elif number == 1:
                path.append("asterisk.csv", asterisk(call))
            else:
                path.post_until_taken(freeswitch(call))
            with lock:
                calls.append(call)
            time.sleep(0.002)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        senders = [pool.submit(send, number) for number in range(6)]
        try:
            yield
        finally:
            stopping.set()
        for sender in senders:
            sender.result()


def test_killed_at_random(path):
    """Collector, writer and Redis are killed while records come in from three sides."""
    calls, kills, rng = [], dict.fromkeys(PARTS, 0), random.Random(7)
    with flow(path, calls):
        while sum(kills.values()) < 9 or not all(kills.values()):
            name = rng.choice(PARTS)
            kills[name] += path.kill(name)
            time.sleep(rng.uniform(0.1, 0.6))
    until(lambda: path.count(calls) == len(calls), f"all {len(calls)} rows after {kills}", 40)
    until(lambda: path.entries() == 0, "all entries are done with", 40)
    assert path.count(calls) == len(calls) == len(set(calls))
