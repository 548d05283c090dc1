"""Calls to and from carriers: routes, failover, who calls, and what is barred."""

import re
import time
import uuid

import pytest

from lib import db, raw, records
from lib import scenario as sip
from lib.carrier import BusyTcpGateway, add_trunk
from lib.outside import (E164, OUTSIDE, add_number, check_in, check_out, header, route_to,
                         set_limits, set_user, talk, wait_for)
from lib.phone import hear_each_other

pytestmark = pytest.mark.edge


def test_outbound(platform, phone, carrier):
    """Audio, the number in E.164, and nothing of ours in what the carrier sees."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there, caller_id="+49301000"))
    caller = phone("1001")
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3),
                       headers=("X-VOIP-Service: ivr;id=1;domain=b.test",
                                "P-Asserted-Identity: <sip:+4912345@a.test>"))
    leg.wait("answered")
    call.wait("answered")
    hear_each_other(caller, there)
    call.go().finish()
    leg.finish()
    invite = there.gateway.invites[0]
    assert invite.startswith(f"INVITE sip:{E164}@{there.ip}:{there.gateway.port}")
    assert "sip:+49301000@" in header(invite, "From")
    assert E164 in header(invite, "To")
    assert "X-VOIP" not in invite and "12345@" not in invite
    assert "a.test" not in re.sub(r"^(Record-Route|Via):.*$", "", invite, flags=re.M)
    check_out(platform, call, "one", source="edge")


def digest(parameters, method, ha1):
    response = db.md5(ha1, parameters["nonce"], db.md5(method, parameters["uri"]))
    if "qop" in parameters:
        response = db.md5(ha1, parameters["nonce"], parameters["nc"], parameters["cnonce"],
                          parameters["qop"], db.md5(method, parameters["uri"]))
    return response


def test_carrier_asks_for_password(platform, phone, carrier):
    """Digest with the HA1; the answer is a new request, and BYE counts on from there."""
    there = carrier()
    ha1 = db.md5("customer7", "carrier.test", "top-secret")
    trunk = add_trunk(platform.db, "with password", there, username="customer7",
                      realm="carrier.test", ha1=ha1, caller_id="+49301000")
    route_to(platform, trunk)
    leg = there.wait_call(sip.challenge("carrier.test"), sip.ring(), sip.answer(),
                          sip.is_asked("BYE"))
    call = phone("1001").call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("answered")
    call.wait("answered").go().finish()
    leg.finish()
    first, second = there.gateway.invites
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', header(second, "Proxy-Authorization")))
    assert (said["username"], said["realm"]) == ("customer7", "carrier.test")
    assert said["response"] == digest(said, "INVITE", ha1)
    numbers = [int(header(text, "CSeq").split()[0]) for text in (first, second)]
    assert numbers[1] == numbers[0] + 1
    assert re.search(rf"^CSeq: {numbers[1] + 1} BYE", leg.messages(), re.M)
    # With a realm, no tenant's domain either.
    assert "sip:+49301000@carrier.test" in header(second, "From")
    check_out(platform, call, "with password")


@pytest.mark.parametrize("mode", ["full", "silent", "gone"])
def test_next_gateway(platform, phone, carrier, mode):
    """The first gateway refuses, says nothing or is not there: the second has the call within 4 s."""
    first, second = carrier(mode), carrier()
    route_to(platform, add_trunk(platform.db, "two gateways", first, second))
    caller = phone("1001")
    leg = second.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    began = time.monotonic()
    call = caller.call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("invited", 4)
    assert time.monotonic() - began < 4
    call.wait("answered")
    hear_each_other(caller, second)
    call.go().finish()
    leg.finish()
    check_out(platform, call, "two gateways")


@pytest.mark.parametrize("mode", ["full", "silent"])
def test_next_trunk(platform, phone, carrier, mode):
    first, second = carrier(mode), carrier()
    trunks = [add_trunk(platform.db, "first", first), add_trunk(platform.db, "second", second)]
    route_to(platform, *trunks)
    call = talk(second, phone("1001"))
    check_out(platform, call, "second")
    assert mode == "silent" or first.gateway.invites


def test_dead_gateway_is_known_before(platform, phone, carrier):
    """OPTIONS has found out that nobody answers: the call does not go there at all."""
    silent, second = carrier("silent"), carrier()
    route_to(platform, add_trunk(platform.db, "pinged", silent, second))
    deadline = time.monotonic() + 10
    while not platform.edge.get("dead", f"{silent.ip}:{silent.gateway.port}/udp"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    began = time.monotonic()
    call = talk(second, phone("1001"))
    assert time.monotonic() - began < 2
    assert silent.gateway.invites == []
    check_out(platform, call, "pinged")
    silent.gateway.mode = "up"
    platform.edge.wait_until_gone("dead", f"{silent.ip}:{silent.gateway.port}/udp", timeout=10)
    check_out(platform, talk(silent, phone("1001")), "pinged")


def test_tcp(platform, phone, carrier):
    """Over TCP, past a gateway that refuses the connection."""
    refusing = carrier("gone")
    busy = BusyTcpGateway("127.0.2.1")
    try:
        trunk = add_trunk(platform.db, "tcp", refusing)
        platform.db.rows("UPDATE voip.trunk_gateways SET transport = 'tcp' WHERE trunk_id = %s", trunk)
        platform.db.rows("INSERT INTO voip.trunk_gateways (domain_id, trunk_id, priority, host, port,"
                         " transport) SELECT domain_id, id, 2, %s, %s, 'tcp' FROM voip.trunks "
                         "WHERE id = %s", busy.ip, busy.port, trunk)
        platform.edge.wait_for("trunk", f"a.test:{trunk}", f"{busy.port}/tcp")
        route_to(platform, trunk)
        began = time.monotonic()
        call = phone("1001").call(OUTSIDE, sip.is_refused(486)).finish()
        assert time.monotonic() - began < 4
        assert "SIP/2.0/TCP" in busy.invites[0]
        check_out(platform, call, "tcp", answered=False, code=486, cause="USER_BUSY", side="callee")
    finally:
        busy.close()


def test_nobody_is_there(platform, phone, carrier):
    route_to(platform, add_trunk(platform.db, "gone", carrier("gone")))
    call = phone("1001").call(OUTSIDE, sip.is_refused(503)).finish()
    check_out(platform, call, "gone", answered=False, code=503, cause="NETWORK_OUT_OF_ORDER",
              side="system")


@pytest.mark.parametrize("code,reason,cause", [(486, "Busy Here", "USER_BUSY"),
                                               (404, "Not Found", "UNALLOCATED_NUMBER")])
def test_refused_by_the_callee(platform, phone, carrier, code, reason, cause):
    """Final: the second trunk is not asked."""
    first, second = carrier(), carrier()
    route_to(platform, add_trunk(platform.db, "first", first),
             add_trunk(platform.db, "second", second))
    leg = first.wait_call(sip.refuse(code, reason))
    call = phone("1001").call(OUTSIDE, sip.is_refused(code)).finish()
    leg.finish()
    check_out(platform, call, "first", answered=False, code=code, cause=cause, side="callee")
    assert second.gateway.invites == []


def test_caller_id(platform, phone, carrier):
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there, caller_id="+49301000"))
    set_user(platform, "outside_caller_id = '+49302222'")
    try:
        platform.edge.wait_for("user", "a.test:1001", 'cid="+49302222"')
        talk(there, phone("1001"))
        assert "sip:+49302222@" in header(there.gateway.invites[-1], "From")
        set_user(platform, "hide_caller_id = true")
        platform.edge.wait_for("user", "a.test:1001", 'hide="1"')
        talk(there, phone("1001"))
        invite = there.gateway.invites[-1]
        assert "sip:anonymous@anonymous.invalid" in header(invite, "From")
        assert header(invite, "Privacy") == "id"
        assert "sip:+49302222@" in header(invite, "P-Asserted-Identity")
    finally:
        set_user(platform, "outside_caller_id = NULL, hide_caller_id = false")
        platform.edge.wait_for("user", "a.test:1001", 'cid="";hide="0"')


def test_call_from_outside_goes_outside(platform, carrier):
    """Nothing is known of who calls: what is shown outside is the trunk's number."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "both ways", there, caller_id="+49301000"))
    add_number(platform, "+4930777", "1003")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    before = platform.db.set_number("1003", always_outside=OUTSIDE)
    platform.edge.wait_for("ext", "a.test:1003", f'always="{OUTSIDE}"')
    caller = carrier(ip=there.ip)
    try:
        leg = there.wait_call(sip.refuse(486, "Busy Here"))
        call = caller.call_in("+4930777", sip.is_refused(486)).finish()
        leg.finish()
    finally:
        platform.db.set_number("1003", **before)
        platform.edge.wait_for("ext", "a.test:1003", 'always=""')
    assert "sip:+49301000@" in header(there.gateway.invites[-1], "From")
    check_in(platform, call, callee="+4930777", reached=E164, service="trunk_out", answered=False,
             code=486, cause="USER_BUSY", side="callee")


