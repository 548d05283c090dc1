"""Calls between two phones: audio, every way to end, and the record of each."""

import time

import pytest

from lib import db, records
from lib import scenario as sip
from lib.phone import hear_each_other
from lib.softphones import Softphones

pytestmark = pytest.mark.edge


@pytest.fixture(name="pair")
def make_pair(phone):
    """Two registered phones of one tenant. 1003 has no forwarding."""
    return phone("1001"), phone("1003")


def test_caller_hangs_up(platform, pair):
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered")
    call.wait("answered")
    began = time.monotonic()
    hear_each_other(caller, callee)
    call.go().finish()
    there.finish()
    talked = (time.monotonic() - began) * 1000
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", source="edge",
                  talked_ms=talked)


def test_callee_hangs_up(platform, pair):
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("1003", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", side="callee")


def test_caller_cancels(platform, pair):
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1003", sip.cancel())
    call.wait("ringing").go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", answered=False,
                  cause="ORIGINATOR_CANCEL", code=487)


def test_busy(platform, pair):
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call = caller.call("1003", sip.is_refused(486)).finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", answered=False,
                  cause="USER_BUSY", code=486, side="callee")


def test_declined(platform, pair):
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.refuse(603, "Decline"))
    call = caller.call("1003", sip.is_refused(603)).finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", answered=False,
                  cause="CALL_REJECTED", code=603, side="callee")


def test_no_answer_without_forwarding(platform, pair):
    caller, callee = pair
    platform.db.rows("UPDATE voip.extensions e SET ring_timeout_s = 1 FROM voip.domains d "
                     "WHERE d.id = domain_id AND d.name = 'a.test' AND number = '1003'")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    # The change is live within 0.1 s; test_changes.py measures it.
    platform.edge.wait_for("ext", "a.test:1003", 'ring="1"')
    call = caller.call("1003", sip.is_refused(480)).finish()
    there.finish()
    platform.db.rows("UPDATE voip.extensions SET ring_timeout_s = 30 WHERE number = '1003'")
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", answered=False,
                  cause="NO_ANSWER", code=480, side="system")


def test_unknown_number(platform, phone):
    call = phone("1001").call("5555", sip.is_refused(404)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="5555", answered=False,
                  service="none", cause="UNALLOCATED_NUMBER", code=404, side="system")


def test_phone_behind_nat(platform, phone):
    """Contact, Via and SDP name an address that nobody reaches; media goes through rtpengine."""
    caller, callee = phone("1001"), phone("1003", nat_ip="192.0.2.7")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered")
    call.wait("answered")
    first, last = (platform.deployment[f"edge.rtp_{end}"] for end in ("first", "last"))
    for one in (caller, callee):
        assert one.rtp.remote[0] == "127.0.0.1" and first <= one.rtp.remote[1] <= last
    hear_each_other(caller, callee)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")


def test_caller_behind_nat_hung_up_by_callee(platform, phone):
    caller, callee = phone("1001", nat_ip="192.0.2.8"), phone("1003")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("1003", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", side="callee")


def test_caller_over_tcp(platform, phone):
    caller, callee = phone("1001", transport="tcp", registered=False), phone("1003")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("1003", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", side="callee")


def test_hold_and_back(platform, pair):
    """re-INVITE with sendonly, and again with sendrecv, is relayed to the other phone."""
    caller, callee = pair
    there = callee.wait_call(sip.ring(), sip.answer(),
                             sip.is_asked("INVITE", sip.sdp(2, "recvonly")),
                             sip.is_asked("INVITE", sip.sdp(3)), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.wait_for_go(),
                       sip.request("INVITE", 3, body=sip.sdp(2, "sendonly")), sip.wait_for_go(),
                       sip.request("INVITE", 4, body=sip.sdp(3)), sip.wait_for_go(),
                       sip.request("BYE", 5))
    there.wait("answered")
    call.wait("answered").go().wait("INVITE")
    there.wait("INVITE")
    assert "a=sendonly" in there.messages()
    call.go().wait("INVITE")
    there.wait("INVITE")
    hear_each_other(caller, callee)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")


def test_refer_within_the_dialog(platform, pair):
    caller, callee = pair
    there = callee.wait_call(
        sip.ring(), sip.answer(), sip.wait_for_go(),
        sip.called_request("REFER", 1, "Refer-To: <sip:1002@a.test>", code=202),
        sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(),
                       sip.is_asked("REFER", code=202, reason="Accepted"), sip.request("BYE", 3))
    there.wait("answered")
    call.wait("answered")
    there.go().finish()
    call.finish()
    assert "Refer-To: <sip:1002@a.test>" in call.messages()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")


def test_session_interval_too_small(platform, pair):
    """RFC 4028 8: 422 with Min-SE."""
    call = pair[0].call("1003", sip.is_refused(422), headers=["Session-Expires: 30"]).finish()
    assert "Min-SE: 90" in call.messages()
    assert platform.db.wait_for_cdr(call.call_id)["sip_code"] == 422


def test_ended_by_the_edge(platform):
    """However fast the two say that they have heard of it: each call has its record."""
    phones = Softphones(platform)
    try:
        caller, callee = (phones.phone(user, "a.test", db.password(user, "a.test"))
                          for user in ("1001", "1003"))
        callee.register()
        assert phones.wait(lambda: callee.registered, 10)
        for _ in range(3):
            made = [caller.call("1003") for _ in range(8)]
            platform.calls += [call.call_id for call in made]
            assert phones.wait(lambda: all(call.code == 200 for call in made), 20)
            dialogs = [dialog for dialog in platform.edge.call("dlg.list")
                       if dialog["call-id"] in {call.call_id for call in made}]
            for dialog in dialogs:
                assert platform.edge.call("dialplane.end", dialog["call-id"], dialog["caller"]["tag"],
                                          dialog["callee"]["tag"]) == "ok"
            for call in made:
                record = platform.db.wait_for_cdr(call.call_id)
                records.check(record, callee="1003", side="system")
        callee.register(expires=0)
        assert phones.wait(lambda: callee.registered, 10)
    finally:
        phones.close()
