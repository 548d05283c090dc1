"""Tenants as files: what is exported, what a file makes of a tenant, and what it must not."""

import os
import pty
import re
import subprocess
import wave

import pytest
import yaml

from lib.db import md5
from serve import until

RUNNING = ("serve",)
DOMAIN = "6600.test"

# Everything that there is, and nothing as it is by default. Not in the order of the export.
FULL = """
version: 1
domain: {name: 6600.test, enabled: false, timezone: Europe/Berlin, country_code: "49",
         allow_international: true, allow_premium: true, max_calls: 17, max_outbound_minutes: 0,
         music: custom/hold}
prompts: [{name: welcome}, {name: hold}]
webhooks:
  - {url: "https://x.test/a?b=c", events: [call.ended, recording.ready], active: false}
  - {url: "https://x.test/a?b=c", events: [call.ended]}
users:
  - {username: "6601", password: "6601 secret", display_name: "Ä \\"<&'\\\\: #", enabled: false,
     do_not_disturb: true, max_calls: 3, call_waiting: false, devices: in_order,
     outside_caller_id: "+4930123", hide_caller_id: true, pickup_group: "yes"}
  - {username: "6602", ha1: 00112233445566778899aabbccddeeff}
extensions:
  - {number: "6601", type: user, user: "6601", ring_timeout_s: 17, always_to: "6602",
     busy_outside: "+4930124", no_answer_to: "6610", unreachable_to: "6602"}
  - {number: "6602", type: user, user: "6602", always_outside: "+4930125", busy_to: "6611",
     no_answer_outside: "+4930126", unreachable_outside: "+4930127"}
  - {number: "6610", type: voicemail, voicemail_box: "6601"}
  - {number: "6611", type: announcement, announcement: closed}
  - {number: "6612", type: schedule, schedule: office}
  - {number: "6613", type: ivr, ivr_menu: main}
  - {number: "6614", type: queue, queue: support}
  - {number: "6615", type: ring_group, ring_group: sales}
  - {number: "6616", type: conference, conference: board}
  - {number: "*66", is_prefix: true, type: feature, feature: queue_login}
  - {number: "00", is_prefix: true, type: trunk_out, outbound_route: abroad}
ring_groups:
  - {name: sales, strategy: in_order, skip_busy: true, confirm: false, members: [
      {user: "6602", position: 2, delay_s: 3, ring_s: 4}, {outside: "+4930128"}]}
queues:
  - {name: support, strategy: ring_all, music: custom/hold, ring_s: 5, wrap_up_s: 1, max_wait_s: 60,
     timeout_to: "6615", no_agent_to: "6616", announcement: custom/welcome,
     announce_position: true, announce_every_s: 10, members: [
       {user: "6602"}, {user: "6601", level: 2, position: 3}]}
ivr_menus:
  - {name: main, greeting: custom/welcome, invalid: custom/hold, timeout_ms: 500, tries: 1,
     direct_dial: true, entries: [{digit: "1", extension: "6613"}, {digit: "#", extension: "6614"}]}
voicemail_boxes:
  - {mailbox: "6601", pin: "4711", user: "6601", email: a+b@x.test, max_messages: 5,
     max_message_s: 30, min_message_s: 3, mail_audio: true, delete_mailed: true}
  - {mailbox: "6602", pin_ha1: 00112233445566778899aabbccddeeff, mail_audio: false}
conferences:
  - {name: board, pin: "1234", moderator_pin: "4321", max_members: 2, announce: false,
     wait_for_moderator: true}
schedules:
  - {name: office, open_to: "6601", closed_to: "6611", holiday_to: "6616", override: holiday,
     hours: [{weekday: 5, opens: "09:30", closes: "24:00"}, {weekday: 1, opens: "13:00", closes: "18:00"}],
     holidays: [{day: "2026-12-24", name: Christmas Eve}, {day: "2027-01-01"}]}
announcements:
  - {name: closed, prompt: custom/welcome, then_to: "6610"}
trunks:
  - {name: carrier, enabled: false, register: true, username: acme, realm: sip.test,
     password: trunk secret, max_calls: 9, max_cps: 2, caller_id: "+4930129", gateways: [
       {priority: 2, host: "[2001:db8::1]", port: 5070, transport: tls, verify: false},
       {host: sip.carrier.test}]}
  - {name: other}
outbound_routes:
  - {name: abroad, min_length: 4, max_length: 20, strip: 2, prepend: "+", trunks: [
      {trunk: other, priority: 3}, {trunk: carrier}]}
inbound_numbers: [{number: "+493066001", extension: "6612"}]
recording_policies:
  - {queue: support, direction: inbound, mode: always, announce: true, allow_pause: true}
  - {trunk: carrier, mode: on_demand}
  - {extension: "6601", mode: never}
  - {mode: on_demand, direction: internal}
recording_settings: {format: opus, keep_days: 30, encrypt: true}
"""
# Columns that are not in files, each for its reason.
NO_FIELDS = {
    "id", "domain_id", "created_at",                  # made by the database
    "scope", "sha256", "rate",                        # follow from the rest
    "audio",                                          # lies beside the file
    "secret",                                         # of webhooks: told once
}
PARENTS = {"ring_group_members": "ring_group_id", "queue_members": "queue_id",
           "ivr_entries": "menu_id", "schedule_hours": "schedule_id",
           "schedule_holidays": "schedule_id", "trunk_gateways": "trunk_id",
           "outbound_route_trunks": "route_id"}
