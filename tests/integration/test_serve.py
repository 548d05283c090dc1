"""`dialplane serve` with a real PostgreSQL: what it answers, also with the database away."""

import base64
import concurrent.futures
import os
import re
import shutil
import signal
import socket
import time
import urllib.parse

import pytest

from lib import db as tenants
from serve import PIN_HA1, configuration, directory, form, is_listening, menu_of, set_email, until

# ---------------------------------------------------------------- documents for FreeSWITCH

def test_user(serve):
    params = serve.user("1001", "a.test", action="voicemail-lookup")
    assert params["a1-hash"] == tenants.md5("1001", "a.test",
                                            tenants.password("1001", "a.test"))
    assert params["vm-a1-hash"] == PIN_HA1
    assert params["vm-enabled"] == "true"
    assert serve.user("1001", "b.test")["a1-hash"] != params["a1-hash"]
    for action in ("sip_auth", "message-count", "user_call"):
        assert serve.user("1001", "a.test", action=action) == params


def test_user_not_found(serve):
    assert serve.user("9999", "a.test") is None
    assert serve.user("1001", "c.test") is None
    assert serve.user("1001&x=", "a.test") is None
    for purpose in ("gateways", "network-list"):
        assert serve.user("1001", "c.test", purpose=purpose) is None
        assert len(serve.document("directory",
                                  directory("a.test", purpose=purpose)).find(".//domain")) == 0


def test_menu(serve, db):
    menu_id = menu_of(db, "a.test")
    attributes, entries = serve.menu(menu_id, "a.test")
    assert attributes["name"] == f"a.test/{menu_id}"
    assert attributes["timeout"] == "3000"
    assert entries["1"] == "transfer key-1-1001 XML services"
    # The other tenant's menu, by its right number under the wrong name.
    assert serve.menu(menu_of(db, "b.test"), "a.test") is None


@pytest.mark.parametrize("name", ["sofia.conf", "acl.conf", "conference.conf", "callcenter.conf"])
def test_other_configuration(serve, name):
    assert serve.document("configuration", configuration(name)) is None


def test_other_sections(serve):
    body = form([("hostname", "one"), ("section", "dialplan"), ("tag_name", ""),
                 ("key_name", ""), ("key_value", "")],
                {"Event_Name": "REQUEST_PARAMS",
                 **{f"variable_{number}": "x" * 30 for number in range(200)}})
    assert serve.document("dialplan", body) is None


def test_injection_is_refused(serve):
    """What an unauthenticated phone could put into a request (as measured with FreeSWITCH)."""
    realm = "test.local&section=dialplan&user=admin%26x"
    status, _ = serve.post("/fs/xml/directory", directory(
        "test.local&section=dialplan&user=admin&x", realm, user="1001&evil=1", key="id"))
    assert status == 400
    status, _ = serve.post("/fs/xml/directory",
                           directory("a.test", "a.test&user=1002", user="1001", key="id"))
    assert status == 400
    assert serve.document("directory", directory("a.test", "b.test", user="1001", key="id")) is None


def test_credentials_are_needed(serve):
    body = directory("a.test", user="1001", key="id")
    assert serve.ask("POST", "/fs/xml/directory", body)[0] == 401
    wrong = "Basic " + base64.b64encode(b"media:wrong").decode()
    assert serve.ask("POST", "/fs/xml/directory", body, Authorization=wrong)[0] == 401


def test_large_bodies_are_refused(serve):
    # Announced and not sent: the answer comes before the body.
    assert serve.ask("POST", "/fs/xml/directory", Authorization=serve.authorization,
                     **{"Content-Length": str(1 << 20)})[0] == 413
    assert serve.post("/fs/xml/directory", "a&" * 5000)[0] == 400
    assert serve.user("1001", "a.test")


def test_values_that_freeswitch_would_expand(serve, db):
    """What is no plain address is not given: FreeSWITCH hands it to a shell."""
    for address in ("a;id@x.test", "${system(id)}@x.test", "$${default_password}@x.test",
                    "<X-PRE-PROCESS/>@x.test", "`id`@x.test", "a@b|c"):
        set_email(db, "1002", "a.test", address)
        until(lambda: "vm-mailto" not in serve.user("1002", "a.test"))
        set_email(db, "1002", "a.test", "plain@x.test")
        until(lambda: serve.user("1002", "a.test").get("vm-mailto") == "plain@x.test")


# ---------------------------------------------------------------- Asterisk

