"""
The collectors' spools are kept until PostgreSQL has what is in them: whatever Redis loses, however
it loses it, each record is one row in the end, and Redis stays small while PostgreSQL is away.
"""

import random
import re
import shutil
import time
import uuid
import xmlrpc.client
from contextlib import contextmanager

# The platform and the way of the records, and what goes along it.
from test_cdr_path import Path, edge, flow, path, platform, until  # noqa: F401

WINDOW = 16384


def new_calls(count):
    return [str(uuid.uuid4()) for _ in range(count)]


def append_all(path, calls):  # noqa: F811
    path.append("edge.jsonl", "\n".join(edge(call) for call in calls))


def metric(path, name):  # noqa: F811
    text = path.get("/metrics")
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    return int(lines["dialplane_collector_" + name])


def stops(supervisor, name):
    try:
        supervisor.stop_process(name)
    except xmlrpc.client.Fault:
        return False
    return True


@contextmanager
def without_writer(path):  # noqa: F811
    # One that was killed a moment ago may not have been started again.
    until(lambda: stops(path.platform.supervisor, "cdr-writer"), "the writer stops")
    try:
        yield
    finally:
        path.platform.supervisor.start("cdr-writer")


def all_confirmed(path, calls):  # noqa: F811
    """Each call is one row, nobody has anything left to do, and no record is kept any more."""
    until(lambda: path.count(calls) == len(calls), f"{len(calls)} rows", 60)
    until(lambda: path.entries() == 0, "all entries are done with", 40)
    until(lambda: metric(path, "unconfirmed_bytes") == 0, "all is confirmed", 40)
    assert path.count(calls) == len(calls) == len(set(calls))
    assert metric(path, "unconfirmed") == 0


def delete_files(path):  # noqa: F811
    """Redis is stopped, and started without what it had."""
    path.platform.supervisor.stop_process("redis")
    shutil.rmtree(path.platform.state / "redis/appendonlydir")
    path.platform.supervisor.start("redis")
    until(lambda: path.platform.redis("ping") == "PONG", "Redis answers")


def restore_older(path):  # noqa: F811
    """Redis gets the files of a while ago."""
    folder = path.platform.state / "redis/appendonlydir"
    older = path.platform.state / "redis/older"
    path.platform.supervisor.stop_process("redis")
    path.platform.state.run(["cp", "-a", folder, older])
    path.platform.supervisor.start("redis")
    time.sleep(0.5)
    path.platform.supervisor.stop_process("redis")
    shutil.rmtree(folder)
    older.rename(folder)
    path.platform.supervisor.start("redis")
    until(lambda: path.platform.redis("ping") == "PONG", "Redis answers")


def test_kept_until_confirmed(path):  # noqa: F811
    """What Redis has taken is still on disk, and goes from there when it is a row."""
    calls = new_calls(200)
    with without_writer(path):
        append_all(path, calls)
        until(lambda: path.entries() == len(calls), "all are in Redis")
        until(lambda: metric(path, "unsent_bytes") == 0, "nothing waits to be sent")
        until(lambda: metric(path, "unconfirmed") == len(calls), "they are in hand")
        assert metric(path, "unconfirmed_bytes") > 200 * len(calls)
        # Another collector finds out what is in Redis already, also if it had no time to say so.
        path.kill("collector")
        until(path.ports_answer, "the collector answers")
        until(lambda: metric(path, "unconfirmed") == len(calls), "it has them in hand")
        more = str(uuid.uuid4())
        append_all(path, [more])
        until(lambda: path.entries() == len(calls) + 1, "the next one is in Redis")
    all_confirmed(path, [*calls, more])
    assert metric(path, "sent_total") == 1, "none was sent twice"
    assert metric(path, "confirmed_total") == len(calls) + 1


def test_wiped(path):  # noqa: F811
    """Redis loses thousands of records, stream and group: all at once, or with its files."""
    for wipe in (lambda: path.platform.redis("flushall"), lambda: delete_files(path)):
        calls = new_calls(2000)
        before = metric(path, "sent_again_total")
        with without_writer(path):
            append_all(path, calls)
            until(lambda: path.entries() == len(calls), "all are in Redis")
            wipe()
        all_confirmed(path, calls)
        assert metric(path, "sent_again_total") == before + len(calls)