# Tables of a tenant that are not its configuration.
NO_CONFIGURATION = {"api_keys", "operators", "sessions", "login_devices", "audit_log",
                    "idempotency_keys", "cdr", "cdr_legs", "cdr_raw", "cdr_dead", "recordings",
                    "recording_keys", "recording_recounts", "voicemail_counts", "queue_agents", "outbound_usage",
                    "webhook_deliveries", "edge_calls", "edge_boots", "login_failures"}


class Code:
    """`dialplane export`, `apply` and `schema` in the platform's folder."""

    def __init__(self, platform):
        self._platform, self._state = platform, platform.state
        self.folder = platform.folder / "code"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self._count = 0

    def argv(self, *argv):
        return [self._state / "bin/dialplane", *argv, "-s", self._state]

    def file(self, text):
        self._count += 1
        path = self.folder / f"{self._count}.yaml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        return path

    def try_run(self, *argv):
        return self._state.try_run(self.argv(*argv))

    def export(self, *options, domain=DOMAIN):
        done = self.try_run("export", domain, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, text, *options):
        done = self.try_run("apply", self.file(text), "--yes", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, text, *options):
        """What it says, without the name of the file."""
        path = self.file(text)
        done = self.try_run("apply", path, "--yes", *options)
        assert done.returncode == 1 and not done.stdout, done
        return done.stderr.replace(str(path), "file").strip()

    def answer(self, text, answer):
        """Runs it on a terminal; what was shown, and the status."""
        master, slave = pty.openpty()
        shown = b""
        command = self._state.account.command(self.argv("apply", self.file(text)), self._state)
        with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                              cwd=self._state.path) as child:
            os.close(slave)
            while b"[y/N]" not in shown:
                shown += os.read(master, 1024)
            os.write(master, answer + b"\n")
            try:
                while piece := os.read(master, 1024):
                    shown += piece
            except OSError:       # what a terminal says when nobody has it open any more
                pass
        os.close(master)
        return shown.decode(), child.returncode


@pytest.fixture(scope="module")
def code(platform):
    return Code(platform)


