"""Conferences, on the media server."""

import time

import pytest

from lib import records
from lib.calls import IS_SENT_AWAY, enter
from lib.tenant import Tenant


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """8100: an open conference, and one of b.test as well.   8101: of two, with PINs."""
    tenant = Tenant(platform)
    tenant.conference("8100")
    tenant.conference("8101", pin="4711", moderator_pin="08150", max_members=2, announce=False)
    Tenant(platform, "b.test").conference("8100")


@pytest.mark.service
def test_three_hear_each_other(platform, phone):
    phones = {440: phone("1001"), 620: phone("1002"), 860: phone("1003")}
    calls = [enter(one, "8100") for one in phones.values()]
    for frequency, one in phones.items():
        one.rtp.tone(frequency)
    for frequency, one in phones.items():
        one.rtp.wait_for_tones(*(phones.keys() - {frequency}), timeout=15)
    for call in calls:
        call.go().finish()
    for call, user in zip(calls, ("1001", "1002", "1003"), strict=True):
        records.check(platform.db.wait_for_cdr(call.call_id), caller=user, callee="8100",
                      service="conference", source=platform.deployment.media_server)


def test_conference_of_the_other_tenant(phone):
    """The same number of another tenant is another room."""
    one, other = phone("1001"), phone("1001", "b.test")
    calls = [enter(one, "8100"), enter(other, "8100")]
    one.rtp.tone(440)
    other.rtp.tone(620)
    for _ in range(2):
        time.sleep(2)
        with pytest.raises(AssertionError):
            other.rtp.wait_for_tone(440, 1)
        with pytest.raises(AssertionError):
            one.rtp.wait_for_tone(620, 1)
    for call in calls:
        call.go().finish()


def test_pin(platform, phone):
    """A wrong one is refused, both right ones are not; a new one counts for the next caller."""
    one, other, stranger = phone("1001"), phone("1002"), phone("1003")
    call = enter(stranger, "8101", ending=IS_SENT_AWAY)
    for _ in range(3):
        stranger.rtp.wait_for_sound(15)
        stranger.rtp.wait_for_silence(0.6, 20)
        stranger.rtp.press("1111#")
    call.finish(40)
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8101",
                  service="conference", side="system")

    calls = [enter(one, "8101", "4711"), enter(other, "8101", "08150")]
    one.rtp.tone(440)
    other.rtp.tone(620)
    other.rtp.wait_for_tone(440, 20)
    one.rtp.wait_for_tone(620, 20)

    # Two are in, and that is all of them.
    call = enter(stranger, "8101", "4711", IS_SENT_AWAY).finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8101",
                  service="conference", side="system")
    for each in calls:
        each.go().finish()


def test_changed_pin(platform, phone):
    """A PIN that is changed counts for the next caller, also while somebody is in the conference."""
    number = "8102"
    Tenant(platform).conference(number, pin="1234", announce=False)
    one, two, other = phone("1001"), phone("1003"), phone("1002")
    calls = [enter(one, number, "1234"), enter(two, number, "1234")]
    one.rtp.tone(440)
    two.rtp.wait_for_tone(440, 20)
    # Both are in, and whoever comes later hears the tone.
    platform.db.rows("UPDATE voip.conferences SET pin = '98765' WHERE name = %s", number)
    time.sleep(0.1)
    calls.append(enter(other, number, "1234"))
    with pytest.raises(AssertionError):
        other.rtp.wait_for_tone(440, 6)
    other.rtp.wait_for_silence(0.6, 20)
    other.rtp.press("98765#")
    other.rtp.wait_for_tone(440, 20)
    for each in calls:
        each.go().finish()


@pytest.mark.service
def test_conference_without_serve_is_an_announcement(platform, phone, without_serve):
    """Nobody gets into a conference whose PIN is not known."""
    caller = phone("1001")
    without_serve()
    call = enter(caller, "8101", ending=IS_SENT_AWAY)
    caller.rtp.wait_for_sound()
    call.finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8101", service="conference",
                  side="system", cause="NETWORK_OUT_OF_ORDER")
