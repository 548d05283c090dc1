"""
A hundred calls are recorded at the same time, in memory, while the collector is killed again and again:
every recording is in the store, whole, and at the peer.
"""

import hashlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from lib import db as tenants
from lib.platform import TestPlatform
from lib.recording import Policies, check_stored, samples_of, seconds_of
from lib.softphones import Softphones
from lib.tones import Tones, remote_of
from records import wait_for

SIDE = 10                                         # callers, and callees: each calls each
CALLERS = [str(8850 + n) for n in range(SIDE)]
CALLEES = [str(8870 + n) for n in range(SIDE)]
PER_SECOND = 20
KILLS = 5
LONGER = 1.5                                      # seconds that a recording may be off, on a busy machine


def tone_of(user):
    return 400 + 50 * int(user[-1]) if user in CALLERS else 1200 + 50 * int(user[-1])


@pytest.fixture(name="platform", params=["freeswitch", "asterisk"])
def make_platform(request):
    if request.param == "freeswitch" and not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    live = Path(f"/dev/shm/dialplane-test-{os.getpid()}-{request.param}")
    peer = Path(f"/tmp/dialplane-peer-{os.getpid()}-{request.param}")
    made = TestPlatform(request.param, media_ports=500,
                        recordings={"folder": str(live), "peer": str(peer)})
    made.live, made.peer = live, peer
    try:
        peer.mkdir()
        if made.account.is_switch:
            shutil.chown(peer, made.account.name)
        made.start()
        tenants.add_tenant(made.db, "a.test")
        domain = made.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
        for user in CALLERS + CALLEES:
            tenants.add_user(made.db, domain, "a.test", user)
        made.db.rows("UPDATE voip.users SET max_calls = 20")
        yield made
    finally:
        made.stop()
        made.remove()
        shutil.rmtree(live, ignore_errors=True)
        shutil.rmtree(peer, ignore_errors=True)


class Calls:
    """All of them, with a tone at each end."""

    def __init__(self, platform):
        self._engine, self._tones = Softphones(platform), Tones()
        self._ends = {}           # Call-ID of a leg to a callee -> his tone
        self.phones = {user: self._engine.phone(user, "a.test", tenants.password(user, "a.test"))
                       for user in CALLERS + CALLEES}
        self.made, self.begun, self.took = {}, {}, {}

    def register(self):
        for user in CALLEES:
            self.phones[user].media = self._take
            self.phones[user].register()
        assert self._engine.wait(lambda: all(self.phones[user].registered for user in CALLEES), 20)

    def _take(self, invite):
        name = invite.get("Call-ID")
        if name not in self._ends:
            callee = re.search(r"sip:(\d+)@", invite.start)[1]
            self._ends[name] = self._tones.add(tone_of(callee))
            self._ends[name].remote = remote_of(invite.body)
        return self._ends[name].port

    def begin(self):
        """Calls, so many in a second, and waits until all are answered."""
        for n, pair in enumerate((caller, callee) for caller in CALLERS for callee in CALLEES):
            tone = self._tones.add(tone_of(pair[0]))
            call = self.phones[pair[0]].call(pair[1], tone)
            call.done = lambda pair=pair, tone=tone, call=call: self._answered(pair, tone, call)
            self.made[pair] = call
            time.sleep(1 / PER_SECOND)
        assert self._engine.wait(lambda: all(call.code for call in self.made.values()), 30)
        assert {call.code for call in self.made.values()} == {200}

    def _answered(self, pair, tone, call):
        tone.remote = call.remote
        self.begun[pair] = time.monotonic()

    def end(self, pairs):
        for pair in pairs:
            self.took[pair] = time.monotonic() - self.begun[pair]
            self.made[pair].hang_up()
            time.sleep(1 / PER_SECOND)

    def wait_for_end(self):
        assert self._engine.wait(lambda: all(call.ended for call in self.made.values()), 30)

    def close(self):
        self._engine.close()
        self._tones.close()


def kill_collector(platform):
    """When it runs again; supervisord waits longer and longer for one that dies in its first second."""
    wait_for(lambda: platform.supervisor.processes()["collector"]["statename"] == "RUNNING",
             "the collector runs", 30)
    pid = platform.supervisor.processes()["collector"]["pid"]
    os.kill(pid, signal.SIGKILL)
    return pid


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*.wav")}


def check(platform, pair, took):
    caller, callee = pair
    row = platform.db.rows(
        "SELECT r.*, c.billable_ms FROM voip.recordings r JOIN voip.cdr c USING (call_id) "
        "WHERE c.caller = %s AND c.callee = %s", caller, callee)
    assert len(row) == 1, f"{pair}: {row}"
    row = row[0]
    check_stored(platform, row)
    left, right = samples_of(str(platform.state / "store" / row["path"]))
    seconds = len(left) / 8000
    assert row["duration_ms"] == len(left) * 1000 // 8000
    assert abs(seconds - took) < LONGER and abs(seconds - row["billable_ms"] / 1000) < LONGER, \
        f"{pair}: {seconds} s are recorded of {took} s ({row['billable_ms']} ms)"
    assert seconds_of(left, tone_of(caller)) > took - LONGER, pair
    assert seconds_of(right, tone_of(callee)) > took - LONGER, pair


def test_many_calls(platform):
    policies = Policies(platform)
    policies.add("always")
    calls = Calls(platform)
    killed = set()
    try:
        calls.register()
        calls.begin()
        wait_for(lambda: len(list(platform.live.glob("*_a.test.*"))) >= SIDE * SIDE,
                 "all at the same time", 20)
        killed.add(kill_collector(platform))
        time.sleep(3)
        pairs = list(calls.made)
        step = len(pairs) // (KILLS - 1)
        for first in range(0, len(pairs), step):
            calls.end(pairs[first:first + step])
            killed.add(kill_collector(platform))
        calls.wait_for_end()
    finally:
        calls.close()
        policies.remove()
    assert len(killed) == KILLS
    count = SIDE * SIDE
    wait_for(lambda: platform.db.value("SELECT count(*) FROM voip.recordings") >= count,
             "all recordings have rows", 60)
    wait_for(lambda: platform.db.value("SELECT count(*) FROM voip.cdr WHERE callee = ANY(%s)",
                                       CALLEES) >= count, "all calls have records", 60)
    for pair, took in calls.took.items():
        check(platform, pair, took)
    store = platform.state / "store" / "recordings"
    assert len(digests(store)) == platform.db.value("SELECT count(*) FROM voip.recordings") == count
    wait_for(lambda: not [path for path in platform.live.rglob("*") if path.is_file()],
             "nothing is left in memory")
    wait_for(lambda: digests(platform.peer) == digests(store), "the copy is the same", 30)
