"""Records of the calls that end because, or just when, FreeSWITCH is shut down."""

import shutil
import time

import pytest

from lib import load
from lib.db import CDR_WITHIN
from lib.freeswitch import FreeSwitch
from lib.platform import TestPlatform

CALLS, STAY = 50, 40

pytestmark = pytest.mark.skipif(not shutil.which("freeswitch"),
                                reason="FreeSWITCH is not installed here")


@pytest.fixture(name="platform", scope="module")
def start_platform():
    """A platform of its own: its FreeSWITCH is stopped with calls in it."""
    made = TestPlatform("freeswitch")
    try:
        made.start()
        load.fill(made, CALLS)
        yield made
    finally:
        made.stop()
        made.remove()


def count(platform):
    return platform.db.value("SELECT count(*) FROM voip.cdr WHERE domain = %s", load.DOMAIN)


def channels(freeswitch):
    return int(freeswitch.api("show channels count").split()[0])


def wait_for(condition, what, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("collector", ["away", "there"])
def test_shut_down_with_calls(platform, collector):
    """Fifty calls end at the moment of the shutdown; each has its record, later or at once."""
    before, freeswitch = count(platform), FreeSwitch(platform).wait_until_ready()
    wait_for(lambda: platform.edge.call("dispatcher.list"), "the edge answers")
    if collector == "away":
        platform.supervisor.stop_process("collector")
    runs = []
    try:
        for scenario, first, end in ((load.STAYING_CALLER, 0, STAY), (load.MENU_CALLER, STAY, CALLS)):
            accounts = load.accounts(first, end - first, number="8000")
            runs.append(load.start(platform, scenario, accounts, CALLS))
            wait_for(lambda end=end: channels(freeswitch) == end, f"{end} calls are there")
        # Those that hang up do so about now.
        wait_for(lambda: channels(freeswitch) != CALLS, "the first has hung up")
        platform.supervisor.stop_process("freeswitch")
    finally:
        for run in runs:
            run.stop()
    if collector == "away":
        assert count(platform) == before
        platform.supervisor.start("collector")
    wait_for(lambda: count(platform) >= before + CALLS, f"{CALLS} records", CDR_WITHIN)
    platform.supervisor.start("freeswitch")
    platform.wait_until_healthy()
    assert count(platform) == before + CALLS
    assert list((platform.state / "cdr/freeswitch-errors").iterdir()) == []
