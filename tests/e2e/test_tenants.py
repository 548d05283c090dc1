"""Two tenants with the same numbers never reach each other."""

import pytest

from lib import records
from lib import scenario as sip

pytestmark = pytest.mark.edge


@pytest.mark.parametrize("domain, other", [("a.test", "b.test"), ("b.test", "a.test")])
def test_same_number(platform, phone, domain, other):
    caller = phone("1001", domain)
    mine, theirs = phone("1003", domain), phone("1003", other)
    there = mine.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    elsewhere = theirs.wait_call(sip.ring())
    call = caller.call("1003", sip.is_answered(), sip.request("BYE", 3)).finish()
    there.finish()
    assert "INVITE" not in elsewhere.messages()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", domain=domain)


def test_number_of_the_other(platform, phone):
    elsewhere = phone("1003", "b.test").wait_call(sip.ring())
    call = phone("1001", "a.test").call("1003", sip.is_refused(403), domain="b.test").finish()
    assert "INVITE" not in elsewhere.messages()
    record = platform.db.wait_for_cdr(call.call_id)
    assert (record["domain"], record["sip_code"]) == ("a.test", 403)


def test_service_of_the_other(platform, phone):
    call = phone("1001", "a.test").call("8000", sip.is_refused(403), domain="b.test").finish()
    assert platform.db.wait_for_cdr(call.call_id)["sip_code"] == 403


def test_caller_of_the_other(phone):
    """Proven to be a.test's 1001, with a From of b.test: the challenge is for b.test's realm."""
    phone("1001", "a.test").call("1003", sip.is_refused(403), domain="b.test",
                                 from_uri="sip:1001@b.test", record=False).finish()
