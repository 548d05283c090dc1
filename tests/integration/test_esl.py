"""Queues of a real FreeSWITCH, which `dialplane serve` keeps as they are in SQL."""

import time

import pytest

from esl import NOTICED_WITHIN, channels, is_away, is_current, metric
from serve import SOON, configuration, is_listening, until

RUNNING = ("freeswitch", "serve")


class Queue:
    """A queue of a.test with members, and a caller who waits in it: it is loaded."""

    def __init__(self, db, serve, freeswitch, *members):
        self._db = db
        self._freeswitch = freeswitch
        self._domain = db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
        self.id = db.value("INSERT INTO voip.queues (domain_id, name) "
                           "VALUES (%s, gen_random_uuid()::text) RETURNING id", self._domain)
        self.name = f"{self.id}@a.test"
        for member in members:
            self.add(member)
        self._serve = serve
        self.wait_for_document(lambda document: len(list(document.iter("tier"))) == len(members))

    def wait_for_document(self, condition):
        """Until `serve` has what the node is to be given."""
        asked = configuration("callcenter.conf", CC_Queue=self.name)
        until(lambda: (served := self._serve.document("configuration", asked)) is not None
              and condition(served))

    def add(self, member, level=1):
        self._db.rows("INSERT INTO voip.queue_members (domain_id, queue_id, user_id, level) "
                      "SELECT domain_id, %s, id, %s FROM voip.users "
                      "WHERE domain_id = %s AND username = %s",
                      self.id, level, self._domain, member)

    def send_on(self, max_wait_s=0):
        """Who finds nobody here goes to 1003."""
        self._db.rows("UPDATE voip.queues SET max_wait_s = %s, no_agent_to = (SELECT id FROM "
                      "voip.extensions WHERE number = '1003' AND domain_id = %s) WHERE id = %s",
                      max_wait_s, self._domain, self.id)
        self.wait_for_document(lambda document: document.find(
            ".//param[@name='max-wait-time-with-no-agent']").get("value") != "0")

    def remove(self, member):
        self._db.rows("DELETE FROM voip.queue_members m USING voip.users u "
                      "WHERE u.id = m.user_id AND queue_id = %s AND username = %s",
                      self.id, member)

    def delete(self):
        self._db.rows("DELETE FROM voip.queues WHERE id = %s", self.id)

    def set_agent(self, user, status):
        """As the feature codes do."""
        self._db.rows("INSERT INTO voip.queue_agents (domain_id, user_id, status) "
                      "SELECT domain_id, id, %s FROM voip.users WHERE domain_id = %s "
                      "AND username = %s ON CONFLICT (user_id) DO UPDATE "
                      "SET status = excluded.status", status, self._domain, user)

    def status(self, user):
        return self.agents()[user]["status"]

    def call(self):
        """A caller who waits."""
        return self._freeswitch.originate("x=1", "1", f"callcenter({self.name})")

    def loaded(self):
        """Its row, None when FreeSWITCH does not have it."""
        return next((row for row in self._freeswitch.callcenter("queue", "list")
                     if row["name"] == self.name), None)

    def tiers(self):
        """{user: (level, position)}"""
        return {row["agent"].removesuffix("@a.test"): (int(row["level"]), int(row["position"]))
                for row in self._freeswitch.callcenter("queue", "list", "tiers", self.name)}

    def agents(self):
        """{user: row}, of all agents of the tenant."""
        return {row["name"].removesuffix("@a.test"): row
                for row in self._freeswitch.callcenter("agent", "list")
                if row["name"].endswith("@a.test")}


@pytest.fixture
def make_queue(db, serve, freeswitch):
    made = []

    def make(*members):
        made.append(Queue(db, serve, freeswitch, *members))
        return made[-1]
    yield make
    freeswitch.api("hupall")
    db.rows("DELETE FROM voip.queue_agents")
    for queue in made:
        queue.delete()


def live(condition):
    """Waits; says so when it took longer than a notice does."""
    took = until(condition)
    assert took < SOON, f"only after {took:.3f} s"


def test_first_caller_finds_agents(make_queue):
    queue = make_queue("1001", "1002")
    assert queue.loaded() is None
    queue.call()
    # As long as a caller stays who leaves when nobody is there.
    assert until(lambda: queue.tiers() == {"1001": (1, 1), "1002": (1, 1)}) < SOON
    agent = queue.agents()["1001"]
    assert agent["status"] == "Available"
    assert (agent["type"], agent["wrap_up_time"], agent["max_no_answer"]) == ("callback", "10", "0")
    assert "leg_timeout=20," in agent["contact"]
    assert agent["contact"].endswith("sofia/edge/sip:1001@a.test;fs_path=sip:${dp_edge_inside}")


