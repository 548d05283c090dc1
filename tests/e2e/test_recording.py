"""Recording policies: who is recorded, what is in the file, and that nothing else is different."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE, end, talk
from lib.carrier import Carrier, add_route, add_trunk, remove_all
from lib.phone import hear_each_other
from lib.recording import Policies, is_recorded, read, seconds_of
from lib.tenant import Tenant

pytestmark = pytest.mark.service


@pytest.fixture(name="policies")
def make_policies(platform):
    made = Policies(platform)
    yield made
    made.remove()


def check_file(platform, record):
    """The caller's 440 Hz are on the left channel and nowhere else, the callee's 660 Hz on the right."""
    left, right = read(platform, record)
    assert seconds_of(left, 440) >= 0.5 and seconds_of(right, 660) >= 0.5
    assert seconds_of(left, 660) == 0 and seconds_of(right, 440) == 0


def check_recorded(platform, caller, callee, number, **expected):
    """A call with tones both ways, its record and its recording."""
    call, there = talk(caller, callee, number)
    hear_each_other(caller, callee)
    time.sleep(1)
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee=number, **expected)
    check_file(platform, record)
    return record


@pytest.mark.edge
def test_always(platform, phone, policies, quiet):
    """Of who is called: both sides in one file, one channel each."""
    policies.add("always", "1002")
    caller, callee = phone("1001"), phone("1002")
    check_recorded(platform, caller, callee, "1002", source="edge")


def test_caller_is_recorded(platform, phone, policies):
    policies.add("always", "1001", direction="internal")
    caller, callee = phone("1001"), phone("1002")
    check_recorded(platform, caller, callee, "1002", source="edge")


def test_never(platform, phone, policies):
    """Said of the one, it counts more than what is said of the tenant; and a direction is not another."""
    policies.add("always")
    policies.add("never", "1002")
    policies.add("always", "1001", direction="outbound")
    call, there = talk(phone("1001"), phone("1002"), "1002")
    assert "User-Agent: Dialplane" not in there.messages()
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, source="edge")
    assert not is_recorded(platform, record)


def test_callee_hangs_up(platform, phone, policies):
    policies.add("always", "1002")
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1))
    call = caller.call("1002", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    there.wait("answered").go().finish()
    call.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), side="callee", source="edge")


@pytest.mark.edge
@pytest.mark.parametrize("code, reason", [
    (486, "Busy Here"), (480, "Gone Fishing"), (404, "Not Found"), (603, "Decline")])
def test_refused(platform, phone, policies, code, reason):
    """The caller hears what the phone said, and the record says the same as without recording."""
    caller, callee = phone("1001"), phone("1003")
    without, recorded = [], []
    for found in (without, recorded):
        there = callee.wait_call(sip.refuse(code, reason))
        call = caller.call("1003", sip.is_refused(code)).finish()
        there.finish()
        assert f"SIP/2.0 {code} {reason}" in call.messages()
        found.append(platform.db.wait_for_cdr(call.call_id))
        if found is without:
            policies.add("always", "1003")
    same = ("callee_reached", "service", "hangup_cause", "hangup_side", "sip_code", "direction")
    assert [without[0][key] for key in same] == [recorded[0][key] for key in same]
    records.check(recorded[0], callee="1003", code=code, cause=without[0]["hangup_cause"],
                  side="callee", answered=False, source="edge")
    assert not is_recorded(platform, recorded[0])


def test_cancelled(platform, phone, policies):
    """The caller hears ringing, and gives up."""
    policies.add("always", "1002")
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1002", sip.cancel())
    there.wait("ringing")
    call.wait("ringing").go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), code=487, cause="ORIGINATOR_CANCEL",
                  answered=False, source="edge")


@pytest.mark.edge
def test_no_answer_goes_to_voicemail(platform, phone, policies):
    """1002 rings for two seconds; the message is in the recording as well."""
    policies.add("always", "1002")
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("1002", *BYE).wait("answered")
    there.finish()
    caller.rtp.wait_for_sound(10)
    caller.rtp.tone(440)
    time.sleep(1)
    call.go().finish()
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, reached="*1002", service="voicemail", source="edge")
    left, right = read(platform, record)
    assert seconds_of(left, 440) >= 0.5


def test_user_limits_count_once(platform, phone, policies):
    """Two sides with room for one call each have it, and then no other."""
    policies.add("always", "1002")
    before = [platform.db.set_user(user, max_calls=1) for user in ("1001", "1002")]
    key = "a.test:1002"
    try:
        platform.edge.wait_for("ext", key, 'calls="1"')
        platform.edge.wait_for("user", "a.test:1001", 'calls="1"')
        caller, callee, other = phone("1001"), phone("1002"), phone("1003")
        legs = talk(caller, callee, "1002")
        busy = other.call("1002", sip.is_refused(486)).finish()
        records.check(platform.db.wait_for_cdr(busy.call_id), caller="1003", code=486,
                      cause="USER_BUSY", side="system", answered=False)
        end(*legs)
        records.check(platform.db.wait_for_cdr(legs[0].call_id))
    finally:
        for user, columns in zip(("1001", "1002"), before):
            platform.db.set_user(user, **columns)
        platform.edge.wait_for("ext", key, f'calls="{before[1]["max_calls"]}"')


def test_forwarded_when_busy(platform, phone, policies):
    """Who was called first is recorded: so is the call that goes on to somebody else."""
    policies.add("always", "1002")
    before = platform.db.set_number("1002", busy_to=platform.db.extension_id("1003"))
    try:
        platform.edge.wait_for("ext", "a.test:1002", 'busy="1003"')
        caller, first, second = phone("1001"), phone("1002"), phone("1003")
        here = first.wait_call(sip.refuse(486, "Busy Here"))
        check_recorded(platform, caller, second, "1002", reached="1003")
        here.finish()
    finally:
        platform.db.set_number("1002", **before)
        platform.edge.wait_for("ext", "a.test:1002", 'busy=""')


def test_headers_of_a_phone_are_not_believed(platform, phone, policies):
    policies.add("always", "1002")
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(*TAKE)
    call = caller.call("1002", *BYE, headers=("X-VOIP-Recorded: bridge", "X-VOIP-Record: elsewhere"))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    assert "X-VOIP" not in there.messages()
    end(call, there)
    assert is_recorded(platform, platform.db.wait_for_cdr(call.call_id))


# ---- on demand, and pauses

def press(phones, who):
    """*1; both hear that it had an effect. They send nothing meanwhile, and nothing was on its way."""
    for one in phones:
        one.rtp.tone(0)
    for one in phones:
        one.rtp.wait_for_silence(0.4)
    who.rtp.press("*1")
    for one in phones:
        one.rtp.wait_for_sound(10)
    for one in phones:
        one.rtp.wait_for_silence(0.4)


def send(phones, *tones, seconds=0.7):
    """Each sends its tone for so long, from when the other one hears it."""
    for one, tone in zip(phones, tones):
        one.rtp.tone(tone)
    for one, tone in zip(reversed(phones), tones):
        one.rtp.wait_for_tone(tone)
    time.sleep(seconds)


def test_on_demand(platform, phone, policies):
    """The callee begins it, the caller interrupts it and the callee goes on: only that is in the file."""
    policies.add("on_demand", "1002")
    phones = caller, callee = phone("1001"), phone("1002")
    legs = talk(caller, callee, "1002")
    send(phones, 880, 990)
    press(phones, callee)
    send(phones, 440, 660)
    press(phones, caller)
    send(phones, 880, 990)
    press(phones, callee)
    send(phones, 550, 770)
    end(*legs)
    record = platform.db.wait_for_cdr(legs[0].call_id)
    records.check(record)
    check_file(platform, record)
    left, right = read(platform, record)
    assert seconds_of(left, 550) >= 0.5 and seconds_of(right, 770) >= 0.5
    assert seconds_of(left, 880) == seconds_of(right, 990) == 0


def test_nobody_demands_it(platform, phone, policies):
    policies.add("on_demand")
    legs = talk(phone("1001"), phone("1002"), "1002")
    end(*legs)
    record = platform.db.wait_for_cdr(legs[0].call_id)
    records.check(record)
    assert not is_recorded(platform, record)


def test_pause(platform, phone, policies):
    """What is said meanwhile is not in the file."""
    policies.add("always", "1002", allow_pause=True)
    phones = caller, callee = phone("1001"), phone("1002")
    legs = talk(caller, callee, "1002")
    send(phones, 440, 660)
    press(phones, caller)
    send(phones, 880, 990)
    end(*legs)
    record = platform.db.wait_for_cdr(legs[0].call_id)
    check_file(platform, record)
    left, right = read(platform, record)
    assert seconds_of(left, 880) == seconds_of(right, 990) == 0


def test_no_pause(platform, phone, policies):
    """The key does nothing, and is the other side's to hear."""
    policies.add("always", "1002")
    caller, callee = phones = phone("1001"), phone("1002")
    legs = talk(caller, callee, "1002")
    caller.rtp.press("*1")
    send(phones, 440, 660)
    end(*legs)
    check_file(platform, platform.db.wait_for_cdr(legs[0].call_id))