def entry_ids(path, count):  # noqa: F811
    """Of the first entries of the stream."""
    words = path.platform.redis("xrange", "dialplane:cdr", "-", "+", "count", str(count)).split()
    # A place has this form, too, and is shorter than a time.
    ids = [word for word in words if re.fullmatch(r"\d{13}-\d+", word)]
    assert len(ids) == count
    return ids


def test_confirmed_in_part(path):  # noqa: F811
    """What a writer has left undone is kept, though what came before and behind it is confirmed."""
    calls = new_calls(300)
    with without_writer(path):
        append_all(path, calls)
        until(lambda: path.entries() == len(calls), "all are in Redis")
        kept = metric(path, "unconfirmed_bytes")
        path.platform.redis("xgroup", "create", "dialplane:cdr", "writers", "0")
        path.platform.redis("xreadgroup", "group", "writers", "gone-1", "count", "10", "streams",
                            "dialplane:cdr", ">")
        path.platform.redis("xclaim", "dialplane:cdr", "writers", "one-1", "0",
                            *entry_ids(path, 5), "justid")
    until(lambda: path.entries() == 5, "all but five are done with")
    until(lambda: metric(path, "unconfirmed") == len(calls) - 5, "the first five are confirmed")
    until(lambda: metric(path, "unconfirmed_bytes") < kept, "and are not kept")
    path.platform.supervisor.stop_process("collector")
    path.platform.redis("flushall")
    path.platform.supervisor.start("collector")
    until(path.ports_answer, "the collector answers")
    all_confirmed(path, calls)


def test_single_entry_lost(path):  # noqa: F811
    """One record of many is gone, and nothing else has happened to Redis."""
    calls = new_calls(300)
    with without_writer(path):
        append_all(path, calls)
        until(lambda: path.entries() == len(calls), "all are in Redis")
        assert path.platform.redis("xdel", "dialplane:cdr", entry_ids(path, 51)[-1]) == "1"
    all_confirmed(path, calls)
    assert "Redis has lost 1 call records" in path.log("collector")


def test_confirmations_lost(path):  # noqa: F811
    """The rows are there, and the spool is not told: it asks, and sends them again in vain."""
    calls = new_calls(500)
    path.platform.supervisor.stop_process("collector")
    path.platform.supervisor.start("collector")
    until(path.ports_answer, "the collector answers")
    with without_writer(path):
        append_all(path, calls)
        until(lambda: path.entries() == len(calls), "all are in Redis")
        path.platform.supervisor.stop_process("collector")
    until(lambda: path.count(calls) == len(calls), "all are rows")
    until(lambda: path.entries() == 0, "all entries are done with")
    names = path.platform.redis("keys", "dialplane:cdr:done:*").split()
    assert [path.platform.redis("llen", name) for name in names] == ["500"]
    assert path.platform.redis("del", *names) == "1"
    path.platform.supervisor.start("collector")
    until(path.ports_answer, "the collector answers")
    all_confirmed(path, calls)


def test_bounded(path):  # noqa: F811
    """However much comes while PostgreSQL is away, Redis gets no more than the window."""
    calls = new_calls(WINDOW + 4000)
    with without_writer(path):
        append_all(path, calls)
        until(lambda: path.entries() == WINDOW, "the window is full", 60)
        until(lambda: metric(path, 'accepted_total{source="edge"}') >= len(calls), "all are taken",
              60)
        for _ in range(2):
            path.kill("collector")
            until(path.ports_answer, "the collector answers")
            until(lambda: metric(path, "unconfirmed") == WINDOW, "the window is full again")
            assert path.entries() == WINDOW
            assert metric(path, "unsent_bytes") > 0
    all_confirmed(path, calls)


def test_wiped_while_records_flow(path):  # noqa: F811
    """Whatever is done to Redis, and whoever is killed meanwhile: lost 0, doubled 0."""
    calls, rng = [], random.Random(11)
    with flow(path, calls):
        for wipe in (lambda: path.platform.redis("flushall"), lambda: delete_files(path),
                     lambda: path.platform.redis("xgroup", "destroy", "dialplane:cdr", "writers"),
                     lambda: restore_older(path)):
            with without_writer(path):
                time.sleep(rng.uniform(0.2, 0.5))
                wipe()
            path.kill(rng.choice(("collector", "cdr-writer")))
            time.sleep(rng.uniform(0.3, 0.6))
    assert len(calls) > 1000
    all_confirmed(path, calls)
