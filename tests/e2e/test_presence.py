"""Busy lamps: phones that watch numbers of their tenant (RFC 4235)."""

import re
import socket
import time

import pytest

from lib import db
from lib import scenario as sip
from lib.calls import end, talk
from lib.tenant import Tenant
from lib.watcher import Watcher

pytestmark = pytest.mark.edge


@pytest.fixture(name="watcher")
def make_watchers(platform):
    """Makes phones that subscribe, and end their subscriptions after the test."""
    made = []

    def make(user, domain="a.test", password=None, **more):
        made.append(Watcher(platform, user, domain, password or db.password(user, domain), **more))
        return made[-1]

    # What rang a moment ago would be seen as well.
    deadline = time.monotonic() + 10
    while platform.edge.dialogs():
        assert time.monotonic() < deadline, "a call goes on"
        time.sleep(0.05)
    yield make
    for one in made:
        one.close()


def test_lamp_follows_a_call(phone, watcher):
    """The whole state at once, then ringing, talking, over; of both who talk, and nothing twice."""
    lamp, own = watcher("1001").watch("1003"), watcher("1003").watch("1002")
    first = lamp.wait_state("terminated")
    assert 'entity="sip:1003@a.test"' in first and 'state="full"' in first
    own.wait_state("terminated")
    caller, callee = phone("1002"), phone("1003")
    there = callee.wait_call(sip.ring(), sip.pause(500), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("1003", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    assert 'direction="recipient"' in lamp.wait_state("early")
    assert 'direction="initiator"' in own.wait_state("early")
    there.wait("answered")
    call.wait("answered")
    lamp.wait_state("confirmed")
    own.wait_state("confirmed")
    end(call, there)
    lamp.wait_state("terminated")
    own.wait_state("terminated")
    for one in (lamp, own):
        assert one.states() == ["terminated", "early", "confirmed", "terminated"]
        versions = [int(re.search(r'version="(\d+)"', text)[1]) for text in one.notifies
                    if "<state>" in text]
        assert versions == sorted(set(versions)), "versions go up"


def test_who_is_called_in_vain(phone, watcher):
    """Not answered, and forwarded to a mailbox: the lamp is out while the caller goes on elsewhere."""
    lamp = watcher("1001").watch("1002")
    lamp.wait_state("terminated")
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    lamp.wait_state("early")
    there.finish()
    lamp.wait_state("terminated")
    call.wait("answered")
    assert lamp.states() == ["terminated", "early", "terminated"]
    call.go().finish()


def test_watching_begins_during_a_call(phone, watcher):
    caller, callee = phone("1002"), phone("1003")
    call, there = talk(caller, callee, "1003")
    lamp = watcher("1001").watch("1003")
    lamp.wait_state("confirmed")
    again = watcher("1001").watch("1003")
    again.wait_state("confirmed")
    end(call, there)
    lamp.wait_state("terminated")
    again.wait_state("terminated")


def test_several_numbers_of_a_user(platform, phone, watcher):
    """Who is called by one number is busy under the other; each document names the number watched."""
    platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, user_id) "
                     "SELECT u.domain_id, '7801', 'user', u.id FROM voip.users u "
                     "JOIN voip.domains d ON d.id = u.domain_id "
                     "WHERE d.name = 'a.test' AND u.username = '1003'")
    try:
        one = watcher("1001")
        lamp, other = one.watch("7801"), one.watch("1003")
        assert 'entity="sip:7801@a.test"' in lamp.wait_state("terminated")
        other.wait_state("terminated")
        call, there = talk(phone("1002"), phone("1003"), "1003")
        lamp.wait_state("confirmed")
        other.wait_state("confirmed")
        end(call, there)
        lamp.wait_state("terminated")
        other.wait_state("terminated")
    finally:
        platform.db.rows("DELETE FROM voip.extensions WHERE number = '7801'")


def test_who_may_watch_what(watcher):
    watcher("1001").watch("1001", domain="b.test", code=403)
    watcher("1001").watch("7899", code=404)
    watcher("1001").watch("1003", event="presence", code=489)
    watcher("1001", password="wrong").watch("1003", code=403)
    stranger = watcher("7898", password="none")
    stranger.watch("1003", code=403)


def test_tenants_have_lamps_of_their_own(phone, watcher):
    """The same number is busy in one tenant only."""
    lamp, other = watcher("1001").watch("1003"), watcher("1001", "b.test").watch("1003")
    lamp.wait_state("terminated")
    other.wait_state("terminated")
    call, there = talk(phone("1002"), phone("1003"), "1003")
    lamp.wait_state("confirmed")
    end(call, there)
    lamp.wait_state("terminated")
    assert other.states() == ["terminated"]