def test_announcement(platform, phone, policies):
    """The caller hears it when he is answered, and then the other side."""
    policies.add("always", "1002", announce=True)
    caller, callee = phone("1001"), phone("1002")
    legs = talk(caller, callee, "1002")
    caller.rtp.wait_for_sound()
    caller.rtp.wait_for_silence()
    hear_each_other(caller, callee)
    time.sleep(1)
    end(*legs)
    record = platform.db.wait_for_cdr(legs[0].call_id)
    records.check(record)
    check_file(platform, record)


def test_callee_transfers_the_caller(platform, phone, policies):
    """By REFER, which the media server carries out: to somebody, and in the same file. His packets have
    lower sequence numbers than those before: on Asterisk they would be taken for late ones."""
    policies.add("always", "1002")
    caller, callee, third = phone("1001"), phone("1002"), phone("1003")
    callee.rtp.sequence, third.rtp.sequence = 40000, 20000
    there = callee.wait_call(
        sip.ring(), sip.answer(), sip.wait_for_go(),
        sip.called_request("REFER", 1, "Refer-To: <sip:1003@a.test>", code=202))
    then = third.wait_call(*TAKE)
    call = caller.call("1002", *BYE)
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, callee)
    time.sleep(1)
    there.go()
    then.wait("answered")
    third.rtp.tone(770)
    caller.rtp.wait_for_tone(770)
    time.sleep(1)
    end(call, then)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record)
    check_file(platform, record)
    left, right = read(platform, record)
    assert seconds_of(left, 440) >= 1.5
    assert seconds_of(right, 770) >= 0.5


