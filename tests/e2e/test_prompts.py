"""Prompts of a tenant's own, on the media server: in menus, announcements and queues."""

import time

import pytest

from front.errors import FrontError
from lib.calls import BYE
from lib.prompts import add_tone, run
from lib.rtp import describe, is_sound, share_near, spectrum_of
from lib.tenant import Tenant

pytestmark = pytest.mark.service

TONE = 1300
# Seconds until a caller of a queue hears where he stands, every ten seconds; and what that takes.
ANNOUNCED_WITHIN = 20


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    The tone as greeting of the menus 7951 and 7952 (16 kHz), as announcement 7953, as music of the
    queue 7954 and as announcement of the queue 7955; 7956 plays it and says where one stands. The
    queues are nobody's.
    """
    add_tone(platform, "tone", TONE)
    add_tone(platform, "wide", TONE, rate=16000)
    tenant = Tenant(platform)
    tenant.menu("7951", greeting="custom/tone", timeout_ms=1000)
    tenant.menu("7952", greeting="custom/wide", timeout_ms=1000)
    tenant.announcement("7953", prompt="custom/tone")
    tenant.queue("7954", music="custom/tone")
    tenant.queue("7955", announcement="custom/tone", announce_every_s=5)
    tenant.queue("7956", music="custom/tone", announce_position=True, announce_every_s=5)
    yield
    tenant.remove()
    run(platform, "--remove", "tone")
    run(platform, "--remove", "wide")


def hears(phone, number, hertz=TONE, timeout=5):
    caller = phone("1001")
    call = caller.call(number, *BYE)
    call.wait("answered")
    caller.rtp.wait_for_tone(hertz, timeout)
    call.go().finish()


@pytest.mark.parametrize("number", ["7951", "7952", "7953"],
                         ids=["greeting", "greeting of 16 kHz", "announcement"])
def test_heard(phone, number):
    hears(phone, number)


def test_music_of_a_queue(phone):
    """Again and again."""
    caller = phone("1001")
    call = caller.call("7954", *BYE)
    call.wait("answered")
    caller.rtp.wait_for_tone(TONE)
    caller.rtp.forget()
    # Longer than the file, which is 3 s.
    while len(caller.rtp.heard()) < 8000 * 4:
        caller.rtp.wait_for_tone(TONE)
    call.go().finish()


def test_announcement_of_a_queue(phone):
    """Between the music, while the caller waits."""
    hears(phone, "7955", timeout=ANNOUNCED_WITHIN)


def test_position_in_a_queue(phone):
    """Both who wait are told, in words; before and after that there is the music."""
    callers = [phone("1001"), phone("1002")]
    calls = [caller.call("7956", *BYE) for caller in callers]
    for call, caller in zip(calls, callers):
        call.wait("answered")
        caller.rtp.wait_for_tone(TONE)
    for wait in (wait_for_words, lambda caller: caller.rtp.wait_for_tone(TONE, ANNOUNCED_WITHIN)):
        for caller in callers:
            wait(caller)
    for call in calls:
        call.go().finish()


def wait_for_words(caller):
    """Sound that is not the tone."""
    deadline = time.monotonic() + ANNOUNCED_WITHIN
    while True:
        heard = caller.rtp.heard(0.4)
        if is_sound(heard) and share_near(spectrum_of(heard), TONE) < 0.2:
            return
        assert time.monotonic() < deadline, describe(heard)
        time.sleep(0.05)


def test_other_audio_is_heard_at_once(platform, phone):
    """The queue has it when nobody is in it any more, the menu with the next call."""
    add_tone(platform, "tone", 900)
    try:
        hears(phone, "7951", 900)
    finally:
        add_tone(platform, "tone", TONE)
    hears(phone, "7951")


def test_refused(platform):
    """What is no audio for telephones, what is in use, what is not there."""
    with pytest.raises(FrontError, match="2 channels, must be one"):
        add_tone(platform, "stereo", TONE, channels=2)
    with pytest.raises(FrontError, match="44100 samples a second, must be 8000 or 16000"):
        add_tone(platform, "cd", TONE, rate=44100)
    with pytest.raises(FrontError, match=r'in use by announcement "7953", menu "7951"'):
        run(platform, "--remove", "tone")
    with pytest.raises(FrontError, match="there is no such prompt"):
        run(platform, "--remove", "nothing")
    assert "custom/tone  3.0 s, 8000 Hz, used by announcement" in run(platform)


def test_the_other_tenant_cannot_name_it(platform):
    with pytest.raises(Exception, match="foreign key"):
        Tenant(platform, "b.test").announcement("7959", prompt="custom/tone")
