"""What is heard in a conference, and what its keys do: mute, lock, end; waiting for the moderator."""

import time

import pytest

from lib import records, recording
from lib.calls import IS_SENT_AWAY, enter
from lib.rtp import SILENCE, is_sound, loudest, share_near, spectrum_of
from lib.tenant import Tenant

pytestmark = pytest.mark.usefixtures("quiet")

PIN, MODERATOR = "4711", "08150"
MUTE, LOCK, MUTE_ALL, RECORD, END = "*1", "*2", "*3", "*5", "*9"


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    7310: with a tone when somebody comes or goes.   7311: without.   7312: with a moderator.
    7313: with one who is waited for.   7314: with one, and a recording on demand.
    """
    tenant = Tenant(platform)
    pins = {"pin": PIN, "moderator_pin": MODERATOR, "announce": False}
    tenant.conference("7310", announce=True)
    tenant.conference("7311", announce=False)
    tenant.conference("7312", **pins)
    tenant.conference("7313", **pins, wait_for_moderator=True)
    tenant.conference("7314", **pins)


def leave(*calls):
    for call in calls:
        call.go().finish()


@pytest.mark.parametrize("number, announced", [("7310", True), ("7311", False)],
                         ids=["tone", "no tone"])
def test_somebody_comes_and_goes(platform, phone, number, announced):
    """Of three, so that nobody is told that he is alone."""
    listener, other, guest = phone("1001"), phone("1002"), phone("1003")
    calls = [enter(listener, number), enter(other, number)]
    other.rtp.tone(440)
    listener.rtp.wait_for_tone(440, 20)
    other.rtp.tone(0)
    listener.rtp.wait_for_silence(1)
    listener.rtp.tone(620)
    listener.rtp.forget()
    visit = enter(guest, number)
    guest.rtp.wait_for_tone(620, 20)
    if announced:
        listener.rtp.wait_for_sound()
        listener.rtp.wait_for_silence(1)
    leave(visit)
    if announced:
        listener.rtp.wait_for_sound()
    else:
        listener.rtp.wait_for_silence(2)
        assert loudest(listener.rtp.heard()) < SILENCE
    leave(*calls)
    records.check(platform.db.wait_for_cdr(visit.call_id), caller="1003", callee=number,
                  service="conference", source=platform.deployment.media_server)


def test_member_mutes_himself(phone):
    """He hears the others all the same, and they hear him again when he presses the key again."""
    one, other = phone("1001"), phone("1002")
    calls = [enter(one, "7311"), enter(other, "7311")]
    one.rtp.tone(440)
    other.rtp.wait_for_tone(440, 20)
    one.rtp.press(MUTE)
    other.rtp.wait_for_silence(1.5)
    other.rtp.tone(620)
    one.rtp.wait_for_tone(620)
    assert loudest(other.rtp.heard(1)) < SILENCE
    one.rtp.press(MUTE)
    other.rtp.wait_for_tone(440)
    leave(*calls)


@pytest.mark.service
def test_moderator_mutes_everybody(phone):
    """But himself; keys of a moderator do nothing for a member."""
    moderator, one, other = phone("1001"), phone("1002"), phone("1003")
    tones = {moderator: 860, one: 440, other: 620}
    calls = [enter(each, "7312", MODERATOR if each is moderator else PIN) for each in tones]
    for each, frequency in tones.items():
        each.rtp.tone(frequency)
    everybody_hears_the_others(tones)
    moderator.rtp.press(MUTE_ALL)
    moderator.rtp.wait_for_silence(1.5)
    one.rtp.wait_for_tone(860)
    other.rtp.wait_for_tone(860)
    moderator.rtp.press(MUTE_ALL)
    everybody_hears_the_others(tones)
    one.rtp.press(MUTE_ALL + LOCK + END)
    one.rtp.wait_for_digits()
    everybody_hears_the_others(tones)
    leave(*calls)


def everybody_hears_the_others(tones):
    for each in tones:
        each.rtp.wait_for_tones(*(set(tones.values()) - {tones[each]}), timeout=20)


def test_moderator_locks_and_ends(platform, phone):
    """Nobody comes into a conference that is locked; who is in it is sent away when it ends."""
    moderator, member, late = phone("1001"), phone("1002"), phone("1003")
    calls = [enter(moderator, "7312", MODERATOR, IS_SENT_AWAY),
             enter(member, "7312", PIN, IS_SENT_AWAY)]
    moderator.rtp.tone(860)
    member.rtp.tone(440)
    member.rtp.wait_for_tone(860, 20)
    moderator.rtp.press(LOCK)
    moderator.rtp.wait_for_sound()
    moderator.rtp.wait_for_tone(440)
    refused = enter(late, "7312", PIN, IS_SENT_AWAY).finish(30)
    moderator.rtp.press(LOCK)
    moderator.rtp.wait_for_tone(440)
    calls.append(enter(late, "7312", PIN, IS_SENT_AWAY))
    late.rtp.wait_for_tones(860, 440, timeout=20)
    moderator.rtp.press(END)
    for call in (*calls, refused):
        call.finish(20)
    for call, user in zip((*calls, refused), ("1001", "1002", "1003", "1003"), strict=True):
        records.check(platform.db.wait_for_cdr(call.call_id), caller=user, callee="7312",
                      service="conference", side="system")


def test_members_wait_for_the_moderator(phone):
    """With music, and without hearing each other."""
    moderator, one, other = phone("1001"), phone("1002"), phone("1003")
    tones = {one: 440, other: 620, moderator: 860}
    calls = [enter(each, "7313", PIN) for each in (one, other)]
    for each, frequency in tones.items():
        each.rtp.tone(frequency)
    for each in (one, other):
        each.rtp.wait_for(lambda samples: is_music(samples, tones.values()), 3, "music", 20)
    calls.append(enter(moderator, "7313", MODERATOR))
    everybody_hears_the_others(tones)
    leave(*calls)


def is_music(samples, tones):
    """A sound all the time, and none of these tones."""
    second = 8000
    parts = [samples[start:start + second] for start in range(0, len(samples), second)]
    return len(samples) > 2.5 * second and all(map(is_sound, parts[:2])) and all(
        share_near(spectrum_of(samples), tone) < 0.2 for tone in tones)


@pytest.fixture(name="policies")
def make_policies(platform):
    made = recording.Policies(platform)
    yield made
    made.remove()


def test_moderator_records(platform, phone, policies):
    """From his key to his key, all members; a member's key does nothing, and others mean the same."""
    policies.add("on_demand", number="7314")
    moderator, member = phone("1001"), phone("1002")
    calls = [enter(moderator, "7314", MODERATOR), enter(member, "7314", PIN)]
    moderator.rtp.tone(860)
    member.rtp.tone(440)
    moderator.rtp.wait_for_tone(440, 20)
    member.rtp.press(RECORD + MUTE)
    # Longer than he is told so: no key counts meanwhile.
    moderator.rtp.wait_for_silence(2)
    member.rtp.press(MUTE)
    moderator.rtp.wait_for_tone(440)
    member.rtp.tone(0)
    moderator.rtp.tone(0)
    member.rtp.wait_for_silence(1)
    moderator.rtp.press(RECORD)
    member.rtp.wait_for_sound()
    for each, frequency in ((moderator, 700), (member, 540)):
        each.rtp.tone(frequency)
    member.rtp.wait_for_tone(700)
    moderator.rtp.wait_for_tone(540)
    time.sleep(2)
    moderator.rtp.press(RECORD)
    moderator.rtp.wait_for_digits()
    moderator.rtp.wait_for_tone(540)
    moderator.rtp.tone(980)
    member.rtp.wait_for_tone(980)
    leave(*calls)
    his, others = (platform.db.wait_for_cdr(call.call_id) for call in calls)
    left, right = recording.read(platform, his)
    assert recording.seconds_of(left, 700) > 1.5 and recording.seconds_of(right, 540) > 1.5
    assert recording.seconds_of(left, 860) == recording.seconds_of(left, 980) == 0
    assert not recording.is_recorded(platform, others)