# ---- what is barred --------------------------------------------------------------------------

def check_barred(platform, phone, there, number, reached=None):
    before = len(there.gateway.invites)
    call = phone("1001").call(number, sip.is_refused(403)).finish()
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee=number, service="trunk_out", direction="outbound", answered=False,
                  code=403, cause="OUTGOING_CALL_BARRED", side="system", reached=reached)
    assert record["trunk"] is None
    assert len(there.gateway.invites) == before
    return call


def test_international(platform, phone, carrier):
    """Closed until it is opened, and then live."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there), prefix="00", prepend="")
    check_barred(platform, phone, there, "0033123456")
    set_limits(platform, 'international="1"', allow_international=True)
    call = talk(there, phone("1001"), "0033123456")
    check_out(platform, call, "one", callee="0033123456", reached="+33123456")


def test_premium(platform, phone, carrier):
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there))
    check_barred(platform, phone, there, "0900123456")
    check_barred(platform, phone, there, "01371234")
    set_limits(platform, 'premium="1"', allow_premium=True)
    check_out(platform, talk(there, phone("1001"), "0900123456"), "one", callee="0900123456",
              reached="+49900123456")


def test_minutes_of_the_day(platform, phone, carrier):
    """Used up by the records of calls; open again from the tenant's midnight on."""
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there))
    set_limits(platform, 'spent=""', max_outbound_minutes=1)
    check_out(platform, talk(there, phone("1001")), "one")
    inserted = insert_record(platform, seconds=61)
    platform.edge.wait_for("limit", "a.test:limits", 'spent="1')
    check_barred(platform, phone, there, OUTSIDE)
    spent = int(re.search(r'spent="(\d+)"', platform.edge.get("limit", "a.test:limits"))[1])
    midnight = platform.db.value(
        "SELECT extract(epoch FROM ((now() AT TIME ZONE timezone)::date + 1)::timestamp "
        "AT TIME ZONE timezone)::bigint FROM voip.domains WHERE name = 'a.test'")
    assert spent == midnight
    # The clock cannot be moved: what the edge has is, after the control plane has had it read again.
    time.sleep(1.5)
    platform.edge.call("htable.sets", "limit", "a.test:limits",
                       platform.edge.get("limit", "a.test:limits")
                       .replace(str(spent), str(int(time.time()))))
    check_out(platform, talk(there, phone("1001")), "one")
    # The edge has seen no such call.
    platform.db.rows("DELETE FROM voip.cdr WHERE sip_call_id = %s", inserted)


