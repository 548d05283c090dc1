"""
The documents for FreeSWITCH, by a real FreeSWITCH that asks a real `dialplane serve`. One profile of
mod_sofia is added, which asks phones for a password: the platform's own talks to the edge only.
"""

import itertools
import os
import shutil

import pytest

from lib import db as tenants
from lib.db import Database
from lib.freeswitch import FreeSwitch
from lib.platform import TestPlatform
from lib.ports import free_ports
from sip_client import Client
from static_dialplan import KINDS, actions
from serve import Serve, directory, form, until

PROBE = """<profile name="probe"><settings>
  <param name="sip-ip" value="127.0.0.1"/>
  <param name="sip-port" value="{port}"/>
  <param name="rtp-ip" value="127.0.0.1"/>
  <param name="context" value="from-edge"/>
  <param name="dialplan" value="XML"/>
  <param name="manage-presence" value="false"/>
</settings></profile>
"""
# Each is the other when user and domain are written without anything between them.
COLLIDING = (("100", "1a.com"), ("1001", "a.com"))
USERS_IN_LIMIT, USERS_BEYOND = 1000, 4000
RECORD_CHARACTERS = "abcdefghijklmnopqrstuvwxyz_;="
CALL = ("01234567-89ab-cdef-0123-456789abcdef;start=1795224953.414933;from=1001;to=8000;"
        "reached=8000;dir=internal;ext=ivr")


@pytest.fixture(scope="module")
def platform():
    """A platform of which only the database, serve and FreeSWITCH run."""
    if not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    made = TestPlatform("freeswitch", dialplan="dynamic")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        for domain in tenants.DOMAINS:
            tenants.add_tenant(made.db, domain)
        for user, domain in COLLIDING:
            add_users(made.db, domain, [user])
        add_services(made.db)
        made.probe_port = free_ports(1)[0]
        (made.state / "etc/freeswitch/sip_profiles/probe.xml").write_text(
            PROBE.format(port=made.probe_port), encoding="ascii")
        made.supervisor.start("serve")
        made.supervisor.start("freeswitch")
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture(name="freeswitch")
def ready_freeswitch(platform):
    """At the start of each test its log has been read; at the end nothing may be in it."""
    running = FreeSwitch(platform).wait_until_ready()
    running.new_lines()
    return running


@pytest.fixture
def quiet(freeswitch):
    """FreeSWITCH, which must not complain about anything during the test."""
    yield freeswitch
    assert freeswitch.complaints() == []


@pytest.fixture
def serve(platform):
    return Serve(platform)


@pytest.fixture
def db(platform):
    return platform.db


def add_users(db, domain, names):
    """A tenant with these users and nothing else, with one notice for all."""
    domain_id = db.value("INSERT INTO voip.domains (name) VALUES (%s) RETURNING id", domain)
    db.rows("SET session_replication_role = replica")
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT %s, name, md5(name || ':' || %s || ':' || 'secret-' || name || '-' || %s) "
            "FROM unnest(%s::text[]) name", domain_id, domain, domain, list(names))
    db.rows("RESET session_replication_role")
    db.rows("UPDATE voip.domains SET name = name WHERE id = %s", domain_id)


def add_services(db):
    """To a.test: a shared mailbox 2000, and what a queue, a conference and others are."""
    domain_id = db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.rows("INSERT INTO voip.voicemail_boxes (domain_id, mailbox, pin_ha1) VALUES (%s, '2000', %s)",
            domain_id, tenants.md5("2000", "a.test", tenants.PIN))
    queue = db.value("INSERT INTO voip.queues (domain_id, name, strategy, ring_s) "
                     "VALUES (%s, 'sales', 'top_down', 17) RETURNING id", domain_id)
    db.rows("INSERT INTO voip.queue_members (domain_id, queue_id, user_id, position) "
            "SELECT %s, %s, id, right(username, 1)::int FROM voip.users WHERE domain_id = %s",
            domain_id, queue, domain_id)
    db.rows("INSERT INTO voip.conferences (domain_id, name, pin, max_members) "
            "VALUES (%s, 'weekly', '4711', 7)", domain_id)
    db.rows("INSERT INTO voip.ring_groups (domain_id, name) VALUES (%s, 'all')", domain_id)
    db.rows("INSERT INTO voip.announcements (domain_id, name, prompt) "
            "VALUES (%s, 'closed', 'vm-goodbye')", domain_id)


