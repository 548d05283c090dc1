"""Two media nodes, one of which is killed."""

import sys
import time
from pathlib import Path

import pytest

from lib import db
from lib.calls import BYE, TAKE, end
from lib.media_node import NODE, MediaNode
from lib.phone import Phone, hear_each_other
from lib.platform import TestPlatform
from lib.spool import Spool
from lib.tenant import Tenant

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
from api import Api, make_key  # noqa: E402

# Enough for one to live on each node, by the hash of its service.
QUEUES = [f"79{n}" for n in range(31, 39)]
# Seconds until a caller is served after the node was killed: two until the edge takes the other
# one, and what a queue takes to ring somebody, on a loaded machine.
SERVED_WITHIN = 10


@pytest.fixture(name="nodes", params=["freeswitch", "asterisk"])
def start_platform(request):
    """(platform, its second media node), for a media server."""
    platform = TestPlatform(request.param, more_nodes=[NODE])
    second = None
    try:
        platform.start()
        db.add_tenant(platform.db, "a.test")
        second = MediaNode(platform)
        second.start()
        yield platform, second
    finally:
        if second:
            second.stop()
        platform.stop()
    platform.remove()


def serve(caller, agent, number):
    """A caller of the queue and the agent hear each other; returns how long it took, and the call."""
    there = agent.wait_call(*TAKE)
    began = time.monotonic()
    call = caller.call(number, *BYE)
    call.wait("answered", SERVED_WITHIN)
    there.wait("answered", 15)
    hear_each_other(caller, agent)
    took = time.monotonic() - began
    end(call, there)
    return took, call


class Messages:
    """Of 1001's mailbox, one on each node."""

    def __init__(self, platform, second):
        self._api = Api(platform, make_key(platform.db, "a.test"), "a.test")
        box = platform.db.value("SELECT id FROM voip.voicemail_boxes WHERE mailbox = '1001'")
        self._path = f"voicemail-boxes/{box}/messages"
        self._ids = {name: Spool(platform.deployment.media_server, state, "1001", at).fill(1)[0]
                     for name, state, at in (("one", platform.state, 1790000000),
                                             ("two", second.state, 1790000001))}

    def check_both(self):
        """Both are listed and read; the audio is where the message is."""
        found = self._api.get(self._path).json
        assert {item["node"]: item["id"] for item in found["items"]} == self._ids
        assert found["silent"] == []
        for node, one in self._ids.items():
            assert self._api.get(f"{self._path}/{one}").json["node"] == node
            assert self._api.patch(f"{self._path}/{one}", {"read": True}).json["read"] is True
        elsewhere = self._api.get(f"{self._path}/{self._ids['two']}/audio")
        assert elsewhere.status == 404 and "node two" in elsewhere.json["detail"]

    def check_one(self):
        """The other one is away, and so are its messages: that is not that they are not there."""
        found = self._api.get(self._path).json
        assert [item["id"] for item in found["items"]] == [self._ids["one"]]
        assert found["silent"] == ["two"]
        assert self._api.get(f"{self._path}/{self._ids['one']}").json["read"] is True
        for refused in (self._api.get(f"{self._path}/{self._ids['two']}"),
                        self._api.delete(f"{self._path}/{self._ids['two']}")):
            assert refused.status == 503 and "two" in refused.json["detail"]
        self._api.close()


def test_new_callers_of_a_queue_are_served_by_the_other_node(nodes):
    platform, second = nodes
    tenant = Tenant(platform)
    phones = [Phone(platform, user, "a.test", db.password(user, "a.test"))
              for user in ("1001", "1002")]
    try:
        for phone in phones:
            phone.register()
        lives_on = {}
        for number in QUEUES:
            tenant.queue(number, ["1002"], strategy="top_down")
            _, call = serve(*phones, number)
            record = platform.db.wait_for_cdr(call.call_id)
            lives_on[record["node"]] = number
            if len(lives_on) == 2:
                break
        assert lives_on.keys() == {"one", "two"}, lives_on
        messages = Messages(platform, second)
        messages.check_both()
        second.kill()
        took, call = serve(*phones, lives_on["two"])
        assert took < SERVED_WITHIN
        record = platform.db.wait_for_cdr(call.call_id)
        assert record["node"] == "one" and record["callee_reached"] == "1002"
        messages.check_one()
        # The edge knows now, and does not try it again.
        took, _ = serve(*phones, lives_on["two"])
        assert took < SERVED_WITHIN
    finally:
        for phone in phones:
            phone.close()
