"""Who may register, and as whom."""

import time

import pytest

from lib import db
from lib import scenario as sip

pytestmark = pytest.mark.edge


def contacts(platform, user, domain):
    """The contacts in Kamailio's memory."""
    found = platform.edge.call("ul.lookup", "location", f"{user}@{domain}")
    return found["Contacts"] if found else []


def test_right_password(platform, phone):
    made = phone("1001")
    found = contacts(platform, "1001", "a.test")
    assert len(found) == 1
    assert f":{made.port}" in found[0]["Contact"]["Address"]
    assert contacts(platform, "1001", "b.test") == []


def test_unregister(platform, phone):
    phone("1001").register(expires=0)
    assert contacts(platform, "1001", "a.test") == []


def test_tcp(platform, phone):
    """A contact over TCP lives as long as its connection: SIPp ends, and nobody is there to ring."""
    phone("1001", transport="tcp")
    deadline = time.monotonic() + 5
    while contacts(platform, "1001", "a.test"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_wrong_password(platform, phone):
    phone("1001", password="wrong", registered=False).register(code=403)
    assert contacts(platform, "1001", "a.test") == []


def test_unknown_user_looks_like_a_wrong_password(phone):
    phone("4711", registered=False).register(code=403)


def test_domain_of_another_tenant(platform, phone):
    secret = db.password("1001", "a.test")
    phone("1001", domain="b.test", password=secret, registered=False).register(code=403)
    assert contacts(platform, "1001", "b.test") == []


def test_domain_of_nobody(phone):
    phone("1001", domain="c.test", registered=False).register(code=403)


def test_contact_for_somebody_else(platform, phone):
    """Third-party registration: 1001 may not take 1002's calls."""
    phone("1001", registered=False).register(code=403, to="sip:1002@a.test")
    assert contacts(platform, "1002", "a.test") == []


def test_call_to_somebody_not_registered(platform, phone):
    call = phone("1001").call("1003", sip.is_refused(480)).finish()
    record = platform.db.wait_for_cdr(call.call_id)
    assert (record["sip_code"], record["hangup_side"]) == (480, "system")
