"""The API's live views: what they say of running calls, phones and queues, and what they do to them."""

import http.client
import json
import sys
import time
from pathlib import Path

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE
from lib.phone import hear_each_other
from lib.recording import Policies
from lib.tenant import Tenant

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
from api import Api, client, make_key  # noqa: E402
from belongings import Sight, operations  # noqa: E402
from contract import Contract  # noqa: E402
from isolation import leaks, tries  # noqa: E402

pytestmark = [pytest.mark.service, pytest.mark.edge, pytest.mark.usefixtures("quiet")]

WITHIN = 15
NOBODY = "00000000-0000-4000-8000-000000000000"
IS_ENDED = (sip.is_answered(), sip.is_asked("BYE"))
TAKES = (sip.ring(), sip.answer(), sip.is_asked("BYE"))


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """6400: a queue of 1002.   6401: rings 1002, by a media server."""
    tenant = Tenant(platform)
    tenant.queue("6400", ["1002"], ring_s=30)
    tenant.ring_group("6401", {"user": "1002"})


@pytest.fixture(scope="module")
def api(platform):
    """Of an administrator of a.test."""
    made = client(platform, "a.test")
    Api.contract = Contract(made.get("/openapi.json").json)
    yield made
    Api.contract = None
    made.close()


@pytest.fixture(scope="module")
def other(platform):
    """Of an administrator of b.test, who asks for what is a.test's."""
    made = Api(platform, make_key(platform.db, "b.test"), "b.test")
    yield made
    made.close()