def id_of(db, table, domain="a.test"):
    return db.value(f"SELECT t.id FROM voip.{table} t JOIN voip.domains d ON d.id = t.domain_id "
                    "WHERE d.name = %s", domain)


def ha1(user, domain):
    return tenants.md5(user, domain, tenants.password(user, domain))


# ---------------------------------------------------------------- directory

def test_user(quiet):
    assert quiet.api("user_data 1001@a.test param a1-hash") == ha1("1001", "a.test")
    assert quiet.api("user_data 1001@b.test param a1-hash") == ha1("1001", "b.test")
    assert quiet.api("user_data 1001@a.test attr id") == "1001"
    assert quiet.api("user_exists id 1001 a.test") == "true"
    assert quiet.api("user_exists id 1009 a.test") == "false"
    assert quiet.api("user_exists id 1001 c.test") == "false"
    # Looked for by id and then by alias, in one request for the latter that says all twice.
    assert quiet.api("vm_boxcount 1009@a.test") == "0"


def test_number_that_rings_a_user_of_another_name(quiet, db):
    db.rows("UPDATE voip.extensions SET number = '1903' WHERE number = '1003' AND domain_id = "
            "(SELECT id FROM voip.domains WHERE name = 'a.test')")
    until(lambda: quiet.api("user_exists number-alias 1903 a.test") == "true")
    assert quiet.api("user_data 1903@a.test attr id") == "1003"
    assert quiet.api("user_data 1903@a.test param a1-hash") == ha1("1003", "a.test")
    assert quiet.api("user_exists number-alias 1903 b.test") == "false"
    db.rows("UPDATE voip.extensions SET number = '1003' WHERE number = '1903'")
    until(lambda: quiet.api("user_exists number-alias 1903 a.test") == "false")


def test_user_is_dialled_through_the_edge(freeswitch, platform):
    edge = f"127.0.0.1:{platform.deployment['edge.inside_port']}"
    dialled = ("[sip_invite_domain=a.test,sip_h_X-VOIP-Ring=phones]"
               "sofia/edge/sip:{}@a.test;fs_path=sip:" + edge)
    # Nobody listens there, which is found out by asking there.
    assert freeswitch.api("originate {x=y,z=${w}}user/1001@a.test &park") \
        == "-ERR NORMAL_TEMPORARY_FAILURE\n"
    assert freeswitch.api("originate user/1009@a.test &park") == "-ERR SUBSCRIBER_ABSENT\n"
    assert freeswitch.api("group_call users@a.test").split(",[") == \
        [dialled.format("1001"), *(dialled.format(user)[1:] for user in ("1002", "1003"))]
    assert freeswitch.api("group_call sales@a.test") == "error/NO_ROUTE_DESTINATION"


def test_group(quiet):
    assert quiet.api("in_group 1001@a.test,users") == "true"
    assert quiet.api("in_group 1009@a.test,users") == "false"
    assert quiet.api("in_group 1001@a.test,sales") == "false"


def test_domain_is_empty(quiet):
    """No gateways, no networks, and nobody who asks for the domain alone sees who is in it."""
    assert quiet.api("domain_exists a.test") == "true"
    assert quiet.api("domain_exists c.test") == "false"
    assert quiet.api("xml_locate directory domain name a.test").strip() == \
        '<domain name="a.test"></domain>'
    assert quiet.api("reloadacl") == "+OK acl reloaded\n"
    quiet.api("sofia profile probe rescan")


def test_tenants_whose_names_collide(quiet):
    """FreeSWITCH's cache of users would take one for the other."""
    for _ in range(3):
        for user, domain in COLLIDING:
            assert quiet.api(f"user_data {user}@{domain} param a1-hash") == ha1(user, domain)
            assert quiet.api(f"user_data {user}@{domain} attr domain-name") == domain
        assert quiet.api("xml_flush_cache") == "+OK cleared 0 entries\n"


def test_no_user_without_credentials(serve):
    """Whoever has neither password nor hash is let in by any. Every way to a user there is."""
    found = 0
    for action, purpose, key, user, group in itertools.product(
            ("", "sip_auth", "message-count", "user_call", "voicemail-lookup", "group_call",
             "reverse-auth-lookup", "event_socket_auth", "jsonrpc-authenticate"),
            ("", "gateways", "network-list", "publish-vm", "nightmare_xfer"),
            ("", "id", "number-alias", "ip"),
            ("", "1001", "*1001", "2000", "8000", "*97", "_all_", "nobody"),
            ("", "users", "sales")):
        pairs = {"action": action, "purpose": purpose, "key": key, "user": user,
                 "group_name": group, "group": group}
        root = serve.document("directory", directory(
            "a.test", **{name: value for name, value in pairs.items() if value}))
        for element in root.iter("user") if root is not None else ():
            check_credentials(element)
            found += 1
    assert found > 100


