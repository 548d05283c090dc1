"""A change by plain SQL is live in Kamailio in under 100 ms, without a reload."""

import time

import pytest

from lib import db
from lib import scenario as sip

pytestmark = pytest.mark.edge

# Seconds from the commit on.
LIVE_WITHIN = 0.1


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