@pytest.fixture(scope="module")
def audio(code):
    """A folder with the prompts' audio."""
    folder = code.folder / "audio"
    folder.mkdir()
    folder.chmod(0o777)
    for number, name in enumerate(("welcome", "hold")):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes([number, 1]) * 800)
        (folder / f"{name}.wav").chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def full(platform, code, audio):
    """The export of a tenant that has everything."""
    plan = code.apply(FULL, "--prompts", audio)
    assert re.search(r"^\d+ to add, 0 to change, 0 to delete\.$", plan, re.M), plan
    return code.export()


def rows_of(db, table, domain=DOMAIN):
    return db.rows(f"SELECT t.id, t.domain_id FROM voip.{table} t JOIN voip.domains d ON d.id = t.domain_id "
                   "WHERE d.name = %s", domain)


def remove(db, domain=DOMAIN):
    """The tenant as a whole, whatever is in it."""
    with db.transaction():
        db.rows("SET LOCAL session_replication_role = replica")
        for table in tables(db):
            db.rows(f"DELETE FROM voip.{table} t USING voip.domains d "
                    "WHERE d.id = t.domain_id AND d.name = %s", domain)
        db.rows("DELETE FROM voip.domains WHERE name = %s", domain)


def tables(db):
    """All of a tenant's configuration."""
    found = db.rows(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'voip'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT c.relispartition AND a.attname = 'domain_id' AND NOT a.attisdropped ORDER BY 1")
    return [row["name"] for row in found if row["name"] not in NO_CONFIGURATION]


def columns(db, table):
    """Those that somebody sets."""
    found = db.rows(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'voip' "
        "AND table_name = %s AND column_name <> ALL (%s) AND column_name NOT LIKE 'own\\_%%'",
        table, list(NO_FIELDS))
    names = {row["name"] for row in found} - {PARENTS.get(table)}
    return {name.removesuffix("_id") for name in names}


def sections(document):
    """Lists of rows by the names of their tables."""
    found = {"domains": [document["domain"]]}
    own = {"entries": "ivr_entries", "hours": "schedule_hours", "holidays": "schedule_holidays",
           "gateways": "trunk_gateways"}
    by_parent = {("ring_groups", "members"): "ring_group_members",
                 ("queues", "members"): "queue_members",
                 ("outbound_routes", "trunks"): "outbound_route_trunks"}
    for name, rows in document.items():
        if isinstance(rows, dict) and name != "domain":
            found[name] = [rows]    # what there is one of
        if isinstance(rows, list):
            found[name] = rows
            for row in rows:
                for list_name, value in row.items():
                    if isinstance(value, list) and value and isinstance(value[0], dict):
                        table = by_parent.get((name, list_name)) or own[list_name]
                        found.setdefault(table, []).extend(value)
    return found


# ---------------------------------------------------------------- export

def test_round_trip(platform, db, code, audio, full):
    """The same bytes, from a tenant that is made anew: other ids, another order in the tables."""
    beside = code.folder / "beside"
    beside.mkdir()
    beside.chmod(0o777)
    assert code.export("--prompts", beside) == full
    for name in ("welcome", "hold"):
        assert (beside / f"{name}.wav").read_bytes() == (audio / f"{name}.wav").read_bytes()
    before = {table: rows_of(db, table) for table in tables(db)}
    remove(db)
    assert code.try_run("export", DOMAIN).returncode == 1
    # The last ones first, so that no order of ids is that of the file.
    document = yaml.safe_load(full)
    code.apply(yaml.safe_dump({"version": 1, "domain": {"name": DOMAIN},
                               "users": document["users"][-1:], "trunks": document["trunks"][-1:],
                               "conferences": [{"name": "zz"}]}))
    code.apply(full, "--prompts", beside, "--prune")
    assert code.export() == full
    for table, rows in before.items():
        again = rows_of(db, table)
        assert len(again) == len(rows) > 0, table
        assert not {row["id"] for row in again} & {row["id"] for row in rows}, table
    assert code.apply(full) == "Nothing to change.\n"
    assert code.apply(full, "--prune") == "Nothing to change.\n"
    assert code.apply(FULL, "--prune") == "Nothing to change.\n", "passwords are as their digests"


def test_every_column(db, full):
    """What the database has is in the file, of every table, and differs from the default there."""
    found = sections(yaml.safe_load(full))
    assert set(found) == {*tables(db), "domains"}
    for table, rows in found.items():
        names = set().union(*rows) - {"members", "entries", "hours", "holidays", "gateways"}
        if table == "outbound_routes":
            names -= {"trunks"}
        assert {name.removesuffix("_id") for name in names} == columns(db, table), table


def test_readable(full):
    """No ids, no clear passwords, names and numbers as people know them."""
    document = yaml.safe_load(full)
    user = document["users"][0]
    assert user["ha1"] == md5("6601", DOMAIN, "6601 secret")
    assert document["voicemail_boxes"][0]["pin_ha1"] == md5("6601", DOMAIN, "4711")
    assert document["trunks"][0]["ha1"] == md5("acme", "sip.test", "trunk secret")
    assert user["display_name"] == "Ä \"<&'\\: #" and user["pickup_group"] == "yes"
    assert "secret" not in full.replace("trunk secret", "secret") and "password" not in full
    assert document["queues"][0]["members"] == [
        {"user": "6602"}, {"user": "6601", "level": 2, "position": 3}]
    assert document["extensions"][0]["number"] == "*66"
    assert document["users"][1] == {"username": "6602", "ha1": "00112233445566778899aabbccddeeff"}


def test_schema(code, full):
    """The schema knows the file, and everything in it."""
    schema = yaml.safe_load(code.try_run("schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    used = set()
    check(schema, yaml.safe_load(full), used, "")
    written = set(paths_of(schema, ""))
    assert written - used == {"/users/password", "/trunks/password", "/voicemail_boxes/pin"}
    for wrong in ("users: [{username: 6602}]", "users: [{username: x, nothing: 1}]", "nothing: []",
                  "queues: [{name: x, ring_s: 1}]", "queues: [{}]"):
        document = yaml.safe_load("version: 1\ndomain: {name: x.test}\n" + wrong)
        with pytest.raises(AssertionError):
            check(schema, document, set(), "")


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}


def check(schema, value, used, path):
    """As much of JSON Schema as the file's needs."""
    used.add(path)
    if "const" in schema:
        assert value == schema["const"], path
        return
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(type(value) is TYPES[name] for name in names), (path, value)
    assert "enum" not in schema or value in schema["enum"], (path, value)
    if isinstance(value, dict):
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), (path, value)
        for name, one in value.items():
            check(schema["properties"][name], one, used, f"{path}/{name}")
    elif isinstance(value, list):
        for one in value:
            check(schema["items"], one, used, path)
    elif isinstance(value, str):
        assert "pattern" not in schema or re.search(schema["pattern"], value), (path, value)
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1e9)
    elif isinstance(value, int) and not isinstance(value, bool):
        assert schema.get("minimum", 0) <= value <= schema.get("maximum", 1e18), (path, value)


