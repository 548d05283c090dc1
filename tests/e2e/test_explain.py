"""`dialplane explain` says what calls do."""

import datetime
import os
import random
import re
import time
from pathlib import Path

import pytest

from lib import generate
from lib import scenario as sip
from lib.agreement import Agreement
from lib.calls import end, talk
from lib.carrier import add_trunk
from lib.edge import Edge
from lib.explain import case, check, explain, run, steps
from lib.outside import add_number, route_to

pytestmark = pytest.mark.edge

# Of 67 calls each.
BATCHES = 3
DOCUMENT = Path(__file__).parents[2] / "docs/explain.md"
HOSTILE = '"; DROP \x1b[31m'


@pytest.fixture(name="schedule", scope="module")
def make_schedule(platform):
    """7500: open to 1002 in office hours, else closed to 8000. With a name that is made to harm."""
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    schedule = platform.db.value(
        "INSERT INTO voip.schedules (domain_id, name, open_to, closed_to) VALUES (%s, %s, %s, %s) "
        "RETURNING id", domain, HOSTILE.replace("\x1b", "\u202e<&>"),
        platform.db.extension_id("1002"), platform.db.extension_id("8000"))
    platform.db.rows("INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes) "
                     "SELECT %s, %s, n, '09:00', '17:00' FROM generate_series(1, 7) n", domain, schedule)
    platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, schedule_id) "
                     "VALUES (%s, '7500', 'schedule', %s)", domain, schedule)
    platform.edge.wait_for("ext", "a.test:7500", "plan=")
    yield schedule
    platform.db.rows("DELETE FROM voip.extensions WHERE schedule_id = %s", schedule)
    platform.db.rows("DELETE FROM voip.schedules WHERE id = %s", schedule)
    platform.edge.wait_until_gone("ext", "a.test:7500")


def test_phones_that_are_there(platform, phone):
    """Who is registered and who is in a call is asked of the edge."""
    caller, callee = phone("1001"), phone("1003")
    before = explain(platform, "1001@a.test", "1003")
    assert steps(before, "devices") == ["1 of 1003 rings for 30 s"]
    call, there = talk(caller, callee, "1003")
    assert steps(explain(platform, "1003@a.test", "1001"), "limits")[0].endswith(", 1 now")
    end(call, there)
    check(platform, call, before)
    callee.register(expires=0)
    gone = explain(platform, "1001@a.test", "1003")
    check(platform, caller.call("1003", sip.is_refused(480)).finish(), gone)
    offline = explain(platform, "1001@a.test", "1003", "--offline")
    assert case(offline, "not registered")["result"] == gone["result"]


def test_cases(platform, phone):
    """What happens instead, with the forwarding of whoever is called then."""
    caller, callee = phone("1001"), phone("1003")
    explained = explain(platform, "1001@a.test", "1003")
    there = callee.wait_call(sip.ring(), sip.refuse(486, "Busy Here"))
    call = caller.call("1003", sip.is_refused(486)).finish()
    there.finish()
    check(platform, call, case(explained, "busy"))
    assert case(explain(platform, "1001@a.test", "1002", "--offline"),
                "no answer")["result"]["target"] == "*1002"


@pytest.mark.parametrize("number", ["7777", "*97", "*1003", "8000"])
def test_without_phones(platform, phone, number):
    explained = explain(platform, "1001@a.test", number)
    answered = explained["result"]["answered"]
    step = [sip.is_answered(), sip.request("BYE", 3)] if answered else [sip.is_refused(404)]
    call = phone("1001").call(number, *step).finish()
    check(platform, call, explained)


@pytest.mark.usefixtures("schedule")
def test_another_time(platform):
    status, output, _ = run(platform, "--from", "1001@a.test", "--to", "7500", "--at",
                            "2026-12-25T16:59", "--offline")
    assert status == 0
    assert "schedule  open at 2026-12-25 16:59 (UTC): leads to 1002\n" in output
    assert output.splitlines()[-1] == "result    1002 (user): answered, NORMAL_CLEARING"
    closed = explain(platform, "1001@a.test", "7500", "--at", "2026-12-25T17:00")
    assert closed["result"]["target"] == "8000"


@pytest.mark.usefixtures("schedule")
def test_time_zone(platform):
    """--at is a time by the clock of the tenant, and so are the hours of its schedules."""
    platform.db.rows("UPDATE voip.domains SET timezone = 'Asia/Tokyo' WHERE name = 'a.test'")
    try:
        closed = explain(platform, "1001@a.test", "7500", "--at", "2026-12-25T08:59", "--offline")
        opened = explain(platform, "1001@a.test", "7500", "--at", "2026-12-25T09:00", "--offline")
    finally:
        platform.db.rows("UPDATE voip.domains SET timezone = 'UTC' WHERE name = 'a.test'")
    assert (closed["result"]["target"], opened["result"]["target"]) == ("8000", "1002")
    assert (opened["zone"], opened["local"]) == ("Asia/Tokyo", "2026-12-25 09:00")
    assert opened["at"] == datetime.datetime(2026, 12, 25, tzinfo=datetime.timezone.utc).timestamp()


