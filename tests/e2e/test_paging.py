"""Paging: phones of a group that answer by themselves and hear the caller."""

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, end, served, talk
from lib.tenant import Tenant

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]

# How a phone takes a page.
ANSWER = (sip.answer(), sip.is_asked("BYE"))


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """7610: pages 1002 and 1003, and not somebody outside.   7611: rings them."""
    tenant = Tenant(platform)
    group = tenant.ring_group("7611", {"user": "1002"}, {"user": "1003"}, {"outside": "1001"})
    tenant.paging("7610", group)


def test_page(platform, phone):
    """All hear the caller, who hears "speak now" and none of them; over when he hangs up."""
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here, there = first.wait_call(*ANSWER), second.wait_call(*ANSWER)
    call = caller.call("7610", *BYE).wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.tone(440)
    for listener, leg in ((first, here), (second, there)):
        leg.wait("answered")
        assert ";answer-after=0" in leg.messages()
        assert "info=alert-autoanswer" in leg.messages()
        assert "X-VOIP" not in leg.messages()
        assert "sip:1001@a.test" in leg.messages()
        listener.rtp.tone(660)
        listener.rtp.wait_for_tone(440)
    caller.rtp.wait_for_silence()
    call.go().finish()
    here.finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7610", service="paging",
                  source=platform.deployment.media_server)


def test_phone_in_a_call_is_left_out(platform, phone):
    caller, busy, other, partner = phone("1001"), phone("1002"), phone("1003"), phone("1001")
    talking = talk(partner, busy, "1002")
    there = other.wait_call(*ANSWER)
    call = caller.call("7610", *BYE).wait("answered")
    caller.rtp.tone(440)
    there.wait("answered")
    other.rtp.wait_for_tone(440)
    call.go().finish()
    there.finish()
    assert talking[1].messages().count("\nINVITE ") == 1
    end(*talking)


def test_nobody_answers(platform, phone):
    """The caller is told. The phone rings, as one does that is not set up for it, and stops."""
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("7610", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    there.finish(15)
    call.finish(20)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7610", service="paging",
                  cause="NO_ANSWER", side="system")


def test_group_is_still_rung(platform, phone):
    """By its other number: nobody answers by himself."""
    caller, member = phone("1003"), phone("1002")
    legs = talk(caller, member, "7611")
    assert "answer-after" not in legs[1].messages()
    served(platform, (caller, member), legs, caller="1003", callee="7611", reached="1002",
           service="ring_group")
