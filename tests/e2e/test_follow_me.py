"""
Follow-me: a user whose number is always forwarded to a ring group with himself, others and a number
outside in it. The group rings his phones and never follows his forwarding, so that is no circle.
"""

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import TAKE
from lib.carrier import add_trunk
from lib.outside import OUTSIDE, route_to
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = pytest.mark.service


@pytest.fixture(name="follow")
def make_follow(platform):
    """Makes follow-me of 1002 by a ring group of its own behind a number; gone after the test."""
    tenant = Tenant(platform)
    before = []

    def make(number, *members, **columns):
        tenant.ring_group(number, *members, **columns)
        before.append(platform.db.set_number("1002", always_to=tenant.extension(number)))
        platform.edge.wait_for("ext", "a.test:1002", f'always="{number}"')

    yield make
    platform.db.set_number("1002", **before[0])
    platform.edge.wait_for("ext", "a.test:1002", 'always=""')
    tenant.remove()


def check(platform, call, reached):
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", reached=reached,
                  service="ring_group")


def test_all_together(platform, phone, carrier, follow):
    """His own phone, a colleague and a number outside ring; outside presses 1 and has the call."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "7441", there))
    follow("7441", {"user": "1002"}, {"user": "1003"}, {"outside": OUTSIDE})
    caller, own, colleague = phone("1001"), phone("1002"), phone("1003")
    rung = [one.wait_call(sip.ring(), sip.is_cancelled()) for one in (own, colleague)]
    outside = there.wait_call(*TAKE)
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    for leg in rung:
        leg.wait("ringing")
    outside.wait("answered")
    there.rtp.wait_for_sound()
    there.rtp.press("1")
    call.wait("answered")
    for leg in rung:
        leg.finish()
    hear_each_other(caller, there)
    call.go().finish()
    outside.finish()
    check(platform, call, OUTSIDE)


def test_one_after_the_other(platform, phone, follow):
    """His own phone for two seconds, then a colleague's."""
    follow("7442", {"user": "1002", "ring_s": 2}, {"user": "1003"}, strategy="in_order")
    caller, own, colleague = phone("1001"), phone("1002"), phone("1003")
    first = own.wait_call(sip.ring(), sip.is_cancelled())
    second = colleague.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    first.wait("ringing").finish()
    second.wait("answered")
    call.wait("answered")
    hear_each_other(caller, colleague)
    call.go().finish()
    second.finish()
    check(platform, call, "1003")


def test_he_answers_himself(platform, phone, follow):
    """His own phone takes the call although his number is forwarded."""
    follow("7443", {"user": "1002"}, {"outside": "1003"})
    caller, own = phone("1001"), phone("1002")
    leg = own.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("answered")
    call.wait("answered")
    hear_each_other(caller, own)
    call.go().finish()
    leg.finish()
    check(platform, call, "1002")
