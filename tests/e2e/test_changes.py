"""
A change is live without a reload: by plain SQL in Kamailio's memory in under 100 ms; by the API in what
becomes of calls, at the edge and on the media server. (How soon that is, is measured by bench/api_live.)
"""

import time

import pytest

from lib import db
from lib import scenario as sip
from lib.live import Live

pytestmark = pytest.mark.edge

# Seconds from the commit on.
LIVE_WITHIN = 0.1
# By the API, on a machine that has other things to do.
COUNTS_WITHIN_MS = 5000


def measure(platform, table, key, statement, *values):
    """Seconds from the commit of the change until Kamailio does not have the old value any more."""
    old = platform.edge.get(table, key)
    assert old is not None, f"{key} is not in Kamailio's memory"
    platform.db.rows(statement, *values)
    committed = time.monotonic()
    while platform.edge.get(table, key) == old:
        assert time.monotonic() < committed + 5, f"{key} is not live after 5 s"
    return time.monotonic() - committed


def set_password(platform, secret):
    return measure(platform, "user", "b.test:1002",
                   "UPDATE voip.users SET ha1 = %s FROM voip.domains d "
                   "WHERE d.id = domain_id AND d.name = 'b.test' AND username = '1002'",
                   db.md5("1002", "b.test", secret))


def test_password(platform, phone, record_property):
    made = phone("1002", "b.test")
    took = set_password(platform, "new")
    record_property("live_ms", round(took * 1000, 1))
    assert took < LIVE_WITHIN
    made.register(password="new")
    made.register(code=403)
    took = set_password(platform, db.password("1002", "b.test"))
    assert took < LIVE_WITHIN
    made.register()


def test_target_of_an_extension(platform, phone, record_property):
    """b.test's number 1003 is given to the user 1002."""
    caller, callee = phone("1001", "b.test"), phone("1002", "b.test")
    caller.call("1003", sip.is_refused(480)).finish()
    move = ("UPDATE voip.extensions e SET user_id = u.id FROM voip.users u, voip.domains d "
            "WHERE u.domain_id = d.id AND e.domain_id = d.id AND d.name = 'b.test' "
            "AND u.username = %s AND e.number = '1003'")
    took = measure(platform, "ext", "b.test:1003", move, "1002")
    record_property("live_ms", round(took * 1000, 1))
    assert took < LIVE_WITHIN
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    caller.call("1003", sip.is_answered(), sip.request("BYE", 3)).finish()
    there.finish()
    assert measure(platform, "ext", "b.test:1003", move, "1003") < LIVE_WITHIN


def test_new_number_that_was_just_refused(platform, phone):
    """That there is no such number is remembered, but not beyond the moment it is made."""
    caller, callee = phone("1001"), phone("1003")
    caller.call("1999", sip.is_refused(404)).finish()
    platform.db.rows(
        "INSERT INTO voip.extensions (domain_id, number, type, user_id) "
        "SELECT domain_id, '1999', 'user', user_id FROM voip.extensions "
        "JOIN voip.domains d ON d.id = domain_id WHERE d.name = 'a.test' AND number = '1003'")
    platform.edge.wait_until_gone("ext_miss", "a.test:1999")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    caller.call("1999", sip.is_answered(), sip.request("BYE", 3)).finish()
    there.finish()


def test_user_that_is_disabled(platform, phone):
    made = phone("1003", "b.test")
    switch = ("UPDATE voip.users SET enabled = %s FROM voip.domains d "
              "WHERE d.id = domain_id AND d.name = 'b.test' AND username = '1003'")
    assert measure(platform, "user", "b.test:1003", switch, False) < LIVE_WITHIN
    made.register(code=403)
    platform.db.rows(switch, True)
    platform.edge.wait_until_gone("user_miss", "b.test:1003")
    made.register()


@pytest.fixture(scope="module")
def live(platform):
    with Live(platform) as made:
        yield made


def change_all(live, kinds, every):
    """Each thing to something else and back; no call was treated the old way after the new one, also none
    when the edge has read the rows a second time."""
    targets = [getattr(live, kind)() for kind in kinds]
    there = [live.change(target, every, late=()) for target in targets]
    back = [live.change(target, every, late=(1.2,)) for target in targets]
    live.settle(there + back)
    took = {change.target.path: round(change.live_ms()) for change in there + back}
    assert max(took.values()) < COUNTS_WITHIN_MS, took


def test_by_api_at_the_edge(live):
    """An extension's user, where a user is forwarded to, a number from outside, a password."""
    change_all(live, ["extension", "forward", "inbound", "password"], 0.02)


@pytest.mark.service
def test_by_api_on_the_media_server(live):
    """A member of a ring group, what is announced, and the PIN of a conference that somebody is in."""
    change_all(live, ["ring_group", "announcement", "conference"], 0.05)
