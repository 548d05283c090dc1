"""Queues and conferences, on the media server; what the edge does for both."""

import socket
import threading
import time

import pytest

from lib import records
from lib import scenario as sip
from lib.phone import hear_each_other

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("quiet")]

# Seconds that a queue may take until it rings a member: one who did not take a call rests first.
OFFERED_WITHIN = 15


@pytest.fixture(name="served")
def skip_where_not_served(platform):
    """Only FreeSWITCH has queues and conferences so far."""
    if platform.deployment.media_server != "freeswitch":
        pytest.skip("Asterisk has no queues and conferences yet")


class Tenant:
    """Makes queues and conferences of a tenant."""

    def __init__(self, db, domain="a.test"):
        self._db = db
        self._id = db.value("SELECT id FROM voip.domains WHERE name = %s", domain)

    def queue(self, number, *levels, **columns):
        """A queue behind a number; `levels` are lists of users, the first one's first."""
        names = {"name": number, "wrap_up_s": 1, **columns}
        queue = self._db.value(
            f"INSERT INTO voip.queues (domain_id, {', '.join(names)}) "
            f"VALUES (%s{', %s' * len(names)}) RETURNING id", self._id, *names.values())
        for level, users in enumerate(levels, 1):
            for position, user in enumerate(users, 1):
                self._db.rows(
                    "INSERT INTO voip.queue_members (domain_id, queue_id, user_id, level, position)"
                    " SELECT domain_id, %s, id, %s, %s FROM voip.users "
                    "WHERE domain_id = %s AND username = %s",
                    queue, level, position, self._id, user)
        self._number(number, "queue", queue)
        return queue

    def conference(self, number, **columns):
        """A conference behind a number."""
        names = {"name": number, **columns}
        conference = self._db.value(
            f"INSERT INTO voip.conferences (domain_id, {', '.join(names)}) "
            f"VALUES (%s{', %s' * len(names)}) RETURNING id", self._id, *names.values())
        self._number(number, "conference", conference)
        return conference

    def _number(self, number, kind, ref):
        self._db.rows(f"INSERT INTO voip.extensions (domain_id, number, type, {kind}_id) "
                      "VALUES (%s, %s, %s, %s)", self._id, number, kind, ref)

    def extension(self, number):
        return self._db.value("SELECT id FROM voip.extensions WHERE domain_id = %s AND number = %s",
                              self._id, number)


@pytest.fixture(scope="module", name="numbers", autouse=True)
def make_numbers(platform):
    """
    8001: 1002, who has a voicemail on no answer, for ever.   8002: 1002, then 1003, for 6 s.
    8003: nobody, else 1003.   8004: 1002 for 3 s, else 1003.   8005: nobody, for 3 s.
    8007: 1002 and 1003 at once.   8008: 1003.
    8100: open conference.   8101: of two with PINs.   b.test has 8100, too.
    """
    tenant = Tenant(platform.db)
    spare = tenant.extension("1003")
    tenant.queue("8001", ["1002"], ring_s=30)
    tenant.queue("8002", ["1002"], ["1003"], strategy="top_down", ring_s=5)
    tenant.queue("8003", no_agent_to=spare)
    tenant.queue("8004", ["1002"], max_wait_s=3, ring_s=30, timeout_to=spare)
    tenant.queue("8005", max_wait_s=3)
    tenant.queue("8007", ["1002", "1003"], strategy="ring_all")
    tenant.queue("8008", ["1003"])
    tenant.conference("8100")
    tenant.conference("8101", pin="4711", moderator_pin="08150", max_members=2, announce=False)
    Tenant(platform.db, "b.test").conference("8100")
    for number in ("8001", "8002", "8003", "8004", "8005", "8007", "8008", "8100", "8101"):
        platform.edge.wait_until_gone("ext_miss", f"a.test:{number}")


# ---- queues

@pytest.mark.service
def test_caller_waits_with_music_and_is_served(platform, phone, served):
    caller, member = phone("1001"), phone("1002")
    # Longer than the number's own ring time, after which voicemail answers: not here.
    there = member.wait_call(sip.ring(), sip.pause(3000), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8001", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    there.wait("ringing", OFFERED_WITHIN)
    assert "sip:1001@a.test" in there.messages()
    assert "X-VOIP-" not in there.messages()
    caller.rtp.wait_for_sound(2)
    there.wait("answered")
    hear_each_other(caller, member)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", reached="1002",
                  service="queue", source="freeswitch")


def test_member_hangs_up(platform, phone, served):
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("8001", sip.is_answered(), sip.is_asked("BYE"))
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, member)
    there.go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", reached="1002",
                  service="queue", side="callee")


