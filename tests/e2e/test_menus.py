"""Numbers that a caller dials in a menu."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE, end
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = pytest.mark.service


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    Menus 7941, in which numbers may be dialled and 1 leads to 1002, and 7942, in which they may
    not; queue 7943 of 1003; 7944 is a feature code, and 7949 leads outside with what follows.
    """
    tenant = Tenant(platform)
    tenant.menu("7941", {"1": "1002"}, direct_dial=True, tries=3, invalid="digits/0")
    tenant.menu("7942", tries=1, invalid="digits/0")
    tenant.queue("7943", ["1003"])
    tenant.code("7944", "dnd_on")
    tenant.outbound_prefix("7949")
    yield
    tenant.remove()


def call_menu(caller, number, *steps):
    call = caller.call(number, *(steps or BYE))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    return call


def dial_in_vain(caller, number):
    """Dials, and is told that it is wrong, and what could be dialled instead."""
    caller.rtp.press(number)
    # While a key is sent it may be silent, and for as long as another digit is waited for.
    time.sleep(len(number) * 0.25)
    caller.rtp.wait_for_silence(1.2)


@pytest.mark.parametrize("number", ["1003", "7943", "1"],
                         ids=["user", "queue", "key of the menu"])
def test_number_is_dialled(platform, phone, number):
    reached = "1002" if number == "1" else "1003"
    caller, callee = phone("1001"), phone(reached)
    there = callee.wait_call(*TAKE)
    call = call_menu(caller, "7941")
    caller.rtp.press(number)
    there.wait("answered", 20)
    hear_each_other(caller, callee)
    end(call, there)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7941", service="ivr",
                  reached=reached if number == "1" else number)


def test_wrong_numbers(platform, phone):
    """Neither unknown ones, nor those that lead outside or change something; the menu goes on."""
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(*TAKE)
    call = call_menu(caller, "7941")
    dial_in_vain(caller, "794955")
    dial_in_vain(caller, "7944")
    caller.rtp.press("1003")
    there.wait("answered", 20)
    hear_each_other(caller, callee)
    end(call, there)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7941", reached="1003",
                  service="ivr")
    assert not platform.db.rows("SELECT FROM voip.users WHERE do_not_disturb")


def test_too_many_wrong_numbers(platform, phone):
    caller = phone("1001")
    call = call_menu(caller, "7941", sip.is_answered(), sip.is_asked("BYE"))
    for number in ("7999", "794955", "7944"):
        dial_in_vain(caller, number)
    call.finish(20)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7941", service="ivr",
                  side="system")


def test_menu_without_direct_dial(platform, phone):
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(sip.ring())
    call = call_menu(caller, "7942", sip.is_answered(), sip.is_asked("BYE"))
    caller.rtp.press("1003")
    call.finish(30)
    assert "INVITE sip:" not in there.messages()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7942", service="ivr",
                  side="system")