def paths_of(schema, path):
    yield path
    if schema.get("type") == "array":
        yield from paths_of(schema["items"], path)
    for name, one in schema.get("properties", {}).items():
        yield from paths_of(one, f"{path}/{name}")


# ---------------------------------------------------------------- apply

SMALL = """
version: 1
domain: {name: small.test}
users: [{username: "6620", password: long enough}, {username: "6621", password: long enough}]
extensions:
  - {number: "6620", type: user, user: "6620"}
  - {number: "6621", type: user, user: "6621", busy_to: "6620"}
  - {number: "6622", type: announcement, announcement: one}
announcements: [{name: one, prompt: ivr/ivr-hold, then_to: "6621"}]
trunks: [{name: a}, {name: b}]
outbound_routes: [{name: out, trunks: [{trunk: a, priority: 1}, {trunk: b, priority: 2}]}]
voicemail_boxes: [{mailbox: "6620", pin: "4711", user: "6620"}]
queues: [{name: support, members: [{user: "6620"}, {user: "6621"}]}]
"""


@pytest.fixture
def small(code, db):
    code.apply(SMALL)
    yield SMALL
    remove(db, "small.test")


def state_of(db, domain):
    """Everything of the tenant, and how much was written down about it."""
    shown = [db.value(f"SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.id), '[]') FROM voip.{table} t"
                      " JOIN voip.domains d ON d.id = t.domain_id WHERE d.name = %s", domain)
             for table in tables(db) if table != "prompts"]
    return shown, db.value("SELECT count(*) FROM voip.audit_log"), db.value(
        "SELECT count(*) FROM voip.domains")