def test_first_caller_waits_for_agents(make_queue, freeswitch):
    """A queue is loaded without them: they have some time to come before its caller leaves."""
    queue = make_queue("1001")
    queue.set_agent("1001", "logged_out")
    queue.send_on()
    for _ in "first", "of a queue that is known to be empty":
        assert 2 < how_long(freeswitch, queue.call()) < 5


def test_nobody_there_comes_before_too_long_a_wait(make_queue, freeswitch):
    queue = make_queue()
    queue.send_on(max_wait_s=3)
    assert how_long(freeswitch, queue.call()) < 2.5


def how_long(freeswitch, uuid):
    """Seconds until the call has gone."""
    return until(lambda: freeswitch.api(f"uuid_exists {uuid}") == "false", 10)


def test_queue_that_is_not_loaded_stays_so(make_queue):
    queue = make_queue("1001")
    queue.add("1002")
    other = make_queue("1001")
    other.call()
    live(lambda: other.tiers() == {"1001": (1, 1)})
    assert queue.loaded() is None and queue.tiers() == {}


def test_agents_act(make_queue, freeswitch):
    """Who pauses, goes and comes back, in all of his queues; what the node itself says is nothing."""
    queue, other = make_queue("1001", "1002"), make_queue("1001")
    queue.set_agent("1001", "logged_out")
    queue.call()
    other.call()
    until(lambda: len(queue.tiers()) == 2 and other.tiers())
    live(lambda: queue.status("1001") == "Logged Out" and queue.status("1002") == "Available")
    for status, name in (("available", "Available"), ("paused", "On Break"),
                         ("logged_out", "Logged Out"), ("paused", "On Break")):
        queue.set_agent("1001", status)
        live(lambda wanted=name: queue.status("1001") == wanted)
    freeswitch.api("callcenter_config agent set status 1001@a.test Available")
    queue.set_agent("1002", "paused")
    live(lambda: queue.status("1001") == queue.status("1002") == "On Break")


def test_members_come_and_go(make_queue):
    queue = make_queue("1001")
    queue.set_agent("1001", "logged_out")
    queue.call()
    until(lambda: queue.tiers() == {"1001": (1, 1)})
    queue.add("1003", 2)
    live(lambda: queue.tiers() == {"1001": (1, 1), "1003": (2, 1)})
    queue.remove("1003")
    live(lambda: queue.tiers() == {"1001": (1, 1)})
    live(lambda: "1003" not in queue.agents())
    # Nobody has logged him in again meanwhile.
    assert queue.status("1001") == "Logged Out"


def test_levels_and_times_change(make_queue, db):
    queue = make_queue("1001", "1002")
    queue.call()
    until(lambda: len(queue.tiers()) == 2)
    db.rows("UPDATE voip.queue_members m SET level = 3, position = 7 FROM voip.users u "
            "WHERE u.id = user_id AND queue_id = %s AND username = '1002'", queue.id)
    live(lambda: queue.tiers() == {"1001": (1, 1), "1002": (3, 7)})
    db.rows("UPDATE voip.queues SET ring_s = 44, wrap_up_s = 3 WHERE id = %s", queue.id)
    live(lambda: all("leg_timeout=44," in queue.agents()[user]["contact"]
                     and queue.agents()[user]["wrap_up_time"] == "3" for user in queue.tiers()))


def test_parameters_change_when_nobody_is_there(make_queue, db, platform, serve, freeswitch):
    """Not before: a queue that is unloaded is freed, whoever may be using it."""
    queue = make_queue("1001")
    uuid = queue.call()
    until(lambda: queue.tiers() == {"1001": (1, 1)})
    loaded = queue.loaded()
    assert (loaded["strategy"], loaded["max_wait_time"]) == ("longest-idle-agent", "0")
    db.rows("UPDATE voip.queues SET strategy = 'random', max_wait_s = 900, music = 'moh/x', "
            "no_agent_to = (SELECT id FROM voip.extensions WHERE domain_id = queues.domain_id "
            "AND number = '1003') WHERE id = %s", queue.id)
    queue.add("1002")
    live(lambda: len(queue.tiers()) == 2)
    assert queue.loaded()["strategy"] == "longest-idle-agent"
    # Who waits, waits on.
    until(lambda: [channel["uuid"] for channel in channels(platform)] == [uuid])
    freeswitch.api(f"uuid_kill {uuid}")
    until(lambda: (queue.loaded() or loaded)["strategy"] == "random", 20)
    loaded = queue.loaded()
    assert [loaded[name] for name in ("max_wait_time", "moh_sound", "max_wait_time_with_no_agent")
            ] == ["900", "moh/x.wav", "2"]
    assert len(queue.tiers()) == 2
    # It is as it should be: nobody goes on asking.
    until(lambda: is_current(serve))
    commands = metric(serve, "commands_total")
    time.sleep(1)
    assert metric(serve, "commands_total") - commands < 10