def test_realtime(serve, db):
    def single(body):
        status, text = serve.post("/ast/realtime/voicemail/single", body)
        assert status == 200
        return dict(urllib.parse.parse_qsl(text, strict_parsing=bool(text)))

    set_email(db, "1001", "a.test", "a+b@x.test")
    until(lambda: serve.agi("voicemail?domain=a.test&id=1001")["MAIL_TO"] == "a+b@x.test")
    found = single("mailbox=1001&context=a.test")
    assert found["mailbox"] == "1001" and found["context"] == "a.test"
    # Asterisk opens a mailbox without a password; this one is new each time, and not the PIN's.
    assert found["password"] not in ("", tenants.PIN, PIN_HA1)
    assert found["password"] != single("mailbox=1001&context=a.test")["password"]
    assert single("mailbox=1001&context=c.test") == {}
    assert single("mailbox=9999&context=a.test") == {}
    assert single("nonsense") == {}
    assert serve.post("/ast/realtime/voicemail/multi", "context=a.test")[1].count("\n") == 3


def test_realtime_wants_the_password(serve):
    assert serve.ask("POST", "/ast/realtime/voicemail/single",
                     "mailbox=1001&context=a.test")[0] == 401


def test_realtime_queue(serve, db):
    """A queue and its members; who is paused comes back when the queue's pause is over."""
    def ask(path, body):
        status, text = serve.post(f"/ast/realtime/{path}", body)
        assert status == 200
        return [dict(urllib.parse.parse_qsl(line)) for line in text.splitlines()]

    queue = db.value("INSERT INTO voip.queues (domain_id, name, wrap_up_s) "
                     "SELECT id, 'realtime', 1 FROM voip.domains WHERE name = 'a.test' "
                     "RETURNING id")
    db.rows("INSERT INTO voip.queue_members (domain_id, queue_id, user_id, level) "
            "SELECT domain_id, %s, u.id, 2 FROM voip.users u JOIN voip.domains d "
            "ON d.id = domain_id WHERE d.name = 'a.test' AND username = '1001'", queue)
    name = f"{queue}%40a.test"

    def member():
        rows = ask("queue_members/multi", f"interface%20LIKE=%25&queue_name={name}")
        return rows and {key: rows[0][key] for key in ("interface", "penalty", "paused")}

    rung = {"interface": "PJSIP/edge/sip:1001@a.test", "penalty": "2", "paused": "0"}
    until(lambda: member() == rung)
    assert ask("queues/single", f"name={name}")[0]["strategy"] == "leastrecent"
    assert ask("queues/single", f"name={queue}%40b.test") == []
    assert ask("queue_members/multi", f"queue_name={queue}%40c.test") == []
    assert serve.post("/ast/realtime/queue_members/update?uniqueid=1001%40a.test",
                      "paused=1") == (200, "1")
    assert member() == {**rung, "paused": "1"}
    until(lambda: member() == rung)
    db.rows("DELETE FROM voip.queues WHERE id = %s", queue)
    until(lambda: ask("queues/single", f"name={name}") == [])


def test_realtime_changes_nothing(serve):
    for operation in ("update?&context=defaultmailbox=1001", "store", "destroy", "require"):
        status, text = serve.post(f"/ast/realtime/voicemail/{operation}", "&password=5678")
        assert (status, text) == (200, "0")
    assert serve.agi(f"mailbox-pin?domain=a.test&id=1001&pin={tenants.PIN}")["DP_RESULT"] == "ok"


def test_agi(serve, db):
    found = serve.agi(f"ivr?domain=a.test&id={menu_of(db, 'a.test')}")
    assert found["IVR_GREETING"] == "vm-enter-num-to-call"
    assert found["IVR_TIMEOUT"] == "3.000"
    assert found["IVR_ENTRY_2"] == "1002"
    assert found["DP_RESULT"] == "ok"
    assert serve.agi(f"ivr?domain=b.test&id={menu_of(db, 'a.test')}") == {"DP_RESULT": "notfound"}
    assert serve.agi("ivr?domain=c.test&id=1") == {"DP_RESULT": "notfound"}
    assert serve.agi("mailbox-pin?domain=a.test&id=1001&pin=1")["DP_RESULT"] == "bad"
    assert serve.agi("ivr?domain=a.test&id=1&id=2") == {}


def test_agi_many_at_once(serve, db):
    script = f"ivr?domain=a.test&id={menu_of(db, 'a.test')}"
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: serve.agi(script)["DP_RESULT"], range(500)))
    assert results == ["ok"] * 500


def test_agi_idle_connections_cost_nobody(serve):
    """As many as there may be, which say nothing: new ones are refused, and these end."""
    address = (serve.platform.deployment.node["inside"],
               serve.platform.deployment["control.agi_port"])
    idle = [socket.create_connection(address, timeout=10) for _ in range(256)]
    try:
        extra = socket.create_connection(address, timeout=10)
        assert extra.recv(1) == b""
        extra.close()
        assert idle[0].recv(1) == b""
    finally:
        for connection in idle:
            connection.close()
    until(lambda: serve.agi("ivr?domain=c.test&id=1") == {"DP_RESULT": "notfound"})


