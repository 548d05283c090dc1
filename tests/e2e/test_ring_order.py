"""Which member of a ring group is rung first."""

import re
import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import end, talk
from lib.documents import Documents
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]

# Calls after which a member of two has been first for sure: the other one all the time has a chance
# of 1 in 2^23.
CALLS_MAX = 24


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """7601: the longest idle of 1002 and 1003 first.   7602: any of them first."""
    tenant = Tenant(platform)
    both = [{"user": "1002"}, {"user": "1003"}]
    tenant.ring_group("7601", *both, strategy="longest_idle")
    tenant.ring_group("7602", *both, strategy="random")


@pytest.fixture(name="next_one")
def wait_for_next(platform):
    """
    Waits until this user would be the first of 7601: `serve` hears of the end of a call a moment
    later, from a node that it is connected to.
    """
    documents = Documents(platform)
    documents.wait_until(lambda health: all(node["reachable"] for node in health["media"]))
    group = platform.db.value("SELECT ring_group_id FROM voip.extensions WHERE number = '7601'")

    def wait(user, timeout=10):
        deadline = time.monotonic() + timeout
        while (first := re.search(r"sip:([0-9]+)@", documents.ask(f"ring_group/{group}",
                                                                  "a.test")[1])[1]) != user:
            assert time.monotonic() < deadline, f"{first} is still the first one, and not {user}"
            time.sleep(0.02)
    return wait


def test_longest_idle(platform, phone, next_one):
    """By turns, whoever hangs up; who did not take a call is still the next one."""
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    end(*talk(caller, first, "7601"))
    next_one("1003")
    end(*talk(caller, second, "7601"))
    next_one("1002")
    end(*talk(caller, first, "7601"))
    next_one("1003")
    busy = second.wait_call(sip.refuse(486, "Busy Here"))
    end(*talk(caller, first, "7601"))
    busy.finish()
    there = second.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("7601", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, second)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7601", reached="1003",
                  service="ring_group", side="callee")
    next_one("1002")


def wait_for_ringing(legs, timeout=10):
    """Whose phone rings, of the phones of two users."""
    deadline = time.monotonic() + timeout
    while not (rung := {user for user, leg in legs.items() if "SIP/2.0 180" in leg.messages()}):
        assert time.monotonic() < deadline, f"nobody rings in {timeout} s"
        time.sleep(0.01)
    assert len(rung) == 1, rung
    return rung


def test_random(platform, phone):
    """In a number of calls each member is rung first."""
    caller, members = phone("1001"), {user: phone(user) for user in ("1002", "1003")}
    seen = set()
    for _ in range(CALLS_MAX):
        there = {user: member.wait_call(sip.ring(), sip.is_cancelled())
                 for user, member in members.items()}
        call = caller.call("7602", sip.cancel()).wait("ringing")
        rung = wait_for_ringing(there)
        call.go().finish()
        for user, leg in there.items():
            leg.finish() if user in rung else leg.kill()
        seen |= rung
        if len(seen) == len(members):
            return
    raise AssertionError(f"only {seen} was rung first in {CALLS_MAX} calls")