def test_plan(code, db, small):
    """What is shown is what happens; without --prune nothing goes."""
    changed = small.replace('  - {number: "6622", type: announcement, announcement: one}\n', "").replace(
        "queues: [{name: support,", "queues: [{name: support, ring_s: 7,").replace(
        '{user: "6620"}, ', "").replace("announcements: [{name: one", "announcements: [{name: two")
    before = state_of(db, "small.test")
    wanted = ["+ announcements two", "~ queues support", "    ring_s: 20 -> 7"]
    dropped = ["- queues support members 6620", "- extensions 6622", "- announcements one"]
    last = "1 to add, 1 to change, {} to delete."
    for options, lines in (((), [*wanted[1:], wanted[0], last.format(0)]),
                           (("--prune",), [*wanted[1:], wanted[0], *dropped, last.format(3)])):
        shown = code.apply(changed, "--dry-run", *options).splitlines()
        assert sorted(shown) == sorted(lines)
        assert state_of(db, "small.test") == before
    assert code.apply(changed, "--prune").splitlines() == shown
    entries = db.rows("SELECT * FROM voip.audit_log WHERE domain = 'small.test' ORDER BY id DESC"
                      " LIMIT 5")
    assert sorted((entry["method"], entry["resource"]) for entry in entries) == [
        ("DELETE", "announcements"), ("DELETE", "extensions"), ("DELETE", "queues/members"),
        ("PATCH", "queues"), ("POST", "announcements")]
    assert {(entry["actor_kind"], bool(entry["actor"])) for entry in entries} == {("shell", True)}
    assert len({entry["request_id"] for entry in entries}) == 1
    patched = [entry for entry in entries if entry["method"] == "PATCH"][0]
    assert (patched["before"]["ring_s"], patched["after"]["ring_s"]) == (20, 7)
    assert code.apply(changed, "--prune") == "Nothing to change.\n"


def test_what_there_is_one_of(code, db, small):
    """It has no key: it is changed, set back where the file does not say it, and told so."""
    with_settings = small + "recording_settings: {keep_days: 30, encrypt: true}\n"
    assert code.apply(with_settings).splitlines() == [
        "+ recording_settings", "1 to add, 0 to change, 0 to delete."]
    assert code.apply(with_settings.replace("30", "31")).splitlines() == [
        "~ recording_settings", "    keep_days: 30 -> 31", "0 to add, 1 to change, 0 to delete."]
    assert "~ recording_settings" in code.apply(with_settings)
    assert code.apply(with_settings, "--prune") == "Nothing to change.\n" == code.apply(small)
    exported = yaml.safe_load(code.export(domain="small.test"))
    assert exported["recording_settings"] == {"keep_days": 30, "encrypt": True}
    assert code.apply(small, "--prune").splitlines() == [
        "- recording_settings", "0 to add, 0 to change, 1 to delete."]
    for nothing in ("{}", "null", "{keep_days: null}"):
        assert code.apply(f"{small}recording_settings: {nothing}", "--prune") == "Nothing to change.\n"
    assert "recording_settings" not in code.export(domain="small.test")
    line = with_settings.splitlines().index("recording_settings: {keep_days: 30, encrypt: true}") + 1
    assert f"file:{line}:33: recording_settings: keep_days: is from 0 to 36500." in code.refused(
        with_settings.replace("30", "-1"))
    assert "this is a row" in code.refused(small + "recording_settings: []")


