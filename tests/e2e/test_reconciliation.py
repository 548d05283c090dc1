"""Calls whose media server or edge is killed: each has one record all the same, and is marked."""

import json
import os
import signal
import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE
from lib.freeswitch import FreeSwitch
from lib.phone import hear_each_other
from lib.tenant import Tenant

CONFERENCE = "8900"
# Flags of a dialog (DLG_IFLAG_* of Kamailio's module): BYE at its end, OPTIONS to the one, to the other.
TELLS, ASKS_CALLER, ASKS_CALLEE = 1, 2, 4
# State of a dialog (DLG_STATE_DELETED).
ENDED = 5
# A call that is hung up when those who knew of it have been killed.
BYE_TO_NOBODY = (sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3, code=481))


def until(condition, what, timeout=15):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.05)
    return value


def check(platform, *options):
    """Exit status of `dialplane cdr check`, and what it says."""
    done = platform.state.try_run([platform.state / "bin/dialplane", "cdr", "check", "-s",
                                   platform.state.path, "--json", *options])
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def listed(said, name):
    """Ids of the calls in a list of it."""
    return {call["call_id"] for call in said["list"][name]}


class Killed:
    """Kills a daemon, and knows what became of calls."""

    def __init__(self, platform):
        self.platform, self.db = platform, platform.db

    def kill(self, name):
        """SIGKILL to a daemon and its children; returns when the supervisor has it running again."""
        pid = self.platform.supervisor.processes()[name]["pid"]
        os.killpg(pid, signal.SIGKILL)
        self.platform.edge.close()
        until(lambda: (now := self.platform.supervisor.processes()[name])["statename"] == "RUNNING"
              and now["pid"] != pid, f"{name} is started again", 30)
        self.platform.wait_until_healthy()

    def kill_media_server(self):
        self.kill(self.platform.deployment.media_server)
        if self.platform.deployment.media_server == "freeswitch":
            FreeSwitch(self.platform).wait_until_ready()

    def hang_up(self):
        """Ends all calls on the media server."""
        if self.platform.deployment.media_server == "freeswitch":
            FreeSwitch(self.platform).api("hupall")
        else:
            self.platform.state.run([self.platform.state / "tree/asterisk/run", "usr/sbin/asterisk",
                                     "-C", self.platform.state / "etc/asterisk/asterisk.conf",
                                     "-rx", "channel request hangup all"])

    def seen(self, leg):
        """What the edge has noted of the call, None for nothing."""
        return next(iter(self.db.rows("SELECT * FROM voip.edge_calls WHERE sip_call_id = %s",
                                      leg.call_id)), None)

    def wait_for_end(self, leg):
        return until(lambda: (call := self.seen(leg)) and call["ended_at"] and call,
                     "the edge has seen the end")

    def let_pass(self, *legs):
        """Half a minute, for these calls: as long as a record may take."""
        self.db.rows("UPDATE voip.edge_boots SET noted_at = noted_at - interval '1 min'")
        self.db.rows("UPDATE voip.edge_calls SET noted_at = noted_at - interval '1 min' "
                     "WHERE sip_call_id = ANY(%s)", [leg.call_id for leg in legs])

    def reconciled(self, leg, why):
        """The one record of the call, which was made up for this reason."""
        record = self.db.wait_for_cdr(leg.call_id, 15)
        assert record["reconciled"] == why and record["source"] == "edge"
        self.platform.reconciled.append(leg.call_id)
        return record


@pytest.fixture(name="killed")
def make_conference(platform):
    tenant = Tenant(platform)
    tenant.conference(CONFERENCE)
    yield Killed(platform)
    tenant.remove()


