"""Phones and carriers over TLS."""

import concurrent.futures
import re
import socket
import ssl
import time

import pytest

from lib import calls, db
from lib import scenario as sip
from lib.carrier import add_trunk
from lib.outside import (OUTSIDE, add_number, check_in, check_out, header, route_to, talk, wait_for)
from lib.phone import hear_each_other
from lib.tls import make_ca, make_certificate

pytestmark = pytest.mark.edge


@pytest.fixture(name="trusted", scope="module")
def make_trusted(platform):
    """A certificate, and its key, that the platform's CA vouches for."""
    return make_certificate(platform.folder, platform.ca, "carrier.test")


@pytest.fixture(name="unknown", scope="module")
def make_unknown(platform):
    """A certificate of a CA that the platform does not know."""
    return make_certificate(platform.folder, make_ca(platform.folder, "other-ca"), "other.test")


def is_dead(platform, there):
    return platform.edge.get("dead", f"{there.ip}:{there.gateway.port}/tls")


@pytest.mark.parametrize("other", ["tls", "udp"])
def test_phones(platform, phone, other):
    """Between phones over TLS, and from TLS to UDP; everything the phone sees came through TLS."""
    caller, callee = phone("1001", transport="tls"), phone("1003", transport=other)
    call, there = calls.talk(caller, callee, "1003")
    hear_each_other(caller, callee)
    calls.end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    assert (record["caller"], record["callee_reached"]) == ("1001", "1003")
    answered = next(text for text in caller.bridge.messages if re.search("^CSeq: 2 INVITE", text, re.M)
                    and text.startswith("SIP/2.0 200"))
    assert "SIP/2.0/TLS" in header(answered, "Via")
    if other == "tls":
        invite = next(text for text in callee.bridge.messages if text.startswith("INVITE"))
        assert header(invite, "Via").startswith("SIP/2.0/TLS")


def test_certificate_of_the_edge(platform, phone):
    """It makes one for itself, for its address."""
    shown = phone("1001", transport="tls").bridge.certificate
    pem = (platform.state / "secrets/edge.pem").read_text(encoding="ascii")
    assert "PRIVATE KEY" in pem
    assert ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT"):]) == shown
    assert socket.inet_aton("127.0.0.1") in shown


def test_outbound(platform, phone, carrier, trusted):
    there = carrier(certificate=trusted)
    route_to(platform, add_trunk(platform.db, "7411", there, transport="tls"))
    caller = phone("1001")
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("answered")
    call.wait("answered")
    hear_each_other(caller, there)
    call.go().finish()
    leg.finish()
    invite = there.gateway.invites[0]
    assert header(invite, "Via").startswith("SIP/2.0/TLS")
    assert "transport=tls" in header(invite, "Record-Route")
    check_out(platform, call, "7411")


def test_inbound(platform, phone, carrier, trusted):
    """A registered trunk: its Contact is the TLS socket, and what comes through it is the carrier's."""
    there = carrier(certificate=trusted)
    add_trunk(platform.db, "7412", there, transport="tls", register=True, username="customer7",
              realm="carrier.test", ha1=db.md5("customer7", "carrier.test", "top-secret"))
    add_number(platform, "+4930741", "1003")
    wait_for(lambda: there.gateway.registers, "no REGISTER")
    contact = header(there.gateway.registers[-1], "Contact")
    assert f"@127.0.0.1:{platform.tls_address[1]};transport=tls" in contact
    assert header(there.gateway.registers[-1], "Via").startswith("SIP/2.0/TLS")
    token = re.search(r"sip:([0-9a-f]{32})@", contact)[1]
    elsewhere = carrier(transport="tls")
    leg = phone("1003").wait_call(sip.refuse(486, "Busy Here"))
    call = elsewhere.start(sip.invite_by_address(request_uri=f"sip:{token}@127.0.0.1"),
                           sip.is_refused(486), uri="sip:+4930741@carrier.test",
                           from_uri="sip:+4930111@carrier.test").finish()
    platform.calls.append(call.call_id)
    leg.finish()
    record = check_in(platform, call, callee="+4930741", reached="1003", answered=False, code=486,
                      cause="USER_BUSY", side="callee")
    assert record["trunk"] == "7412"


