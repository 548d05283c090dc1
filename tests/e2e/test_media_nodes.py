"""Which media node gets a call, and what it says of services that it has not."""

import socket
import threading
import time

import pytest

from lib import records
from lib import scenario as sip
from lib.explain import explain, steps
from lib.tenant import Tenant

pytestmark = pytest.mark.edge


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """Queues, conferences and a group with nobody in them."""
    tenant = Tenant(platform)
    for number in ("8201", "8202", "8203"):
        tenant.queue(number)
    for number in ("8301", "8302"):
        tenant.conference(number)
    tenant.ring_group("8750")


class Node(threading.Thread):
    """A media node that is well and answers every call with the same; its calls are counted."""

    def __init__(self):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.uri = f"sip:127.0.0.1:{self._socket.getsockname()[1]}"
        self.calls = set()
        self.is_well = True
        self.answer = ["486 Busy Here"]      # status, headers
        self.start()

    def run(self):
        while True:
            try:
                text, source = self._socket.recvfrom(65536)
            except OSError:
                return
            lines = text.decode().split("\r\n")
            method = lines[0].split()[0]
            if method == "ACK" or not self.is_well:
                continue
            if method == "INVITE":
                self.calls.add(next(line for line in lines if line.startswith("Call-ID")))
            keep = ("via:", "from:", "to:", "call-id:", "cseq:")
            status, *headers = self.answer if method == "INVITE" else ["200 OK"]
            reply = [f"SIP/2.0 {status}", *headers,
                     *[line + (";tag=1" if line.startswith("To:") else "") for line in lines[1:]
                       if line.lower().startswith(keep)], "Content-Length: 0", "", ""]
            try:
                self._socket.sendto("\r\n".join(reply).encode(), source)
            except OSError:
                return

    def close(self):
        self._socket.close()


def set_media_nodes(platform, text):
    """Gives the edge another list of media nodes. It takes one every five seconds."""
    platform.state.run(["sh", "-c", f"printf '%s' '{text}' >etc/kamailio/dispatcher.list"])
    deadline = time.monotonic() + 10
    while platform.edge.call("dispatcher.reload") is None:
        assert time.monotonic() < deadline, "the edge takes no other media nodes"
        time.sleep(0.2)


@pytest.fixture(name="nodes")
def replace_media_nodes(platform):
    """Three media nodes of the test instead of the real one."""
    before = (platform.state / "etc/kamailio/dispatcher.list").read_text(encoding="ascii")
    made = [Node() for _ in range(3)]
    set_media_nodes(platform, "".join(f"1 {node.uri}\n" for node in made))
    yield made
    set_media_nodes(platform, before)
    for node in made:
        node.close()


def test_one_queue_lives_on_one_node(platform, phone, nodes):
    """
    All callers of a queue or a conference meet, where explain says; menus are spread; a node that is down
    is not asked.
    """
    caller = phone("1001")

    def call(number, times):
        for node in nodes:
            node.calls.clear()
        for _ in range(times):
            caller.call(number, sip.is_refused(486)).finish()
        return [len(node.calls) for node in nodes]

    def explained(number):
        """Which of the nodes it is said to be, by all means."""
        text = steps(explain(platform, "1001@a.test", number), "media")[0]
        return [n for n, node in enumerate(nodes) if f"{node.uri}, by the hash" in text]

    homes, expected = {}, {}
    for number in ("8201", "8202", "8203", "8301", "8302"):
        expected[number] = explained(number)
        counts = call(number, 3)
        assert sorted(counts) == [0, 0, 3], (number, counts)
        homes[number] = counts.index(3)
    assert expected == {number: [home] for number, home in homes.items()}
    assert len(set(homes.values())) > 1, homes
    assert call("8000", 3) == [1, 1, 1]

    nodes[homes["8301"]].is_well = False
    counts = call("8301", 3)
    assert sorted(counts) == [0, 0, 3] and counts[homes["8301"]] == 0
    assert explained("8301") == [counts.index(3)]
    nodes[homes["8301"]].is_well = True


@pytest.mark.parametrize("headers, asked", [
    (["Reason: Q.850;cause=34"], 1),      # what another number has answered, in the words of the node
    (["Retry-After: 300"], 3),            # the node itself
])
def test_refusal_of_a_node_and_of_whom_it_calls(platform, phone, nodes, headers, asked):
    """A group whose member or target is refused has been rung: no other node rings it again."""
    for node in nodes:
        node.answer = ["503 Service Unavailable", *headers]
    call = phone("1001").call("8750", sip.is_refused(503)).finish()
    assert sum(len(node.calls) for node in nodes) == asked
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8750", service="ring_group",
                  code=503, answered=False, cause="NORMAL_TEMPORARY_FAILURE",
                  side="callee" if asked == 1 else "system")