def test_changed_places(code, db, small):
    """What changes places does so at once: ways, priorities, whose mailbox it is."""
    turned = small.replace('"6620", type: user, user: "6620"',
                           '"6620", type: user, user: "6620", busy_to: "6621"').replace(
        'user: "6621", busy_to: "6620"', 'user: "6621"').replace(
        "a, priority: 1", "a, priority: 2").replace("b, priority: 2", "b, priority: 1").replace(
        'mailbox: "6620"', 'mailbox: "6629"')
    code.apply(turned, "--prune")
    assert code.apply(turned, "--prune") == "Nothing to change.\n"
    assert 'mailbox: "6629"' in code.export(domain="small.test")
    code.apply(small, "--prune")
    assert code.apply(small, "--prune") == "Nothing to change.\n"
    assert code.apply("version: 1\ndomain: {name: small.test}", "--prune")
    assert code.export(domain="small.test").split("version: 1\n")[1] == "domain:\n  name: small.test\n"


WRONG = {
    "  - {number: '1', type: user, user: nobody}":
        (3, 37, "extensions 1: user: there is no user of this name"),
    "  - {number: '1', type: user, user: '6620', ring_timeout_s: 0}":
        (3, 61, "extensions 1: ring_timeout_s: is from 1 to 300."),
    "  - {number: '1', type: user, user: '6620', ring_timeout_s: x}":
        (3, 61, "extensions 1: ring_timeout_s: is a whole number."),
    "  - {number: '1', type: user}":
        (3, 25, "extensions 1: type: an extension leads to exactly one thing"),
    "  - {number: '1'}": (3, 5, "extensions 1: type: type is needed."),
    "  - {number: '1', nothing: 1}": (3, 19, "nothing: there is no field of this name here"),
    "  - {number: '1', id: 1}": (3, 19, "id: there is no field of this name here"),
    "  - {number: '1', number: '2'}": (3, 19, "number: this is here twice"),
    "  - 1": (3, 5, "this is a row, of \"field: value\""),
    "  - {number: '6620', type: [user]}": (3, 28, "type: this is no value of a field"),
    "  - {number: '1', type: user, user: '6620', always_to: '1'}": (3, 56, "this leads in a circle"),
    "  - {number: '1', type: [": (4, 1, "this is no YAML"),
    "nothing: []": (3, 1, "nothing: there is no section of this name"),
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_line(code, db, small, line):
    """Its place is told, and nothing at all is done: not even what stands before it."""
    before = state_of(db, "small.test")
    row, column, words = WRONG[line]
    head = "version: 1\ndomain: {name: small.test}\n"
    section = "" if line.startswith("nothing") else "extensions:\n"
    more = "" if line.endswith("[") else "\nconferences: [{name: fine}]\n"
    said = code.refused(head + section + line + more)
    assert said.startswith(f"dialplane apply: file:{row + bool(section)}:{column}: "), said
    assert words in said
    assert state_of(db, "small.test") == before


MANY_WRONG = """version: 1
domain: {name: small.test, max_calls: 0, timezone: ""}
nothing: []
users:
  - {username: "6622", password: short, max_calls: 0}
  - {username: "6623", nothing: 1}
  - username: "6624"
    enabled: 1
    password: long enough
queues:
  - {name: q, ring_s: 1, timeout_to: nowhere, no_agent_to: nowhere, members: [{user: x}, {level: 0}]}
users: []
"""


def test_everything_wrong(code, db, small):
    """All of it is told, in the order of the lines, whatever found it; and nothing is done."""
    before = state_of(db, "small.test")
    *said, last = code.refused(MANY_WRONG).splitlines()
    assert last == "dialplane apply: nothing was done"
    lines = MANY_WRONG.splitlines()
    places = [(2, "0"), (2, '""'), (3, "nothing"), (5, "short"), (5, "0}"), (6, "nothing"), (8, "1"),
              (11, "1"), (11, "nowhere, n"), (11, "nowhere, m"), (11, "x}"),
              (11, "{level"), (11, "0}"), (12, "users")]
    assert [line.split(" ", 3)[2] for line in said] == [
        f"file:{line}:{lines[line - 1].index(words) + 1}:" for line, words in places], said
    for words in ("queues q: timeout_to: there is no extension", "users 6622: max_calls: is from",
                  "users 6622: password: has 8", "queues q members x: user:"):
        assert sum(words in line for line in said) == 1, words
    assert state_of(db, "small.test") == before
    lines = code.refused("version: 1\ndomain: {name: none.test}\nusers:\n" + "- {username: a b}\n" * 60)
    assert len(lines.splitlines()) == 52 and "and 70 more" in lines
    done = code.try_run("import", "small.test", "users",
                        code.file("username,password,max_calls,devices\n6622,long enough,0,none\n"))
    assert done.returncode == 1 and ":2: users 6622: max_calls: is" in done.stderr
    assert ":2: users 6622: devices: is one of" in done.stderr
    assert state_of(db, "small.test") == before


def test_wrong_file(code, db):
    """A new tenant is not made by a file with a fault in it; secrets are needed of what is new."""
    before = state_of(db, "none.test")
    for text, words in {
            "": "no file of a tenant", "[]": "no file of a tenant", "version: 2": "1:10: version:",
            "version: 1": "1:1: domain:", "version: 1\ndomain: {name: X}": "host name",
            "version: 1\ndomain: {name: none.test}\nusers: [{username: x}]":
                "3:9: users x: password: password is needed.",
            "version: 1\ndomain: {name: none.test}\nusers: [{username: x, ha1: y}]":
                "3:28: users x: ha1: has 32 hexadecimal digits",
            "version: 1\ndomain: {name: none.test}\nusers: [{username: x, password: y}]":
                "3:33: users x: password: has 8 to 128 characters",
            "version: 1\ndomain: {name: none.test}\nqueues: [{name: q, members: [{user: x}]}]":
                "3:37: queues q members x: user: there is no user",
            "version: 1\ndomain: {name: none.test}\nprompts: [{name: x}]": "--prompts",
            "version: 1\ndomain: {name: none.test}\nqueues: &a [*a]": "this is a row",
    }.items():
        assert words in code.refused(text), text
    assert state_of(db, "none.test") == before
    assert "No such file" in code.try_run("apply", "/nowhere.yaml").stderr
    assert code.try_run("apply").returncode == 2
    assert "--prune" in code.try_run("apply", "--help").stdout


def test_asks(code, db, small):
    """On a terminal it asks, elsewhere it refuses to."""
    changed = small.replace("queues: [{name: support,", "queues: [{name: support, ring_s: 8,")
    before = state_of(db, "small.test")
    done = code.try_run("apply", code.file(changed))
    assert done.returncode == 1 and "ring_s: 20 -> 8" in done.stdout
    assert "nobody can be asked" in done.stderr
    shown, status = code.answer(changed, b"n")
    assert status == 1 and "ring_s: 20 -> 8" in shown and "nothing was done" in shown
    assert state_of(db, "small.test") == before
    shown, status = code.answer(changed, b"y")
    assert status == 0 and "Done." in shown
    assert "Nothing to change." in code.apply(changed)


def test_apply_is_live(code, serve, small):
    """As any other change: phones of a new user are known as soon as it is done."""
    code.apply(small.replace("queues:", """
conferences: [{name: 6630}]
queues:""").replace("users: [", 'users: [{username: "6630", password: long enough}, ').replace(
        "extensions:", 'extensions:\n  - {number: "6630", type: user, user: "6630"}'))
    assert until(lambda: serve.user("6630", "small.test")) < 10
