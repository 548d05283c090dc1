"""Messages of mailboxes by the API: listed, heard, marked, deleted; what phones and callers notice."""

import http.client
import io
import sys
import time
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest

from lib import db, mailbox
from lib import scenario as sip
from lib.carrier import add_trunk
from lib.outside import add_number
from lib.rtp import is_tone
from lib.spool import Spool
from lib.watcher import Watcher

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
from api import Api, make_key  # noqa: E402
from contract import Contract  # noqa: E402

OWNER, NUMBER = "7830", "+49307830"
WITHIN = 20
# What is somewhere the end of a text, a line of its own, a tag, a word of a command or a comment.
HOSTILE = "Eve <i>&amp;</i> | ;-- 'x', msg_id=1;2:3:x.wav: ="
PASSWORD = "correct horse battery"


def until(condition, timeout=WITHIN):
    """Waits until the condition is something that counts as true, and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not after {timeout} s: {found}"
        time.sleep(0.05)


@pytest.fixture(scope="module", autouse=True)
def owner(platform):
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", OWNER)
    platform.edge.wait_for("user", f"a.test:{OWNER}", "box=")
    platform.edge.wait_for("ext", f"a.test:*{OWNER}", "voicemail")


@pytest.fixture(scope="module")
def api(platform):
    """Of an administrator of a.test."""
    made = Api(platform, make_key(platform.db, "a.test"), "a.test")
    Api.contract = Contract(made.get("/openapi.json").json)
    yield made
    Api.contract = None
    made.close()


@pytest.fixture(name="caller")
def call_from_outside(platform, carrier):
    """Somebody who calls the mailbox under a name that is meant to do harm."""
    made = carrier()
    add_trunk(platform.db, "messages", made)
    platform.edge.wait_for("gateway", f"gateway:{made.ip}", "a.test")
    add_number(platform, NUMBER, f"*{OWNER}")
    made.claims = HOSTILE
    yield made
    platform.db.rows("DELETE FROM voip.inbound_numbers WHERE number = %s", NUMBER)


@pytest.fixture(name="agent")
def log_in(platform, api):
    """Asks as the owner, an operator with the role `agent`."""
    user = platform.db.value("SELECT id FROM voip.users WHERE username = %s", OWNER)
    client = Api(platform, None, "a.test")
    made = api.make("operators", name="messages", role="agent", user_id=user, password=PASSWORD)
    login = client.post("/session", {"name": "messages@a.test", "password": PASSWORD})
    assert login.status == 200, login
    cookie = login.headers["Set-Cookie"].split(";")[0]

    def ask(method, path, body=None):
        return client.ask(method, path, body, Cookie=cookie, X_CSRF_Token=login.json["csrf_token"])
    yield ask
    client.close()
    assert api.delete(f"operators/{made['id']}").status == 204


@pytest.fixture(name="lamp")
def watch_messages(platform):
    """Of the owner's phone."""
    watcher = Watcher(platform, OWNER, "a.test", db.password(OWNER, "a.test"))
    yield watcher.watch(OWNER, event="message-summary")
    watcher.close()


def box_of(platform, name, domain="a.test"):
    return platform.db.value("SELECT b.id FROM voip.voicemail_boxes b JOIN voip.domains d "
                             "ON d.id = b.domain_id WHERE mailbox = %s AND d.name = %s", name, domain)


def listed(api, path, **query):
    reply = api.get(path, query)
    assert reply.status == 200 and reply.json["silent"] == [], reply
    return reply.json["items"]


