"""The event socket of a real FreeSWITCH: `dialplane serve` at it, and `dialplane channels`."""

import os
import signal
import time

import pytest

from esl import NOTICED_WITHIN, FreeSwitch, channels, is_away, is_current, media, metric, run_channels
from serve import assert_live, is_listening, set_email, until

RUNNING = ("freeswitch", "serve")
NOBODY = "00000000-0000-0000-0000-000000000000"


def test_freeswitch_is_restarted(platform, serve):
    failures = metric(serve, "failures_total")
    platform.supervisor.stop_process("freeswitch")
    until(lambda: is_away(serve), NOTICED_WITHIN)
    assert metric(serve, "up") == 0
    platform.supervisor.start("freeswitch")
    until(lambda: is_current(serve), 60)
    assert metric(serve, "up") == 1
    assert metric(serve, "failures_total") > failures


def test_frozen_freeswitch_delays_nobody(platform, serve, db):
    took = []
    os.kill(FreeSwitch(platform).pid(), signal.SIGSTOP)
    try:
        # Before it is noticed, and after.
        ends = time.monotonic() + NOTICED_WITHIN
        while len(took) < 50 or not is_away(serve):
            address = f"u{len(took)}@a.test"
            set_email(db, "1001", "a.test", address)
            took.append(until(lambda: serve.user("1001", "a.test").get("vm-mailto") == address))
            assert time.monotonic() < ends
        assert_live(took)
        assert serve.health()[1]["status"] == "ok"
        done = run_channels(platform)
        assert done.returncode == 1
        assert "node one: event socket: no answer within" in done.stderr
    finally:
        os.kill(FreeSwitch(platform).pid(), signal.SIGCONT)
    until(lambda: is_current(serve), NOTICED_WITHIN)


def test_wrong_password(platform, serve):
    file = platform.folder / "state/secrets/event_password"
    right = file.read_text(encoding="ascii")
    log = platform.folder / "state/log/serve.log"
    file.write_text("another-password-of-32-characters", encoding="ascii")
    try:
        done = run_channels(platform)
        assert done.returncode == 1
        assert done.stderr.endswith("node one: the event socket refuses the password\n")
        platform.supervisor.stop_process("serve")
        size = log.stat().st_size
        platform.supervisor.start("serve")
        until(lambda: b"the event socket refuses the password" in log.read_bytes()[size:])
        until(lambda: is_listening(platform, "control.documents_port"))
        until(lambda: serve.health()[1]["status"] == "ok")
        assert is_away(serve)
    finally:
        file.write_text(right, encoding="ascii")
        platform.supervisor.stop_process("serve")
        platform.supervisor.start("serve")
        until(lambda: is_listening(platform, "control.documents_port"))
    until(lambda: is_current(serve))
    assert right.strip().encode() not in log.read_bytes()
    assert b"another-password" not in log.read_bytes()


def test_sessions(serve, freeswitch):
    until(lambda: metric(serve, "sessions") == 0, NOTICED_WITHIN)
    for destination in ("1", "2", "3"):
        freeswitch.originate("x=1", destination, "park()")
    until(lambda: metric(serve, "sessions") == 3, NOTICED_WITHIN)
    assert metric(serve, "commands_total") > 3


# ---------------------------------------------------------------- dialplane channels

def test_channels(platform, freeswitch):
    uuid = freeswitch.originate(
        "origination_caller_id_number=1001,origination_caller_id_name=Ann,dp_domain=a.test",
        "1002", "park()")
    other = freeswitch.originate("origination_caller_id_number=7", "8", "park()")
    until(lambda: len(channels(platform)) == 2)
    listed = {channel["uuid"]: channel for channel in channels(platform)}
    assert 0 <= listed[uuid].pop("seconds") < 30
    assert listed[uuid] == {
        "node": "one", "uuid": uuid, "direction": "outbound", "caller": "1001",
        "caller_name": "Ann", "callee": "1002", "domain": "a.test", "state": "ACTIVE"}
    assert listed[other]["domain"] == ""
    table = run_channels(platform, "--node", "one").stdout.splitlines()
    assert table[0].split() == ["NODE", "UUID", "DIRECTION", "AGE", "CALLER", "CALLEE", "DOMAIN",
                                "STATE"]
    row = next(line for line in table if uuid in line)
    assert row[table[0].index("CALLER"):].split() == ["1001", "Ann", "1002", "a.test", "ACTIVE"]
    assert row.index("a.test") == table[0].index("DOMAIN")


def test_hang_up(platform, freeswitch):
    uuid = freeswitch.originate("x=1", "1", "park()")
    left = freeswitch.originate("x=1", "2", "park()")
    done = run_channels(platform, "--hangup", uuid, "--cause", "USER_BUSY")
    assert (done.returncode, done.stdout) == (0, f"hung up {uuid} on one\n")
    until(lambda: [channel["uuid"] for channel in channels(platform)] == [left])
    done = run_channels(platform, "--hangup", uuid)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"dialplane channels: no channel {uuid}\n"


@pytest.mark.parametrize("options", [
    ("--hangup", "all"), ("--hangup", NOBODY + "\n\napi shutdown"), ("--cause", "a b"),
    ("--cause", "17"), ("--hangup", NOBODY, "--json"), ("--colour",), ("extra",)])
def test_wrong_usage(platform, serve, options):
    assert run_channels(platform, *options).returncode == 2
    assert media(serve)[0]["reachable"]


def test_no_such_node(platform, serve):
    done = run_channels(platform, "--node", "two")
    assert done.returncode == 1
    assert done.stderr == "dialplane channels: the deployment has no media node named 'two'\n"


def test_names_do_not_reach_the_terminal(platform, freeswitch):
    """Escape sequences, of 7 and of 8 bits, and what is no UTF-8."""
    name = "\x1b]0;owned\x07 \x9b31m\udcff"
    freeswitch.originate(f"origination_caller_id_number=1,origination_caller_id_name='{name}'",
                         "2", "park()")
    until(lambda: channels(platform))
    assert "owned" in channels(platform)[0]["caller_name"]
    for options in ((), ("--json",)):
        text = run_channels(platform, *options).stdout
        assert "owned" in text
        assert [mark for mark in text if mark != "\n" and (mark < " " or "\x7f" <= mark <= "\x9f")
                ] == []
