"""What the record of a call says, column by column, against what the phones saw."""

import socket
import threading

import pytest

from lib import cdr, records
from lib import scenario as sip
from lib.calls import BYE, IS_SENT_AWAY, TAKE, end
from lib.carrier import add_trunk
from lib.outside import E164, OUTSIDE, add_number, header, route_to
from lib.phone import hear_each_other
from lib.tenant import Tenant

GENESYS = "0123456789ABCDEF0123456789ABCDEF"
# Milliseconds that phones of these tests let pass before they ring, and before they answer.
RINGS_AFTER, ANSWERS_AFTER = 700, 900
SLOWLY = (sip.pause(RINGS_AFTER), sip.ring(), sip.pause(ANSWERS_AFTER), sip.answer(),
          sip.is_asked("BYE"))
# Seconds for which somebody has something to say.
SPOKEN = 1.5
# One of so many packets is lost; the seconds after which both media servers have noticed.
LOSES, NOTICED_AFTER = 5, 8


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """
    Users 8810 to 8815. Menus: 8801, 2 leads to 8802; 8802, 1 leads to 8813; 8803, in which numbers may be
    dialled; 8804, 1 leads to queue 8805, first of 8813, then of 8814. 8806 rings 8813 and 8814.
    8807 says something, 8808 is a conference, 8809 a parking place, 8816 a page for 8813.
    """
    tenant = Tenant(platform)
    for user in range(8810, 8816):
        tenant.user(str(user))
    once = {"tries": 1, "timeout_ms": 1500}
    tenant.menu("8802", {"1": "8813"}, **once)
    tenant.menu("8801", {"2": "8802"}, **once, invalid="digits/0")
    tenant.menu("8803", direct_dial=True, **once)
    tenant.queue("8805", ["8813"], ["8814"], strategy="top_down")
    tenant.menu("8804", {"1": "8805"}, **once)
    group = tenant.ring_group("8806", {"user": "8813"}, {"user": "8814"})
    tenant.announcement("8807", prompt="vm-goodbye")
    tenant.conference("8808")
    tenant.place("8809")
    tenant.paging("8816", group)
    yield
    tenant.remove()


@pytest.fixture
def media(platform):
    return platform.deployment.media_server


def hear(caller, callee, seconds):
    """They talk for so long, and the caller's audio is not what it should be."""
    caller.rtp.lose = LOSES
    hear_each_other(caller, callee)
    threading.Event().wait(seconds)


# ---- calls that the edge answers for -----------------------------------------------------------

@pytest.mark.edge
def test_direct(platform, phone):
    caller, callee = phone("8810"), phone("8813")
    there = callee.wait_call(*SLOWLY)
    call = caller.call("8813", *BYE, headers=[f"X-Genesys-CallUUID: {GENESYS}"])
    there.wait("answered")
    call.wait("answered")
    assert f"X-Genesys-CallUUID: {GENESYS}" in there.messages()
    hear_each_other(caller, callee)
    end(call, there)
    row, legs = cdr.wait_for(platform, call, cdr.has_legs(2))
    records.check(row, caller="8810", callee="8813", source="edge")
    cdr.check(row, extension_id=platform.db.extension_id("8813"), codec="PCMU", rang_at=...,
              pdd_ms=cdr.after(RINGS_AFTER), sip_call_id_callee=there.call_id,
              genesys_call_uuid=GENESYS)
    assert (row["answered_at"] - row["rang_at"]).total_seconds() * 1000 >= ANSWERS_AFTER - 50
    for leg, side, number in zip(legs, ("caller", "callee"), ("8810", "8813")):
        cdr.check_leg(leg, leg=side, side=side, number=number, sip_call_id=call.call_id,
                      begun_at=row["started_at"], rang_at=row["rang_at"],
                      answered_at=row["answered_at"], ended_at=row["ended_at"], sip_code=200,
                      hangup_cause="NORMAL_CLEARING", codec="PCMU", mos=None, loss_pct=None,
                      jitter_ms=None, packets=None, node="one", source="edge",
                      domain_id=row["domain_id"])


