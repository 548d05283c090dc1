"""Pickup: a phone answers a call that rings at another one."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, refused
from lib.phone import hear_each_other
from lib.recording import Policies, read, seconds_of
from lib.tenant import Tenant

pytestmark = [pytest.mark.edge, pytest.mark.service, pytest.mark.usefixtures("quiet")]


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """*764 and a number: what rings there.   *765: what rings in the group.   7645: rings 1003."""
    for domain in ("a.test", "b.test"):
        tenant = Tenant(platform, domain)
        tenant.pickup("*764", is_prefix=True)
        tenant.pickup("*765")
    Tenant(platform).ring_group("7645", {"user": "1003"})


@pytest.fixture(name="group")
def make_group(platform):
    """Puts users of a.test into pickup groups, and out of them again."""
    def put(**groups):
        for name, group in groups.items():
            user = name.removeprefix("u")
            platform.db.set_user(user, pickup_group=group)
            changed.append(user)
            platform.edge.wait_for("user", f"a.test:{user}",
                                   'pick="' + (platform.db.value("SELECT md5(%s)", group)))
    changed = []
    yield put
    for user in changed:
        platform.db.set_user(user, pickup_group=None)
        platform.edge.wait_for("user", f"a.test:{user}", 'pick=""')


def picked_up(platform, phones, code, called, seconds=0, **expected):
    """
    The call of the first to `called` rings at the third; the second dials the code and has it, for at
    least so many seconds.
    """
    caller, picker, third = phones
    there = third.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call(called, *BYE)
    there.wait("ringing")
    pick = picker.call(code, sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    there.finish()
    assert "cause=200" in there.messages()
    call.wait("answered")
    hear_each_other(caller, picker)
    time.sleep(seconds)
    call.go().finish()
    pick.finish()
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee=called, **expected)
    records.check(platform.db.wait_for_cdr(pick.call_id), caller="1002", callee=code,
                  service="pickup", side="callee")
    return record


def test_by_number(platform, phone):
    """Two users, and no media server between them until then. The record says who took the call."""
    picked_up(platform, (phone("1001"), phone("1002"), phone("1003")), "*7641003", "1003",
              reached="1002", source="edge")


def test_of_the_group(platform, phone, group):
    group(u1002="Sales; \"North\"", u1003="Sales; \"North\"")
    picked_up(platform, (phone("1001"), phone("1002"), phone("1003")), "*765", "1003",
              reached="1002", source="edge")


def test_of_a_ring_group(platform, phone):
    """By the number of the ring group."""
    picked_up(platform, (phone("1001"), phone("1002"), phone("1003")), "*7647645", "7645",
              reached="1003", service="ring_group", source=platform.deployment.media_server)


def test_recorded_call(platform, phone):
    """A call that is recorded goes on being so: the caller on the left, who has picked up on the right."""
    policies = Policies(platform)
    try:
        policies.add("always", "1003")
        left, right = read(platform, picked_up(
            platform, (phone("1001"), phone("1002"), phone("1003")), "*7641003", "1003",
            seconds=1, reached="1002", source="edge"))
    finally:
        policies.remove()
    assert seconds_of(left, 440) >= 0.5 and seconds_of(right, 660) >= 0.5


def test_not_permitted(platform, phone, group):
    """
    Nothing rings there; it rings in a group of others; the caller is in no group, or in another one; it
    rings in another tenant. The phone goes on ringing, until the caller gives up.
    """
    caller, picker, third = phone("1001"), phone("1002"), phone("1003")
    stranger = phone("1002", domain="b.test")
    nothing = {"code": 480, "service": "pickup", "cause": "NO_USER_RESPONSE"}
    refused(platform, picker, "*7641003", **nothing)
    group(u1003="sales")
    there = third.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1003", sip.cancel())
    there.wait("ringing")
    call.wait("ringing")
    refused(platform, picker, "*7641003", 403, service="pickup", cause="FACILITY_REJECTED")
    refused(platform, picker, "*765", **nothing)
    group(u1002="support")
    refused(platform, picker, "*765", **nothing)
    refused(platform, stranger, "*7641003", domain="b.test", **nothing)
    assert "CANCEL" not in there.messages()
    call.go().finish()
    there.finish()
    refused(platform, picker, "*7641003", **nothing)