# ---- services

def test_menu_and_who_it_leads_to(platform, phone, policies):
    """One file: the menu's, which goes on with the user although he is to be recorded himself."""
    policies.add("always")
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(*TAKE)
    call = caller.call("8000", *BYE).wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.press("3")
    there.wait("answered")
    hear_each_other(caller, callee)
    time.sleep(1)
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee="8000", reached="1003", service="ivr",
                  source=platform.deployment.media_server)
    check_file(platform, record)


def test_only_who_the_menu_leads_to(platform, phone, policies):
    """Another media server in between, for his leg; the call and its record are the menu's."""
    policies.add("always", "1003")
    caller, callee = phone("1001"), phone("1003")
    there = callee.wait_call(*TAKE)
    call = caller.call("8000", *BYE).wait("answered")
    caller.rtp.wait_for_sound()
    caller.rtp.press("3")
    there.wait("answered")
    hear_each_other(caller, callee)
    time.sleep(1)
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee="8000", reached="1003", service="ivr",
                  source=platform.deployment.media_server)
    check_file(platform, record)


@pytest.fixture(name="group")
def make_group(platform):
    """The ring group 7702 with the member 1002, gone after the test; its number."""
    database = platform.db
    group = database.value("INSERT INTO voip.ring_groups (domain_id, name) SELECT id, '7702' "
                           "FROM voip.domains WHERE name = 'a.test' RETURNING id")
    database.rows("INSERT INTO voip.ring_group_members (domain_id, ring_group_id, user_id) "
                  "SELECT domain_id, %s, user_id FROM voip.extensions WHERE id = %s",
                  group, database.extension_id("1002"))
    database.rows("INSERT INTO voip.extensions (domain_id, number, type, ring_group_id) "
                  "SELECT domain_id, '7702', 'ring_group', id FROM voip.ring_groups WHERE id = %s",
                  group)
    platform.edge.wait_for("ext", "a.test:7702", "ring_group")
    yield "7702"
    database.rows("DELETE FROM voip.extensions WHERE number = '7702'")
    database.rows("DELETE FROM voip.ring_groups WHERE id = %s", group)
    platform.edge.wait_until_gone("ext", "a.test:7702")