def test_caller_gives_up(platform, phone, served):
    """A member's phone that rings stops ringing."""
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("8001", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", service="queue")


def test_next_member_when_the_first_is_busy(platform, phone, served):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.refuse(486, "Busy Here"))
    there = second.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    here.wait("refused", OFFERED_WITHIN)
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, second)
    here.finish()
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8002", reached="1003",
                  service="queue")


def test_next_member_when_the_first_does_not_answer(platform, phone, served):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8002", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    here.wait("ringing", OFFERED_WITHIN)
    began = time.monotonic()
    here.wait("cancelled", OFFERED_WITHIN)
    assert 4 < time.monotonic() - began < 8
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, second)
    here.finish()
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8002", reached="1003",
                  service="queue")


def test_all_members_ring_at_once(platform, phone, served):
    caller, first, second = phone("1001"), phone("1002"), phone("1003")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    there = second.wait_call(sip.ring(), sip.pause(1000), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8007", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    here.wait("ringing", OFFERED_WITHIN)
    there.wait("answered")
    here.finish()
    call.wait("answered")
    hear_each_other(caller, second)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8007", reached="1003",
                  service="queue")


def test_member_transfers_the_caller(platform, phone, served):
    caller, member, third = phone("1001"), phone("1002"), phone("1003")
    there = member.wait_call(
        sip.ring(), sip.answer(), sip.wait_for_go(),
        sip.called_request("REFER", 1, "Refer-To: <sip:1003@a.test>", code=202),
        sip.is_asked("NOTIFY"), sip.is_asked("BYE"))
    then = third.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8001", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, member)
    there.go()
    then.wait("answered")
    hear_each_other(caller, third)
    call.go().finish()
    then.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8001", reached="1003",
                  service="queue")


@pytest.mark.parametrize("number", ["8003", "8004"], ids=["nobody there", "waited too long"])
def test_caller_goes_elsewhere(platform, phone, served, number):
    caller, spare = phone("1001"), phone("1003")
    there = spare.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered", 40)
    call.wait("answered")
    hear_each_other(caller, spare)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee=number, reached="1003",
                  service="queue")


def test_caller_waited_too_long_and_there_is_nowhere_to_go(platform, phone, served):
    call = phone("1001").call("8005", sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered").finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8005", service="queue",
                  side="system", cause="NO_ANSWER")


def test_new_member_is_rung(platform, phone, served):
    """A queue that had nobody gets somebody, by SQL, while a caller waits."""
    Tenant(platform.db).queue("8006")
    platform.edge.wait_until_gone("ext_miss", "a.test:8006")
    caller, member = phone("1001"), phone("1003")
    there = member.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8006", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    platform.db.rows("INSERT INTO voip.queue_members (domain_id, queue_id, user_id) "
                     "SELECT q.domain_id, q.id, u.id FROM voip.queues q "
                     "JOIN voip.users u USING (domain_id) "
                     "WHERE q.name = '8006' AND u.username = '1003'")
    there.wait("answered", OFFERED_WITHIN)
    hear_each_other(caller, member)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8006", reached="1003",
                  service="queue")


# ---- while `dialplane serve` is away

@pytest.fixture(name="without_serve")
def stop_serve(platform):
    """Returns what stops it; it runs again after the test."""
    yield lambda: platform.supervisor.stop_process("serve")
    platform.supervisor.start("serve")
    platform.wait_until_healthy()


def test_queue_goes_on_without_serve(platform, phone, served, without_serve):
    """Once a node has a queue, it needs nobody to serve it."""
    caller, member = phone("1001"), phone("1003")
    call = caller.call("8008", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there = member.wait_call(sip.ring(), sip.is_cancelled())
    there.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    there.finish()
    without_serve()
    there = member.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call("8008", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    hear_each_other(caller, member)
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8008", reached="1003",
                  service="queue")


@pytest.mark.service
def test_conference_without_serve_is_an_announcement(platform, phone, served, without_serve):
    """Nobody gets into a conference whose PIN is not known."""
    caller = phone("1001")
    without_serve()
    call = enter(caller, "8101", ending=IS_SENT_AWAY)
    caller.rtp.wait_for_sound()
    call.finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="8101", service="conference",
                  side="system", cause="NETWORK_OUT_OF_ORDER")


# ---- conferences

LEAVES = (sip.wait_for_go(), sip.request("BYE", 3))
IS_SENT_AWAY = (sip.is_asked("BYE"),)


def enter(phone_, number, pin="", ending=LEAVES):
    """Calls a conference and, where it has a PIN, enters that."""
    call = phone_.call(number, sip.is_answered(), *ending)
    call.wait("answered")
    if pin:
        phone_.rtp.wait_for_sound(10)
        phone_.rtp.press(pin + "#")
    return call