def test_what_has_not_changed_is_left_alone(make_queue, serve, freeswitch):
    """Counts of a queue are lost when it is loaded again."""
    queue = make_queue("1001")
    uuid = queue.call()
    until(lambda: queue.tiers() == {"1001": (1, 1)})
    freeswitch.api(f"uuid_kill {uuid}")
    until(lambda: queue.loaded()["calls_abandoned"] == "1")
    queue.add("1002")
    live(lambda: len(queue.tiers()) == 2)
    queue.call()
    until(lambda: is_current(serve))
    assert queue.loaded()["calls_abandoned"] == "1"


def test_user_is_disabled(make_queue, db):
    queue = make_queue("1001", "1002")
    queue.call()
    until(lambda: len(queue.tiers()) == 2)
    disable = ("UPDATE voip.users u SET enabled = %s FROM voip.domains d "
               "WHERE d.id = domain_id AND d.name = 'a.test' AND username = '1002'")
    db.rows(disable, False)
    try:
        live(lambda: queue.tiers() == {"1001": (1, 1)})
        assert "1002" not in queue.agents()
    finally:
        db.rows(disable, True)
    live(lambda: len(queue.tiers()) == 2)


def test_queue_is_deleted(make_queue, freeswitch):
    queue, other = make_queue("1001", "1002"), make_queue("1002")
    uuid = queue.call()
    other.call()
    until(lambda: len(queue.tiers()) == 2 and other.tiers())
    queue.delete()
    live(lambda: queue.tiers() == {} and "1001" not in queue.agents())
    assert queue.loaded()
    freeswitch.api(f"uuid_kill {uuid}")
    until(lambda: queue.loaded() is None, 20)
    assert other.tiers() == {"1002": (1, 1)} and "1002" in queue.agents()


def test_agents_of_somebody_else_stay(make_queue, freeswitch):
    queue = make_queue("1001")
    queue.call()
    until(lambda: queue.tiers())
    freeswitch.api("callcenter_config agent add supervisor callback")
    freeswitch.api(f"callcenter_config tier add {queue.name} supervisor")
    queue.add("1002")
    live(lambda: queue.tiers().keys() == {"1001", "1002", "supervisor"})
    freeswitch.api("callcenter_config agent del supervisor")


def test_changes_while_serve_was_away(make_queue, platform, serve, freeswitch, db):
    queue, gone = make_queue("1001", "1002"), make_queue("1003")
    queue.call()
    gone.call()
    until(lambda: len(queue.tiers()) == 2 and gone.tiers())
    platform.supervisor.stop_process("serve")
    freeswitch.api("hupall")
    queue.add("1003", 2)
    queue.remove("1002")
    gone.delete()
    db.rows("UPDATE voip.queues SET max_wait_s = 800 WHERE id = %s", queue.id)
    platform.supervisor.start("serve")
    until(lambda: is_listening(platform, "control.documents_port"))
    until(lambda: is_current(serve))
    assert queue.tiers() == {"1001": (1, 1), "1003": (2, 1)}
    assert "1002" not in queue.agents()
    until(lambda: gone.loaded() is None
          and (queue.loaded() or {}).get("max_wait_time") == "800", 20)


def test_changes_that_nobody_notified(make_queue, serve, db):
    """serve has lost its connection to the database, and with it the notices."""
    queue = make_queue("1001", "1002")
    queue.call()
    until(lambda: len(queue.tiers()) == 2)
    db.rows("ALTER ROLE dialplane_control NOLOGIN")
    try:
        db.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = 'dialplane_control'")
        until(lambda: serve.health()[1]["database"] == "away")
        queue.remove("1002")
    finally:
        db.rows("ALTER ROLE dialplane_control LOGIN")
    assert len(queue.tiers()) == 2
    until(lambda: queue.tiers() == {"1001": (1, 1)})


def test_changes_while_freeswitch_was_away(make_queue, platform, serve, freeswitch):
    """Who has a pause since has it; whoever is no member any more is none."""
    queue = make_queue("1001", "1002", "1003")
    queue.call()
    until(lambda: len(queue.tiers()) == 3)
    queue.set_agent("1003", "paused")
    live(lambda: queue.status("1003") == "On Break")
    platform.supervisor.stop_process("freeswitch")
    queue.set_agent("1001", "paused")
    queue.set_agent("1003", "available")
    queue.remove("1002")
    until(lambda: is_away(serve), NOTICED_WITHIN)
    platform.supervisor.start("freeswitch")
    until(lambda: is_current(serve), 60)
    # Before the first caller comes, who could ring somebody.
    assert {user: row["status"] for user, row in queue.agents().items()} == {
        "1001": "On Break", "1003": "Available"}
    assert "+OK" in freeswitch.api("load mod_loopback")
    queue.call()
    until(lambda: queue.tiers() == {"1001": (1, 1), "1003": (1, 1)})
    assert queue.status("1001") == "On Break"
