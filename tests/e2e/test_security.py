"""What nobody may do: call without proof, through us to elsewhere, or as somebody else."""

import socket
import uuid

import pytest

from lib import db, records
from lib import scenario as sip

pytestmark = pytest.mark.edge


def ask(address, request, body_headers=""):
    """Sends one raw request over UDP; returns the status of the first final reply, None if none."""
    method = request.split()[0]
    text = (f"{request} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: <sip:1001@a.test>;tag=x\r\nCall-ID: {uuid.uuid4()}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:1001@127.0.0.1:9>\r\nMax-Forwards: 70\r\n"
            f"{body_headers}Content-Length: 0\r\n\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(1)
        out.sendto(text.encode(), address)
        while True:
            try:
                status = int(out.recv(4096).split()[1])
            except TimeoutError:
                return None
            if status >= 200:
                return status


def test_call_without_credentials(phone):
    callee = phone("1003")
    there = callee.wait_call()
    phone("1001", registered=False).start(sip.invite_without_credentials(),
                                          uri="sip:1003@a.test").finish()
    assert "INVITE" not in there.messages()


def test_call_with_wrong_password(phone):
    phone("1001", password="wrong", registered=False).call(
        "1003", sip.is_refused(403), record=False).finish()


def test_from_of_somebody_else(phone):
    """1001's password does not make a call from 1002."""
    phone("1001").call("1003", sip.is_refused(403), from_uri="sip:1002@a.test",
                       record=False).finish()


def test_relay_to_another_host(platform, phone):
    call = phone("1001").call("1003", sip.is_refused(403), domain="203.0.113.9").finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", answered=False,
                  service="none", cause="CALL_REJECTED", code=403, side="system")


def test_route_to_another_host(platform, phone):
    """A Route header that the phone made up does not lead anywhere either."""
    call = phone("1001").call("5555", sip.is_refused(404),
                              headers=["Route: <sip:203.0.113.9;lr>"]).finish()
    assert platform.db.wait_for_cdr(call.call_id)["sip_code"] == 404


@pytest.mark.parametrize("method", ["BYE", "INVITE", "REFER", "MESSAGE"])
def test_request_of_no_dialog(platform, method):
    assert ask(platform.edge_address, f"{method} sip:1003@203.0.113.9",
               "To: <sip:1003@a.test>;tag=y\r\nRoute: <sip:203.0.113.9;lr>\r\n") == 481


def test_headers_of_our_own_are_stripped(platform, phone):
    """A phone that writes X-VOIP-Service gets no service, and nobody gets to see the header."""
    spoofed = ["X-VOIP-Service: mailbox;id=1002;domain=a.test",
               "x-voip-call: 00000000-0000-0000-0000-000000000000;start=1.0;from=1;to=2;leg=1"]
    callee = phone("1003")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = phone("1001").call("1003", sip.is_answered(), sip.request("BYE", 3), headers=spoofed)
    call.finish()
    there.finish()
    assert "x-voip" not in there.messages().lower()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", source="edge")


def test_inside_socket_is_for_media_servers(platform):
    inside = ("127.0.0.1", platform.deployment["edge.inside_port"])
    assert ask(inside, "INVITE sip:1003@a.test", "To: <sip:1003@a.test>\r\n"
               "X-VOIP-Service: ivr;id=1;domain=a.test\r\n") == 403


def test_media_server_takes_calls_from_the_edge_only(platform):
    """Straight to the media server, past the edge: no service."""
    media = ("127.0.0.1", platform.deployment["media.sip_port"])
    menu = platform.db.value("SELECT id FROM voip.ivr_menus LIMIT 1")
    status = ask(media, "INVITE sip:8000@a.test", "To: <sip:8000@a.test>\r\n"
                 f"X-VOIP-Service: ivr;id={menu};domain=a.test\r\n")
    assert status is None or status >= 400


def test_guessing_is_slowed_down(platform, phone):
    """After ten wrong passwords within a minute not even the right one helps from there."""
    guesser = phone("1001", domain="b.test", password="wrong", registered=False)
    for _ in range(10):
        guesser.register(code=403)
    guesser.register(password=db.password("1001", "b.test"), code=403)
    # For the tests to come.
    platform.edge.call("htable.delete", "refused", "127.0.0.1:1001")


def test_scanner_gets_no_answer(platform):
    assert ask(platform.edge_address, "OPTIONS sip:100@a.test",
               "To: <sip:100@a.test>\r\nUser-Agent: friendly-scanner\r\n") is None


def test_options_is_answered(platform):
    assert ask(platform.edge_address, "OPTIONS sip:a.test", "To: <sip:a.test>\r\n") == 200


def test_rpc_wants_its_token(platform):
    with pytest.raises(Exception):
        type(platform.edge)(platform.deployment, "wrong").call("core.version")