@pytest.mark.service
def test_three_hear_each_other(platform, phone, served):
    phones = {440: phone("1001"), 620: phone("1002"), 860: phone("1003")}
    calls = [enter(one, "8100") for one in phones.values()]
    for frequency, one in phones.items():
        one.rtp.tone(frequency)
    for frequency, one in phones.items():
        one.rtp.wait_for_tones(*(phones.keys() - {frequency}), timeout=15)
    for call in calls:
        call.go().finish()
    for call, user in zip(calls, ("1001", "1002", "1003"), strict=True):
        records.check(platform.db.wait_for_cdr(call.call_id), caller=user, callee="8100",
                      service="conference", source="freeswitch")


def test_conference_of_the_other_tenant(phone, served):
    """The same number of another tenant is another room."""
    one, other = phone("1001"), phone("1001", "b.test")
    calls = [enter(one, "8100"), enter(other, "8100")]
    one.rtp.tone(440)
    other.rtp.tone(620)
    for _ in range(2):
        time.sleep(2)
        with pytest.raises(AssertionError):
            other.rtp.wait_for_tone(440, 1)
        with pytest.raises(AssertionError):
            one.rtp.wait_for_tone(620, 1)
    for call in calls:
        call.go().finish()


def test_pin(platform, phone, served):
    """A wrong one is refused, both right ones are not; a new one counts for the next caller."""
    one, other, stranger = phone("1001"), phone("1002"), phone("1003")
    call = enter(stranger, "8101", ending=IS_SENT_AWAY)
    for _ in range(3):
        stranger.rtp.wait_for_sound(15)
        stranger.rtp.wait_for_silence(0.6, 20)
        stranger.rtp.press("1111#")
    call.finish(40)
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8101",
                  service="conference", side="system")

    calls = [enter(one, "8101", "4711"), enter(other, "8101", "08150")]
    one.rtp.tone(440)
    other.rtp.tone(620)
    other.rtp.wait_for_tone(440, 20)
    one.rtp.wait_for_tone(620, 20)

    # Two are in, and that is all of them.
    call = enter(stranger, "8101", "4711", IS_SENT_AWAY).finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), caller="1003", callee="8101",
                  service="conference", side="system")
    for each in calls:
        each.go().finish()


def test_changed_pin(platform, phone, served):
    """A PIN that is changed counts for the next caller, also while somebody is in the conference."""
    number = "8102"
    Tenant(platform.db).conference(number, pin="1234", announce=False)
    platform.edge.wait_until_gone("ext_miss", f"a.test:{number}")
    one, other = phone("1001"), phone("1002")
    calls = [enter(one, number, "1234")]
    one.rtp.tone(440)
    # Alone in there: whoever comes later hears the tone.
    platform.db.rows("UPDATE voip.conferences SET pin = '98765' WHERE name = %s", number)
    time.sleep(0.1)
    calls.append(enter(other, number, "1234"))
    with pytest.raises(AssertionError):
        other.rtp.wait_for_tone(440, 6)
    other.rtp.wait_for_silence(0.6, 20)
    other.rtp.press("98765#")
    other.rtp.wait_for_tone(440, 20)
    for each in calls:
        each.go().finish()


# ---- what the edge does

class Node(threading.Thread):
    """A media node that is well and answers every call with 486; its calls are counted."""

    def __init__(self):
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.uri = f"sip:127.0.0.1:{self._socket.getsockname()[1]}"
        self.calls = set()
        self.is_well = True
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
            reply = ["SIP/2.0 486 Busy Here" if method == "INVITE" else "SIP/2.0 200 OK",
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


@pytest.mark.edge
def test_one_queue_lives_on_one_node(phone, nodes):
    """All callers of a queue or a conference meet; menus are spread; a node that is down is not asked."""
    caller = phone("1001")

    def call(number, times):
        for node in nodes:
            node.calls.clear()
        for _ in range(times):
            caller.call(number, sip.is_refused(486)).finish()
        return [len(node.calls) for node in nodes]

    homes = {}
    for number in ("8001", "8002", "8003", "8100", "8101"):
        counts = call(number, 3)
        assert sorted(counts) == [0, 0, 3], (number, counts)
        homes[number] = counts.index(3)
    assert len(set(homes.values())) > 1, homes
    assert call("8000", 3) == [1, 1, 1]

    nodes[homes["8100"]].is_well = False
    counts = call("8100", 3)
    assert sorted(counts) == [0, 0, 3] and counts[homes["8100"]] == 0
    nodes[homes["8100"]].is_well = True


@pytest.mark.edge
@pytest.mark.parametrize("number", ["8001", "8100"])
def test_asterisk_announces_what_it_has_not(platform, phone, number):
    if platform.deployment.media_server != "asterisk":
        pytest.skip("only Asterisk")
    caller = phone("1001")
    call = caller.call(number, sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    call.finish(30)
    records.check(platform.db.wait_for_cdr(call.call_id), callee=number, side="system",
                  service="queue" if number == "8001" else "conference",
                  cause="NETWORK_OUT_OF_ORDER", source="asterisk")