@pytest.mark.usefixtures("schedule")
def test_names_do_no_harm(platform):
    """No terminal obeys a name; JSON is read back as it was."""
    _, output, _ = run(platform, "--from", "1001@a.test", "--to", "7500")
    assert "\u202e" not in output
    assert '"; DROP' in output
    assert HOSTILE.replace("\x1b", "\u202e<&>") in steps(explain(platform, "1001@a.test", "7500"),
                                                          "match")[0]


def test_recording_and_pickup(platform):
    """What is recorded is said; pickup depends on who rings now."""
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, is_prefix) "
                     "VALUES (%s, '*755', 'pickup', true)", domain)
    platform.db.rows("INSERT INTO voip.recording_policies (domain_id, extension_id, mode, announce) "
                     "VALUES (%s, %s, 'always', true)", domain,
                     platform.db.extension_id("1003"))
    platform.edge.wait_for("ext", "a.test:*755!", "pickup")
    try:
        assert steps(explain(platform, "1001@a.test", "1003"), "record") == ["always, announced"]
        assert steps(explain(platform, "1001@a.test", "1002"), "record") == []
        nobody = explain(platform, "1001@a.test", "*7551003")
        assert steps(nobody, "pickup") == ["1003: nobody rings"]
        assert nobody["result"]["code"] == 480
    finally:
        platform.db.rows("DELETE FROM voip.recording_policies WHERE domain_id = %s", domain)
        platform.db.rows("DELETE FROM voip.extensions WHERE domain_id = %s AND number = '*755'", domain)
        platform.edge.wait_until_gone("ext", "a.test:*755!")


def test_edge_that_has_not_heard(platform):
    """A row that the edge remembers otherwise is said: what follows is not what a call would do."""
    was = platform.edge.get("ext", "a.test:1003")
    platform.edge.call("htable.sets", "ext", "a.test:1003", was.replace('ring="30"', 'ring="31"'))
    try:
        assert "remembers ext a.test:1003 otherwise" in steps(
            explain(platform, "1001@a.test", "1003"), "edge")[0]
    finally:
        platform.edge.call("htable.sets", "ext", "a.test:1003", was)
    assert steps(explain(platform, "1001@a.test", "1003"), "edge") == []


@pytest.fixture(name="trunk")
def make_trunk(platform, carrier):
    """A trunk "8760" behind the prefix 8760, with the number +4987600 for 1003, 2 calls and 3 a second."""
    there = carrier()
    trunk = add_trunk(platform.db, "8760", there, max_calls=2, max_cps=3)
    route_to(platform, trunk, prefix="8760")
    add_number(platform, "+4987600", "1003")
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    platform.db.rows("INSERT INTO voip.recording_policies (domain_id, trunk_id, direction, mode) "
                     "VALUES (%s, %s, 'inbound', 'always'), (%s, NULL, 'any', 'never')", domain, trunk,
                     domain)
    platform.edge.wait_for("record", "a.test:d.all", "1000")
    yield trunk
    platform.db.rows("DELETE FROM voip.recording_policies WHERE domain_id = %s", domain)
    platform.edge.wait_until_gone("record", "a.test:d.all")


@pytest.mark.usefixtures("trunk")
def test_policies_of_a_trunk(platform):
    """What is said of a trunk counts more than what is said of the tenant, in its direction."""
    inbound = explain(platform, "+49301", "+4987600", "--trunk", "8760")
    assert steps(inbound, "policy") == ['of the trunk "8760": always', "of the tenant: never"]
    assert steps(inbound, "record") == ["always"]
    assert steps(inbound, "media")[0].startswith("recorder;")
    outbound = explain(platform, "1001@a.test", "876030123456")
    assert steps(outbound, "policy") == ["of the tenant: never"]
    assert steps(outbound, "record") == []


@pytest.mark.usefixtures("trunk")
def test_limits_of_a_trunk(platform):
    outbound = explain(platform, "1001@a.test", "876030123456")
    assert 'trunk "8760" may have 2 calls at a time, 0 now, and 3 new calls a second' in steps(
        outbound, "limits")
    assert case(outbound, "more than 3 in this second")["result"]["cause"] == "NORMAL_CIRCUIT_CONGESTION"