@pytest.mark.edge
def test_quality_by_rtpengine(platform, phone):
    """It knows what the phones report to each other. Anchored because of the one behind NAT."""
    caller, callee = phone("8810"), phone("8813", nat_ip="192.0.2.7")
    there = callee.wait_call(*TAKE)
    call = caller.call("8813", *BYE)
    there.wait("answered")
    call.wait("answered")
    for one in (caller, callee):
        one.rtp.report()
    hear(caller, callee, 4)
    end(call, there)
    row, (first, second) = cdr.wait_for(platform, call, cdr.has_legs(2))
    records.check(row, caller="8810", callee="8813", source="edge")
    cdr.is_heard_badly(first, LOSES)
    cdr.is_heard_well(second)


@pytest.mark.edge
@pytest.mark.parametrize("how", ["busy", "away"])
def test_not_answered(platform, phone, how):
    caller, callee = phone("8810"), phone("8813", registered=how == "busy")
    there = callee.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    code, cause = (486, "USER_BUSY") if how == "busy" else (480, "SUBSCRIBER_ABSENT")
    call = caller.call("8813", sip.is_refused(code)).finish()
    if how == "busy":
        there.wait("refused")
    row, legs = cdr.wait_for(platform, call)
    records.check(row, caller="8810", callee="8813", answered=False, code=code, cause=cause,
                  side="callee" if how == "busy" else "system")
    assert [leg["side"] for leg in legs] == ["caller", "callee"][:len(legs)]
    if how == "away":
        cdr.check(row, extension_id=platform.db.extension_id("8813"))
        assert len(legs) == 1
        return
    cdr.check(row, extension_id=platform.db.extension_id("8813"), rang_at=..., pdd_ms=cdr.after(0),
              sip_call_id_callee=there.call_id)
    cdr.check_leg(legs[1], sip_code=486, hangup_cause="USER_BUSY", answered_at=None, rang_at=...)


@pytest.mark.edge
def test_by_trunk(platform, phone, carrier):
    """Out and in. Genesys' id is taken from a carrier as well, if it can be one."""
    there, caller = carrier(), phone("8810")
    route_to(platform, add_trunk(platform.db, "t88", there))
    leg = there.wait_call(*SLOWLY)
    call = caller.call(OUTSIDE, *BYE, headers=[f"X-Genesys-CallUUID: {GENESYS}x'\""])
    leg.wait("answered")
    call.wait("answered")
    assert "X-Genesys-CallUUID" not in leg.messages()
    end(call, leg)
    row, legs = cdr.wait_for(platform, call, cdr.has_legs(2))
    records.check(row, caller="8810", callee=OUTSIDE, reached=E164, service="trunk_out",
                  direction="outbound")
    cdr.check(row, extension_id=platform.db.extension_id("0"), codec="PCMU", rang_at=...,
              pdd_ms=cdr.after(RINGS_AFTER), sip_call_id_callee=..., trunk="t88")
    cdr.check_leg(legs[1], leg="callee", number=E164, rang_at=..., answered_at=...)

    add_number(platform, "+4930880", "8813")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    callee = phone("8813")
    leg = callee.wait_call(*SLOWLY)
    call = there.call_in("+4930880", *BYE, headers=[f"X-Genesys-CallUUID: {GENESYS}"],
                         caller="+4930111;isub=1")
    leg.wait("answered")
    call.wait("answered")
    assert f"X-Genesys-CallUUID: {GENESYS}" in leg.messages()
    end(call, leg)
    row, legs = cdr.wait_for(platform, call, cdr.has_legs(2))
    records.check(row, caller="+4930111", callee="+4930880", reached="8813", direction="inbound")
    cdr.check(row, extension_id=platform.db.extension_id("8813"), codec="PCMU", rang_at=...,
              pdd_ms=cdr.after(RINGS_AFTER), sip_call_id_callee=..., trunk="t88",
              genesys_call_uuid=GENESYS)


