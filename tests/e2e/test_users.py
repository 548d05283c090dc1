"""What users set for themselves: do not disturb, limits, call waiting, devices, forwarding."""

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import answered_by, end, refused, talk

pytestmark = pytest.mark.edge


@pytest.fixture(name="setting")
def change_settings(platform):
    """Changes what a user or a number of a.test has set, and takes it back after the test."""
    undo = []

    def set_user(user, edge, **columns):
        undo.append((platform.db.set_user, user, platform.db.set_user(user, **columns)))
        platform.edge.wait_for("ext", f"a.test:{user}", edge)

    def set_number(number, edge, **columns):
        undo.append((platform.db.set_number, number, platform.db.set_number(number, **columns)))
        platform.edge.wait_for("ext", f"a.test:{number}", edge)

    yield set_user, set_number
    for setter, name, before in reversed(undo):
        was = platform.edge.get("ext", f"a.test:{name}")
        setter(name, **before)
        platform.edge.wait_for_other("ext", f"a.test:{name}", was)


@pytest.fixture(name="set_user")
def user_setting(setting):
    return setting[0]


@pytest.fixture(name="set_number")
def number_setting(setting):
    return setting[1]


def test_do_not_disturb(platform, phone, set_user):
    caller = phone("1001")
    phone("1003")
    set_user("1003", 'dnd="1"', do_not_disturb=True)
    refused(platform, caller, "1003", 486, cause="USER_BUSY")


def test_do_not_disturb_goes_where_busy_goes(platform, phone, set_user, set_number):
    caller, other = phone("1001"), phone("1002")
    phone("1003")
    set_number("1003", 'busy="1002"', busy_to=platform.db.extension_id("1002"))
    set_user("1003", 'dnd="1"', do_not_disturb=True)
    answered_by(platform, caller, other, "1003", "1002")


def test_limit_of_calls(platform, phone, set_user):
    """One call in either direction, if it only rings; the next is possible as soon as it is over."""
    one, other, limited = phone("1001"), phone("1002"), phone("1003")
    set_user("1003", 'calls="1"', max_calls=1)
    platform.edge.wait_for("user", "a.test:1003", 'calls="1"')
    there = limited.wait_call(sip.ring(), sip.is_cancelled())
    ringing = one.call("1003", sip.cancel())
    ringing.wait("ringing")
    refused(platform, other, "1003", 486, cause="USER_BUSY")
    ringing.go().finish()
    there.finish()
    for _ in range(2):
        call, there = talk(one, limited, "1003")
        refused(platform, other, "1003", 486, cause="USER_BUSY")
        end(call, there)
    call, there = talk(limited, one, "1001")
    refused(platform, other, "1003", 486, cause="USER_BUSY")
    end(call, there)
    call, there = talk(one, limited, "1003")
    blocked = phone("1003", registered=False).call("1001", sip.is_refused(503)).finish()
    assert "Too Many Calls" in blocked.messages()
    end(call, there)


def test_call_that_was_forwarded_is_not_counted(platform, phone, set_user, set_number):
    caller, busy, other = phone("1001"), phone("1003"), phone("1002")
    set_number("1003", 'busy="1002"', busy_to=platform.db.extension_id("1002"))
    set_user("1003", 'calls="1"', max_calls=1)
    there = busy.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call, elsewhere = talk(caller, other, "1003")
    there.finish()
    # The user has no call although the call to his number goes on.
    second, here = talk(phone("1001"), busy, "1003")
    end(second, here)
    end(call, elsewhere)


def test_call_waiting_off(platform, phone, set_user):
    """Who is in a call is busy; with call waiting, his other phone rings."""
    one, other, callee = phone("1001"), phone("1002"), phone("1003")
    call, there = talk(phone("1003", registered=False), one, "1001")
    second, here = talk(other, callee, "1003")
    end(second, here)
    set_user("1003", 'waiting="0"', call_waiting=False)
    refused(platform, other, "1003", 486, cause="USER_BUSY")
    end(call, there)


def test_devices_together(platform, phone):
    caller, desk, mobile = phone("1001"), phone("1003"), phone("1003")
    at_desk = desk.wait_call(sip.ring(), sip.is_cancelled())
    at_mobile = mobile.wait_call(sip.ring(), sip.pause(500), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.request("BYE", 3))
    at_desk.wait("ringing")
    at_mobile.wait("ringing")
    for leg in (call, at_desk, at_mobile):
        leg.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")


def test_devices_in_order(platform, phone, set_user, set_number):
    """By q: the first rings until its time is over, the second refuses, the third answers."""
    caller = phone("1001")
    first, second, third = (phone("1003", registered=False) for _ in range(3))
    for one, q in ((second, 0.5), (third, 0.1), (first, 0.9)):
        one.register(q=q)
    set_number("1003", 'ring="1"', ring_timeout_s=1)
    set_user("1003", 'order="1"', devices="in_order")
    at_first = first.wait_call(sip.ring(), sip.is_cancelled())
    at_second = second.wait_call(sip.ring(), sip.pause(300), sip.refuse(486, "Busy Here"))
    at_third = third.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.request("BYE", 3))
    at_first.wait("ringing")
    assert "INVITE" not in at_second.messages()
    at_first.wait("cancelled")
    at_second.wait("ringing")
    assert "INVITE" not in at_third.messages()
    for leg in (call, at_first, at_second, at_third):
        leg.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")


def test_devices_in_order_and_none_answers(platform, phone, set_user, set_number):
    """Then the number's forwarding counts."""
    caller, other = phone("1001"), phone("1002")
    first, second = (phone("1003", registered=False) for _ in range(2))
    first.register(q=0.9)
    second.register(q=0.5)
    set_number("1003", 'noanswer="1002"', ring_timeout_s=1,
               no_answer_to=platform.db.extension_id("1002"))
    set_user("1003", 'order="1"', devices="in_order")
    legs = [one.wait_call(sip.ring(), sip.is_cancelled()) for one in (first, second)]
    answered_by(platform, caller, other, "1003", "1002")
    for leg in legs:
        leg.finish()


def test_forward_always(platform, phone, set_number):
    caller, other = phone("1001"), phone("1002")
    set_number("1003", 'always="1002"', always_to=platform.db.extension_id("1002"))
    answered_by(platform, caller, other, "1003", "1002")


def test_forward_unreachable(platform, phone, set_number):
    caller, other = phone("1001"), phone("1002")
    set_number("1003", 'unreachable="1002"', unreachable_to=platform.db.extension_id("1002"))
    answered_by(platform, caller, other, "1003", "1002")


def test_forward_busy(platform, phone, set_number):
    caller, callee, other = phone("1001"), phone("1003"), phone("1002")
    set_number("1003", 'busy="1002"', busy_to=platform.db.extension_id("1002"))
    there = callee.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    answered_by(platform, caller, other, "1003", "1002")
    there.finish()