def test_times_of_a_subscription(platform, watcher):
    """Too short is refused, long is cut, renewed, ended, and over when nobody renews it."""
    one = watcher("1001")
    answer = one.watch("1003", expires=5, code=423).subscribe(5, code=423)
    assert re.search(r"^Min-Expires: 10\r$", answer, re.M), answer
    lamp = one.watch("1003", expires=100000)
    answer = lamp.subscribe(100000)
    assert re.search(r"^Expires: 1800\r$", answer, re.M), answer
    lamp.subscribe(0)
    lamp.wait("Subscription-State: *terminated")
    lamp.subscribe(600, code=481)
    short = one.watch("1003", expires=10)
    short.wait("Subscription-State: *active")
    ended = time.monotonic()
    short.wait("Subscription-State: *terminated", timeout=40)
    assert time.monotonic() - ended > 8
    assert platform.edge.get("subscription", "a.test:1001:0") is None


@pytest.mark.service
def test_queue(platform, phone, watcher):
    """Somebody waits in it; whom it calls rings, though nobody has dialled him."""
    Tenant(platform).queue("7802", ["1003"], ring_s=30)
    queue, member = watcher("1001").watch("7802"), watcher("1001").watch("1003")
    queue.wait_state("terminated")
    member.wait_state("terminated")
    caller, callee = phone("1002"), phone("1003")
    there = callee.wait_call(sip.ring(), sip.pause(500), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("7802", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    queue.wait_state("confirmed")
    call.wait("answered")
    member.wait_state("early", timeout=20)
    member.wait_state("confirmed")
    there.wait("answered")
    end(call, there)
    queue.wait_state("terminated")
    member.wait_state("terminated")


def test_without_postgresql(platform, phone, watcher):
    """New watchers of what is known, and all that their lamps show."""
    one, caller, callee = watcher("1001"), phone("1002"), phone("1003")
    platform.stop_database()
    try:
        lamp = one.watch("1003")
        lamp.wait_state("terminated")
        call, there = talk(caller, callee, "1003")
        lamp.wait_state("confirmed")
        end(call, there)
        lamp.wait_state("terminated")
        one.watch("7899", code=503)
    finally:
        platform.supervisor.start("postgresql")
        platform.wait_until_healthy()


def test_watcher_behind_nat(phone, watcher):
    """NOTIFY goes to where the phone's packets come from."""
    lamp = watcher("1001", nat_ip="192.0.2.9").watch("1003")
    lamp.wait_state("terminated")
    call, there = talk(phone("1002"), phone("1003"), "1003")
    lamp.wait_state("confirmed")
    end(call, there)
    lamp.wait_state("terminated")


def test_watcher_that_hangs(phone, watcher):
    """Costs the others nothing, and hears of what is then when it is back."""
    dead, lamp = watcher("1001"), watcher("1001").watch("1003")
    late = dead.watch("1003")
    lamp.wait_state("terminated")
    late.wait_state("terminated")
    dead.silent = True
    call, there = talk(phone("1002"), phone("1003"), "1003")
    lamp.wait_state("confirmed", timeout=2)
    # Longer than the edge waits for an answer.
    time.sleep(2.5)
    dead.silent = False
    end(call, there)
    late.wait_state("terminated")


def test_limit_of_subscriptions(watcher):
    """A hundred; the place of one that is ended is free again."""
    one = watcher("1002")
    lamps = [one.watch("1003") for _ in range(100)]
    one.watch("1003", code=503)
    lamps[50].subscribe(0)
    one.watch("1003")


def test_nobody_else_publishes(platform, watcher):
    """A state is the edge's to tell."""
    lamp = watcher("1001").watch("1003")
    lamp.wait_state("terminated")
    body = ('<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
            'version="0" state="full" entity="sip:1003@a.test"><dialog id="calls">'
            '<state>confirmed</state></dialog></dialog-info>')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        out.settimeout(5)
        for port in (platform.deployment["edge.sip_port"], platform.deployment["edge.inside_port"]):
            here = f"127.0.0.1:{out.getsockname()[1]}"
            out.sendto((f"PUBLISH sip:1003@a.test SIP/2.0\r\nVia: SIP/2.0/UDP {here};"
                        f"branch=z9hG4bK{port}\r\nFrom: <sip:1003@a.test>;tag=1\r\n"
                        f"To: <sip:1003@a.test>\r\nCall-ID: {port}@{here}\r\nCSeq: 1 PUBLISH\r\n"
                        "Max-Forwards: 70\r\nEvent: dialog\r\nExpires: 600\r\n"
                        "X-VOIP-Who: user:a.test:1003\r\n"
                        f"Content-Type: application/dialog-info+xml\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}").encode(), ("127.0.0.1", port))
            assert out.recv(65535).startswith(b"SIP/2.0 403 ")
    assert lamp.states() == ["terminated"]