@pytest.mark.parametrize("mode", ["gone", "mute", "unknown"])
def test_next_gateway(platform, phone, carrier, trusted, unknown, mode):
    """
    Nobody listens, somebody who does not speak TLS, or a certificate that nobody vouches for: the
    second gateway has the call within 4 s, and the first has seen nothing of it.
    """
    first = carrier("gone" if mode in ("gone", "mute") else "up",
                    certificate=unknown if mode == "unknown" else trusted)
    mute = socket.create_server((first.ip, first.gateway.port)) if mode == "mute" else None
    second = carrier(certificate=trusted)
    route_to(platform, add_trunk(platform.db, "7413", first, second, transport="tls"))
    leg = second.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    began = time.monotonic()
    call = phone("1001").call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("invited", 4)
    assert time.monotonic() - began < 4
    leg.wait("answered")
    call.wait("answered").go().finish()
    leg.finish()
    check_out(platform, call, "7413")
    assert first.gateway.invites == []
    wait_for(lambda: is_dead(platform, first), "OPTIONS has not found out")
    if mute:
        mute.close()


def test_gateway_that_need_not_be_vouched_for(platform, phone, carrier, unknown):
    """`verify` off: it has the call. With another tenant who wants to see the certificate, not."""
    there = carrier(certificate=unknown)
    trunk = add_trunk(platform.db, "7414", there, transport="tls", verify=False)
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", f'unverified="{there.gateway.port}"')
    route_to(platform, trunk)
    check_out(platform, talk(there, phone("1001")), "7414")
    seen = len(there.gateway.invites)
    add_trunk(platform.db, "7415", there, transport="tls", domain="b.test")
    platform.edge.wait_for("gateway", f"gateway:{there.ip}", 'unverified=""')
    there.gateway.tls.hang_up()
    phone("1001").call(OUTSIDE, sip.is_refused(503)).finish()
    assert len(there.gateway.invites) == seen
    assert there.gateway.tls.failures


def test_dead_gateway_is_known_before(platform, phone, carrier, trusted):
    """OPTIONS over TLS; and it is tried again as soon as it answers."""
    silent, second = carrier("silent", certificate=trusted), carrier(certificate=trusted)
    route_to(platform, add_trunk(platform.db, "7416", silent, second, transport="tls"))
    wait_for(lambda: is_dead(platform, silent), "OPTIONS has not found out")
    check_out(platform, talk(second, phone("1001")), "7416")
    assert silent.gateway.invites == []
    silent.gateway.mode = "up"
    wait_for(lambda: not is_dead(platform, silent), "still dead")
    check_out(platform, talk(silent, phone("1001")), "7416")


def test_failed_handshakes_harm_nobody(platform, phone):
    """
    Many at once, for seconds: strangers who do not trust the edge, and such who speak no TLS at all.
    """
    caller = phone("1001", transport="tls")
    pid = platform.supervisor.processes()["kamailio"]["pid"]
    stop = time.monotonic() + 8

    def knock(number):
        strict, failed = ssl.create_default_context(), 0
        while time.monotonic() < stop:
            with socket.create_connection(platform.tls_address, timeout=10) as connection:
                try:
                    if number % 2:
                        strict.wrap_socket(connection, server_hostname="edge.test")
                    else:
                        connection.send(b"\x16\x03\x01\x00\x4a\x01\x00\x00\x46\x03\x03" + bytes(67))
                        connection.recv(100)
                except OSError:
                    failed += 1
        return failed

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(knock, range(12))) > 100
    assert platform.supervisor.processes()["kamailio"]["pid"] == pid
    call, there = calls.talk(caller, phone("1003", transport="tls"), "1003")
    calls.end(call, there)
