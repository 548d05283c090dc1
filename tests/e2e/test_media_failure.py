"""Two media nodes, one of which is killed."""

import time

import pytest

from lib import db
from lib.calls import BYE, TAKE, end
from lib.media_node import NODE, MediaNode
from lib.phone import Phone, hear_each_other
from lib.platform import TestPlatform
from lib.tenant import Tenant

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
        second.kill()
        took, call = serve(*phones, lives_on["two"])
        assert took < SERVED_WITHIN
        record = platform.db.wait_for_cdr(call.call_id)
        assert record["node"] == "one" and record["callee_reached"] == "1002"
        # The edge knows now, and does not try it again.
        took, _ = serve(*phones, lives_on["two"])
        assert took < SERVED_WITHIN
    finally:
        for phone in phones:
            phone.close()
