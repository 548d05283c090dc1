"""Calls to and from carriers, as many tests make them."""

import re
import time

from . import records
from . import scenario as sip
from .carrier import add_route

OUTSIDE = "030123456"
E164 = "+4930123456"


def wait_for(condition, what, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} for {timeout} s"
        time.sleep(0.02)


def wait_until_known(platform, key, table="ext"):
    platform.edge.wait_for(table, key, "=")


def route_to(platform, *trunks, prefix="0", **more):
    """A route of a.test, known to the edge when this returns."""
    route = add_route(platform.db, prefix, *trunks, **more)
    wait_until_known(platform, f"a.test:{prefix}!")
    wait_until_known(platform, f"a.test:{route}", "route")
    platform.edge.wait_for("limit", "a.test:limits", 'cc="49"')


def add_number(platform, number, extension, domain="a.test"):
    platform.db.rows(
        "INSERT INTO voip.inbound_numbers (domain_id, number, extension_id) "
        "SELECT e.domain_id, %s, e.id FROM voip.extensions e JOIN voip.domains d ON d.id = domain_id "
        "WHERE d.name = %s AND e.number = %s", number, domain, extension)
    platform.edge.wait_for("did", f"did:{number}", extension)


def set_limits(platform, expected, **columns):
    """Changes a.test's limits; returns when the edge knows."""
    names = ", ".join(f"{column} = %s" for column in columns)
    platform.db.rows(f"UPDATE voip.domains SET {names} WHERE name = 'a.test'", *columns.values())
    platform.edge.wait_for("limit", "a.test:limits", expected)


def set_user(platform, columns, *values):
    platform.db.rows(f"UPDATE voip.users u SET {columns} FROM voip.domains d WHERE d.id = domain_id "
                     "AND d.name = 'a.test' AND username = '1001'", *values)


def talk(there, caller, number=OUTSIDE, headers=()):
    """A call that the carrier answers, and that the caller ends. Returns his leg."""
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3),
                       headers=headers)
    leg.wait("answered")
    call.wait("answered").go().finish()
    leg.finish()
    return call


def check_out(platform, call, trunk, *, callee=OUTSIDE, reached=E164, **expected):
    record = platform.db.wait_for_cdr(call.call_id)
    assert record["trunk"] == trunk
    records.check(record, callee=callee, reached=reached, service="trunk_out",
                  direction="outbound", **expected)
    return record


def check_in(platform, call, **expected):
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, **{"caller": "+4930111", "direction": "inbound", **expected})
    return record


def header(message, name):
    return re.search(rf"^{name}: *(.*?)\r?$", message, re.M | re.I)[1]
