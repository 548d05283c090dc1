"""`dialplane explain` says what calls do."""

import pytest

from lib import scenario as sip
from lib.calls import end, talk
from lib.explain import case, check, explain, run, steps

pytestmark = pytest.mark.edge

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
def test_names_do_no_harm(platform):
    """No terminal obeys a name; JSON is read back as it was."""
    _, output, _ = run(platform, "--from", "1001@a.test", "--to", "7500")
    assert "\u202e" not in output
    assert '"; DROP' in output
    assert HOSTILE.replace("\x1b", "\u202e<&>") in steps(explain(platform, "1001@a.test", "7500"),
                                                          "match")[0]


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


@pytest.mark.parametrize("options, status, words", [
    (["--from", "1001@a.test"], 2, "--from and --to are needed"),
    (["--from", "1001", "--to", "1"], 2, "--from is USER@TENANT"),
    (["--from", "1001@a.test", "--to", "1 2"], 2, "nothing that can be dialled"),
    (["--from", "1001@a.test", "--to", "1", "--at", "noon"], 2, "no time such as 2026-12-25T10:00"),
    (["--from", "1001@c.test", "--to", "1"], 1, "no tenant 'c.test'"),
    (["--from", "1009@a.test", "--to", "1"], 1, "no user '1009' in a.test"),
])
def test_questions_that_cannot_be_asked(platform, options, status, words):
    done = run(platform, *options)
    assert done[0] == status and words in done[2] and done[1] == "", done
