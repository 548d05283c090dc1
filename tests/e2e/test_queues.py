"""Queues, on the media server."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE, served
from lib.phone import hear_each_other
from lib.tenant import Tenant

# Seconds that a queue may take until it rings a member: one who did not take a call rests first.
OFFERED_WITHIN = 30
# Seconds after which everybody is free again, whatever the test before did: wrap-up and one more.
RESTED_AFTER = 3


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    8001: 1002, who has a voicemail on no answer, for ever.   8002: 1002, then 1003, for 5 s each.
    8003: nobody, else 1003.   8004: 1002 for 3 s, else 1003.   8005: nobody, for 3 s.
    8007: 1002 and 1003 at once.   8008: 1003.
    """
    tenant = Tenant(platform)
    spare = tenant.extension("1003")
    tenant.queue("8001", ["1002"], ring_s=30)
    tenant.queue("8002", ["1002"], ["1003"], strategy="top_down", ring_s=5)
    tenant.queue("8003", no_agent_to=spare)
    tenant.queue("8004", ["1002"], max_wait_s=3, ring_s=30, timeout_to=spare)
    tenant.queue("8005", max_wait_s=3)
    tenant.queue("8007", ["1002", "1003"], strategy="ring_all")
    tenant.queue("8008", ["1003"])


@pytest.mark.service
def test_caller_waits_with_music_and_is_served(platform, phone):
    caller, member = phone("1001"), phone("1002")
    # Longer than the number's own ring time, after which voicemail answers: not here.
    there = member.wait_call(sip.ring(), sip.pause(6000), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8001", *BYE)
    call.wait("answered")
    there.wait("ringing", OFFERED_WITHIN)
    assert "sip:1001@a.test" in there.messages()
    assert "X-VOIP-" not in there.messages()
    # Some pieces of music begin softly.
    caller.rtp.wait_for_sound(5)
    there.wait("answered")
    served(platform, (caller, member), (call, there), callee="8001", reached="1002",
           service="queue", source=platform.deployment.media_server)


def test_member_hangs_up(platform, phone):
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("8001", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, member)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", reached="1002",
                  service="queue", side="callee")


def test_caller_gives_up(platform, phone):
    """A member's phone that rings stops ringing."""
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("8001", *BYE)
    there.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", service="queue")


def test_next_member_when_the_first_is_busy(platform, phone):
    time.sleep(RESTED_AFTER)
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.refuse(486, "Busy Here"))
    there = second.wait_call(*TAKE)
    call = caller.call("8002", *BYE)
    here.wait("refused", OFFERED_WITHIN)
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="8002", reached="1003",
           service="queue")


def test_next_member_when_the_first_does_not_answer(platform, phone):
    time.sleep(RESTED_AFTER)
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(*TAKE)
    call = caller.call("8002", *BYE)
    here.wait("ringing", OFFERED_WITHIN)
    began = time.monotonic()
    here.wait("cancelled", OFFERED_WITHIN)
    assert 4 < time.monotonic() - began < 8
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="8002", reached="1003",
           service="queue")


def test_all_members_ring_at_once(platform, phone):
    time.sleep(RESTED_AFTER)
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(sip.ring(), sip.pause(1000), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8007", *BYE)
    here.wait("ringing", OFFERED_WITHIN)
    there.wait("answered")
    call.wait("answered")
    here.finish()
    served(platform, (caller, second), (call, there), callee="8007", reached="1003",
           service="queue")


def test_member_has_time_to_himself_after_a_call(platform, phone):
    """Of one queue only: FreeSWITCH knows one such time per member."""
    Tenant(platform, "b.test").queue("8009", ["1002"], wrap_up_s=6)
    caller, member = phone("1001", "b.test"), phone("1002", "b.test")

    def serve():
        there = member.wait_call(*TAKE)
        call = caller.call("8009", *BYE)
        there.wait("ringing", OFFERED_WITHIN)
        rung = time.monotonic()
        there.wait("answered")
        call.wait("answered")
        # A call that ends before the two are connected is none.
        hear_each_other(caller, member)
        call.go().finish()
        there.finish()
        return rung, time.monotonic()

    _, ended = serve()
    rung, _ = serve()
    # Whole seconds are counted, and the next attempt comes a second later.
    assert 4 < rung - ended < 9


def test_member_transfers_the_caller(platform, phone):
    caller, member, third = phone("1001"), phone("1002"), phone("1003")
    there = member.wait_call(
        sip.ring(), sip.answer(), sip.wait_for_go(),
        sip.called_request("REFER", 1, "Refer-To: <sip:1003@a.test>", code=202),
        sip.is_asked("NOTIFY"), sip.is_asked("BYE"))
    then = third.wait_call(*TAKE)
    call = caller.call("8001", *BYE)
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, member)
    there.go()
    then.wait("answered")
    served(platform, (caller, third), (call, then), callee="8001", reached="1003", service="queue")


@pytest.mark.parametrize("number", ["8003", "8004"], ids=["nobody there", "waited too long"])
def test_caller_goes_elsewhere(platform, phone, number):
    caller, spare = phone("1001"), phone("1003")
    there = spare.wait_call(*TAKE)
    call = caller.call(number, *BYE)
    there.wait("answered", 40)
    call.wait("answered")
    served(platform, (caller, spare), (call, there), callee=number, reached="1003", service="queue")


def test_caller_waited_too_long_and_there_is_nowhere_to_go(platform, phone):
    call = phone("1001").call("8005", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered").finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8005", service="queue",
                  side="system", cause="NO_ANSWER")


def test_new_member_is_rung(platform, phone):
    """A queue that had nobody gets somebody, by SQL, while a caller waits."""
    tenant = Tenant(platform)
    queue = tenant.queue("8006")
    caller, member = phone("1001"), phone("1003")
    there = member.wait_call(*TAKE)
    call = caller.call("8006", *BYE)
    call.wait("answered")
    caller.rtp.wait_for_sound()
    tenant.queue_member(queue, "1003")
    there.wait("answered", OFFERED_WITHIN)
    served(platform, (caller, member), (call, there), callee="8006", reached="1003",
           service="queue")


def test_queue_goes_on_without_serve(platform, phone, without_serve):
    """Once a node has a queue, FreeSWITCH needs nobody to serve it; Asterisk announces that."""
    caller, member = phone("1001"), phone("1003")
    call = caller.call("8008", *BYE)
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    there.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    there.finish()
    without_serve()
    if platform.deployment.media_server == "asterisk":
        call = caller.call("8008", sip.is_answered(), sip.is_asked("BYE"))
        call.wait("answered")
        caller.rtp.wait_for_sound()
        call.finish(30)
        records.check(platform.db.wait_for_cdr(call.call_id), callee="8008", service="queue",
                      side="system", cause="NETWORK_OUT_OF_ORDER")
        return
    there = member.wait_call(*TAKE)
    call = caller.call("8008", *BYE)
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    served(platform, (caller, member), (call, there), callee="8008", reached="1003",
           service="queue")
