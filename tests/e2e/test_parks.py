"""Parking: a call waits at a number, and who dials that number gets it."""

import pytest

from lib import db, records
from lib import scenario as sip
from lib.calls import BYE, TAKE, served
from lib.phone import hear_each_other
from lib.tenant import Tenant
from lib.watcher import Watcher

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """
    7620: a place, in both tenants.   7622 to 7624: for 2 s; then back to who parked, to 1003, nowhere.
    7625: rings 1002.   7630: as many places as there are numbers that begin so.
    """
    tenant = Tenant(platform)
    for number, columns in {"7620": {"ring_timeout_s": 60}, "7622": {"ring_timeout_s": 2},
                            "7623": {"ring_timeout_s": 2, "no_answer_to": tenant.extension("1003")},
                            "7630": {"ring_timeout_s": 60, "is_prefix": True}}.items():
        tenant.place(number, **columns)
    tenant.ring_group("7625", {"user": "1002"})
    Tenant(platform, "b.test").place("7620", ring_timeout_s=60)


def park(caller, number):
    """Calls a place that is free: there is music."""
    call = caller.call(number, *BYE).wait("answered")
    caller.rtp.wait_for_sound(10)
    return call


def test_transfer_and_fetch(platform, phone):
    """Somebody who has a call transfers it (REFER) to a place, and another one gets it there."""
    caller, member, third = phone("1001"), phone("1002"), phone("1003")
    there = member.wait_call(
        sip.ring(), sip.answer(), sip.wait_for_go(),
        sip.called_request("REFER", 1, "Refer-To: <sip:7620@a.test>",
                           "Referred-By: <sip:1002@a.test>", code=202),
        sip.is_asked("NOTIFY"), sip.is_asked("BYE"))
    call = caller.call("7625", *BYE)
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, member)
    member.rtp.tone(0)
    caller.rtp.wait_for_silence()
    there.go()
    caller.rtp.wait_for_sound(10)
    fetch = third.call("7620", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    hear_each_other(caller, third)
    call.go().finish()
    fetch.finish()
    # Asterisk waits for the answer to a NOTIFY that SIPp takes for one that it has answered.
    there.finish(20)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7625", reached="7620",
                  service="ring_group")
    records.check(platform.db.wait_for_cdr(fetch.call_id), caller="1003", callee="7620",
                  service="park", side="callee")


def test_fetched_call_ends(platform, phone):
    """Who has fetched it hangs up."""
    caller, third = phone("1001"), phone("1003")
    call = caller.call("7620", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    caller.rtp.wait_for_sound(10)
    fetch = third.call("7620", *BYE).wait("answered")
    hear_each_other(caller, third)
    fetch.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7620", service="park",
                  side="callee", source=platform.deployment.media_server)
    records.check(platform.db.wait_for_cdr(fetch.call_id), caller="1003", callee="7620",
                  service="park")


def test_back_to_who_parked(platform, phone):
    caller, parker = phone("1001"), phone("1003")
    there = parker.wait_call(*TAKE)
    call = caller.call("7622", *BYE, headers=["Referred-By: <sip:1003@a.test>"])
    there.wait("answered", 15)
    call.wait("answered")
    served(platform, (caller, parker), (call, there), callee="7622", reached="1003",
           service="park")


def test_to_another_number(platform, phone):
    """What the place says counts, and not who parked."""
    caller, third = phone("1001"), phone("1003")
    there = third.wait_call(*TAKE)
    call = caller.call("7623", *BYE, headers=["Referred-By: <sip:1002@a.test>"])
    there.wait("answered", 15)
    call.wait("answered")
    served(platform, (caller, third), (call, there), callee="7623", reached="1003",
           service="park")


@pytest.mark.parametrize("headers", [(), ("Referred-By: <sip:0900@a.test>",)],
                         ids=["nobody parked it", "by no user"])
def test_nobody_fetches(platform, phone, headers):
    """The caller is told; a number that somebody only claims to be is not called."""
    call = phone("1001").call("7622", sip.is_answered(), sip.is_asked("BYE"), headers=headers)
    call.wait("answered").finish(20)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7622", service="park",
                  cause="NO_ANSWER", side="system")


def fetched(caller, call, third, number):
    """The third one calls the number and has the caller."""
    fetch = third.call(number, sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    hear_each_other(caller, third)
    call.go().finish()
    fetch.finish()


def test_places_that_begin_alike(platform, phone):
    """Are apart. A place is free again when its caller has gone."""
    caller, third = phone("1001"), phone("1003")
    park(third, "76301").go().finish()
    call = park(caller, "76301")
    park(third, "76302").go().finish()
    fetched(caller, call, third, "76301")


def test_place_of_another_tenant(platform, phone):
    caller, third, stranger = phone("1001"), phone("1003"), phone("1001", domain="b.test")
    call, other = park(caller, "7620"), park(stranger, "7620")
    fetched(caller, call, third, "7620")
    other.go().finish()


def test_busy_lamp(platform, phone):
    """Is lit while somebody is there."""
    watcher = Watcher(platform, "1003", "a.test", db.password("1003", "a.test"))
    try:
        lamp = watcher.watch("7620")
        lamp.wait_state("terminated")
        call = park(phone("1001"), "7620")
        lamp.wait_state("confirmed")
        call.go().finish()
        lamp.wait_state("terminated")
    finally:
        watcher.close()