def insert_record(platform, seconds):
    """The record of a call outside of so many seconds, as the writer would put it there: its Call-ID."""
    inserted = f"inserted-{uuid.uuid4()}"
    platform.db.rows(
        "INSERT INTO voip.cdr (call_id, started_at, answered_at, ended_at, duration_ms, billable_ms,"
        " domain_id, domain, direction, caller, callee, callee_reached, service, hangup_cause,"
        " hangup_side, node, source, sip_call_id) "
        "SELECT gen_random_uuid(), now(), now(), now(), %s, %s, id, name, 'outbound', '1001', '0',"
        " '0', 'trunk_out', 'NORMAL_CLEARING', 'caller', 'one', 'edge', %s "
        "FROM voip.domains WHERE name = 'a.test'", seconds * 1000, seconds * 1000,
        inserted)
    return inserted


def test_calls_of_a_trunk(platform, phone, carrier):
    """The second call at once goes to the next trunk; the third nowhere."""
    first, second = carrier(), carrier()
    route_to(platform, add_trunk(platform.db, "first", first, max_calls=1),
             add_trunk(platform.db, "second", second, max_calls=1))
    legs, calls = [], []
    for number, there in (("1001", first), ("1002", second)):
        legs.append(there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE")))
        calls.append(phone(number).call(OUTSIDE, sip.is_answered(), sip.wait_for_go(),
                                        sip.request("BYE", 3)))
        calls[-1].wait("answered")
    full = phone("1003").call(OUTSIDE, sip.is_refused(503)).finish()
    for leg, call in zip(legs, calls):
        call.go().finish()
        leg.finish()
    check_out(platform, calls[0], "first")
    check_out(platform, calls[1], "second", caller="1002")
    check_out(platform, full, "second", caller="1003", answered=False, code=503,
              cause="NORMAL_CIRCUIT_CONGESTION", side="system")
    check_out(platform, talk(first, phone("1001")), "first")


def test_calls_of_a_tenant(platform, phone, carrier):
    there = carrier()
    route_to(platform, add_trunk(platform.db, "one", there))
    set_limits(platform, 'calls="1"', max_calls=1)
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = phone("1001").call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    phone("1002").call("1003", sip.is_refused(503)).finish()
    call.go().finish()
    leg.finish()


def test_calls_per_second(platform, phone, carrier):
    """Of two calls within a second the second goes to the next trunk."""
    first, second = carrier("full"), carrier("full")
    route_to(platform, add_trunk(platform.db, "slow", first, max_cps=1),
             add_trunk(platform.db, "fast", second))
    callers = [phone("1001"), phone("1002"), phone("1003")]
    calls = [one.call(OUTSIDE, sip.is_refused(503)) for one in callers]
    for call in calls:
        call.finish()
    assert len(second.gateway.invites) == 3
    assert len(first.gateway.invites) < 3


# ---- from outside ----------------------------------------------------------------------------

@pytest.mark.parametrize("dialled", ["+4930777", "4930777"])
def test_inbound(platform, phone, carrier, dialled):
    there = carrier()
    add_trunk(platform.db, "in", there)
    add_number(platform, "+4930777", "1003")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    callee = phone("1003")
    leg = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = there.call_in(dialled, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3),
                         headers=("X-VOIP-Call: x;leg=1", "X-VOIP-Service: ivr;id=1",
                                  "X-Genesys-CallUUID: 0123456789ABCDEF0123456789ABCDEF"))
    leg.wait("answered")
    call.wait("answered")
    hear_each_other(callee, there)
    call.go().finish()
    leg.finish()
    invite = leg.messages()
    assert "sip:+4930111@" in header(invite, "From")
    assert "X-VOIP" not in invite
    assert header(invite, "X-Genesys-CallUUID") == "0123456789ABCDEF0123456789ABCDEF"
    record = check_in(platform, call, callee=dialled, reached="1003")
    assert record["trunk"] == "in"
    assert "0123456789ABCDEF0123456789ABCDEF" in raw.record(platform, record).decode()


