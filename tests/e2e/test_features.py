"""Feature codes and numbers that are prefixes."""


import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, answered_by, refused
from lib.tenant import Tenant

pytestmark = pytest.mark.edge

CODES = {"*78": "dnd_on", "*79": "dnd_off", "*73": "forward_off", "*80": "queue_pause"}
WITH_ARGUMENT = {"*72": "forward_always_on", "*90": "forward_busy_on",
                 "*92": "forward_no_answer_on", "*94": "forward_unreachable_on",
                 "*26": "schedule_open", "*27": "schedule_holiday", "*28": "schedule_closed",
                 "*29": "schedule_auto"}
# What a forwarding by code writes.
FORWARDING = [f"{place}_{where}" for place in ("always", "busy", "no_answer", "unreachable")
              for where in ("to", "outside")]


@pytest.fixture(name="codes", autouse=True)
def add_codes(platform):
    """The feature codes of a.test, and a route outside behind 9 that has no trunk."""
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    for number, feature in {**CODES, **WITH_ARGUMENT}.items():
        platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, feature, is_prefix) "
                         "VALUES (%s, %s, 'feature', %s, %s)", domain, number, feature,
                         number in WITH_ARGUMENT)
    route = platform.db.value("INSERT INTO voip.outbound_routes (domain_id, name, strip) "
                              "VALUES (%s, 'nowhere', 1) RETURNING id", domain)
    platform.db.rows("INSERT INTO voip.extensions (domain_id, number, type, outbound_route_id, "
                     "is_prefix) VALUES (%s, '9', 'trunk_out', %s, true)", domain, route)
    before = platform.db.set_number("1003", ring_timeout_s=30, **dict.fromkeys(FORWARDING))
    keys = [f"a.test:{number}" for number in (*CODES, *(f"{code}!" for code in WITH_ARGUMENT), "9!")]
    for key in keys:
        platform.edge.wait_for("ext", key, "type=")
    yield
    platform.db.set_number("1003", **before)
    platform.db.set_user("1003", do_not_disturb=False)
    platform.db.rows("DELETE FROM voip.extensions WHERE domain_id = %s "
                     "AND (feature IS NOT NULL OR outbound_route_id = %s)", domain, route)
    platform.db.rows("DELETE FROM voip.outbound_routes WHERE id = %s", route)
    for key in keys:
        platform.edge.wait_until_gone("ext", key)


def goes_outside(platform, caller, number):
    """The number is one of the route's, which has no trunk."""
    call = caller.call(number, sip.is_refused(503)).finish()
    record = platform.db.wait_for_cdr(call.call_id)
    assert "No Trunk" in call.messages()
    assert record["service"] == "trunk_out" and record["sip_code"] == 503
    assert record["callee"] == number


def dial(platform, phone, number):
    """Dials a code and hears that it was done."""
    call = phone.call(number, sip.is_answered(), sip.is_asked("BYE"))
    call.wait("answered")
    phone.rtp.wait_for_sound()
    call.finish(20)
    records.check(platform.db.wait_for_cdr(call.call_id), caller=phone.user, callee=number,
                  service="feature", side="system")


def test_do_not_disturb_by_code(platform, phone):
    caller, callee = phone("1001"), phone("1003")
    dial(platform, callee, "*78")
    platform.edge.wait_for("ext", "a.test:1003", 'dnd="1"', timeout=0.1)
    refused(platform, caller, "1003", 486, cause="USER_BUSY")
    dial(platform, callee, "*79")
    platform.edge.wait_for("ext", "a.test:1003", 'dnd="0"', timeout=0.1)
    answered_by(platform, caller, callee, "1003", "1003")


def test_forward_by_code(platform, phone):
    caller, callee, other = phone("1001"), phone("1003"), phone("1002")
    dial(platform, callee, "*721002")
    answered_by(platform, caller, other, "1003", "1002")
    dial(platform, callee, "*73")
    answered_by(platform, caller, callee, "1003", "1003")


@pytest.mark.parametrize("code, edge, taken", [
    ("*90", "busy", (sip.ring(), sip.refuse(486, "Busy Here"))),
    ("*92", "noanswer", (sip.ring(), sip.is_cancelled())),
    ("*94", "unreachable", None)], ids=["busy", "no answer", "unreachable"])
def test_forward_on_a_condition_by_code(platform, phone, code, edge, taken):
    """A call goes there, and after the code that turns it off to the user's own mailbox."""
    caller, other = phone("1001"), phone("1002")
    callee = phone("1003", registered=taken is not None)
    platform.db.set_number("1003", ring_timeout_s=1)
    platform.edge.wait_for("ext", "a.test:1003", 'ring="1"')
    dial(platform, callee, f"{code}1002")
    assert others_of(platform, edge) == {""}
    there = taken and callee.wait_call(*taken)
    answered_by(platform, caller, other, "1003", "1002")
    if there:
        there.finish()

    dial(platform, callee, "*73")
    there = taken and callee.wait_call(*taken)
    call = caller.call("1003", *BYE).wait("answered")
    caller.rtp.wait_for_sound()
    if there:
        there.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", reached="*1003",
                  service="voicemail", source=platform.deployment.media_server)


