"""The ways that lead to a mailbox: a message can be left on each, and is counted."""

import pytest

from lib import db, mailbox, records
from lib import scenario as sip
from lib.calls import BYE
from lib.tenant import Tenant

OWNER, BOX, CLOSED = "7330", "*7330", "7331"


@pytest.fixture(scope="module", autouse=True)
def numbers(platform):
    """7330: somebody with a mailbox for when he is busy or not there.   7331: closed, and then it."""
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", OWNER)
    box = platform.db.extension_id(BOX)
    platform.db.set_number(OWNER, busy_to=box, unreachable_to=box)
    platform.edge.wait_for("ext", f"a.test:{OWNER}", f'busy="{BOX}"')
    platform.edge.wait_for("ext", f"a.test:{BOX}", "voicemail")
    platform.edge.wait_for("user", f"a.test:{OWNER}", "box=")
    Tenant(platform).schedule(CLOSED, open_to="1002", closed_to=BOX)


@pytest.mark.parametrize("way, number", [("busy", OWNER), ("unreachable", OWNER), ("closed", CLOSED)])
def test_message_is_left(platform, phone, way, number):
    caller, owner = phone("1001"), phone(OWNER, registered=way == "busy")
    there = owner.wait_call(sip.ring(), sip.refuse(486, "Busy Here")) if way == "busy" else None
    before = mailbox.unheard(platform, OWNER)
    call = caller.call(number, *BYE)
    mailbox.leave(caller, call, 550)
    if there:
        there.finish()
    call.go().finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee=number, reached=BOX,
                  service="voicemail", source=platform.deployment.media_server)
    mailbox.wait_for_unheard(platform, OWNER, before + 1)
