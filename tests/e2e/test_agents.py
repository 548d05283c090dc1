"""Agents of queues: who is logged in, has a pause or has just talked, on the media server."""

import time

import pytest

from lib import records
from lib import scenario as sip
from lib.calls import BYE, TAKE, end, talk
from lib.phone import hear_each_other
from lib.tenant import Tenant

pytestmark = pytest.mark.service

# Seconds that a queue may take until it rings an agent.
OFFERED_WITHIN = 30
WRAP_UP = 3
CODES = {"7921": "queue_login", "7922": "queue_logout", "7923": "queue_pause",
         "7924": "queue_unpause"}


@pytest.fixture(name="tenant", scope="module", autouse=True)
def numbers(platform):
    """
    Agents 7911 to 7913. 7901: 7911, then 7912.   7902: 7912, then 7913.   7903: 7913, else 1003
    when nobody is logged in.   7905: 7911 and 7912 for 3 s, then 7913.
    """
    tenant = Tenant(platform)
    for agent in ("7911", "7912", "7913"):
        tenant.user(agent)
    for number, feature in CODES.items():
        tenant.code(number, feature)
    times = {"strategy": "top_down", "ring_s": 30, "wrap_up_s": WRAP_UP}
    tenant.queue("7901", ["7911"], ["7912"], **times)
    tenant.queue("7902", ["7912"], ["7913"], **times)
    tenant.queue("7903", ["7913"], no_agent_to=tenant.extension("1003"), **times)
    tenant.queue("7905", ["7911", "7912"], max_wait_s=3, timeout_to=tenant.extension("7913"),
                 **times)
    yield tenant
    tenant.remove()


@pytest.fixture(autouse=True)
def all_available(platform):
    yield
    platform.db.rows("DELETE FROM voip.queue_agents")


def dial(phone, code):
    """Dials a code: it was done when that is answered."""
    phone.call(code, sip.is_answered(), sip.request("BYE", 3)).finish()


def has_been_called(leg):
    return "INVITE sip:" in leg.messages()


def test_two_queues_of_three_agents(platform, phone):
    """Levels; an agent who talks for one queue is busy for the other; wrap-up; giving up."""
    callers = [phone("1001"), phone("1002"), phone("1003")]
    agents = [phone("7911"), phone("7912"), phone("7913")]
    calls = []
    for caller, agent, number in zip(callers, agents, ("7901", "7901", "7902")):
        calls.append(talk_with_agent(caller, agent, number))
        hear_each_other(caller, agent)
    end(*calls[0])
    ended = time.monotonic()
    records.check(platform.db.wait_for_cdr(calls[0][0].call_id), callee="7901", reached="7911",
                  service="queue")
    # 7911 has time to himself, 7912 talks: the caller waits. Giving up ends the ringing.
    there = agents[0].wait_call(sip.ring(), sip.is_cancelled())
    call = callers[0].call("7901", *BYE)
    call.wait("answered")
    there.wait("ringing", OFFERED_WITHIN)
    assert time.monotonic() - ended > WRAP_UP - 1.5
    call.go().finish()
    there.finish()
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7901", service="queue")
    for call, there in calls[1:]:
        end(call, there)
    for (call, _), caller, number, agent in zip(calls[1:], ("1002", "1003"), ("7901", "7902"),
                                                ("7912", "7913")):
        records.check(platform.db.wait_for_cdr(call.call_id), caller=caller, callee=number,
                      reached=agent, service="queue")


def talk_with_agent(caller, agent, number):
    there = agent.wait_call(*TAKE)
    call = caller.call(number, *BYE)
    there.wait("answered", OFFERED_WITHIN)
    call.wait("answered")
    return call, there


def test_caller_waits_too_long_for_who_has_a_pause(platform, phone):
    """Nobody is rung, though both are there, and the caller goes where the queue says."""
    caller, agents, spare = phone("1001"), [phone("7911"), phone("7912")], phone("7913")
    for agent in agents:
        dial(agent, "7923")
    legs = [agent.wait_call(sip.ring()) for agent in agents]
    there = spare.wait_call(*TAKE)
    call = caller.call("7905", *BYE)
    call.wait("answered")
    caller.rtp.wait_for_sound()
    there.wait("answered", 40)
    hear_each_other(caller, spare)
    end(call, there)
    assert not any(map(has_been_called, legs))
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7905", reached="7913",
                  service="queue")


def test_pause_and_login_by_code(platform, phone):
    """A pause and a logout count at once, in all queues; coming back while a caller waits."""
    time.sleep(WRAP_UP + 1)  # of all that the tests before did
    caller, first, second, third = phone("1001"), phone("7911"), phone("7912"), phone("7913")
    here = first.wait_call(sip.ring(), sip.is_cancelled())
    call = caller.call("7901", *BYE)
    here.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    here.finish()
    dial(first, "7922")
    here = first.wait_call(sip.ring())
    call, there = talk_with_agent(caller, second, "7901")
    end(call, there)
    assert not has_been_called(here)
    here.kill()
    # The second agent of 7901 is the first of 7902.
    dial(second, "7923")
    here = second.wait_call(sip.ring())
    call, there = talk_with_agent(caller, third, "7902")
    end(call, there)
    # Nobody for 7901: who comes back is rung for the caller who waits.
    call = caller.call("7901", *BYE)
    call.wait("answered")
    caller.rtp.wait_for_sound()
    assert not has_been_called(here)
    here.kill()
    dial(first, "7921")
    there = first.wait_call(*TAKE)
    there.wait("answered", OFFERED_WITHIN)
    hear_each_other(caller, first)
    end(call, there)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7901", reached="7911",
                  service="queue")


def test_nobody_is_logged_in(platform, phone):
    """Who has a pause is there, and his callers wait; who is logged out is not."""
    caller, agent, spare = phone("1001"), phone("7913"), phone("1003")
    dial(agent, "7923")
    call = caller.call("7903", *BYE)
    call.wait("answered")
    caller.rtp.wait_for_sound()
    dial(agent, "7924")
    there = agent.wait_call(sip.ring(), sip.is_cancelled())
    there.wait("ringing", OFFERED_WITHIN)
    call.go().finish()
    there.finish()
    dial(agent, "7922")
    call, there = talk(caller, spare, "7903")
    hear_each_other(caller, spare)
    end(call, there)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="7903", reached="1003",
                  service="queue")


def test_agent_goes_while_another_rings(platform, phone):
    """The first agent refuses; the second, who would be next, has gone meanwhile."""
    time.sleep(WRAP_UP + 1)  # of all that the tests before did
    caller, first, second = phone("1001"), phone("7911"), phone("7912")
    here = first.wait_call(sip.ring(), sip.pause(1500), sip.refuse(486, "Busy Here"))
    there = second.wait_call(sip.ring())
    call = caller.call("7901", *BYE)
    here.wait("ringing", OFFERED_WITHIN)
    platform.db.rows("INSERT INTO voip.queue_agents (domain_id, user_id, status) "
                     "SELECT domain_id, id, 'logged_out' FROM voip.users WHERE username = '7912'")
    here.finish()
    began = time.monotonic()
    while time.monotonic() < began + 2.5:
        assert not has_been_called(there)
        time.sleep(0.1)
    call.go().finish()
