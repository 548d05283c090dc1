"""The menu and voicemail, on the media server."""

import pytest

from lib import db, mailbox, records
from lib import scenario as sip
from lib.calls import BYE
from lib.phone import hear_each_other

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]


@pytest.mark.parametrize("digit, number", [("1", "1001"), ("2", "1002")])
def test_menu_leads_to_a_phone(platform, phone, digit, number):
    caller, callee = phone("1003"), phone(number)
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8000", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.press(digit)
    there.wait("answered")
    hear_each_other(caller, callee)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8000",
                  reached=number, service="ivr", source=platform.deployment.media_server)


def test_menu_shows_the_caller_to_the_phone(platform, phone):
    caller, callee = phone("1003"), phone("1001")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("8000", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.press("1")
    there.wait("answered")
    assert "sip:1003@" in there.messages()
    hear_each_other(caller, callee)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8000",
                  reached="1001", service="ivr", side="callee")


def test_menu_without_a_choice_ends(platform, phone):
    caller = phone("1001")
    call = caller.call("8000", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    call.finish(60)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8000", service="ivr",
                  side="system")


def test_caller_cancels_before_the_menu(platform, phone):
    """Whoever hangs up while the media server is about to answer leaves one record as well."""
    caller = phone("1001")
    call = caller.call("8000", sip.is_answered(), sip.request("BYE", 3)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8000", service="ivr")


def test_unanswered_call_leaves_a_message(platform, phone):
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    mailbox.leave(caller, call, 550)
    there.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), reached="*1002", service="voicemail",
                  source=platform.deployment.media_server)
    heard = mailbox.listen(callee, 550)
    records.check(platform.db.wait_for_cdr(heard.call_id), caller="1002", callee="*97",
                  service="voicemail")


def test_mailbox_of_the_other_tenant_is_empty(platform, phone):
    """b.test's 1002 hears nothing of what is left for a.test's."""
    caller, message_from = phone("1002", "b.test"), phone("1001")
    before = mailbox.unheard(platform, "1002")
    message = message_from.call("*1002", *BYE)
    mailbox.leave(message_from, message, 650)
    message.go().finish()
    mailbox.wait_for_unheard(platform, "1002", before + 1)
    call = caller.call("*97", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound(10)
    caller.rtp.press(db.PIN + "#")
    # The owner would hear it by then: Asterisk says first when it came.
    for keys, seconds in (("", 4), ("1", 18)):
        caller.rtp.press(keys)
        with pytest.raises(AssertionError):
            caller.rtp.wait_for_tone(650, seconds)
    call.go().finish()


def test_wrong_pin(phone):
    caller = phone("1002")
    call = caller.call("*97", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    for _ in range(3):
        caller.rtp.wait_for_sound(15)
        caller.rtp.wait_for_silence(0.6, 20)
        caller.rtp.press("000000#")
    call.finish(40)


def test_call_to_somebody_not_registered_leaves_a_message(platform, phone):
    caller = phone("1001")
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound(10)
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), reached="*1002", service="voicemail")