def test_media_server_killed(platform, phone, killed):
    caller, other, callee = phone("1001"), phone("1002"), phone("1003")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1, code=481))
    listens = caller.call(CONFERENCE, *BYE_TO_NOBODY)
    talks = other.call("8000", *BYE_TO_NOBODY)
    talks.wait("answered")
    other.rtp.wait_for_sound()
    other.rtp.press("3")
    there.wait("answered")
    listens.wait("answered")
    hear_each_other(other, callee)
    # Callers' dialogs ask both sides whether they are there; the leg of the media server asks that. Who is
    # left gets a BYE. (It takes 60 s: docs/architecture.md.)
    # (Those that have ended stay on the list for some seconds.)
    assert sorted(dialog["iflags"] for dialog in platform.edge.call("dlg.list")
                  if dialog["state"] != ENDED) == \
        [TELLS | ASKS_CALLER, *[TELLS | ASKS_CALLER | ASKS_CALLEE] * 2]
    killed.kill_media_server()
    for leg in (listens, talks, there):
        leg.go().finish()
    until(lambda: platform.edge.dialogs() == 0, "the edge has forgotten the calls")
    calls = {str(killed.wait_for_end(leg)["call_id"]) for leg in (listens, talks)}

    code, said = check(platform, "--grace", "0")
    assert code == 1 and not said["agree"] and listed(said, "missing") == calls
    assert {call["why"] for call in said["list"]["missing"]} == \
        {"its media server has not reported it"}
    # It may still come.
    code, said = check(platform)
    assert code == 0 and said["waiting"] == 2 and said["list"]["missing"] == []

    killed.let_pass(listens, talks)
    record = killed.reconciled(listens, "media")
    records.check(record, caller="1001", callee=CONFERENCE, service="conference")
    record = killed.reconciled(talks, "media")
    records.check(record, caller="1002", callee="8000", service="ivr")
    code, said = check(platform, "--grace", "0")
    assert code == 0 and calls <= listed(said, "reconciled") and said["list"]["missing"] == []
    parts = json.loads(platform.state.try_run([platform.state / "bin/dialplane", "doctor", "-s",
                                               platform.state.path, "--json"]).stdout)
    assert [part["status"] for part in parts if part["part"] == "records"] == ["warn"]


@pytest.mark.edge
def test_answer_of_a_forgotten_call(platform, phone, killed):
    """The edge is killed while a phone rings: who calls does not get through behind its back."""
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(sip.ring(), sip.wait_for_go(), sip.answer_unheard())
    call = caller.call("1003", sip.expect(180), sip.log("ringing"), sip.wait_for_go(), record=False)
    there.wait("ringing")
    call.wait("ringing")
    platform.wait_for_contacts()
    killed.kill("kamailio")
    there.go().finish()
    call.go().finish()
    assert "SIP/2.0 200" not in call.messages()
    assert not platform.db.cdrs(call.call_id)


@pytest.mark.edge
def test_edge_killed(platform, phone, killed):
    """Of calls that were answered the edge had said so; how they ended nobody knows, unless a media
    server does."""
    caller, callee, other = (phone(user) for user in ("1001", "1003", "1002"))
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1, code=481))
    direct = caller.call("1003", *BYE_TO_NOBODY)
    served = other.call(CONFERENCE, *BYE_TO_NOBODY)
    for leg in (there, direct, served):
        leg.wait("answered")
    hear_each_other(caller, callee)
    until(lambda: killed.seen(direct) and killed.seen(served), "the edge has noted both")
    platform.wait_for_contacts()
    killed.kill("kamailio")
    for leg in (direct, there, served):
        leg.go().finish()
    calls = {str(killed.seen(leg)["call_id"]) for leg in (direct, served)}
    code, said = check(platform, "--grace", "0")
    assert code == 1 and calls == listed(said, "missing")
    assert {call["why"] for call in said["list"]["missing"]} == \
        {"the edge that had it was started anew"}

    killed.let_pass(direct, served)
    record = killed.reconciled(direct, "edge")
    records.check(record, callee="1003", side="system", cause="NORMAL_TEMPORARY_FAILURE")
    # Kamailio counts whole seconds.
    started_anew = platform.db.value("SELECT max(booted_at) FROM voip.edge_boots")
    assert record["ended_at"] == max(started_anew, record["answered_at"])
    record = killed.reconciled(served, "edge")
    records.check(record, caller="1002", callee=CONFERENCE, service="conference", side="system",
                  cause="NORMAL_TEMPORARY_FAILURE")
    assert check(platform, "--grace", "0")[0] == 0
    # The media server still has its call. When it has ended, its own record takes the place.
    killed.hang_up()
    until(lambda: platform.db.cdrs(served.call_id)[0]["reconciled"] is None, "it is reported")
    platform.reconciled.remove(served.call_id)
    late = platform.db.wait_for_cdr(served.call_id)
    assert late["source"] == platform.deployment.media_server
    assert late["ended_at"] > record["ended_at"] and late["billable_ms"] > record["billable_ms"]


def test_line_that_was_cut_off(platform, phone):
    """As Kamailio leaves it when it is killed while it writes: the next line is whole all the same."""
    caller, callee = phone("1001"), phone("1003")
    with open(platform.state / "cdr/edge.jsonl", "a", encoding="ascii") as file:
        file.write('{"v":1,"id":"cut o')
    there = callee.wait_call(*TAKE)
    call = caller.call("1003", *BYE)
    for leg in (there, call):
        leg.wait("answered")
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="1003")
    until(lambda: platform.db.rows("DELETE FROM voip.cdr_dead WHERE body = %s RETURNING id",
                                   b'{"v":1,"id":"cut o'), "the beginning is a dead letter")