def leave(caller, dial, number, frequency):
    call = dial(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    mailbox.leave(caller, call, frequency)
    # Silence would end the message while the other one is not so far yet.
    caller.rtp.tone(frequency)
    return call


def leave_two(carrier, caller, api, path):
    """Two at once, neither of which is there before it is whole: from outside, and a user's."""
    with ThreadPoolExecutor(2) as both:
        calls = [both.submit(leave, *one) for one in (
            (carrier, carrier.call_in, NUMBER, 550), (caller, caller.call, f"*{OWNER}", 770))]
        calls = [call.result() for call in calls]
    assert listed(api, path) == []
    for call, who in zip(calls, (carrier, caller)):
        call.go().finish()
        who.rtp.tone(0)
    items = until(lambda: len(listed(api, path)) == 2 and listed(api, path))
    return sorted(items, key=lambda item: item["caller"])


def listen(platform, owner, api, one, other):
    """
    Hears the message, which is the first one now; while the mailbox is open by phone, Asterisk changes
    no other way what it has given numbers to.
    """
    call = mailbox.open_own(owner)
    try:
        owner.rtp.wait_for_tone(770, 6)
    except AssertionError:
        owner.rtp.press("1")
        owner.rtp.wait_for_tone(770, 25)
    if platform.deployment.media_server == "asterisk":
        for refused in (api.patch(one, {"read": True}), api.delete(one)):
            assert refused.status == 409 and "open by phone" in refused.json["detail"]
        assert api.get(one).json["read"] is False
    assert api.get(other).status == 404
    owner.rtp.press("7")
    owner.rtp.wait_for_silence(0.6)
    owner.rtp.wait_for_sound(10)
    call.go().finish()


def hears(audio, frequency):
    with wave.open(io.BytesIO(audio)) as recording:
        assert recording.getframerate() == 8000 and recording.getsampwidth() == 2
        samples = numpy.frombuffer(recording.readframes(recording.getnframes()), numpy.int16)
    return any(is_tone(samples[start:start + 8000] / 32768, frequency)
               for start in range(0, len(samples), 4000))


def check_audio(api, one, frequency):
    """Whole, and in parts."""
    whole = api.get(f"{one}/audio")
    assert whole.status == 200 and whole.headers["Content-Type"] == "audio/wav"
    assert hears(whole.raw, frequency)
    http_ = http.client.HTTPConnection(*api._where, timeout=WITHIN)
    path = f"/api/v1/domains/a.test/{one}/audio"

    def ask(**headers):
        http_.request("GET", path, headers={"Authorization": f"Bearer {api.key}", **{
            name.replace("_", "-"): value for name, value in headers.items()}})
        reply = http_.getresponse()
        return reply.status, reply.headers, reply.read()
    status, headers, part = ask(Range="bytes=100-299")
    assert (status, part) == (206, whole.raw[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(whole.raw)}"
    assert ask(Range="bytes=-50")[2] == whole.raw[-50:]
    assert ask(Range=f"bytes={len(whole.raw)}-")[0] == 416
    assert ask(If_None_Match=whole.tag)[::2] == (304, b"")
    http_.close()


def check_others(platform, api, path, message):
    """Another tenant, and another box of the same one: the bytes of what is not there."""
    other = Api(platform, make_key(platform.db, "b.test"), "b.test")
    their_box = f"voicemail-boxes/{box_of(platform, '1001', 'b.test')}/messages"
    nothing = other.get(f"{their_box}/{message}")
    assert nothing.status == 404
    for method, body in (("GET", None), ("PATCH", {"read": True}), ("DELETE", None)):
        for there in (f"{path}/{message}", f"/domains/a.test/{path}/{message}",
                      f"{their_box}/{message}"):
            refused = other.ask(method, there, body)
            assert (refused.status, refused.raw) == (404, nothing.raw), (method, there)
    for there in (path, f"{path}/{message}/audio", f"/domains/a.test/{path}/{message}/audio"):
        assert (other.get(there).status, other.get(there).raw) == (404, nothing.raw)
    assert listed(other, their_box) == []
    own_other = f"voicemail-boxes/{box_of(platform, '1001')}/messages/{message}"
    for there in (own_other, f"{own_other}/audio"):
        assert (api.get(there).status, api.get(there).raw) == (404, nothing.raw)
    other.close()


def check_names(api, path, message):
    """Ids that lead elsewhere, or are other words of a command, are nobody's."""
    for wrong in ("..", "%2e%2e%2f", message + "/..", f"{message}%20{message}", message.upper() + "x",
                  "..%2f" + message, message + "%0aAction:%20Ping", "-", "0" * 200, "*", "%00"):
        for tried in (f"{path}/{wrong}", f"{path}/{wrong}/audio"):
            assert api.get(tried).status == 404, tried
        assert api.delete(f"{path}/{wrong}").status == 404


def check_agent(platform, agent, path, one):
    """He has his own box, and no other."""
    counts = agent("GET", "voicemail-counts").json["items"]
    assert [(box["mailbox"], box["new_messages"]) for box in counts] == [(OWNER, 2)]
    assert agent("GET", one).json["id"] == one.rsplit("/", 1)[1]
    assert len(agent("GET", path).json["items"]) == 2
    assert agent("GET", f"{one}/audio").status == 200
    other = f"voicemail-boxes/{box_of(platform, '1001')}/messages"
    nothing = agent("GET", "voicemail-boxes/999999/messages")
    assert nothing.status == 404
    assert (agent("GET", other).status, agent("GET", other).raw) == (404, nothing.raw)
    assert agent("GET", f"{path}/1").status == 404
    assert agent("GET", "voicemail-boxes").status == 403
    assert agent("PATCH", one, {"read": False}).json["read"] is False


def check_audit(platform, message):
    """Who has done what, and listened."""
    said = platform.db.rows("SELECT method, actor, before ->> 'mailbox' AS box, after FROM "
                            "voip.audit_log WHERE resource = 'voicemail-messages' AND object_id = %s "
                            "ORDER BY id", message)
    changes = [(row["method"], row["after"]) for row in said if row["method"] != "GET"]
    assert changes == [("PATCH", {"read": True}), ("PATCH", {"read": False}), ("DELETE", None)]
    heard = [row["actor"] for row in said if row["method"] == "GET"]
    # Whole and two parts; what was not sent was not heard.
    assert heard == ["tests"] * 3 + ["messages@a.test"]
    assert {row["box"] for row in said} == {OWNER}


def check_contract(api):
    """Every operation has succeeded and refused, as the document says."""
    assert api.get("voicemail-counts", {"limit": 0}).status == 400
    assert api.get("voicemail-boxes/1/messages", {"read": "maybe"}).status == 400
    wanted = {name for name, (_, _, operation) in api.contract.operations().items()
              if operation["tags"] == ["Voicemail messages"]}
    assert len(wanted) == 6
    assert wanted - api.contract.succeeded == wanted - api.contract.refused == set()


def test_messages(platform, phone, api, caller, agent, lamp):
    path = f"voicemail-boxes/{box_of(platform, OWNER)}/messages"
    first, second = leave_two(caller, phone("1001"), api, path)
    lamp.wait("Voice-Message: 2/0 ")
    one, other = f"{path}/{first['id']}", f"{path}/{second['id']}"
    assert (first["caller"], first["caller_name"]) == ("+4930111", HOSTILE)
    assert first["node"] == "one" and not first["read"] and not first["urgent"]
    assert 2 <= first["length_s"] <= 90
    assert second["caller"] == "1001" and hears(api.get(f"{other}/audio").raw, 770)
    assert api.get(one).json == first
    # Page by page, the latest first.
    ordered = sorted((first, second), key=lambda item: item["id"])
    ordered.sort(key=lambda item: item["received_at"], reverse=True)
    assert api.all(path, limit=1) == ordered
    check_audio(api, one, 550)
    check_others(platform, api, path, first["id"])
    check_names(api, path, first["id"])
    # Marked; a trial changes nothing.
    assert api.patch(one, {"read": True}, {"dry_run": "true"}).json["read"] is True
    assert api.get(one).json["read"] is False
    assert api.patch(one, {"read": 1}).pointers == ["/read"]
    marked = api.patch(one, {"read": True})
    assert (marked.status, marked.json) == (200, first | {"read": True})
    lamp.wait("Messages-Waiting: yes\r\n.*\r\nVoice-Message: 1/1 ", 10)
    assert api.get(one).json == marked.json
    assert listed(api, path, read="false") == [second]
    assert listed(api, path, read="true") == [marked.json]
    assert api.patch(one, {"read": False}).json == first
    lamp.wait("Voice-Message: 2/0 ", 10)
    check_agent(platform, agent, path, one)
    # Deleted; its owner, by phone, hears the other one at once.
    assert api.delete(one, {"dry_run": "true"}).status < 300
    assert api.delete(one).status == 204
    lamp.wait("Voice-Message: 1/0 ", 10)
    assert [api.ask(*what).status for what in (("GET", one), ("GET", f"{one}/audio"), (
        "DELETE", one), ("PATCH", one, {"read": True}))] == [404] * 4
    assert listed(api, path) == [second]
    listen(platform, phone(OWNER), api, other, one)
    lamp.wait("Messages-Waiting: no\r\n.*\r\nVoice-Message: 0/0 ")
    assert listed(api, path) == []
    check_audit(platform, first["id"])
    check_contract(api)


# ------------------------------------------------------------------ many

MANY = 2500


@pytest.fixture(name="spool")
def make_spool(platform):
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", "7831")
    made = Spool(platform.deployment.media_server, platform.state, "7831")
    yield made
    made.remove()


def test_very_many_messages(platform, api, spool):
    """Every one is listed once, and the last one changed like any other."""
    ids = spool.fill(MANY)
    path = f"voicemail-boxes/{box_of(platform, '7831')}/messages"
    # The mailbox is known to the media server soon after its row is there.
    until(lambda: listed(api, path, limit=1))
    page = api.get(path, {"limit": 3}).json
    assert [item["id"] for item in page["items"]] == ids[:3] and page["silent"] == []
    assert [item["id"] for item in api.all(path, limit=500)] == ids
    last = f"{path}/{ids[-1]}"
    assert api.patch(last, {"read": True}).json["read"] is True
    assert [item["id"] for item in listed(api, path, read="true")] == [ids[-1]]
    assert api.delete(last).status == 204
    assert [item["id"] for item in api.all(path, limit=500)] == ids[:-1]
