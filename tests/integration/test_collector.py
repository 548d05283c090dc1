"""`dialplane collector` with a real Redis: what it has acknowledged arrives, whatever happens."""

import http.client
import json
import signal
import subprocess
import threading

import pytest

from records import PROGRAM, Collector, wait_for

MIB = 1024 * 1024


@pytest.fixture
def collector():
    made = Collector()
    try:
        made.redis.start()
        made.start()
        yield made
    finally:
        made.remove()


class Load:
    """Threads that post records until told to stop; knows which were acknowledged."""

    def __init__(self, collector, threads=8):
        self._collector = collector
        self._stopping = threading.Event()
        self.acknowledged = []
        self._threads = [threading.Thread(target=self._post, args=(i,)) for i in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _post(self, thread):
        connection, headers = self._collector.connect(), self._collector.credentials()
        number = 0
        while not self._stopping.is_set():
            number += 1
            body = json.dumps({"id": f"{thread}-{number}", "text": "x" * 2000}).encode()
            try:
                connection.request("POST", "/fs/cdr", body, headers)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    self.acknowledged.append(body)
            except (OSError, http.client.HTTPException):
                connection.close()
                self._stopping.wait(0.01)


def test_concurrent_posts(collector):
    with Load(collector) as load:
        wait_for(lambda: len(load.acknowledged) >= 500, "500 records are acknowledged")
    collector.expect("freeswitch", *load.acknowledged)
    entries = collector.redis.entries()
    assert len(entries) == len(load.acknowledged), "none came twice"
    assert {node for _, node, _ in entries} == {"one"}
    assert collector.metric('accepted_total{source="freeswitch"}') == len(entries)
    wait_for(lambda: collector.health()["unsent_bytes"] == 0, "all is sent")
    wait_for(lambda: collector.metric("sent_total") == len(entries), "all are counted")
    assert collector.end() == 0


def test_refusals(collector):
    body = b'{"variables":{}}'
    assert collector.request("POST", "/fs/cdr", body)[0] == 401
    assert collector.request("POST", "/fs/cdr", body, collector.credentials("wrong"))[0] == 401
    assert collector.request("GET", "/fs/cdr")[0] == 405
    assert collector.request("GET", "/other")[0] == 404
    for no_object in (b"", b"[1]", b"cdr=%7B%7D", b"{", b'{"a":"\0"}'):
        assert collector.post(no_object) == 400, no_object
    # Refused by its head: the body need not be sent, and is not waited for.
    assert collector.post(None, **{"Content-Length": str(MIB + 1)}) == 413
    assert collector.redis.entries() == []
    largest = b"{" + b" " * (MIB - 2) + b"}"
    assert collector.post(largest) == 200
    collector.expect("freeswitch", largest)


def test_killed_under_load(collector):
    with Load(collector) as load:
        for target in (200, 400):
            wait_for(lambda: len(load.acknowledged) >= target, "records are acknowledged")
            collector.end(signal.SIGKILL)
            collector.start()
        wait_for(lambda: len(load.acknowledged) >= 600, "records are acknowledged")
    collector.expect("freeswitch", *load.acknowledged)


def test_two_collectors(collector):
    """Each hears of its own records only, and sends its own again."""
    other = Collector(beside=collector)
    try:
        other.start()
        mine, theirs = ([b'{"id":"%s-%d"}' % (who, i) for i in range(50)]
                        for who in (b"mine", b"theirs"))
        for body, its in zip(mine, theirs):
            assert collector.post(body) == other.post(its) == 200
        collector.expect("freeswitch", *mine, *theirs)
        collector.redis.call("FLUSHALL")
        collector.expect("freeswitch", *mine, *theirs)
        assert collector.metric("sent_again_total") == other.metric("sent_again_total") == 50
        for each, bodies in ((collector, mine), (other, theirs)):
            collector.redis.confirm(bodies)
            wait_for(lambda: each.health()["unconfirmed_bytes"] == 0, "it is confirmed")
            assert each.metric("confirmed_total") == 50
            assert other is each or other.metric("confirmed_total") == 0
        assert collector.redis.entries() == []
    finally:
        other.remove()


def test_redis_away(collector):
    before, during = b'{"id":"before"}', [b'{"id":"%d"}' % i for i in range(50)]
    assert collector.post(before) == 200
    collector.expect("freeswitch", before)
    collector.redis.stop()
    assert all(collector.post(body) == 200 for body in during)
    wait_for(lambda: not collector.health()["redis"], "it is noticed that Redis is away")
    assert collector.metric("redis_up") == 0
    wait_for(lambda: collector.metric("redis_errors_total") > 2, "it is tried again")
    assert collector.health()["unsent_bytes"] > 0

    # What is not sent yet outlives the collector.
    assert collector.end() == 0
    collector.start()
    collector.redis.start()
    collector.expect("freeswitch", before, *during)
    assert collector.redis.bodies("freeswitch")[-len(during):] == during, "in order"
    assert collector.log().count("stay in the spool") == 2, "said once per run"
    assert collector.log().count("takes call records again") == 1


def test_lines_while_down(collector):
    collector.append("edge.jsonl", b'{"id":"1"}')
    collector.append("asterisk.csv", b'"1","a"')
    collector.expect("edge", b'{"id":"1"}')
    collector.expect("asterisk", b'"1","a"')
    for number in (signal.SIGTERM, signal.SIGKILL):
        collector.end(number)
        line = b'{"id":"%d"}' % number
        collector.append("edge.jsonl", line, b"", line + b" ")
        collector.start()
        collector.expect("edge", line, line + b" ")
        if number == signal.SIGTERM:
            assert len(collector.redis.bodies("edge")) == 3, "none came twice"
    assert len(collector.redis.distinct("edge")) == 5


def test_partial_line(collector):
    with open(collector.cdr / "edge.jsonl", "ab", buffering=0) as file:
        file.write(b'{"id":"whole"}\n{"id":')
        collector.expect("edge", b'{"id":"whole"}')
        assert collector.redis.bodies("edge") == [b'{"id":"whole"}']
        collector.end(signal.SIGKILL)
        file.write(b'"half"}\n')
        collector.start()
        collector.expect("edge", b'{"id":"half"}')


def test_truncated_and_replaced(collector):
    path = collector.cdr / "edge.jsonl"
    collector.append(path.name, b"first", b"second")
    collector.expect("edge", b"first", b"second")
    with open(path, "r+b") as file:
        file.truncate(0)
    collector.append(path.name, b"anew")
    collector.expect("edge", b"anew")

    # Somebody renames the file while a writer has it open.
    with open(path, "ab", buffering=0) as late:
        path.rename(path.with_suffix(".old"))
        collector.append(path.name, b"in the next file")
        late.write(b"late\n")
        collector.expect("edge", b"late")
        late.write(b"cut off")
    collector.expect("edge", b"cut off", b"in the next file")
    assert path.with_suffix(".old").exists()
    assert collector.redis.bodies("edge") == [b"first", b"second", b"anew", b"late", b"cut off",
                                              b"in the next file"]


@pytest.mark.parametrize("down", [False, True])
def test_rotation(collector, down):
    path = collector.cdr / "edge.jsonl"
    aside = path.with_name("edge.jsonl.1")
    lines = [b"%06d" % i + b"x" * 60000 for i in range(290)]
    if down:
        collector.end()
    with open(path, "ab", buffering=0) as late:
        late.write(b"".join(line + b"\n" for line in lines))
        if down:
            collector.start()
        wait_for(aside.exists, "the file is renamed")
        collector.append(path.name, b"in the next file")
        late.write(b"late\n")
        collector.expect("edge", b"late")
        assert aside.exists(), "not deleted while a writer has it open"
    wait_for(lambda: not aside.exists(), "the file is deleted")
    collector.expect("edge", *lines, b"in the next file")
    assert len(collector.redis.bodies("edge")) == len(lines) + 2, "none came twice"


def test_interrupted_rotation(collector):
    collector.append("edge.jsonl", b"before")
    collector.expect("edge", b"before")
    collector.end(signal.SIGKILL)
    collector.append("edge.jsonl", b"behind the mark")
    (collector.cdr / "edge.jsonl").rename(collector.cdr / "edge.jsonl.1")
    collector.append("edge.jsonl", b"in the next file")
    collector.start()
    collector.expect("edge", b"in the next file")
    assert collector.redis.distinct("edge") == [b"before", b"behind the mark", b"in the next file"]
    wait_for(lambda: not (collector.cdr / "edge.jsonl.1").exists(), "the old file is deleted")


def test_long_lines(collector):
    longest = b"x" * 65536
    with open(collector.cdr / "edge.jsonl", "ab", buffering=0) as file:
        file.write(longest + b"x\n" + longest + b"\n")
        collector.expect("edge", longest)
        file.write(b"y" * MIB)
        # The end of such a line comes after a restart.
        collector.end(signal.SIGKILL)
        collector.start()
        file.write(b"y\nshort\n")
    collector.expect("edge", b"short")
    assert collector.redis.distinct("edge") == [longest + b"x", longest, b"y" * MIB + b"y",
                                                b"short"]


def test_longer_than_a_record(collector):
    """Such a line comes in pieces, each one time, whatever happens meanwhile, and blocks nothing."""
    most = 32 * MIB
    with open(collector.cdr / "edge.jsonl", "ab", buffering=0) as file:
        file.write(b"before\n" + b"x" * (most + 5))
        wait_for(lambda: len(collector.redis.bodies("edge")) == 2, "the first piece")
        # The end of such a line comes after a restart.
        collector.end(signal.SIGTERM)
        collector.start()
        file.write(b"yz\nafter\n")
    collector.expect("edge", b"after")
    assert [(len(body), body[-2:]) for body in collector.redis.bodies("edge")] == \
        [(6, b"re"), (most, b"xx"), (7, b"yz"), (5, b"er")]


def test_error_folder(collector):
    folder = collector.cdr / "freeswitch-errors"
    (folder / "a_1.cdr.json").write_bytes(b'{"id":"1"}')
    (folder / "a_2.cdr.json").write_bytes(b"cut o\0")
    (folder / "a_3.cdr.json").write_bytes(b"{" + b" " * MIB + b"}")
    (folder / "a_5.cdr.json").write_bytes(b" " * (32 * MIB + 1))
    (folder / "a_6.cdr.json").write_bytes(b"")
    (folder / "a_7.cdr.json").mkdir()
    (folder / "other").write_bytes(b"{}")
    with open(folder / "a_4.cdr.json", "wb", buffering=0) as file:
        file.write(b'{"id":')
        collector.expect("freeswitch", b'{"id":"1"}')
        wait_for((folder / "a_5.cdr.json.bad").exists, "what is too long is set aside")
        wait_for((folder / "a_6.cdr.json.bad").exists, "what is empty is set aside")
        file.write(b'"4"}')
    collector.expect("freeswitch", b'{"id":"4"}')
    wait_for(lambda: not (folder / "a_4.cdr.json").exists(), "the file is deleted")
    assert sorted(file.name for file in folder.iterdir()) == \
        ["a_5.cdr.json.bad", "a_6.cdr.json.bad", "a_7.cdr.json", "other"]
    assert sorted(collector.redis.bodies("freeswitch"), key=len) == \
        [b"cut o\0", b'{"id":"1"}', b'{"id":"4"}', b"{" + b" " * MIB + b"}"]
    assert collector.metric('rejected_total{source="freeswitch"}') == 2


def test_one_at_a_time(collector):
    done = subprocess.run([PROGRAM, "collector", "-s", collector.state], capture_output=True,
                          text=True, check=False, timeout=10)
    assert done.returncode == 1
    assert "in use by another process" in done.stderr


@pytest.fixture
def small():
    """A collector that may keep 1 MiB."""
    made = Collector(spool_mib=1)
    try:
        made.redis.start()
        made.start()
        yield made
    finally:
        made.remove()


def doctor(collector):
    """What doctor says of the collector: status and text."""
    done = subprocess.run([PROGRAM, "doctor", "--json", "-s", collector.state], check=False,
                          capture_output=True, text=True, timeout=30)
    part, = [part for part in json.loads(done.stdout) if part["part"] == "collector"]
    return part["status"], part["detail"]


def test_spool_fills_up(small):
    """It is said long before anything is refused; what is refused waits where it is."""
    sent = 0

    def fill(level, percent):
        nonlocal sent
        while small.health()["spool_bytes"] * 100 < percent * MIB:
            assert small.post(b'{"id":"%06d","text":"%s"}' % (sent, b"x" * 7000)) == 200
            sent += 1
        # It is looked at once a second.
        wait_for(lambda: small.health()["spool"] == level, f"the spool is {level}")
        return small.metric("spool_level")

    assert doctor(small) == ("ok", f"healthy on port {small.port}")
    assert fill("half", 50) == 1
    assert doctor(small)[0] == "warn"
    assert fill("high", 75) == 2
    assert doctor(small)[0] == "fail"
    assert fill("full", 97) == 3
    assert "the spool of call records is full: " in doctor(small)[1]
    assert small.log().count("the spool is filling up: ") == 2
    assert small.log().count("warning: the spool is full: ") == 1
    while small.post(b'{"text":"%s"}' % (b"y" * 7000)) == 200:
        sent += 1
    assert small.post(b'{"text":"%s"}' % (b"y" * 7000)) == 507
    line = b'{"id":"waits","text":"%s"}' % (b"z" * 7000)
    small.append("edge.jsonl", *[line] * 20)
    wait_for(lambda: "have to wait: the spool is full" in small.log(), "the lines wait")

    # As soon as something is confirmed there is room again, and nothing was lost.
    wait_for(lambda: len(small.redis.bodies("freeswitch")) == sent, "all is in Redis")
    small.redis.confirm()
    small.expect("edge", line)
    wait_for(lambda: len(small.redis.bodies("edge")) == 20, "the lines that waited")
    assert small.post(b'{"id":"again"}') == 200
    small.redis.confirm()
    wait_for(lambda: small.health()["spool"] == "ok", "it is well again")
    assert doctor(small)[0] == "ok"
    assert small.log().count("the spool has room again: ") == 1
    assert small.log().count("warning: the spool is full: ") == 1