def documented_fields():
    """The names in the table of docs/explain.md, "result.code" and the like."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## `--json`")[1].split("## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}


def fields_of(document, top=True):
    """All names that there are in it, as the documentation writes them."""
    found = {f"result.{name}" for name in document["result"]} | set(document)
    for branch in document["branches"]:
        found |= fields_of(branch, top=False) - {"when"}
    assert all(set(step) == {"step", "text"} for step in document["steps"])
    assert top or "when" in document
    return found


@pytest.mark.usefixtures("schedule", "trunk")
def test_fields(platform):
    """--json has the fields that are documented, and no others."""
    seen = set()
    for number in ("1003", "7500", "7777", "876030123456"):
        seen |= fields_of(explain(platform, "1001@a.test", number, "--offline"))
    documented = documented_fields()
    assert {"steps", "result.code"} < documented
    assert seen <= documented
    # Those that only few explanations have.
    assert documented - seen <= {"more", "result.one_of"}


def test_help(platform):
    status, output, _ = run(platform, "--help")
    assert status == 0
    assert all(option in output for option in ("--from", "--to", "--trunk", "--at", "--offline", "--json",
                                               "Exit status: 0"))


@pytest.fixture(name="circle")
def make_circle(platform):
    """7510 and 7511: groups of 1003, each leading to the other when he is away. The database sees none."""
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    for number, other in (("7510", "7511"), ("7511", "7510")):
        group = platform.db.value("INSERT INTO voip.ring_groups (domain_id, name) VALUES (%s, %s) "
                                  "RETURNING id", domain, number)
        platform.db.rows("INSERT INTO voip.ring_group_members (domain_id, ring_group_id, user_id) "
                         "SELECT domain_id, %s, id FROM voip.users WHERE domain_id = %s "
                         "AND username = '1003'", group, domain)
        platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, ring_group_id, "
                         "unreachable_outside) VALUES (%s, %s, 'ring_group', %s, %s)", domain, number,
                         group, other)
        platform.edge.wait_for("ext", f"a.test:{number}", "ring_group")
    yield
    platform.db.rows("UPDATE voip.extensions SET unreachable_to = NULL WHERE number = '7511'")
    for number in ("7511", "7510"):
        platform.db.rows("DELETE FROM voip.extensions WHERE number = %s", number)
        platform.db.rows("DELETE FROM voip.ring_groups WHERE name = %s", number)
        platform.edge.wait_until_gone("ext", f"a.test:{number}")


@pytest.mark.usefixtures("circle")
def test_way_in_a_circle(platform, phone):
    """From one media server to the next: the edge counts, and ends it. What it was is in the record."""
    explained = explain(platform, "1001@a.test", "7510")
    assert steps(explained, "transfer")[:2] == ["the media server calls 7511",
                                                "the media server calls 7510"]
    code = explained["result"]["code"]
    call = phone("1001").call("7510", sip.is_refused(code)).finish(60)
    check(platform, call, explained)


@pytest.mark.parametrize("options, status, words", [
    (["--from", "1001@a.test"], 2, "--from and --to are needed"),
    (["--from", "1001", "--to", "1"], 2, "--from is USER@TENANT"),
    (["--from", "1001@a.test", "--to", "1 2"], 2, "nothing that can be dialled"),
    (["--from", "1001@a.test", "--to", "1", "--at", "noon"], 2, "no time such as 2026-12-25T10:00"),
    (["--from", "1001@c.test", "--to", "1"], 4, "no tenant 'c.test'"),
    (["--from", "1009@a.test", "--to", "1"], 4, "no user '1009' in a.test"),
])
def test_questions_that_cannot_be_asked(platform, options, status, words):
    done = run(platform, *options)
    assert done[0] == status and words in done[2] and done[1] == "", done


@pytest.fixture(name="agreement")
def make_agreement(platform):
    """With the tenants of lib/generate.py, of this seed; nothing of them is left."""
    seed = int(os.environ.get("DIALPLANE_SEED") or time.time_ns() % 10**9)
    print(f"DIALPLANE_SEED={seed}")
    chance = random.Random(seed)
    made = Agreement(platform, generate.DOMAINS, Edge(platform.deployment, platform.secret("rpc_token")))
    made.seed = seed
    made.tenants = [generate.Tenant(platform.db, chance, domain, made.gateways)
                    for domain in generate.DOMAINS]
    wait_until_known(platform, made.tenants)
    made.register()
    made.hold()
    yield made
    made.hang_up()
    made.unregister()
    for tenant in made.tenants:
        tenant.remove()
        platform.edge.wait_until_gone("limit", f"{tenant.domain}:limits")
    made.close()


def wait_until_known(platform, tenants):
    """Until the edge has all that was written."""
    for key in [tenant.marker() for tenant in tenants]:
        platform.edge.wait_for("ext", key, "voicemail", timeout=20)


def test_two_hundred_calls(platform, agreement):
    """
    Generated tenants, and a call to each thing in them: what explain said before is what the record
    says. DIALPLANE_SEED repeats a run.
    """
    wrong, count = [], 0
    for number in range(BATCHES):
        calls = [call for tenant in agreement.tenants for call in tenant.batch(number)]
        wait_until_known(platform, agreement.tenants)
        agreement.ring(calls)
        expected = agreement.explain(calls)
        ids = agreement.make(calls, expected)
        agreement.ring_no_more()
        wrong += agreement.compare(calls, expected, ids)
        count += len(ids)
    assert count >= 200
    assert all(tenant.refused for tenant in agreement.tenants if "extension" in tenant.kinds), \
        "no loop was refused"
    assert not wrong, (f"{len(wrong)} of {count} calls; DIALPLANE_SEED={agreement.seed}\n"
                       + "\n".join(wrong))