def until(condition, timeout=WITHIN):
    """Waits until the condition is something that counts as true, and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not after {timeout} s: {found}"
        time.sleep(0.05)


def call_of(api, leg):
    """What the API says of the call that the phone has made, from when it says so."""
    def look():
        listed = api.get("calls")
        assert listed.status == 200, listed
        return next((call for call in listed.json["items"] if call["sip_call_id"] == leg.call_id),
                    None)
    return until(look)


def gone(api, call):
    return until(lambda: api.get(f"calls/{call['id']}").status == 404)


def user_id(platform, name, domain="a.test"):
    return platform.db.value("SELECT u.id FROM voip.users u JOIN voip.domains d ON d.id = u.domain_id "
                             "WHERE u.username = %s AND d.name = %s", name, domain)


def talk(caller, callee, number):
    """A call that the platform ends: both legs."""
    there = callee.wait_call(*TAKES)
    call = caller.call(number, *IS_ENDED)
    there.wait("answered", WITHIN)
    call.wait("answered", WITHIN)
    return call, there


def test_a_call_is_seen_and_ended(platform, phone, api, other):
    """By its tenant; for another one it is not there."""
    caller, callee = phone("1001"), phone("1002")
    call, there = talk(caller, callee, "1002")
    seen = call_of(api, call)
    assert {name: seen[name] for name in ("state", "from", "to", "reached", "direction", "service",
                                          "trunk", "media", "recorded", "legs")} == {
        "state": "answered", "from": "1001", "to": "1002", "reached": "1002",
        "direction": "internal", "service": "user", "trunk": None, "media": None, "recorded": False,
        "legs": []}
    assert seen["started_at"] < seen["answered_at"]
    path = f"calls/{seen['id']}"
    assert api.get(path).json == seen
    assert other.get("calls").json["items"] == []
    missing = other.get(f"calls/{NOBODY}")
    assert missing.status == 404
    for refused in (other.get(path), other.delete(path), other.get(f"/domains/a.test/{path}"),
                    other.delete(f"/domains/a.test/{path}")):
        assert (refused.status, refused.json["title"]) == (404, missing.json["title"])
    # From phone to phone: who wants to listen is told what to do.
    listen = api.post(f"{path}/listen", {"user_id": user_id(platform, "1003")})
    assert listen.status == 409 and "recording" in listen.json["detail"]
    assert api.delete(path).status == 204
    call.finish()
    there.finish()
    gone(api, seen)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", side="system")


def test_a_call_is_ended_while_it_rings(platform, phone, api):
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1002", sip.is_refused(487))
    there.wait("ringing", WITHIN)
    seen = call_of(api, call)
    assert seen["state"] == "ringing"
    assert api.delete(f"calls/{seen['id']}").status == 204
    there.finish()
    call.finish()
    gone(api, seen)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", answered=False, code=487,
                  cause="ORIGINATOR_CANCEL", side="system")


def test_registrations(platform, phone, api, other):
    first, second = phone("1001"), phone("1003", transport="tls")
    found = api.get("registrations").json
    assert found["next"] is None and found["silent"] == []
    assert [(item["aor"], item["transport"]) for item in found["items"]] == [
        ("1001@a.test", "udp"), ("1003@a.test", "tls")]
    assert f":{first.port}" in found["items"][0]["contact"]
    assert second.user in found["items"][1]["contact"]
    assert 0 < found["items"][0]["expires_s"] <= 300
    page = api.get("registrations", {"limit": 1}).json
    assert [item["username"] for item in page["items"]] == ["1001"]
    rest = api.get("registrations", {"limit": 1, "cursor": page["next"]}).json
    assert [item["username"] for item in rest["items"]] == ["1003"]
    assert [item["username"] for item in api.get("registrations", {"username": "1003"}).json[
        "items"]] == ["1003"]
    assert other.get("registrations").json["items"] == []
    assert other.get("/domains/a.test/registrations").status == 404


def test_a_supervisor_listens(platform, phone, api, other):
    """He hears both, and nobody hears him, nor what he presses."""
    caller, callee, ear = phone("1001"), phone("1002"), phone("1003")
    call, there = talk(caller, callee, "6401")
    hear_each_other(caller, callee)
    seen = call_of(api, call)
    assert seen["media"] and seen["legs"][0]["reached"] == "1002"
    path = f"calls/{seen['id']}/listen"
    assert other.post(path, {"user_id": user_id(platform, "1003", "b.test")}).status == 404
    assert api.post(path, {"user_id": user_id(platform, "1003", "b.test")}).status == 422
    listening = ear.wait_call(*TAKES)
    assert api.post(path, {"user_id": user_id(platform, "1003")}).status == 202
    listening.wait("answered", WITHIN)
    assert "X-VOIP-" not in listening.messages()
    ear.rtp.wait_for_tones(440, 660)
    ear.rtp.tone(1000)
    ear.rtp.press("456*1#")
    ear.rtp.wait_for_digits()
    ear.rtp.wait_for_tones(440, 660)
    caller.rtp.wait_for_tone(660)
    callee.rtp.wait_for_tone(440)
    ear.rtp.tone(0)
    assert [leg["to"] for leg in call_of(api, call)["legs"] if leg["listening"]] == ["1003"]
    assert api.delete(f"calls/{seen['id']}").status == 204
    for leg in (call, there, listening):
        leg.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="6401", reached="1002",
                  service="ring_group", side="system")
    # Who did that is known: who asked for another tenant's user has no entry.
    said = platform.db.rows("SELECT method, before ->> 'sip_call_id' AS call, after FROM voip.audit_log "
                            "WHERE resource = 'calls' AND object_id = %s ORDER BY id", seen["id"])
    assert [(one["method"], one["call"], one["after"]) for one in said] == [
        ("POST", call.call_id, {"listened_to_by": "1003"}), ("DELETE", call.call_id, None)]


def test_a_user_s_calls_can_be_listened_to(platform, phone, api):
    """As docs/api.md says: by a policy that records nothing by itself."""
    policies = Policies(platform)
    policies.add("on_demand", "1002")
    try:
        caller, callee, ear = phone("1001"), phone("1002"), phone("1003")
        call, there = talk(caller, callee, "1002")
        hear_each_other(caller, callee)
        path = f"calls/{call_of(api, call)['id']}"
        listening = ear.wait_call(*TAKES)
        assert api.post(f"{path}/listen", {"user_id": user_id(platform, "1003")}).status == 202
        listening.wait("answered", WITHIN)
        ear.rtp.wait_for_tones(440, 660)
        assert api.delete(path).status == 204
        for leg in (call, there, listening):
            leg.finish()
        records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", side="system")
    finally:
        policies.remove()


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_a_call_is_transferred(platform, phone, api, other, side):
    """The side that is named goes on to the number, the other one is hung up."""
    caller, callee, third = phone("1001"), phone("1002"), phone("1003")
    call, there = talk(caller, callee, "6401")
    hear_each_other(caller, callee)
    seen = call_of(api, call)
    path = f"calls/{seen['id']}/transfer"
    assert other.post(path, {"to": "1003"}).status == 404
    assert api.post(path, {"to": "6499"}).pointers == ["/to"]
    assert api.post(path, {"to": "1003", "side": "both"}).pointers == ["/side"]
    taken = third.wait_call(*TAKES)
    assert api.post(path, {"to": "1003", "side": side}).status == 202
    taken.wait("answered", WITHIN)
    stays, goes, who = (call, there, caller) if side == "caller" else (there, call, callee)
    hear_each_other(third, who)
    goes.finish()
    assert api.delete(f"calls/{seen['id']}").status == 204
    stays.finish()
    taken.finish()
    gone(api, seen)
    record = platform.db.wait_for_cdr(call.call_id)
    assert (record["callee"], record["service"], record["callee_reached"]) == \
        ("6401", "ring_group", "1003" if side == "caller" else "1002")


def test_a_queue_and_its_agents(platform, phone, api, other):
    """Who waits and since when, who is rung and who talks; who has a pause and why."""
    caller, member = phone("1001"), phone("1002")
    queue = platform.db.value("SELECT q.id FROM voip.queues q JOIN voip.extensions e "
                              "ON e.queue_id = q.id WHERE e.number = '6400'")
    agent = user_id(platform, "1002")
    live = f"queues/{queue}/live"
    assert other.get(live).status == 404
    assert other.patch(f"agents/{agent}", {"status": "paused"}).status == 404
    assert api.patch(f"agents/{agent}", {"status": "away"}).pointers == ["/status"]
    paused = api.patch(f"agents/{agent}", {"status": "paused", "reason": "lunch"})
    assert (paused.status, paused.json["status"], paused.json["reason"]) == (200, "paused", "lunch")
    assert [(item["username"], item["status"], item["reason"]) for item in api.get(
        "agents").json["items"] if item["id"] == agent] == [("1002", "paused", "lunch")]
    there = member.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("6400", *BYE).wait("answered", WITHIN)
    waiting = until(lambda: api.get(live).json["waiting"])
    assert [(one["position"], one["number"]) for one in waiting] == [(1, "1001")]
    assert 0 <= waiting[0]["waits_s"] < 60
    assert api.patch(f"agents/{agent}", {"status": "available"}).json["reason"] is None
    there.wait("answered", 30)
    hear_each_other(caller, member)
    until(lambda: not api.get(live).json["waiting"])
    until(lambda: [(one["username"], one["state"]) for one in api.get(live).json["agents"]]
          == [("1002", "talking")])
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="6400", reached="1002",
                  service="queue")


def own_call(platform, phone, api, numbers):
    """A call within a tenant, and its Sight of what runs: (sight, phones, legs)."""
    pair = [phone(number, api.domain) for number in numbers]
    legs = talk(*pair, numbers[1])
    seen = call_of(api, legs[0])
    return Sight(api, {"calls": (seen["id"],)}, {
        "transfer_call": {"to": numbers[0]},
        "listen_to_call": {"user_id": user_id(platform, numbers[0], api.domain)}}), pair, legs


def test_calls_of_another_tenant(platform, phone, api, other):
    """
    Every operation that has the id of a call, or shows what runs, tried with another tenant's
    (tests/integration/isolation.py, where the rest is tried). The stream is test_events.
    """
    theirs, pair, legs = own_call(platform, phone, api, ("1001", "1002"))
    own, _, own_legs = own_call(platform, phone, other, ("1001", "1002"))
    document = api.contract.document
    names = {operation.name for operation in operations(document) if operation.kind == "calls"}
    assert {"get_call", "hang_up_call", "transfer_call", "listen_to_call"} <= names
    for kind in ("calls", "registrations"):
        for sight in (own, theirs):
            assert not sight.look([one for one in operations(document) if kind in (one.kind, one.shows)])
    for kind in ("calls", "registrations"):
        wanted = list(tries(document, own, theirs, kind))
        assert wanted and not list(leaks(wanted, own, theirs))
    # Their number and their user, for one's own call.
    path = f"calls/{own.ids['calls'][0]}"
    for what, name, values in (("transfer", "to", ("6401", "6499")),
                               ("listen", "user_id", (user_id(platform, "1003"), 987654321))):
        refused = [other.post(f"{path}/{what}", {name: value}) for value in values]
        assert refused[0].status == 422 and refused[0].raw == refused[1].raw
    hear_each_other(*pair)
    for sight, both in ((theirs, legs), (own, own_legs)):
        assert sight.api.delete(f"calls/{sight.ids['calls'][0]}").status == 204
        for leg in both:
            leg.finish()
        records.check(platform.db.wait_for_cdr(both[0].call_id), domain=sight.domain, side="system")


def test_nodes(platform, api):
    root = Api(platform, make_key(platform.db), None)
    nodes = {node["role"]: node for node in root.get("/nodes").json["items"]}
    root.close()
    assert nodes["edge"]["alive"] and nodes["edge"]["version"] == platform.edge.version().split()[1]
    assert nodes["media"]["alive"] and nodes["media"]["version"][0].isdigit()
    assert api.get("/nodes").status == 404


class Stream:
    """Server-sent events of a tenant (WHATWG HTML 9.2), read as they come."""

    def __init__(self, platform, api, last=None):
        self._http = http.client.HTTPConnection(platform.deployment.node["inside"],
                                                platform.deployment["control.api_port"],
                                                timeout=WITHIN)
        headers = {"Authorization": f"Bearer {api.key}"} | ({"Last-Event-ID": last} if last else {})
        self._http.request("GET", f"/api/v1/domains/{api.domain}/events", headers=headers)
        self.reply = self._http.getresponse()
        self.last = last

    def next(self):
        """The next event: its name and its data."""
        lines = {}
        while True:
            line = self.reply.readline().decode().rstrip("\n")
            if not line and lines.get("event"):
                self.last = lines["id"]
                return lines["event"], json.loads(lines["data"])
            name, _, value = line.partition(": ")
            lines[name] = value

    def wait_for(self, event, **values):
        """Reads on until an event of this name that says this of its thing."""
        while True:
            name, data = self.next()
            if name == event and values.items() <= data.items():
                return data

    def close(self):
        self._http.close()


def test_events(platform, phone, api, other):
    """What happens is told once, in order, and to its tenant only; who was away hears it later."""
    caller, callee = phone("1001"), phone("1002")
    stream, others = Stream(platform, api), Stream(platform, other)
    assert stream.reply.status == 200
    name, state = stream.next()
    assert name == "snapshot" and state["calls"] == []
    assert sorted(item["username"] for item in state["registrations"]) == ["1001", "1002"]
    assert others.next()[1]["registrations"] == []
    call, there = talk(caller, callee, "1002")
    seen = stream.wait_for("call.started", sip_call_id=call.call_id)
    stream.close()
    # Where another tenant's stream was is nowhere.
    stranger = Stream(platform, other, stream.last)
    name, state = stranger.next()
    assert (name, state["calls"], state["registrations"]) == ("snapshot", [], [])
    stranger.close()
    api.delete(f"calls/{seen['id']}")
    call.finish()
    there.finish()
    again = Stream(platform, api, stream.last)
    assert again.wait_for("call.ended")["id"] == seen["id"]
    again.close()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1002", side="system")
    fresh = phone("1001", "b.test")
    name, data = others.next()
    assert (name, data["aor"]) == ("registration.added", f"{fresh.user}@b.test")
    others.close()


def test_streams_are_limited(platform):
    """Of one key; a stream that nobody reads any more makes room."""
    api = Api(platform, make_key(platform.db, "a.test"), "a.test")
    streams = [Stream(platform, api) for _ in range(5)]
    assert [stream.reply.status for stream in streams] == [200] * 5
    refused = Stream(platform, api)
    assert refused.reply.status == 429 and refused.reply.headers["Retry-After"]
    streams.pop().close()

    def is_open():
        streams.append(Stream(platform, api))
        return streams[-1].reply.status == 200
    until(is_open, 30)
    for stream in (*streams, refused):
        stream.close()
