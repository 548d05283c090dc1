"""Who calls, as colleagues see it: what the platform knows, whatever the phone says."""

import pytest

from lib import scenario as sip
from lib.calls import end, talk
from lib.outside import header
from lib.tenant import Tenant

pytestmark = pytest.mark.service

CLAIMS = ("P-Asserted-Identity: \"Boss\" <sip:1003@a.test>",
          "P-Preferred-Identity: <sip:1003@a.test>", "Remote-Party-ID: <sip:1003@a.test>")
# As it is configured, and as it is shown.
NAME, SHOWN = "Änne \"O'Neil\" 7461; <x>, 5$\\", "Änne O'Neil 7461 x 5"


@pytest.fixture(name="named")
def make_named(platform):
    """1001 has a name."""
    before = platform.db.set_user("1001", display_name=NAME)
    platform.edge.wait_for("user", "a.test:1001", f'name="{SHOWN}"')
    yield
    platform.db.set_user("1001", **before)
    platform.edge.wait_for("user", "a.test:1001", 'name=""')


@pytest.fixture(name="group", scope="module")
def make_group(platform):
    tenant = Tenant(platform)
    tenant.ring_group("7461", {"user": "1003"})
    yield "7461"
    tenant.remove()


def shown(phone, number):
    """The INVITE that 1003 gets when a phone that claims much calls."""
    callee = phone("1003")
    leg = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = phone("1001", claims="Boss").call(number, sip.is_answered(), sip.wait_for_go(),
                                             sip.request("BYE", 3), headers=CLAIMS)
    leg.wait("answered")
    call.wait("answered")
    end(call, leg)
    return leg.messages().split("\nINVITE ", 1)[1].split("\n-----", 1)[0]


@pytest.mark.parametrize("number", ["1003", "7461"])
@pytest.mark.usefixtures("named", "group")
def test_name_of_the_caller(phone, number):
    """To a phone directly, and by way of a media server."""
    invite = shown(phone, number)
    assert header(invite, "From").startswith(f'"{SHOWN}" <sip:1001@a.test>')
    assert "Boss" not in invite and "sip:1003@a.test" not in header(invite, "From")
    assert "P-Preferred-Identity" not in invite and "P-Asserted-Identity: \"Boss\"" not in invite
    assert "Remote-Party-ID: <sip:1003" not in invite


def test_no_name(phone):
    """Who has none has none, and none of his own making."""
    invite = shown(phone, "1003")
    assert header(invite, "From").startswith("<sip:1001@a.test>")
    assert "Boss" not in invite and "Identity" not in invite


@pytest.mark.usefixtures("named")
def test_calls_and_requests_within_them(platform, phone):
    """Audio and BYE of a call whose From was changed."""
    caller, callee = phone("1001", claims="Boss"), phone("1003")
    call, there = talk(caller, callee, "1003")
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    assert (record["caller"], record["callee_reached"]) == ("1001", "1003")