def test_inbound_to_a_menu(platform, carrier):
    """The media server's record has the trunk too."""
    there = carrier()
    add_trunk(platform.db, "in", there)
    add_number(platform, "+4930888", "8000")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    call = there.call_in("+4930888", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered").go().finish()
    record = check_in(platform, call, callee="+4930888", reached="8000", service="ivr")
    assert record["trunk"] == "in"


def test_number_in_to(platform, phone, carrier):
    there = carrier()
    add_trunk(platform.db, "in", there)
    add_number(platform, "+4930777", "1003")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    leg = phone("1003").wait_call(sip.refuse(486, "Busy Here"))
    call = there.start(sip.invite_by_address(request_uri="sip:trunk@a.test"), sip.is_refused(486),
                       uri="sip:+4930777@a.test", from_uri="sip:+4930111@carrier.test").finish()
    platform.calls.append(call.call_id)
    leg.finish()


def test_unknown_number(platform, carrier):
    there = carrier()
    add_trunk(platform.db, "in", there)
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    there.call_in("+4930999", sip.is_refused(404), record=False).finish()


def test_number_of_another_tenant(platform, carrier):
    """A tenant's gateway reaches numbers of that tenant only."""
    there = carrier()
    add_trunk(platform.db, "in", there)
    add_number(platform, "+4930777", "1003", domain="b.test")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    there.call_in("+4930777", sip.is_refused(404), record=False).finish()


def test_stranger(platform, carrier):
    """Not a gateway's address: asked for a password, whatever it dials."""
    stranger = carrier()
    add_number(platform, "+4930777", "1003")
    stranger.call_in("+4930777", sip.is_refused(407), record=False).finish()


def test_registered_trunk(platform, phone, carrier):
    """
    Registers with the HA1 as soon as the row is there, and calls to that Contact come in from whatever
    address; not any more when the row says so.
    """
    there, elsewhere = carrier(), carrier()
    ha1 = db.md5("customer7", "carrier.test", "top-secret")
    trunk = add_trunk(platform.db, "registered", there, register=True, username="customer7",
                      realm="carrier.test", ha1=ha1)
    add_number(platform, "+4930777", "1003")
    wait_for(lambda: there.gateway.registers, "no REGISTER")
    register = there.gateway.registers[-1]
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', header(register, "Authorization")))
    assert said["username"] == "customer7"
    assert said["response"] == digest(said, "REGISTER", ha1)
    token = re.search(r"sip:([0-9a-f]{32})@", header(register, "Contact"))[1]
    leg = phone("1003").wait_call(sip.refuse(486, "Busy Here"))
    call = elsewhere.start(sip.invite_by_address(request_uri=f"sip:{token}@127.0.0.1"),
                           sip.is_refused(486), uri="sip:+4930777@carrier.test",
                           from_uri="sip:+4930111@carrier.test").finish()
    platform.calls.append(call.call_id)
    leg.finish()
    record = check_in(platform, call, callee="+4930777", reached="1003", answered=False, code=486,
                      cause="USER_BUSY", side="callee")
    assert record["trunk"] == "registered"
    platform.db.rows("UPDATE voip.trunks SET enabled = false WHERE id = %s", trunk)
    platform.edge.wait_until_gone("trunk", f"a.test:{trunk}")
    elsewhere.start(sip.invite_by_address(request_uri=f"sip:{token}@127.0.0.1"),
                    sip.is_refused(407), uri="sip:+4930777@carrier.test",
                    from_uri="sip:+4930111@carrier.test").finish()