def others_of(platform, forwarding):
    """Where 1003 is forwarded to otherwise."""
    value = platform.edge.get("ext", "a.test:1003")
    return {value.split(f'{name}="')[1].split('"')[0]
            for name in {"always", "busy", "noanswer", "unreachable"} - {forwarding}}


def test_forward_outside_by_code(platform, phone):
    """The number outside is resolved as if it had been dialled: the route has no trunk."""
    dial(platform, phone("1003"), "*729311")
    platform.edge.wait_for("ext", "a.test:1003", 'always="9311"', timeout=0.1)
    goes_outside(platform, phone("1001"), "1003")


@pytest.fixture(name="schedule")
def make_schedule(platform):
    """7300: open to 1003, closed to 1002, on holidays to 7301, which is 1003 as well. No hours."""
    tenant = Tenant(platform)
    tenant.alias("7301", "1003")
    yield tenant.schedule("7300", open_to="1003", closed_to="1002", holiday_to="7301")
    tenant.remove()
    platform.edge.wait_until_gone("ext", "a.test:7300")
    platform.edge.wait_until_gone("ext", "a.test:7301")


def test_schedule_by_code(platform, phone, schedule):
    """Each override counts for the next call; without one, it is the hours again."""
    caller, when_closed, when_open = phone("1001"), phone("1002"), phone("1003")
    for code, callee, number in (("*267300", when_open, "1003"), ("*27", when_open, "7301"),
                                 ("*287300", when_closed, "1002"), ("*26", when_open, "1003"),
                                 ("*297300", when_closed, "1002")):
        dial(platform, caller, code)
        answered_by(platform, caller, callee, "7300", number)
    was = platform.edge.get("ext", "a.test:7300")
    platform.db.rows("INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes) "
                     "SELECT domain_id, id, n, '00:00', '24:00' FROM voip.schedules, "
                     "generate_series(1, 7) n WHERE id = %s", schedule)
    platform.edge.wait_for_other("ext", "a.test:7300", was)
    answered_by(platform, caller, when_open, "7300", "1003")


def changeable(platform):
    """All that a feature code can change."""
    return [platform.db.rows(f"SELECT * FROM voip.{table} ORDER BY 1, 2")
            for table in ("users", "extensions", "schedules", "queue_agents")]


@pytest.mark.parametrize("number", ["*725555", "*72", "*80", "*28"])
def test_refused(platform, phone, number):
    """No such number, no number at all, in no queue, no schedule."""
    before = changeable(platform)
    refused(platform, phone("1003"), number, 403, service="feature", cause="FACILITY_REJECTED")
    assert changeable(platform) == before


def test_argument_that_could_end_a_statement(platform, phone):
    """It is no number, and does not get as far as the database."""
    before = changeable(platform)
    refused(platform, phone("1003"), "*72'--", 404, service="none", cause="UNALLOCATED_NUMBER")
    assert changeable(platform) == before


def test_code_of_a_forwarding_changes_nothing(platform, phone):
    """Whoever calls a number that is forwarded to a code did not ask for it."""
    caller = phone("1001")
    before = platform.db.set_number("1003", always_to=platform.db.extension_id("*78"))
    platform.edge.wait_for("ext", "a.test:1003", 'always="*78"')
    refused(platform, caller, "1003", 403, reached="*78", service="feature",
            cause="CALL_REJECTED")
    platform.db.set_number("1003", **before)
    assert not platform.db.rows("SELECT FROM voip.users WHERE do_not_disturb")


def test_without_postgresql(platform, phone):
    """The code changes nothing and says so; a number behind a prefix is known all the same."""
    caller = phone("1003")
    platform.stop_database()
    try:
        calls = [caller.call("*78", sip.is_refused(503)).finish(),
                 caller.call("9311", sip.is_refused(503)).finish()]
    finally:
        platform.supervisor.start("postgresql")
        platform.wait_until_healthy()
    code, outside = (platform.db.wait_for_cdr(call.call_id, within=30) for call in calls)
    assert code["service"] == "feature" and code["sip_code"] == 503
    assert outside["service"] == "trunk_out"
    assert not platform.db.rows("SELECT FROM voip.users WHERE do_not_disturb")


def test_longest_prefix_and_whole_numbers(platform, phone):
    """9 leads outside; a whole number that begins with 9 is itself, and so is a longer prefix."""
    caller, callee = phone("1001"), phone("1003")
    goes_outside(platform, caller, "9312")
    platform.db.rows(
        "INSERT INTO voip.extensions (domain_id, number, type, user_id, feature, is_prefix) "
        "SELECT domain_id, '9312', 'user', user_id, NULL, false FROM voip.extensions "
        "WHERE number = '1003' AND domain_id = (SELECT id FROM voip.domains WHERE name = 'a.test') "
        "UNION ALL SELECT id, '932', 'feature', NULL, 'schedule_closed', true "
        "FROM voip.domains WHERE name = 'a.test'")
    try:
        platform.edge.wait_for("ext", "a.test:9312", "type=")
        platform.edge.wait_for("ext", "a.test:932!", "type=")
        answered_by(platform, caller, callee, "9312", "9312")
        goes_outside(platform, caller, "93121")
        refused(platform, caller, "9321", 403, service="feature", cause="FACILITY_REJECTED")
    finally:
        platform.db.rows("DELETE FROM voip.extensions WHERE number IN ('9312', '932')")
        platform.edge.wait_until_gone("ext", "a.test:9312")