def test_ring_group(platform, phone, policies, group):
    """On demand of the member, who is another one's leg until he answers."""
    policies.add("on_demand", group)
    phones = caller, member = phone("1001"), phone("1002")
    legs = talk(caller, member, group)
    send(phones, 880, 990)
    press(phones, member)
    send(phones, 440, 660)
    end(*legs)
    record = platform.db.wait_for_cdr(legs[0].call_id)
    records.check(record, callee=group, reached="1002", service="ring_group",
                  source=platform.deployment.media_server)
    check_file(platform, record)
    assert seconds_of(read(platform, record)[0], 880) == 0


@pytest.fixture(name="queue")
def make_queue(platform):
    """The queue 7701 with the member 1002, gone after the test."""
    made = Tenant(platform).queue("7701", ["1002"])
    yield made
    platform.db.rows("DELETE FROM voip.extensions WHERE number = '7701'")
    platform.db.rows("DELETE FROM voip.queues WHERE id = %s", made)
    platform.edge.wait_until_gone("ext", "a.test:7701")


def test_queue(platform, phone, policies, queue):
    """The queue's policy, though nothing is said of who takes the call."""
    policies.add("always", queue=queue)
    caller, member = phone("1001"), phone("1002")
    there = member.wait_call(*TAKE)
    call = caller.call("7701", *BYE).wait("answered")
    there.wait("answered")
    hear_each_other(caller, member)
    time.sleep(1)
    end(call, there)
    record = platform.db.wait_for_cdr(call.call_id)
    records.check(record, callee="7701", reached="1002", service="queue",
                  source=platform.deployment.media_server)
    left, right = read(platform, record)
    assert seconds_of(left, 440) >= 0.5 and seconds_of(right, 660) >= 0.5


# ---- calls to and from outside

@pytest.fixture(name="carrier")
def make_carriers(platform):
    made = []
    remove_all(platform.db)

    def make(mode="up"):
        made.append(Carrier(platform, mode))
        return made[-1]

    yield make
    remove_all(platform.db)
    for one in made:
        one.close()


def route_to(platform, *trunks):
    route = add_route(platform.db, "0", *trunks)
    platform.edge.wait_for("ext", "a.test:0!", "=")
    platform.edge.wait_for("route", f"a.test:{route}", "=")
    platform.edge.wait_for("limit", "a.test:limits", 'cc="49"')


@pytest.fixture(name="caller_id")
def give_caller_id(platform):
    """What 1001 is shown as outside, until the test is over."""
    before = platform.db.set_user("1001", outside_caller_id="+493017701")
    platform.edge.wait_for("user", "a.test:1001", 'cid="+493017701"')
    yield "+493017701"
    platform.db.set_user("1001", **before)
    platform.edge.wait_for("user", "a.test:1001", 'cid=""')


