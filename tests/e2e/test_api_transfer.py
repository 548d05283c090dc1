"""
Calls from phone to phone that the API transfers: who goes on is asked to (REFER), the other one is hung up
when that was answered. Numbers 76xx.
"""

import re

import pytest

from lib import records
from lib import scenario as sip
from lib.carrier import add_trunk
from lib.outside import OUTSIDE, check_out, route_to
from lib.phone import hear_each_other
from lib.tenant import Tenant
from test_api_live import IS_ENDED, TAKES, WITHIN, api, call_of, gone, until  # noqa: F401

pytestmark = [pytest.mark.edge, pytest.mark.usefixtures("quiet")]

SIDES = pytest.mark.parametrize("side", ["caller", "callee"])


def connect(caller, callee, side, goes, stays):
    """A call of the two, in which one side does what `goes` says and the other one what `stays` does:
    their phones and legs, who goes on first."""
    there = callee.wait_call(sip.ring(), sip.answer(), *(goes if side == "callee" else stays))
    call = caller.call(callee.user, sip.is_answered(), *(goes if side == "caller" else stays))
    there.wait("answered", WITHIN)
    call.wait("answered", WITHIN)
    both = [(caller, call), (callee, there)]
    return call, both if side == "caller" else both[::-1]


def own_requests(side):
    """How a side makes requests, and the CSeq of its first one within the dialog."""
    return (sip.request, 3) if side == "caller" else (sip.called_request, 1)


def received(leg, pattern):
    """First word and CSeq of the messages to the phone that begin so, each once, in their order."""
    found = {}
    for message in re.split(r"^-{20,}.*$", leg.messages(), flags=re.M):
        start = re.search(rf"^({pattern}).*\n", message, re.M)
        if "received" in message and start:
            cseq = re.search(r"^CSeq: *(\d+) (\w+)", message, re.M)
            found[cseq[2], int(cseq[1])] = None
    return list(found)


@SIDES
def test_a_phone_goes_on(platform, phone, api, side):  # noqa: F811
    """It calls the number by itself, with its password, and is then out of the first call."""
    caller, callee, third = phone("1001"), phone("1002"), phone("1003")
    by, cseq = own_requests(side)
    call, ((goer, goes), (_, stays)) = connect(
        caller, callee, side,
        goes=(sip.is_asked("REFER", code=202, reason="Accepted"), sip.goes_on(by, cseq, "100 Trying"),
              sip.wait_for_go(), sip.goes_on(by, cseq + 1, "200 OK"), sip.is_asked("BYE")),
        stays=(sip.is_asked("BYE"),))
    hear_each_other(caller, callee)
    seen = call_of(api, call)
    assert api.post(f"calls/{seen['id']}/transfer", {"to": "1003", "side": side}).status == 202
    goes.wait("NOTIFY", WITHIN)
    assert "Refer-To: <sip:1003@a.test>" in goes.messages()
    assert "X-VOIP-" not in goes.messages() and "NOTIFY" not in stays.messages()
    taken = third.wait_call(*TAKES)
    again = phone(goer.user, registered=False)
    new = again.call("1003", *IS_ENDED)
    taken.wait("answered", WITHIN)
    new.wait("answered", WITHIN)
    goes.go().finish()
    stays.finish()
    gone(api, seen)
    assert "NOTIFY" not in stays.messages()
    hear_each_other(again, third)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", side="system",
                  reached="1003" if side == "caller" else None)
    assert api.delete(f"calls/{call_of(api, new)['id']}").status == 204
    new.finish()
    taken.finish()
    records.check(platform.db.wait_for_cdr(new.call_id), caller=goer.user, callee="1003", side="system")


@SIDES
def test_a_phone_stays(platform, phone, api, side):  # noqa: F811
    """The number is busy, then the phone refuses: the two talk on, and each hears requests in order."""
    caller, callee = phone("1001"), phone("1002")
    (by, cseq), (others, other_cseq) = own_requests(side), own_requests(
        "callee" if side == "caller" else "caller")
    call, ((_, goes), (_, stays)) = connect(
        caller, callee, side,
        goes=(sip.is_asked("REFER", code=202, reason="Accepted"),
              sip.goes_on(by, cseq, "486 Busy Here"),
              sip.is_asked("INVITE", body=sip.sdp(2)),
              sip.is_asked("REFER", code=603, reason="Decline"), sip.is_asked("INFO"),
              sip.is_asked("BYE")),
        stays=(sip.wait_for_go(), others("INVITE", other_cseq, body=sip.sdp(2)),
               sip.wait_for_go(), others("INFO", other_cseq + 1), sip.is_asked("BYE")))
    seen = call_of(api, call)
    path = f"calls/{seen['id']}"
    assert api.post(f"{path}/transfer", {"to": "1003", "side": side}).status == 202
    goes.wait("NOTIFY", WITHIN)
    stays.go().wait("INVITE", WITHIN)
    goes.wait("INVITE", WITHIN)
    hear_each_other(caller, callee)
    assert api.post(f"{path}/transfer", {"to": "1003", "side": side}).status == 202
    goes.wait("REFER", WITHIN)
    stays.go().wait("INFO", WITHIN)
    assert api.get(path).json["state"] == "answered"
    assert api.delete(path).status == 204
    goes.finish()
    stays.finish()
    numbers = received(goes, "(INVITE|REFER|INFO|BYE) sip:")
    # Of BYE the called side may be sent two (edge_call_end).
    numbers = numbers[:[name for name, _ in numbers].index("BYE") + 1]
    assert [name for name, _ in numbers][-5:] == ["REFER", "INVITE", "REFER", "INFO", "BYE"]
    assert all(one[1] < next_one[1] for one, next_one in zip(numbers, numbers[1:])), numbers
    # Whoever has asked hears of what he has asked for.
    assert received(stays, "SIP/2.0 200")[-2:] == [("INVITE", other_cseq), ("INFO", other_cseq + 1)]
    assert "REFER" not in stays.messages() and "NOTIFY" not in stays.messages()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", side="system")


def test_a_carrier_is_not_asked(platform, phone, api, carrier):  # noqa: F811
    """The phone goes on, here by TLS and to a number that no URI has as it is; the carrier is hung up."""
    tenant = Tenant(platform)
    tenant.alias("*76#1", "1003")
    there, caller = carrier(), phone("1001", transport="tls")
    route_to(platform, add_trunk(platform.db, "7600", there, caller_id="+49301000"))
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(OUTSIDE, sip.is_answered(),
                       sip.is_asked("REFER", code=202, reason="Accepted"),
                       sip.goes_on(sip.request, 3, "200 OK"), sip.is_asked("BYE"))
    leg.wait("answered", WITHIN)
    call.wait("answered", WITHIN)
    path = f"calls/{call_of(api, call)['id']}/transfer"
    refused = api.post(path, {"to": "1003", "side": "callee"})
    assert (refused.status, refused.pointers) == (409, ["/side"])
    assert "carrier" in refused.json["detail"]
    assert api.post(path, {"to": "*76#1"}).status == 202
    call.finish()
    leg.finish()
    assert "Refer-To: <sip:*76%231@a.test>" in call.messages()
    assert "REFER" not in leg.messages() and "NOTIFY" not in leg.messages()
    check_out(platform, call, "7600", side="system", reached="*76#1", source="edge")
    tenant.remove()
