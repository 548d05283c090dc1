"""`dialplane serve` with a real PostgreSQL and a real Kamailio, asked as media servers ask."""

import base64
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
import urllib.parse
import xml.etree.ElementTree

import pytest

from lib import db as tenants
from lib.db import Database
from lib.edge import Edge
from lib.platform import TestPlatform

# Seconds from the commit of a change until nobody is told the old value any more.
LIVE_WITHIN = 0.1
PIN_HA1 = tenants.md5("1001", "a.test", tenants.PIN)


class Serve:
    """The running program, from outside."""

    def __init__(self, platform):
        self.platform = platform
        self._address = platform.deployment.node["inside"]
        self._documents = platform.deployment["control.documents_port"]
        self._agi = platform.deployment["control.agi_port"]
        pair = f"media:{platform.secret('media_password')}"
        self.authorization = "Basic " + base64.b64encode(pair.encode()).decode()

    def ask(self, method, path, body=None, **headers):
        """Status and text, over a connection of its own as mod_xml_curl makes them."""
        connection = http.client.HTTPConnection(self._address, self._documents, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def post(self, path, body):
        return self.ask("POST", path, body, Authorization=self.authorization,
                        **{"Content-Type": "application/x-www-form-urlencoded"})

    def document(self, section, body):
        """The root element of an answer to FreeSWITCH; None for the not-found document."""
        status, text = self.post(f"/fs/xml/{section}", body)
        assert status == 200, text
        root = xml.etree.ElementTree.fromstring(text)
        found = root.find("section")
        if found.get("name") == "result":
            assert found.find("result").get("status") == "not found"
            return None
        assert found.get("name") == section
        return root

    def user(self, user, domain, **more):
        """The parameters of a user of the directory, None when there is none."""
        root = self.document("directory", directory(domain, user=user, key="id", **more))
        if root is None:
            return None
        assert root.find(".//domain").get("name") == domain
        assert root.find(".//user").get("id") == user
        return {param.get("name"): param.get("value") for param in root.iter("param")}

    def menu(self, menu_id, domain):
        """The ivr.conf of a menu: its attributes and {digit: parameter}."""
        root = self.document("configuration", configuration("ivr.conf",
                                                            Menu_Name=f"{domain}/{menu_id}"))
        if root is None:
            return None
        menu = root.find(".//menu")
        entries = {entry.get("digits"): entry.get("param") for entry in menu.iter("entry")}
        return menu.attrib, entries

    def agi(self, script):
        """The channel variables that the script sets."""
        with socket.create_connection((self._address, self._agi), timeout=10) as connection:
            stream = connection.makefile("rw", newline="\n")
            stream.write(f"agi_network: yes\nagi_network_script: {script}\n"
                         "agi_channel: PJSIP/edge-00000001\nagi_callerid: 1001\n\n")
            stream.flush()
            found = {}
            for line in stream:
                name, value = re.fullmatch(r'SET VARIABLE (\S+) "(.*)"\n', line).groups()
                found[name] = value
                stream.write("200 result=1\n")
                stream.flush()
            return found

    def health(self):
        status, text = self.ask("GET", "/healthz")
        return status, json.loads(text)

    def metrics(self):
        """Name, with its labels, -> value."""
        status, text = self.ask("GET", "/metrics")
        assert status == 200
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def wait_for_health(self, **expected):
        """Waits until /healthz says so."""
        until(lambda: {key: self.health()[1][key] for key in expected} == expected)

    def pid(self):
        return self.platform.supervisor.processes()["serve"]["pid"]


def until(condition, timeout=15):
    """Waits until the condition holds; returns the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + timeout, f"not after {timeout} s"
        time.sleep(0.002)
    return time.monotonic() - began


def form(leading, pairs):
    """A body as mod_xml_curl writes it: five pairs unencoded, the others encoded."""
    return "&".join([f"{name}={value}" for name, value in leading]
                    + [f"{name.replace('_', '-') if name[0].isupper() else name}"
                       f"={urllib.parse.quote(value)}" for name, value in pairs.items()])


def directory(domain, realm=None, **pairs):
    return form([("hostname", "one"), ("section", "directory"), ("tag_name", "domain"),
                 ("key_name", "name"), ("key_value", realm or domain)],
                {"Event_Name": "GENERAL", "Core_UUID": "07479926-5a45-406c-b72c-b1d41ec94b94",
                 "Event_Date_Local": "2026-11-21 01:35:22", **pairs, "domain": domain})


def configuration(name, **pairs):
    return form([("hostname", "one"), ("section", "configuration"),
                 ("tag_name", "configuration"), ("key_name", "name"), ("key_value", name)],
                {"Event_Name": "REQUEST_PARAMS", **pairs})


@pytest.fixture(scope="module")
def platform():
    """A platform of which only the database, serve and Kamailio run."""
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        made.edge = Edge(made.deployment, made.secret("rpc_token"))
        for domain in tenants.DOMAINS:
            tenants.add_tenant(made.db, domain)
        made.supervisor.start("kamailio")
        made.supervisor.start("serve")
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def serve(platform):
    """Healthy at the start of each test."""
    running = Serve(platform)
    until(lambda: is_listening(platform, "control.documents_port"))
    running.wait_for_health(status="ok", pending=0)
    until(lambda: running.health()[1]["edges"] ==
          [{"node": "one", "reachable": True, "current": True}])
    return running


@pytest.fixture
def db(platform):
    return platform.db


def is_listening(platform, port):
    with socket.socket() as probe:
        return probe.connect_ex((platform.deployment.node["inside"],
                                 platform.deployment[port])) == 0


def menu_of(db, domain):
    return db.value("SELECT m.id FROM voip.ivr_menus m JOIN voip.domains d ON d.id = domain_id "
                    "WHERE d.name = %s", domain)


def set_email(db, mailbox, domain, address):
    db.rows("UPDATE voip.voicemail_boxes b SET email = %s FROM voip.domains d "
            "WHERE d.id = domain_id AND d.name = %s AND mailbox = %s", address, domain, mailbox)


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
    assert entries["1"] == "transfer to-edge-1001 XML services"
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
    until(lambda: single("mailbox=1001&context=a.test").get("email") == "a+b@x.test")
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


# ---------------------------------------------------------------- changes

def test_change_is_live(serve, db, record_property):
    took = []
    for number in range(50):
        address = f"new{number}@x.test"
        set_email(db, "1003", "a.test", address)
        took.append(until(lambda: serve.user("1003", "a.test").get("vm-mailto") == address))
    record_property("document_live_ms_max", round(max(took) * 1000, 1))
    assert max(took) < LIVE_WITHIN


def test_change_of_a_menu_is_live(serve, db):
    menu_id = menu_of(db, "b.test")
    db.rows("DELETE FROM voip.ivr_entries WHERE menu_id = %s AND digit = '3'", menu_id)
    assert until(lambda: "3" not in serve.menu(menu_id, "b.test")[1]) < LIVE_WITHIN
    db.rows("UPDATE voip.ivr_menus SET greeting = 'vm-goodbye' WHERE id = %s", menu_id)
    assert until(lambda: serve.menu(menu_id, "b.test")[0]["greet-long"]
                 == "vm-goodbye.wav") < LIVE_WITHIN


def test_tenant_comes_and_goes(serve, db):
    assert serve.user("1001", "new.test") is None
    tenants.add_tenant(db, "new.test")
    assert until(lambda: serve.user("1003", "new.test")) < 1
    db.rows("UPDATE voip.domains SET enabled = false WHERE name = 'new.test'")
    assert until(lambda: serve.user("1001", "new.test") is None) < LIVE_WITHIN
    db.rows("UPDATE voip.domains SET enabled = true WHERE name = 'new.test'")
    assert until(lambda: serve.user("1001", "new.test")) < LIVE_WITHIN


def test_emptied_table(serve, db):
    menu_id = menu_of(db, "b.test")
    db.rows("TRUNCATE voip.ivr_entries")
    assert until(lambda: serve.menu(menu_id, "b.test")[1] == {}) < 1
    for domain in tenants.DOMAINS:
        db.rows("INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id) "
                "SELECT e.domain_id, %s, right(number, 1), e.id FROM voip.extensions e "
                "JOIN voip.domains d ON d.id = e.domain_id "
                "WHERE d.name = %s AND number IN ('1001', '1002', '1003')",
                menu_of(db, domain), domain)
    assert until(lambda: len(serve.menu(menu_id, "b.test")[1]) == 3) < 1


def test_unknown_names_do_not_reach_the_database(serve):
    loads = "dialplane_serve_snapshot_loads_total"
    assert serve.user("1001", "nobody.test") is None
    before = serve.metrics()[loads]
    for _ in range(100):
        assert serve.user("1001", "nobody.test") is None
    assert serve.metrics()[loads] == before


def test_notifications_that_are_none(serve, db):
    """Anybody with a role of the database can send one."""
    for payload in ("", "x", "{}", '{"table":"users","domain":"*","key":"a:b"}', "[" * 5000):
        db.rows("SELECT pg_notify('dialplane', %s)", payload)
    set_email(db, "1003", "a.test", "after@x.test")
    until(lambda: serve.user("1003", "a.test").get("vm-mailto") == "after@x.test")


def test_answers_while_everything_changes(serve, db):
    """Every answer is whole, whatever is exchanged meanwhile."""
    stop = threading.Event()

    def ask_all_the_time():
        count = 0
        while not stop.is_set():
            assert serve.user("1001", "a.test")["vm-a1-hash"] == PIN_HA1
            count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(ask_all_the_time) for _ in range(8)]
        for number in range(200):
            set_email(db, "1003", "a.test", f"again{number}@x.test")
        stop.set()
        assert sum(reader.result() for reader in readers) > 200


# ---------------------------------------------------------------- the edge's memory

def ha1(edge, key):
    value = edge.get("user", key)
    return re.search(r'ha1="?(\w+)', value)[1] if value else None


def set_ha1(db, user, domain, value):
    db.rows("UPDATE voip.users u SET ha1 = %s FROM voip.domains d "
            "WHERE d.id = domain_id AND d.name = %s AND username = %s", value, domain, user)


def test_row_is_read_again_by_the_edge(serve, db, record_property):
    edge, took = serve.platform.edge, []
    for number in range(50):
        edge.call("htable.sets", "user", "b.test:1001", f'ha1="old{number}"')
        value = tenants.md5(str(number))
        set_ha1(db, "1001", "b.test", value)
        took.append(until(lambda: ha1(edge, "b.test:1001") == value))
    record_property("edge_live_ms_max", round(max(took) * 1000, 1))
    assert max(took) < LIVE_WITHIN


def test_row_is_read_once_more(serve, db):
    """A worker of the edge may have read the old row before the change and stored it just after."""
    edge, value = serve.platform.edge, tenants.md5("new")
    set_ha1(db, "1001", "b.test", value)
    until(lambda: ha1(edge, "b.test:1001") == value)
    edge.call("htable.sets", "user", "b.test:1001", 'ha1="stale"')
    assert until(lambda: ha1(edge, "b.test:1001") == value) < 2


def test_row_that_is_gone(serve, db):
    edge = serve.platform.edge
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT id, '1888', md5('x') FROM voip.domains WHERE name = 'b.test'")
    until(lambda: ha1(edge, "b.test:1888") == tenants.md5("x"))
    db.rows("DELETE FROM voip.users WHERE username = '1888'")
    assert until(lambda: edge.get("user", "b.test:1888") is None) < LIVE_WITHIN


def test_miss_is_deleted(serve, db):
    edge = serve.platform.edge
    edge.call("htable.seti", "ext_miss", "b.test:1777", "1")
    assert edge.get("ext_miss", "b.test:1777") is not None
    db.rows("INSERT INTO voip.extensions (domain_id, number, type) "
            "SELECT id, '1777', 'voicemail' FROM voip.domains WHERE name = 'b.test'")
    assert until(lambda: edge.get("ext_miss", "b.test:1777") is None) < LIVE_WITHIN


def kamailio_processes(platform):
    pid = platform.supervisor.processes()["kamailio"]["pid"]
    group = os.getpgid(pid)
    return [int(entry) for entry in os.listdir("/proc")
            if entry.isdigit() and os.path.exists(f"/proc/{entry}/stat")
            and os.getpgid(int(entry)) == group]


def test_edge_that_was_not_reachable(serve, db):
    """What changed meanwhile, and even what serve was never told, is right afterwards."""
    edge = serve.platform.edge
    reloads = 'dialplane_serve_edge_reloads_total{edge="one"}'
    before = serve.metrics()[reloads]
    edge.call("htable.sets", "user", "a.test:1003", 'ha1="stale"')
    stopped = kamailio_processes(serve.platform)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        set_ha1(db, "1002", "a.test", tenants.md5("while away"))
        until(lambda: not serve.health()[1]["edges"][0]["reachable"])
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    until(lambda: serve.metrics()[reloads] > before)
    until(lambda: ha1(edge, "a.test:1002") in (None, tenants.md5("while away")))
    assert ha1(edge, "a.test:1003") == tenants.md5("1003", "a.test",
                                                   tenants.password("1003", "a.test"))


def test_more_changes_than_single_calls_are_worth(serve, db):
    edge = serve.platform.edge
    reloads = 'dialplane_serve_edge_reloads_total{edge="one"}'
    before = serve.metrics()[reloads]
    domain_id = db.value("INSERT INTO voip.domains (name) VALUES ('many.test') RETURNING id")
    # A new tenant is one reload; the second is what this is about.
    until(lambda: serve.metrics()[reloads] > before)
    before = serve.metrics()[reloads]
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT %s, n, md5(n::text) FROM generate_series(1, 5000) n", domain_id)
    until(lambda: serve.metrics()[reloads] > before)
    until(lambda: serve.health()[1]["edges"][0]["current"])
    for user in ("1", "2500", "5000"):
        assert ha1(edge, f"many.test:{user}") in (None, tenants.md5(user))
    until(lambda: serve.user("5000", "many.test"))


def test_refresh_as_the_edge_answers(serve):
    """What serve relies on is what this Kamailio answers."""
    edge = serve.platform.edge
    assert edge.call("dialplane.refresh", "user", "a.test:nobody") == "ok"
    assert edge.get("user", "a.test:nobody") is None
    assert edge.call("dialplane.refresh", "ext", "a.test:' OR true --") == "ok"
    assert edge.call("dialplane.refresh", "location", "x") is None


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
        assert time.monotonic() - began < 2
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
        assert time.monotonic() - began < 2
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
    assert took < 2
