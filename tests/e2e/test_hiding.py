"""What a carrier learns of the inside: nothing. The calls work all the same."""

import re

import pytest

from lib import scenario as sip
from lib.calls import TAKE
from lib.carrier import add_trunk
from lib.outside import OUTSIDE, add_number, check_in, check_out, header, route_to
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = [pytest.mark.edge, pytest.mark.service]

LAN = "10.74.31.1"
SECRETS = ("User-Agent: Desk Phone 7431", "X-Asterisk-HangupCause: 16", "X-VOIP-Call: 1;leg=1")


def nothing_inside(platform, received, *phones, called=True):
    """
    Everything that the carrier got, without a trace of what it must not know. `called`: else the
    Call-ID is its own.
    """
    deployment = platform.deployment
    ports = [deployment[key] for key in ("edge.inside_port", "media.sip_port")]
    hidden = [LAN, "a.test", *(["@phone"] if called else []), "Desk Phone",
              "FreeSWITCH", "Asterisk", "X-VOIP", "TH: ", "mod_sofia", *(f":{port}" for port in ports + [phone.port for phone in phones])]
    seen = [text for text in received if not text.startswith("OPTIONS")]
    assert seen
    for text in seen:
        # The names of programs and of sessions in SDP are what they are (docs/extensions.md).
        head = re.split(r"\r?\n\r?\n", text.lstrip())[0]
        assert [name for name in hidden if name in head] == [], text
        assert LAN not in text


def test_call_to_a_carrier(platform, phone, carrier):
    """Answered, held and taken back by the caller, and ended by the carrier."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "7431", there))
    caller = phone("1001", nat_ip=LAN)
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("INVITE", sip.sdp(2)),
                          sip.wait_for_go(), sip.called_request("BYE", 1))
    call = caller.call(OUTSIDE, sip.is_answered(), sip.wait_for_go(),
                       sip.request("INVITE", 3, body=sip.sdp(2, "sendonly")), sip.is_asked("BYE"),
                       headers=SECRETS)
    # The ACK has to be there before the next INVITE: it may be overtaken.
    leg.wait("answered")
    call.wait("answered").go()
    leg.wait("INVITE")
    call.wait("INVITE")
    hear_each_other(caller, there)
    leg.go().finish()
    call.finish()
    nothing_inside(platform, there.gateway.received, caller)
    assert call.call_id not in "".join(there.gateway.received)
    check_out(platform, call, "7431", side="callee")


def test_call_that_is_cancelled(platform, phone, carrier):
    """The carrier knows the CANCEL by the Call-ID of the INVITE."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "7432", there))
    caller = phone("1001", nat_ip=LAN)
    leg = there.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call(OUTSIDE, sip.cancel(), headers=SECRETS)
    leg.wait("ringing")
    call.wait("ringing").go().finish()
    leg.finish()
    ids = {header(text, "Call-ID") for text in there.gateway.received
           if not text.startswith("OPTIONS")}
    assert len(ids) == 1
    nothing_inside(platform, there.gateway.received, caller)


@pytest.mark.parametrize("callee", ["1003", "8000"])
def test_call_from_a_carrier(platform, phone, carrier, callee):
    """To a phone and to a media server; the carrier ends it."""
    there = carrier()
    add_trunk(platform.db, "7433", there)
    add_number(platform, "+4930743", callee)
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    answering = phone("1003", nat_ip=LAN)
    leg = answering.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE")) \
        if callee == "1003" else None
    call = there.call_in("+4930743", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    if leg:
        leg.wait("answered")
    call.go().finish()
    if leg:
        leg.finish()
    nothing_inside(platform, received_by(call), answering, called=False)
    record = check_in(platform, call, callee="+4930743", reached=callee,
                      service="user" if leg else "ivr")
    assert record["trunk"] == "7433"


def received_by(leg):
    """The messages that a leg's SIPp got, of its trace."""
    parts = re.split(r"^-{20,}.*\n", leg.messages(), flags=re.M)
    return [part.split("\n", 1)[1] for part in parts if "message received" in part.split("\n")[0]]


def test_leg_of_a_media_server(platform, phone, carrier):
    """A ring group's member outside: the media server's own leg."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "7434", there))
    Tenant(platform).ring_group("7430", {"outside": OUTSIDE, "ring_s": 10})
    caller = phone("1001", nat_ip=LAN)
    try:
        leg = there.wait_call(*TAKE)
        call = caller.call("7430", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
        leg.wait("answered")
        there.rtp.wait_for_sound()
        there.rtp.press("1")
        call.wait("answered")
        hear_each_other(caller, there)
        call.go().finish()
        leg.finish()
        nothing_inside(platform, there.gateway.received, caller)
    finally:
        platform.db.rows("DELETE FROM voip.extensions WHERE number = '7430'")
        platform.edge.wait_until_gone("ext", "a.test:7430")