def check_credentials(user):
    params = {param.get("name"): param.get("value") for param in user.iter("param")}
    for name in ("a1-hash", "vm-a1-hash"):
        assert len(params[name]) == 32 and set(params[name]) <= set("0123456789abcdef")
    # What opens another door, or keeps this one open for who was let in before.
    assert not params.keys() & {"password", "vm-password", "allow-empty-password", "esl-password",
                                "auth-acl", "reverse-auth-user", "reverse-auth-pass"}
    assert "cacheable" not in user.attrib and "cidr" not in user.attrib and "ip" not in user.attrib


def test_registering(freeswitch, platform, db):
    """The hash is one that mod_sofia takes, and nobody gets in without the password."""
    with Client("127.0.0.1", platform.probe_port) as client:
        assert client.register("1001", "a.test", tenants.password("1001", "a.test")) == 200
        assert client.register("1001", "a.test", tenants.password("1001", "b.test")) == 403
        assert client.register("1001", "a.test", "") == 403
        # A mailbox that is nobody's, and a name that nobody has.
        assert client.register("2000", "a.test", "") == 403
        assert client.register("2000", "a.test", tenants.PIN) == 403
        assert client.register("1009", "a.test", "") == 403
        db.rows("UPDATE voip.users SET enabled = false WHERE username = '1003'")
        # There is still a mailbox of that number.
        until(lambda: freeswitch.api("user_data 1003@a.test param a1-hash")
              != ha1("1003", "a.test"))
        assert client.register("1003", "a.test", tenants.password("1003", "a.test")) == 403
        db.rows("UPDATE voip.users SET enabled = true WHERE username = '1003'")


# ---------------------------------------------------------------- what a tenant may write

