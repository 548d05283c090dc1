"""Announcements and ring groups, on the media server; where the edge goes when nobody answers."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE, end, served, talk
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]

# What the edge's memory says of a feature code that was carried out.
BUILT_IN = 'type="announcement";ref="{}";media="1";ring="30";always="";busy="";noanswer="";' \
           'unreachable=""'


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """
    7000: an announcement.   7001: another one, then 1003.
    7100: 1002 and 1003.   7101: 1002 for 2 s, then 1003.   7102: 1002 for 2 s; then where the edge
    knows.   7103: 1002, and 1003 after 2 s.   7104: 1002 in the group, and 1003 as if outside.
    7106: nobody.   7107: 1002 for 2 s and nothing else.
    7108: 1002 unless he is in a call.   8751: nobody; then a short number outside, without a trunk.
    """
    tenant = Tenant(platform)
    tenant.announcement("7000", prompt="vm-goodbye")
    tenant.announcement("7001", prompt="vm-goodbye", then_to=tenant.extension("1003"))
    both = [{"user": "1002"}, {"user": "1003"}]
    away = {"no_answer_to": "1003", "busy_to": "*1001", "unreachable_to": "*1003"}
    tenant.ring_group("7100", *both)
    tenant.ring_group("7101", {"user": "1002", "ring_s": 2}, {"user": "1003"}, strategy="in_order")
    tenant.ring_group("7102", {"user": "1002", "ring_s": 2}, targets=away)
    tenant.ring_group("7103", {"user": "1002"}, {"user": "1003", "delay_s": 2})
    tenant.ring_group("7104", {"user": "1002", "ring_s": 10}, {"outside": "1003"})
    tenant.ring_group("7106")
    tenant.ring_group("7107", {"user": "1002", "ring_s": 2})
    tenant.ring_group("7108", {"user": "1002", "ring_s": 2}, skip_busy=True)
    tenant.outbound_prefix("8752")
    tenant.ring_group("8751", outside="875212")


# ---- announcements

def test_announcement_is_played(platform, phone):
    caller = phone("1001")
    call = caller.call("7000", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    caller.rtp.wait_for_sound()
    call.finish(15)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7000", service="announcement",
                  side="system", source=platform.deployment.media_server)


def test_announcement_leads_on(platform, phone):
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(*TAKE)
    call = caller.call("7001", *BYE).wait("answered")
    caller.rtp.wait_for_sound()
    there.wait("answered")
    served(platform, (caller, callee), (call, there), callee="7001", reached="1003",
           service="announcement")


def test_number_that_asterisk_has_a_use_for(platform, phone):
    """*8 is its own pickup unless it is told otherwise."""
    tenant = Tenant(platform)
    tenant.announcement("*8", prompt="vm-goodbye")
    try:
        caller = phone("1001")
        call = caller.call("*8", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
        caller.rtp.wait_for_sound()
        call.finish(15)
        records.check(platform.db.wait_for_cdr(call.call_id), callee="*8", service="announcement",
                      side="system")
    finally:
        tenant.remove()
        platform.edge.wait_until_gone("ext", "a.test:*8")


@pytest.mark.parametrize("name", ["activated", "deactivated"])
def test_announcement_of_a_feature_code(platform, phone, name):
    """Plays without `dialplane serve`, which knows nothing of it."""
    caller = phone("1001")
    platform.edge.call("htable.sets", "ext", "a.test:7009", BUILT_IN.format(name))
    call = caller.call("7009", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    caller.rtp.wait_for_sound()
    call.finish(15)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7009", service="announcement",
                  side="system")


# ---- ring groups

def test_all_ring_and_one_answers(platform, phone):
    """The other phone stops ringing, and knows that somebody has the call (RFC 3326)."""
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(sip.ring(), sip.pause(1000), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("7100", *BYE)
    here.wait("ringing")
    there.wait("ringing")
    call.wait("answered")
    assert "SIP/2.0 180" in call.messages()
    hear_each_other(caller, second)
    assert "sip:1001@a.test" in there.messages()
    here.finish()
    assert "Call completed elsewhere" in here.messages()
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7100", reached="1003",
                  service="ring_group", source=platform.deployment.media_server)


def test_member_hangs_up(platform, phone):
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("7100", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    there.wait("answered")
    hear_each_other(caller, member)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7100", reached="1002",
                  service="ring_group", side="callee")


def test_one_after_the_other(platform, phone):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(*TAKE)
    call = caller.call("7101", *BYE)
    here.wait("ringing")
    began = time.monotonic()
    time.sleep(1)
    assert "INVITE" not in there.messages()
    here.wait("cancelled")
    assert 1.5 < time.monotonic() - began < 4
    there.wait("answered")
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="7101", reached="1003",
           service="ring_group")


def test_member_with_a_delay_rings_later(platform, phone):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(*TAKE)
    call = caller.call("7103", *BYE)
    here.wait("ringing")
    began = time.monotonic()
    there.wait("ringing")
    assert 1 < time.monotonic() - began < 4.5
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="7103", reached="1003",
           service="ring_group")


def test_no_answer_leads_on(platform, phone):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(*TAKE)
    call = caller.call("7102", *BYE)
    there.wait("answered")
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="7102", reached="1003",
           service="ring_group")


def test_busy_leads_to_a_mailbox(platform, phone):
    caller, member = phone("1001"), phone("1002")
    here = member.wait_call(sip.refuse(486, "Busy Here"))
    call = caller.call("7102", *BYE).wait("answered")
    caller.rtp.wait_for_sound(10)
    here.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7102", reached="*1001",
                  service="ring_group")


def test_number_that_a_group_leads_to_is_refused(platform, phone):
    """503 because there is no trunk: the caller hears that, and not that there is no media server."""
    call = phone("1001").call("8751", sip.is_refused(503)).finish(20)
    assert "No Media Server" not in call.messages()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8751", service="ring_group",
                  code=503, cause="NORMAL_TEMPORARY_FAILURE", side="callee", answered=False)


def test_nobody_registered_leads_to_a_mailbox(platform, phone):
    caller = phone("1001")
    call = caller.call("7102", *BYE).wait("answered")
    caller.rtp.wait_for_sound(10)
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7102", reached="*1003",
                  service="ring_group")


def test_nobody_answers(platform, phone):
    caller, member = phone("1001"), phone("1002")
    here = member.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("7107", sip.is_refused(480)).finish()
    here.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7107", service="ring_group",
                  code=480, cause="NO_ANSWER", side="callee", answered=False, source="edge")


def test_group_of_nobody(platform, phone):
    call = phone("1001").call("7106", sip.is_refused(408)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7106", service="ring_group",
                  code=408, cause="SUBSCRIBER_ABSENT", side="callee", answered=False, source="edge")


def test_member_in_a_call_is_left_out(platform, phone):
    caller, member, other = phone("1001"), phone("1002"), phone("1003")
    legs = talk(other, member, "1002")
    call = caller.call("7108", sip.is_refused(486)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7108", service="ring_group",
                  code=486, cause="USER_BUSY", side="callee", answered=False, source="edge")
    end(*legs)


def test_caller_gives_up(platform, phone):
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("7100", sip.cancel())
    there.wait("ringing")
    call.wait("ringing").go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7100", service="ring_group",
                  code=487, cause="ORIGINATOR_CANCEL", answered=False, source="edge")


def test_member_outside_confirms(platform, phone):
    """He hears what to press, and the other phone rings until he has."""
    caller, member, outside = phone("1001"), phone("1002"), phone("1003")
    here = member.wait_call(sip.ring(), sip.is_cancelled())
    there = outside.wait_call(*TAKE)
    call = caller.call("7104", *BYE)
    here.wait("ringing")
    there.wait("answered")
    outside.rtp.wait_for_sound()
    assert "SIP/2.0 200" not in call.messages().split("INVITE sip:7104", 2)[2]
    assert "\nCANCEL " not in here.messages()
    outside.rtp.press("1")
    call.wait("answered")
    here.finish()
    served(platform, (caller, outside), (call, there), callee="7104", reached="1003",
           service="ring_group")


def test_member_outside_does_not_confirm(platform, phone):
    """A voicemail outside answers at once, and does not get the call."""
    caller, member, outside = phone("1001"), phone("1002"), phone("1003")
    here = member.wait_call(sip.ring(), sip.pause(4000), sip.answer(), sip.is_asked("BYE"))
    there = outside.wait_call(*TAKE)
    call = caller.call("7104", *BYE)
    here.wait("ringing")
    there.wait("answered")
    outside.rtp.wait_for_sound()
    call.wait("answered")
    hear_each_other(caller, member)
    # Asterisk asks to the end before it looks.
    there.finish(15)
    call.go().finish()
    here.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7104", reached="1002",
                  service="ring_group")
