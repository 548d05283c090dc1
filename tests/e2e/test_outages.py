"""What goes on while a part of the platform is away."""

import os
import signal
import time

import pytest

from lib import records
from lib import scenario as sip
from lib.phone import hear_each_other

pytestmark = pytest.mark.edge


@pytest.fixture(name="without")
def stop_daemon(platform):
    """Stops a daemon; it runs again after the test."""
    stopped = []

    def stop(name):
        if name == "postgresql":
            platform.stop_database()
        else:
            platform.supervisor.stop_process(name)
        stopped.append(name)

    yield stop
    for name in stopped:
        platform.supervisor.start(name)
    platform.wait_until_healthy()


def talk(caller, callee):
    """A call with audio both ways; returns its Call-ID."""
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    call.go().finish()
    there.finish()
    return call.call_id


def call_menu(caller, callee):
    """Calls the menu and through it the phone; returns the Call-ID."""
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8000", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.press("3")
    there.wait("answered")
    call.go().finish()
    there.finish()
    return call.call_id


@pytest.mark.service
def test_without_postgresql(platform, phone, without):
    caller, callee = phone("1001"), phone("1003")
    without("postgresql")
    caller.register()
    callee.register()
    calls = [talk(caller, callee), call_menu(caller, callee)]
    platform.supervisor.start("postgresql")
    direct, menu = (platform.db.wait_for_cdr(call_id, within=30) for call_id in calls)
    records.check(direct, callee="1003")
    records.check(menu, callee="8000", reached="1003", service="ivr")


def test_serve_killed(platform, phone, without):
    caller, callee = phone("1001"), phone("1003")
    pid = platform.supervisor.processes()["serve"]["pid"]
    os.kill(pid, signal.SIGKILL)
    # supervisord starts another one: that one stays away.
    deadline = time.monotonic() + 10
    while (now := platform.supervisor.processes()["serve"])["statename"] != "RUNNING" \
            or now["pid"] == pid:
        assert time.monotonic() < deadline, f"serve was not started again: {now}"
        time.sleep(0.02)
    without("serve")
    records.check(platform.db.wait_for_cdr(talk(caller, callee)), callee="1003")


@pytest.mark.service
def test_menu_without_serve_is_an_announcement(platform, phone, without):
    caller = phone("1001")
    without("serve")
    call = caller.call("8000", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    call.finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8000", service="ivr",
                  side="system", cause="NETWORK_OUT_OF_ORDER")


def test_change_while_serve_is_away(platform, phone, without):
    """What serve did not hear of is made up for when it is back."""
    platform.supervisor.stop_process("serve")
    platform.db.rows("UPDATE voip.extensions SET ring_timeout_s = 29 WHERE number = '1003'")
    assert 'ring="29"' not in platform.edge.get("ext", "a.test:1003")
    platform.supervisor.start("serve")
    platform.edge.wait_for("ext", "a.test:1003", 'ring="29"')


@pytest.mark.parametrize("daemons", [["collector"], ["cdr-writer"], ["redis"],
                                     ["redis", "collector", "cdr-writer"]], ids=" ".join)
def test_records_wait_for(platform, phone, without, daemons):
    """No record is lost while a hop of its way is away; all are there when it is back."""
    caller, callee = phone("1001"), phone("1003")
    for name in daemons:
        without(name)
    calls = [talk(caller, callee), call_menu(caller, callee)]
    assert not any(platform.db.cdrs(call_id) for call_id in calls)
    for name in daemons:
        platform.supervisor.start(name)
    for call_id in calls:
        platform.db.wait_for_cdr(call_id, within=30)


def test_restart_keeps_data(platform, phone):
    """Registrations, passwords and records outlive a stop and a start of everything."""
    caller, callee = phone("1001"), phone("1003")
    before = platform.db.value("SELECT count(*) FROM voip.cdr")
    platform.stop()
    platform.start()
    assert platform.db.value("SELECT count(*) FROM voip.cdr") >= before
    # Neither has registered anew.
    records.check(platform.db.wait_for_cdr(talk(caller, callee)), callee="1003")
