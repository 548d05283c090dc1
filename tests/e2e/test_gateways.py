"""By what address calls from outside are known to be a carrier's."""

import pytest

from lib import scenario as sip
from lib.carrier import add_trunk
from lib.outside import add_number, check_in, wait_for

pytestmark = pytest.mark.edge


def test_gateway_with_a_name(platform, phone, carrier):
    """Its calls are a carrier's as soon as the name was looked up, and a stranger's once it is gone."""
    there = carrier(ip="127.0.0.1")
    trunk = add_trunk(platform.db, "7421", there)
    platform.db.rows("UPDATE voip.trunk_gateways SET host = 'LocalHost' WHERE trunk_id = %s", trunk)
    add_number(platform, "+4930742", "1003")
    platform.edge.wait_for("gateway", "gateway:localhost", "a.test")
    wait_for(lambda: platform.edge.get("named", "127.0.0.1") == "localhost", "not looked up", 30)
    leg = phone("1003").wait_call(sip.refuse(486, "Busy Here"))
    call = there.call_in("+4930742", sip.is_refused(486)).finish()
    leg.finish()
    record = check_in(platform, call, callee="+4930742", reached="1003", answered=False, code=486,
                      cause="USER_BUSY", side="callee")
    assert record["trunk"] == "7421"
    platform.db.rows("DELETE FROM voip.trunks WHERE id = %s", trunk)
    platform.edge.wait_until_gone("gateway", "gateway:localhost")
    there.call_in("+4930742", sip.is_refused(407), record=False).finish()


def test_ipv6(platform, carrier):
    """The row is live, under the address as the edge writes it, and gone with its trunk."""
    trunk = add_trunk(platform.db, "7422", carrier())
    platform.db.rows("UPDATE voip.trunk_gateways SET host = '[2001:DB8::0:7422]' WHERE trunk_id = %s",
                     trunk)
    platform.edge.wait_for("gateway", "gateway:2001-db8--7422", 'host="[2001:db8::0:7422]"')
    platform.db.rows("DELETE FROM voip.trunks WHERE id = %s", trunk)
    platform.edge.wait_until_gone("gateway", "gateway:2001-db8--7422")