# ---------------------------------------------------------------- the database away

def listener(db):
    """Process of the server that serves serve."""
    return db.value("SELECT pid FROM pg_stat_activity WHERE application_name = 'dialplane serve'")


def test_connection_is_lost(serve, db):
    """What changes while there is no connection is not notified to anybody."""
    for number in range(5):
        db.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'dialplane serve'")
        set_email(db, "1003", "a.test", f"meanwhile{number}@x.test")
        until(lambda: serve.user("1003", "a.test").get("vm-mailto")
              == f"meanwhile{number}@x.test")


def test_database_stopped(serve, db):
    menu_id = menu_of(db, "a.test")
    serve.platform.supervisor.stop_process("postgresql")
    try:
        until(lambda: serve.health()[1]["status"] == "stale")
        assert serve.health()[0] == 200
        began = time.monotonic()
        for _ in range(200):
            assert serve.user("1001", "a.test")["vm-a1-hash"] == PIN_HA1
        assert time.monotonic() - began < 10
        assert serve.menu(menu_id, "a.test")
        assert serve.agi(f"ivr?domain=a.test&id={menu_id}")["DP_RESULT"] == "ok"
        # Whether there is such a tenant cannot be told, which is said at once.
        began = time.monotonic()
        status, _ = serve.post("/fs/xml/directory", directory("z.test", user="1", key="id"))
        assert status == 503
        assert serve.agi("ivr?domain=z.test&id=1") == {}
        assert time.monotonic() - began < 1
    finally:
        db.close()
        serve.platform.supervisor.start("postgresql")
    serve.wait_for_health(status="ok")
    set_email(db, "1003", "a.test", "back@x.test")
    until(lambda: serve.user("1003", "a.test").get("vm-mailto") == "back@x.test")


def test_database_hangs(serve, db):
    """A server that is stopped and not gone: its kernel goes on to answer for it."""
    pid = listener(db)
    os.kill(pid, signal.SIGSTOP)
    try:
        set_email(db, "1003", "a.test", "unseen@x.test")
        began = time.monotonic()
        for _ in range(100):
            assert serve.user("1001", "a.test")
        assert time.monotonic() - began < 10
        # The heartbeat finds out, and serve goes on over another connection.
        until(lambda: listener_count(db, pid) > 0, timeout=30)
        until(lambda: serve.user("1003", "a.test").get("vm-mailto") == "unseen@x.test")
    finally:
        os.kill(pid, signal.SIGCONT)


def listener_count(db, other_than):
    return db.value("SELECT count(*) FROM pg_stat_activity "
                    "WHERE application_name = 'dialplane serve' AND pid <> %s", other_than)


# ---------------------------------------------------------------- the program

def test_metrics_are_well_formed(serve):
    _, text = serve.ask("GET", "/metrics")
    names = re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", text, re.M)
    assert names and len(names) == len(set(names))
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[^\"]*\"(,\w+=\"[^\"]*\")*\})? \d+",
                            line), line
    metrics = serve.metrics()
    assert metrics["dialplane_serve_ready"] == 1
    assert metrics["dialplane_serve_tenants"] >= 2


def test_starts_without_the_database(serve):
    """For the first time: without copies either (test_copies.py is about these)."""
    supervisor = serve.platform.supervisor
    supervisor.stop_process("serve")
    shutil.rmtree(serve.platform.state / "tenants")
    serve.platform.db.close()
    supervisor.stop_process("postgresql")
    try:
        supervisor.start("serve")
        until(lambda: is_listening(serve.platform, "control.documents_port"))
        status, health = serve.health()
        assert status == 503 and health["status"] == "starting"
        assert serve.post("/fs/xml/directory", directory("a.test", user="1001", key="id"))[0] == 503
        assert serve.post("/ast/realtime/voicemail/single",
                          "mailbox=1001&context=a.test") == (200, "")
    finally:
        supervisor.start("postgresql")
    serve.wait_for_health(status="ok")
    assert serve.user("1001", "a.test")


@pytest.mark.parametrize("stopped", [None, "postgresql", "kamailio"])
def test_stops_soon(serve, stopped):
    """Also with nobody left to talk to, and in the middle of trying."""
    supervisor = serve.platform.supervisor
    if stopped:
        serve.platform.db.close()
        supervisor.stop_process(stopped)
        until(lambda: serve.health()[1]["database"] == "away" or stopped != "postgresql")
    began = time.monotonic()
    supervisor.stop_process("serve")
    took = time.monotonic() - began
    supervisor.start(stopped or "serve")
    supervisor.start("serve")
    assert took < 5, "the supervisor kills after 10"