@pytest.mark.edge
def test_bytes_that_are_no_text(platform, carrier):
    """In the caller's name and number, the Call-ID and Genesys' id: a record with ? for them."""
    there = carrier()
    add_trunk(platform.db, "t87", there)
    add_number(platform, "+4930883", "8815")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", "a.test")
    platform.calls.append(f"?-{there.ip}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((there.ip, 0))
        out.settimeout(10)
        here = f"{there.ip}:{out.getsockname()[1]}"
        edge = ":".join(map(str, platform.edge_address))
        lines = ["{} sip:+4930883@%s SIP/2.0" % edge, f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-t87;rport",
                 'From: "M\xfcller\xff" <sip:+49\xff\xfe1@carrier.test>;tag=1', "{}",
                 f"Call-ID: \xff-{there.ip}", "CSeq: 1 {}", f"Contact: <sip:a@{here}>", "Max-Forwards: 70",
                 "X-Genesys-CallUUID: \xff\xfe", "Content-Length: 0", "", ""]
        text = "\r\n".join(lines)
        out.sendto(text.format("INVITE", f"To: <sip:+4930883@{edge}>", "INVITE").encode("latin-1"),
                   platform.edge_address)
        reply = out.recv(4096).decode("latin-1")
        while reply.startswith("SIP/2.0 1"):
            reply = out.recv(4096).decode("latin-1")
        out.sendto(text.format("ACK", "To: " + header(reply, "To"), "ACK").encode("latin-1"),
                   platform.edge_address)
    row = platform.db.wait_for_cdr(f"?-{there.ip}")
    records.check(row, caller="+49??1", callee="+4930883", reached="8815", direction="inbound",
                  answered=False, code=480, cause="SUBSCRIBER_ABSENT", side="system")
    cdr.check(row, trunk="t87", extension_id=platform.db.extension_id("8815"))


# ---- calls that a media server answers for -----------------------------------------------------

def begin(caller, number, *steps):
    """Calls a service that says something; returns the leg."""
    call = caller.call(number, *(steps or BYE), headers=[f"X-Genesys-CallUUID: {GENESYS}"])
    call.wait("answered")
    caller.rtp.wait_for_sound(20)
    return call


def check_menu(platform, media, call, user, number, path, legs=1, **expected):
    def is_whole(row, found):
        return row["ivr_path"] == path and len(found) == legs
    row, found = cdr.wait_for(platform, call, is_whole)
    records.check(row, caller=user, callee=number, service="ivr", source=media,
                  reached=expected.pop("reached", None), side=expected.pop("side", "system"))
    cdr.check(row, extension_id=platform.db.extension_id(number), codec="PCMU", ivr_path=path,
              pdd_ms=cdr.after(0), genesys_call_uuid=GENESYS, **expected)
    return found


@pytest.mark.service
def test_ways_through_menus(platform, phone, media):
    """Four callers at once: 8802's key, after 8801's; a number dialled; no key in time; one that is none."""
    nested, direct, late, wrong = [phone(str(user)) for user in range(8810, 8813)] + [phone("8815")]
    first, second = phone("8813"), phone("8814")
    here, there = first.wait_call(*TAKE), second.wait_call(*TAKE)
    sent_away = (sip.is_answered(), *IS_SENT_AWAY)
    calls = {nested: begin(nested, "8801"), direct: begin(direct, "8803"),
             late: begin(late, "8802", *sent_away), wrong: begin(wrong, "8801", *sent_away)}
    nested.rtp.press("2")
    direct.rtp.press("8814")
    wrong.rtp.press("#")
    nested.rtp.wait_for_silence(0.5)
    nested.rtp.wait_for_sound(20)
    nested.rtp.press("1")
    here.wait("answered", 20)
    there.wait("answered", 20)
    assert f"X-Genesys-CallUUID: {GENESYS}" in here.messages()
    assert "X-VOIP-" not in here.messages()
    hear_each_other(nested, first)
    hear_each_other(direct, second)
    calls[late].finish(30)
    calls[wrong].finish(30)
    end(calls[nested], here)
    end(calls[direct], there)
    check_menu(platform, media, calls[late], "8812", "8802", "8802:t")
    check_menu(platform, media, calls[wrong], "8815", "8801", "8801:i")
    legs = check_menu(platform, media, calls[direct], "8811", "8803", "8803:8814>8814", legs=2,
                      reached="8814", side="caller", sip_call_id_callee=there.call_id)
    assert [leg["number"] for leg in legs] == ["8811", "8814"]
    legs = check_menu(platform, media, calls[nested], "8810", "8801", "8801:2>8802:1>8813", legs=3,
                      reached="8802", side="caller", sip_call_id_callee=...)
    assert [leg["number"] for leg in legs] == ["8810", "8802", "8813"]
    cdr.check_leg(legs[2], leg=here.call_id, sip_call_id=here.call_id, side="callee",
                  answered_at=..., rang_at=..., codec="PCMU", sip_code=200)


@pytest.mark.service
def test_queue(platform, phone, media):
    """Behind a menu. 8813 does not take the call, 8814 does; how each is heard."""
    caller, first, second = phone("8810"), phone("8813"), phone("8814")
    here = first.wait_call(sip.ring(), sip.pause(RINGS_AFTER), sip.refuse(486, "Busy Here"))
    there = second.wait_call(*TAKE)
    call = begin(caller, "8804")
    caller.rtp.press("1")
    here.wait("refused", 20)
    there.wait("answered", 20)
    hear(caller, second, NOTICED_AFTER)
    end(call, there)

    def is_whole(row, legs):
        return row["agent"] and cdr.has_legs(4, "8810", "8814")(row, legs)
    row, legs = cdr.wait_for(platform, call, is_whole)
    records.check(row, caller="8810", callee="8804", reached="8805", service="ivr", source=media)
    cdr.check(row, ivr_path="8804:1>8805", queue="8805", agent="8814@a.test", wait_ms=(RINGS_AFTER, 8000),
              talk_ms=cdr.after(NOTICED_AFTER * 1000), codec="PCMU", pdd_ms=cdr.after(0),
              genesys_call_uuid=GENESYS, sip_call_id_callee=...)
    by_number = {leg["number"]: leg for leg in legs}
    cdr.check_leg(by_number["8813"], leg=here.call_id, answered_at=None, rang_at=..., sip_code=486,
                  hangup_cause="USER_BUSY", mos=None)
    cdr.check_leg(by_number["8814"], leg=there.call_id, answered_at=..., rang_at=..., sip_code=200,
                  codec="PCMU", source=media)
    cdr.is_heard_badly(by_number["8810"], LOSES)
    cdr.is_heard_well(by_number["8814"], packets=(NOTICED_AFTER * 40, NOTICED_AFTER * 80))
    cdr.check_leg(by_number["8810"], leg="caller", side="caller", sip_call_id=call.call_id,
                  packets=(NOTICED_AFTER * 30, 3000), source=media, codec="PCMU")


@pytest.mark.service
def test_queue_that_is_left(platform, phone, media):
    """The caller has enough: nobody took him, and how long he stayed."""
    caller = phone("8810")
    call = begin(caller, "8805")
    threading.Event().wait(1.5)
    call.go().finish()
    row, legs = cdr.wait_for(platform, call)
    records.check(row, caller="8810", callee="8805", service="queue", source=media)
    cdr.check(row, queue="8805", wait_ms=(1000, 6000), codec="PCMU", pdd_ms=cdr.after(0),
              extension_id=platform.db.extension_id("8805"), genesys_call_uuid=GENESYS)
    assert [leg["side"] for leg in legs] == ["caller"]


@pytest.mark.service
def test_ring_group(platform, phone, media):
    caller, first, second = phone("8810"), phone("8813"), phone("8814")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(*SLOWLY)
    call = caller.call("8806", *BYE)
    there.wait("answered")
    call.wait("answered")
    here.finish()
    hear_each_other(caller, second)
    end(call, there)
    row, legs = cdr.wait_for(platform, call, cdr.has_legs(3))
    records.check(row, caller="8810", callee="8806", reached="8814", service="ring_group",
                  source=media)
    cdr.check(row, rang_at=..., pdd_ms=cdr.after(0), codec="PCMU",
              sip_call_id_callee=there.call_id, extension_id=platform.db.extension_id("8806"))
    assert (row["answered_at"] - row["rang_at"]).total_seconds() * 1000 \
        >= RINGS_AFTER + ANSWERS_AFTER - 50
    assert {leg["number"]: bool(leg["answered_at"]) for leg in legs} == \
        {"8810": True, "8813": False, "8814": True}


@pytest.mark.service
def test_other_services(platform, phone, media):
    """All at once; a page's phone answers."""
    users = [phone(str(user)) for user in range(8810, 8813)] + [phone("8815"), phone("1001")]
    paged = phone("8813").wait_call(sip.answer(), sip.is_asked("BYE"))
    kinds = {"8807": "announcement", "8808": "conference", "8809": "park", "*1003": "voicemail",
             "8816": "paging"}
    calls = {}
    for number, user in zip(kinds, users):
        steps = (sip.is_answered(), *IS_SENT_AWAY) if number == "8807" else BYE
        calls[number] = user.call(number, *steps)
        calls[number].wait("answered")
        user.rtp.tone(440)
    paged.wait("answered", 20)
    threading.Event().wait(SPOKEN)
    for number, user in zip(kinds, users):
        (calls[number] if number == "8807" else calls[number].go()).finish(20)
        row, legs = cdr.wait_for(platform, calls[number], lambda row, legs: legs[0]["packets"])
        records.check(row, caller=user.user, callee=number, service=kinds[number], source=media,
                      side="system" if number == "8807" else "caller")
        cdr.check(row, codec="PCMU", pdd_ms=cdr.after(0),
                  extension_id=platform.db.extension_id(number))
        cdr.check_leg(legs[0], leg="caller", number=user.user, codec="PCMU", packets=(10, 3000),
                      sip_call_id=calls[number].call_id)
    paged.finish(20)
    # The leg may be there before what became of it is.
    row, legs = cdr.wait_for(platform, calls["8816"],
                             lambda row, legs: len(legs) == 2 and legs[1]["answered_at"])
    cdr.check_leg(legs[1], number="8813", side="callee", answered_at=..., leg=paged.call_id)


@pytest.mark.service
def test_hostile_callers(platform, phone, carrier):
    """Names, numbers and keys that mean something in JSON, CSV, XML, SQL or a dialplan; one record each."""
    there = carrier()
    add_trunk(platform.db, "t89", there)
    for number, extension in (("+4930881", "8801"), ("+4930882", "8813")):
        add_number(platform, number, extension)
    for name, number in (("\t${SHELL(id)} $${x} " + r"a\",\"2\",,\\", "+49&quot;,%41'"),
                         ("&amp;]]" + "x" * 2000, "+49" + "1" * 200)):
        there.claims = name
        call = there.call_in("+4930881", sip.is_answered(), *IS_SENT_AWAY, caller=number)
        call.wait("answered")
        there.rtp.wait_for_sound(20)
        there.rtp.press("#")
        call.finish(30)
        row, _ = cdr.wait_for(platform, call, lambda row, _: row["ivr_path"])
        cdr.check(row, ivr_path="8801:i", trunk="t89", codec="PCMU", pdd_ms=..., direction="inbound")
        assert row["caller"] == number.split(";")[0][:127]
    there.claims = "y" * 10240
    callee = phone("8813")
    leg = callee.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call = there.call_in("+4930882", sip.is_refused(486)).finish()
    leg.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller="+4930111", callee="+4930882",
                  reached="8813", direction="inbound", answered=False, code=486, cause="USER_BUSY",
                  side="callee")
