"""Music on hold of a tenant's own: parked, put on hold by the other side, waiting."""

import time

import pytest

from lib import scenario as sip
from lib.calls import BYE
from lib.explain import explain, steps
from lib.phone import hear_each_other
from lib.prompts import add_tone, run
from lib.recording import Policies
from lib.rtp import describe, is_sound, share_near, spectrum_of
from lib.tenant import Tenant

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]

TONE, OTHER = 1300, 900


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    8700: a place, in both tenants.   8701: rings 1002.   8702: a queue of 1002.   8703, 8704: queues of
    nobody, the second one with music of its own.   8705: a conference that waits for its moderator.
    """
    add_tone(platform, "hold", TONE, seconds=1)
    add_tone(platform, "queue", OTHER, seconds=1)
    tenant, stranger = Tenant(platform), Tenant(platform, "b.test")
    for one in (tenant, stranger):
        one.place("8700", ring_timeout_s=60)
    tenant.ring_group("8701", {"user": "1002"})
    tenant.queue("8702", ["1002"])
    tenant.queue("8703")
    tenant.queue("8704", music="custom/queue")
    tenant.conference("8705", pin="1234", moderator_pin="4321", wait_for_moderator=True)
    play(platform, "custom/hold")
    yield
    play(platform, None)
    tenant.remove()
    stranger.remove()
    run(platform, "--remove", "hold")
    run(platform, "--remove", "queue")


def play(platform, music):
    """The tenant's music on hold; the edge knows it afterwards."""
    before = platform.edge.get("limit", "a.test:limits")
    platform.db.rows("UPDATE voip.domains SET music = %s WHERE name = 'a.test'", music)
    platform.edge.wait_for_other("limit", "a.test:limits", before)


def listen(caller, number, *wanted, steps=BYE):
    """Calls and waits for what is wanted."""
    call = caller.call(number, *steps).wait("answered")
    for wait in wanted:
        wait(caller)
    call.go().finish()


def tone(hertz=TONE):
    return lambda caller: caller.rtp.wait_for_tone(hertz)


def no_tone(caller):
    """Music, which is none of the tones."""
    caller.rtp.wait_for(is_music, 0.8, "the platform's music")


def is_music(samples):
    spectrum = spectrum_of(samples) if is_sound(samples) else None
    return spectrum is not None and all(share_near(spectrum, hertz) < 0.5 for hertz in (TONE, OTHER))


def test_parked(phone):
    """Again and again, longer than the file; another tenant's caller hears the platform's."""
    listen(phone("1001", domain="b.test"), "8700", no_tone)
    caller = phone("1001")
    call = caller.call("8700", *BYE).wait("answered")
    caller.rtp.wait_for_tone(TONE)
    caller.rtp.forget()
    deadline = time.monotonic() + 15
    while len(caller.rtp.heard()) < 8000 * 2.2:
        assert time.monotonic() < deadline, describe(caller.rtp.heard())
        caller.rtp.wait_for_tone(TONE)
    call.go().finish()


# What a phone does that is put on hold and taken back, and then ends the call or hears its end.
HOLDS = (sip.wait_for_go(), sip.request("INVITE", 3, body=sip.sdp(2, "sendonly")), sip.wait_for_go(),
         sip.request("INVITE", 4, body=sip.sdp(3)))
IS_HELD = (sip.ring(), sip.answer(), sip.wait_for_go(),
           sip.called_request("INVITE", 1, body=sip.sdp(2, "sendonly")), sip.wait_for_go(),
           sip.called_request("INVITE", 2, body=sip.sdp(3)), sip.is_asked("BYE"))


def hold(holder, leg, held):
    """One side puts the other one on hold, who hears the tone, and takes it back."""
    holder.rtp.tone(0)
    leg.go().wait("INVITE")
    held.rtp.wait_for_tone(TONE)
    leg.go().wait("INVITE")
    hear_each_other(holder, held)


@pytest.mark.parametrize("number", ["8701", "8702", "1002"], ids=["ring group", "queue", "recorded"])
def test_put_on_hold(platform, phone, number):
    """Who is called puts the caller on hold, and then the other way round."""
    policies = Policies(platform)
    caller, callee = phone("1001"), phone("1002")
    try:
        if number == "1002":
            policies.add("always", "1002")
        there = callee.wait_call(*IS_HELD)
        call = caller.call(number, sip.is_answered(), *HOLDS, sip.wait_for_go(),
                           sip.request("BYE", 5))
        there.wait("answered")
        call.wait("answered")
        hear_each_other(caller, callee)
        hold(callee, there, caller)
        hold(caller, call, callee)
        call.go().finish()
        there.finish()
    finally:
        policies.remove()


def test_queues(phone):
    """Without music of its own the tenant's; else its own."""
    listen(phone("1001"), "8703", tone())
    listen(phone("1003"), "8704", tone(OTHER))


def test_conference_that_waits(phone):
    caller = phone("1001")
    call = caller.call("8705", *BYE).wait("answered")
    caller.rtp.wait_for_sound(10)
    caller.rtp.press("1234#")
    caller.rtp.wait_for_tone(TONE, 15)
    call.go().finish()


def test_other_music_counts_at_once(platform, phone):
    """Other audio of 16 kHz, none, and again."""
    caller = phone("1001")
    before = platform.edge.get("limit", "a.test:limits")
    add_tone(platform, "hold", OTHER, rate=16000)
    platform.edge.wait_for_other("limit", "a.test:limits", before)
    try:
        listen(caller, "8700", tone(OTHER))
        play(platform, None)
        listen(caller, "8700", no_tone)
    finally:
        add_tone(platform, "hold", TONE)
        play(platform, "custom/hold")
    listen(caller, "8700", tone())


def test_explain_tells_of_it(platform):
    digest = platform.db.value("SELECT sha256 FROM voip.prompts WHERE name = 'hold'")
    told = steps(explain(platform, "1001@a.test", "8700"), "music")
    assert told == [f"on hold the tenant's own, {digest[:8]}…"]
    assert steps(explain(platform, "1001@b.test", "8700"), "music") == []


def test_music_in_use_stays(platform):
    with pytest.raises(Exception, match="in use by music on hold"):
        run(platform, "--remove", "hold")
    with pytest.raises(Exception, match="foreign key"):
        platform.db.rows("UPDATE voip.domains SET music = 'custom/hold' WHERE name = 'b.test'")