# With the text that arrives, where that is another: what is no character, for XML or for FreeSWITCH.
HOSTILE = {
    "preprocessor runs a program": '<X-PRE-PROCESS cmd="exec" data="touch {proof}"/>',
    "preprocessor in an element": '"/><X-PRE-PROCESS cmd="exec" data="touch {proof}"/><x y="',
    "preprocessor in small letters": '<x-pre-process cmd="set" data="dp_state=/nowhere"/>',
    "old preprocessor": ('<!--#exec "touch {proof}"-->', '\ufffd!--#exec "touch {proof}"-->'),
    "old preprocessor sets": ('<!--#set "dp_state=/nowhere"-->',
                              '\ufffd!--#set "dp_state=/nowhere"-->'),
    # FreeSWITCH writes a user out and reads it again, and from "<!" on it forgets to escape.
    "declaration": ('<!"/><param name="password" value="x"/><param name="y" value="',
                    '\ufffd!"/><param name="password" value="x"/><param name="y" value="'),
    "declaration of a second user": ('<<!"/></params></user><user id="admin"><params><!',
                                     '<\ufffd!"/></params></user><user id="admin"><params>\ufffd!'),
    "global variable": "$${{dp_state}} $${{dp_documents_url}}",
    "channel variable": "${{dp_state}} ${{system(touch {proof})}}",
    "half of a variable": "$${{ ${{ $ {{ $",
    "quotes": "\"Ann\" 'O' <Hara> & &amp; &lt; &#65;",
    "ends a document": ']]></document><?xml version="1.0"?>',
    "comment": ("<!-- a --> <![CDATA[ b ]]>", "\ufffd!-- a --> \ufffd![CDATA[ b ]]>"),
    "another user": '"/></params></user><user id="admin"><params><param name="password" value="x',
    "cached for ever": '" cacheable="false',
    "backslashes": "\\ \\\" \\${{dp_state}} \\n",
    "other scripts": "Ünï çødé 漢字 \U0001F4DE \u202e \u2028 \u00a0",
    "noncharacter": ("a\uffff\ufffeb", "a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdb"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_name_of_a_user(quiet, platform, db, text):
    """What a tenant calls a user comes out of FreeSWITCH as it was written, and does nothing."""
    proof = platform.state / "run/p"
    written, arrives = (text, text) if isinstance(text, str) else text
    before = quiet.api("global_getvar dp_state")
    db.rows("UPDATE voip.users SET display_name = %s FROM voip.domains d WHERE d.id = domain_id "
            "AND d.name = 'b.test' AND username = '1002'", written.format(proof=proof))
    until(lambda: "display-name" in quiet.api("find_user_xml id 1002 b.test"), 5)
    until(lambda: quiet.api("user_data 1002@b.test param display-name")
          == arrives.format(proof=proof), 5)
    assert quiet.api("user_data 1002@b.test param a1-hash") == ha1("1002", "b.test")
    assert quiet.api("user_data 1002@b.test param password") == "-ERR no reply\n"
    assert quiet.api("user_data 1002@b.test var user_context") == "none"
    assert quiet.api("user_exists id admin b.test") == "false"
    assert quiet.api("global_getvar dp_state") == before
    assert not os.path.exists(proof)


def test_values_of_channel_variables(quiet, db):
    """FreeSWITCH expands ${…} in them, so what could be one is left out, whoever let it in."""
    db.rows("ALTER TABLE voip.domains DROP CONSTRAINT IF EXISTS timezone_is_known")
    db.rows("UPDATE voip.domains SET timezone = '${dp_state}' WHERE name = 'b.test'")
    until(lambda: quiet.api("user_data 1001@b.test var timezone") == "-ERR no reply\n")
    db.rows("UPDATE voip.domains SET timezone = 'Europe/Berlin' WHERE name = 'b.test'")
    until(lambda: quiet.api("user_data 1001@b.test var timezone") == "Europe/Berlin")
    assert quiet.api("user_data 1001@b.test var user_context") == "none"


# ---------------------------------------------------------------- what a phone may write

REALMS = {
    "another section": "a.test&section=dialplan&user=admin&x",
    "another user": "a.test&user=1002&domain=a.test",
    "another tenant": "b.test&domain=a.test",
    "an event of its own": "a.test&Event-Name=REQUEST_PARAMS&key=id&user=1002&domain=a.test",
    "all five again": "a.test&hostname=one&section=directory&tag_name=domain&key_name=name",
    "encoded": "a.test%26user=1002",
    "longer than is sent": "a.test&user=1002&x=" + "y" * 600,
}


@pytest.mark.parametrize("realm", REALMS.values(), ids=REALMS.keys())
def test_realm_of_a_phone(freeswitch, platform, serve, realm):
    """It goes into a request without being encoded: whatever it adds, no user is found by it."""
    found = 'dialplane_serve_answers_total{to="freeswitch",result="found"}'
    before = serve.metrics()[found]
    with Client("127.0.0.1", platform.probe_port) as client:
        for user in ("1001", "1002"):
            password = tenants.password(user, "a.test")
            assert client.register(user, "a.test", password, realm) == 403
            assert client.register(f"{user}&evil=1", "a.test", password, realm) == 403
    freeswitch.api(f"xml_locate directory domain name {realm}")
    assert serve.metrics()[found] == before
    assert freeswitch.api("user_data 1001@a.test param a1-hash") == ha1("1001", "a.test")


# ---------------------------------------------------------------- large ones

def test_large_request(freeswitch, serve):
    """Refused, and FreeSWITCH goes on."""
    text = "x" * (1 << 20)
    assert freeswitch.api(f"xml_locate directory domain name {text}") == "can't find anything\n"
    until(lambda: "413" in "".join(freeswitch.complaints()))
    assert freeswitch.api("user_exists id 1001 a.test") == "true"
    assert serve.health()[0] == 200


def test_large_group(freeswitch, platform, db, serve):
    """FreeSWITCH takes 1 MiB: a group beyond that is not found, which is counted and logged."""
    counted = 'dialplane_serve_answers_total{to="freeswitch",result="failed"}'
    add_users(db, "some.test", map(str, range(USERS_IN_LIMIT)))
    add_users(db, "many.test", map(str, range(USERS_BEYOND)))
    until(lambda: freeswitch.api("user_exists id 1 some.test") == "true")
    until(lambda: freeswitch.api("user_exists id 1 many.test") == "true")
    freeswitch.new_lines()
    everybody = freeswitch.api("group_call users@some.test")
    assert everybody.count("sofia/edge/") == USERS_IN_LIMIT
    before = serve.metrics()[counted]
    assert freeswitch.api("group_call users@many.test") == "error/NO_ROUTE_DESTINATION"
    assert serve.metrics()[counted] == before + 1
    assert "asks of many.test is more" in (platform.state / "log/serve.log").read_text("utf-8")
    assert freeswitch.complaints() == []
    assert freeswitch.api("user_data 7@many.test param a1-hash") == ha1("7", "many.test")


# ---------------------------------------------------------------- configuration

def table(text):
    """Rows as dicts, of what mod_callcenter prints."""
    head, *rows = [line.split("|") for line in text.splitlines() if "|" in line]
    return [dict(zip(head, row)) for row in rows]


def test_queue(quiet, db):
    name = f"{id_of(db, 'queues')}@a.test"
    assert quiet.api(f"callcenter_config queue load {name}") == "+OK\n"
    queue, = (row for row in table(quiet.api("callcenter_config queue list")) if row["name"] == name)
    assert (queue["strategy"], queue["max_wait_time"]) == ("top-down", "0")

    def agents():
        return table(quiet.api(f"callcenter_config queue list agents {name}"))
    assert [agent["name"] for agent in agents()] == ["1001@a.test", "1002@a.test", "1003@a.test"]
    assert agents()[0]["contact"] == (
        "[leg_timeout=17,sip_invite_domain=a.test,sip_h_X-VOIP-Ring=phones]"
        "sofia/edge/sip:1001@a.test;fs_path=sip:${dp_edge_inside}")
    tiers = [tier for tier in table(quiet.api("callcenter_config tier list"))
             if tier["queue"] == name]
    assert [(tier["agent"], tier["position"]) for tier in tiers] == \
        [("1001@a.test", "1"), ("1002@a.test", "2"), ("1003@a.test", "3")]

    def are_available():
        """Loaded by hand, a queue may be told before FreeSWITCH has it; of a caller's there is an event."""
        quiet.api(f"callcenter_config queue reload {name}")
        return {agent["status"] for agent in agents()} == {"Available"}
    # Whether they are there is no matter of the document; serve says it afterwards.
    until(are_available)
    # Told again, nobody is logged out by it.
    quiet.api(f"callcenter_config queue reload {name}")
    assert {agent["status"] for agent in agents()} == {"Available"}


def test_queue_of_nobody(quiet, db):
    """Also that of another tenant."""
    for name in ("99999@a.test", f"{id_of(db, 'queues')}@b.test", f"{id_of(db, 'queues')}@c.test"):
        assert "not found" in quiet.api(f"callcenter_config queue load {name}")


def test_conference(freeswitch, db):
    """The names are whole ones, so the same number of two tenants is two conferences."""
    freeswitch.api("load mod_loopback")
    there = f"a.test/{id_of(db, 'conferences')}"
    for name in (there, there.replace("a.test", "b.test"), "a.test/99999", "default"):
        freeswitch.api(f"originate null/x &conference({name}@{name})")
    try:
        assert freeswitch.api("conference count").strip() == "1"
        assert freeswitch.api(f"conference {there} get max_members").strip() == "7"
        assert freeswitch.api(f"conference {there} get profile_name").strip() == there
    finally:
        freeswitch.api("hupall")


# ---------------------------------------------------------------- dialplan

def dialplan(serve, service, call, context="from-edge", record="", music=""):
    """What serve answers, as static_dialplan.actions: (inline, others); None for not found."""
    root = serve.document("dialplan", form(
        [("hostname", "one"), ("section", "dialplan"), ("tag_name", ""), ("key_name", ""),
         ("key_value", "")],
        {"Event-Name": "REQUEST_PARAMS", "Caller-Context": context, "Hunt-Context": context,
         "variable_sip_h_X-VOIP-Service": service, "variable_sip_h_X-VOIP-Call": call,
         "variable_sip_h_X-VOIP-Record": record, "variable_sip_h_X-VOIP-Music": music}))
    if root is None:
        return None
    assert root.find(".//context").get("name") == "from-edge"
    assert len(list(root.iter("extension"))) == len(list(root.iter("condition"))) == 1
    pairs = [(action.get("application"), action.get("data", ""), bool(action.get("inline")))
             for action in root.iter("action")]
    return ([pair[:2] for pair in pairs if pair[2]], [pair[:2] for pair in pairs if not pair[2]])


@pytest.mark.parametrize("kind", KINDS.split("|"))
@pytest.mark.parametrize("leg", ["", ";leg=0", ";leg=1", ";leg=9", ";leg=0;trunk=A carrier", ";leg=1;trunk=",
                                 ";leg=2;eid=1234567890123456789;genesys=0A-z;path=8001:2>8010:*;trunk=x",
                                 # A name of 100 characters has 400 bytes at most.
                                 ";trunk=" + "x" * 400])
def test_dialplan_does_what_the_static_one_does(serve, db, kind, leg):
    there = {"ivr": id_of(db, "ivr_menus"), "queue": id_of(db, "queues"),
             "conference": id_of(db, "conferences"), "ring_group": id_of(db, "ring_groups"),
             "paging": id_of(db, "ring_groups"),
             "announcement": id_of(db, "announcements")}.get(kind, "1001")
    service = f"{kind};id={there};domain=a.test"
    assert dialplan(serve, service, CALL + leg) == actions(service, CALL + leg)
    # Of another tenant, or of nobody: the same up to where something would be looked for. These are nothing
    # but names.
    if kind in ("park", "pickup", "recorder"):
        return
    for service in (f"{kind};id=99999;domain=a.test", f"{kind};id=0;domain=b.test"):
        inline, then = actions(service, CALL + leg)
        # A ring group is answered by somebody else.
        answered = then.index(("sleep", "300")) + 1 if kind != "ring_group" else 1
        assert dialplan(serve, service, CALL + leg) == (
            inline, [*then[:answered], ("transfer", "unavailable XML services")])


@pytest.mark.parametrize("kind", ["recorder", "voicemail", "mailbox"])
@pytest.mark.parametrize("record", [
    "always;announce=yes;pause=no", "on_demand;announce=no;pause=no", "elsewhere", "nonsense",
    "always;announce=${x};pause=no", "always XML services", "a" * 64, "a" * 65])
def test_recording_is_begun_by_both_dialplans(serve, kind, record):
    service = f"{kind};id=1001;domain=a.test"
    wanted = actions(service, CALL, record)
    assert dialplan(serve, service, CALL, record=record) == wanted
    assert (wanted[1][0][0] == "execute_extension") == (set(record) <= set(RECORD_CHARACTERS)
                                                         and len(record) <= 64)


@pytest.mark.parametrize("music", ["0a" * 32, "0a" * 31 + "0", "0A" * 32, "0a" * 33, "../" + "0" * 61])
def test_music_on_hold_in_both_dialplans(serve, music):
    service = "park;id=1001;domain=a.test"
    wanted = actions(service, CALL, music=music)
    assert dialplan(serve, service, CALL, music=music) == wanted
    file = "hold_music=${dp_state}/store/prompts/a.test/" + music + ".wav"
    assert (("set", file) in wanted[0]) == (music == "0a" * 32)


@pytest.mark.parametrize("service, call", [
    ("", CALL), ("ivr;id=1;domain=a.test", ""), ("fax;id=1;domain=a.test", CALL),
    ("ivr;id=1;domain=a.test;x=1", CALL), ("ivr;id=1 ;domain=a.test", CALL),
    ("ivr;id=${x};domain=a.test", CALL), ("ivr;id=1;domain=A.test", CALL),
    ("ivr;id=1;domain=a.test", CALL + ";leg=x"), ("ivr;id=1;domain=a.test", CALL + ";x"),
    ("ivr;id=1;domain=a.test", CALL + ";leg=0;trunk=a;b"),
    ("ivr;id=1;domain=a.test", CALL + ";eid="), ("ivr;id=1;domain=a.test", CALL + ";eid=1;leg=1"),
    ("ivr;id=1;domain=a.test", CALL + ";genesys=${x}"), ("ivr;id=1;domain=a.test", CALL + ";path=a b"),
    ("ivr;id=1;domain=a.test", CALL + ";genesys=" + "x" * 65),
    ("ivr;id=1;domain=a.test", CALL + ";path=" + "1" * 401),
    ("ivr;id=1;domain=a.test", CALL + ";trunk=" + "x" * 401),
    ("ivr;id=1;domain=a.test", CALL.replace("internal", "sideways")),
    ("ivr;id=1;domain=a.test", CALL.replace("from=1001", "from=" + "1" * 129)),
    ("ivr;id=1;domain=a.test", CALL.replace("start=1795224953.", "start=1795224953")),
])
def test_call_that_the_static_dialplan_refuses(serve, service, call):
    assert actions(service, call)[1][0][0] == "log"
    assert dialplan(serve, service, call) is None


def test_other_contexts_are_in_files(serve):
    for context in ("services", "transferred", "none", "default", "global"):
        assert dialplan(serve, "voicemail;id=1001;domain=a.test", CALL, context) is None