@pytest.mark.edge
@pytest.mark.parametrize("mode", ["full", "silent"])
def test_next_trunk(platform, phone, policies, carrier, caller_id, mode):
    """Of a route one of whose trunks is recorded: the next one is tried, and hears who calls and that
    he wants to be hidden."""
    first, second = carrier(mode), carrier()
    trunks = [add_trunk(platform.db, "first", first, caller_id="+49301000"),
              add_trunk(platform.db, "second", second, caller_id="+49301001")]
    route_to(platform, *trunks)
    policies.add("always", trunk=trunks[1], direction="outbound")
    caller = phone("1001")
    there = second.wait_call(*TAKE)
    call = caller.call("030123456", *BYE, headers=("Privacy: id",))
    there.wait("answered")
    call.wait("answered")
    hear_each_other(caller, second)
    time.sleep(1)
    end(call, there)
    invite = second.gateway.invites[0]
    assert f"P-Asserted-Identity: <sip:{caller_id}@" in invite
    assert "X-VOIP" not in invite and "\nPrivacy: id" in invite and "anonymous.invalid" in invite
    record = platform.db.wait_for_cdr(call.call_id)
    assert record["trunk"] == "second"
    records.check(record, callee="030123456", reached="+4930123456", service="trunk_out",
                  direction="outbound", source="edge")
    check_file(platform, record)


def test_no_trunk_left(platform, phone, policies, carrier):
    there = carrier("full")
    route_to(platform, add_trunk(platform.db, "only", there))
    policies.add("always", "1001")
    call = phone("1001").call("030123456", sip.is_refused(503)).finish()
    record = platform.db.wait_for_cdr(call.call_id)
    assert record["trunk"] == "only"
    records.check(record, callee="030123456", reached="+4930123456", service="trunk_out", code=503,
                  cause="NORMAL_CIRCUIT_CONGESTION", side="system", direction="outbound",
                  answered=False)


def test_barred_number(platform, phone, policies, carrier):
    there = carrier()
    route_to(platform, add_trunk(platform.db, "only", there))
    platform.db.rows("UPDATE voip.domains SET country_code = '1'")
    policies.add("always", "1001")
    platform.edge.wait_for("limit", "a.test:limits", 'cc="1"')
    call = phone("1001").call("030123456", sip.is_refused(403)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="030123456", service="trunk_out",
                  code=403, cause="OUTGOING_CALL_BARRED", side="system", direction="outbound",
                  answered=False)
    assert not there.gateway.invites


def test_inbound(platform, phone, policies, carrier):
    """Who is outside cannot interrupt the recording."""
    there = carrier()
    trunk = add_trunk(platform.db, "in", there)
    platform.db.rows("INSERT INTO voip.inbound_numbers (domain_id, number, extension_id) "
                     "SELECT domain_id, '+493027701', id FROM voip.extensions WHERE id = %s",
                     platform.db.extension_id("1002"))
    policies.add("always", trunk=trunk, direction="inbound", allow_pause=True)
    for table, key in (("did", "did:+493027701"), ("gateway", f"gateway:{there.ip}"),
                       ("trunk", f"a.test:{trunk}")):
        platform.edge.wait_for(table, key, "=")
    callee = phone("1002")
    phones = there, callee
    leg = callee.wait_call(*TAKE)
    call = there.call_in("+493027701", *BYE).wait("answered")
    leg.wait("answered")
    there.rtp.press("*1")
    send(phones, 440, 660)
    press(phones, callee)
    send(phones, 880, 990)
    end(call, leg)
    record = platform.db.wait_for_cdr(call.call_id)
    assert record["trunk"] == "in"
    records.check(record, caller="+4930111", callee="+493027701", reached="1002",
                  direction="inbound")
    check_file(platform, record)
    assert seconds_of(read(platform, record)[0], 880) == 0


def test_without_media_server(platform, phone, policies):
    """What has to be recorded is not said without; calls that have not go on."""
    policies.add("always", "1003")
    node = f"sip:127.0.0.1:{platform.deployment['media.sip_port']}"
    caller, callee = phone("1001"), phone("1002")
    platform.edge.call("dispatcher.set_state", "dx", 1, node)
    try:
        call = caller.call("1003", sip.is_refused(503)).finish()
        records.check(platform.db.wait_for_cdr(call.call_id), callee="1003", code=503,
                      side="system", cause="NORMAL_TEMPORARY_FAILURE", answered=False)
        end(*talk(caller, callee, "1002"))
    finally:
        platform.edge.call("dispatcher.set_state", "ap", 1, node)
