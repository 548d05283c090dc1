"""Who says what FreeSWITCH does with a call: its files, or `dialplane serve` for each call."""

import json

import pytest

from lib import raw, records
from lib import scenario as sip

pytestmark = pytest.mark.service

# What the edge's memory says of a number; the service is one that nobody has.
NOBODY = 'type="{}";ref="99999";media="1";ring="30";always="";busy="";noanswer="";unreachable=""'


@pytest.fixture(autouse=True)
def skip_without_freeswitch(platform):
    if platform.deployment.media_server != "freeswitch":
        pytest.skip("Asterisk's dialplan is always static")


@pytest.fixture(name="dialplan")
def configured_dialplan(platform):
    return platform.deployment["media.dialplan"]


def call_and_hang_up(platform, caller, number):
    """The record of a call that is answered and heard something."""
    call = caller.call(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_sound()
    call.go().finish()
    return platform.db.wait_for_cdr(call.call_id)


def extension_of(platform, record):
    """The extension that took the call when it came in: of the files, "any" is the first."""
    first = [step for step in json.loads(raw.record(platform, record))["callflow"]
             if step["caller_profile"]["context"] == "from-edge"]
    return first[-1]["extension"]["name"]


@pytest.mark.parametrize("number, service", [("8000", "ivr"), ("*1003", "voicemail"),
                                             ("*97", "voicemail")])
def test_who_decides(platform, phone, quiet, dialplan, number, service):
    record = call_and_hang_up(platform, phone("1001"), number)
    records.check(record, callee=number, service=service, source="freeswitch")
    kind = "mailbox" if number == "*97" else service
    assert extension_of(platform, record) == (kind if dialplan == "dynamic" else "any")


def test_files_decide_while_serve_is_away(platform, phone):
    caller = phone("1001")
    platform.supervisor.stop_process("serve")
    try:
        call = caller.call("8000", sip.is_answered(), sip.is_asked("BYE"))
        call.wait("answered")
        caller.rtp.wait_for_sound()
        call.finish(30)
        record = platform.db.wait_for_cdr(call.call_id)
    finally:
        platform.supervisor.start("serve")
        platform.wait_until_healthy()
    assert extension_of(platform, record) == "any"
    records.check(record, callee="8000", service="ivr", side="system",
                  cause="NETWORK_OUT_OF_ORDER")


@pytest.mark.parametrize("kind", ["ivr", "voicemail", "queue", "conference"])
def test_service_that_is_not_there(platform, phone, dialplan, kind):
    """The edge knows more than serve: an announcement, and the same record, either way."""
    caller = phone("1001")
    platform.edge.call("htable.sets", "ext", "a.test:8000", NOBODY.format(kind))
    try:
        call = caller.call("8000", sip.is_answered(), sip.is_asked("BYE"))
        call.wait("answered")
        caller.rtp.wait_for_sound()
        call.finish(30)
        record = platform.db.wait_for_cdr(call.call_id)
    finally:
        platform.edge.call("dialplane.refresh", "ext", "a.test:8000")
    records.check(record, callee="8000", service=kind, side="system",
                  cause="NETWORK_OUT_OF_ORDER", source="freeswitch")
    assert extension_of(platform, record) == (kind if dialplan == "dynamic" else "any")
