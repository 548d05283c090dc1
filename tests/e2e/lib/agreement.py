"""Whether calls do what `dialplane explain` says of them: what is expected, the calls, their records."""

import concurrent.futures
import http.client
import re
import threading
import time
from dataclasses import dataclass, field

from .explain import case, explain, recorded, said
from .generate import CALLERS, PASSWORD
from .rtp import Endpoint
from .softphones import Softphones
from .things import AGENT, CALLS_IT, NO_WAITING, ONE_CALL, PAGED, STANDING, USERS

AT_ONCE = 16
# Seconds: for an answer, and for the end of a call whose next leg fails, with what it plays.
ANSWER_WITHIN, END_WITHIN, RECORD_WITHIN, JOINED_AFTER = 60, 30, 20, 0.5
# What a phone or gateway does that is asked, and what explain calls that. A group in which somebody is busy
# is never unreachable.
CASES = (("ring", ("no answer",)), ("busy", ("busy",)),
         ("full", ("carrier refuses or is silent", "carrier refuses")),
         ("silent", ("unreachable", "carrier refuses or is silent", "carrier is silent", "busy")))
NOBODY = ("waited too long", "nobody answers")
MANNERS = {**USERS, **STANDING, AGENT: "answer", PAGED: "answer"}


@dataclass
class Expected:
    """How a call ends, and how to get there."""

    fields: tuple
    answered: bool
    has_leg: bool = False         # a media server calls somebody for it
    steps: list = field(default_factory=list)


def _one_case(node, names):
    return next((case(node, name) for name in names
                 if any(item["when"] == name for item in node["branches"])), None)


def _manner_outside(node, who, manner):
    """How a number outside behaves that a group rings: what explain says becomes of the leg to it."""
    leg = _one_case(node, [f"{who} is rung"])
    if not leg:
        return manner(who)
    end = expect(leg, manner)
    if end.answered:
        return "answer"
    return {"USER_BUSY": "busy", "NO_ANSWER": "ring"}.get(end.fields[4], "silent")


def expect(node, manner, first="", steps=(), has_leg=False):
    """Follows the explanation to the case that these phones make of it; `first`: that of the caller."""
    result = node["result"]
    steps = [*steps, f"when {node.get('when', 'it is called')}",
             *[f"    {step['step']:10}{step['text']}" for step in node["steps"]]]
    has_leg = has_leg or any(step["step"] == "transfer" for step in node["steps"])
    chosen = _one_case(node, [first]) if first and not has_leg else None
    if chosen:
        return expect(chosen, manner, "", steps, has_leg)
    rings = result.get("rings")
    manners = {who: _manner_outside(node, who, manner) for who in rings or ()}
    taker = next((who for who in manners if manners[who] == "answer"), None)
    if rings is None or taker or not result["answered"]:
        fields = list(said(node))
        if "one_of" in result and taker:
            fields[2] = taker
        has_leg = has_leg or (taker is not None and result["type"] in ("ring_group", "queue", "paging"))
        return Expected(tuple(fields), result["answered"], has_leg, steps)
    for one, names in [*CASES, ("", NOBODY)]:
        found = _one_case(node, names)
        if found and (one in manners.values() or not one):
            return expect(found, manner, "", steps, has_leg)
    return Expected(said(node), result["answered"], has_leg, steps)


class Legs(threading.Thread):
    """Keeps an eye on the edge: of which callers media servers have legs that are answered."""

    def __init__(self, edge):
        super().__init__(daemon=True)
        self._edge, self._closing = edge, False
        self.answered = set()
        self.start()

    def run(self):
        while not self._closing:
            try:
                dialogs = self._edge.call("dlg.list") or ()
            except (OSError, http.client.HTTPException):
                dialogs = ()      # asked again: this is not what the test is about
            self.answered = {re.search(r"sip:([^@]*)@", dialog["from_uri"])[1] for dialog in dialogs
                             if dialog["state"] == 4 and not dialog["call-id"].endswith("@softphone")}
            time.sleep(0.1)

    def close(self):
        self._closing = True
        self.join()


class Agreement:
    """The phones and gateways of the generated tenants, and the calls to what is made there."""

    def __init__(self, platform, domains, edge):
        self._platform = platform
        self.phones = Softphones(platform)
        self._legs = Legs(edge)
        self.gateways = {
            name: self.phones.phone("carrier", "carrier.test", manner=manner, ip=f"127.0.3.{n}")
            for n, (name, manner) in enumerate([("up", "answer"), ("busy", "busy"), ("full", "full"),
                                                ("dead", "silent"), ("in", "answer")], 1)}
        self._manners = {f"{one.ip}:{one.port}/udp": one.manner for one in self.gateways.values()}
        self._users = {(domain, user): self.phones.phone(user, domain, PASSWORD, manner=manner)
                       for domain in domains
                       for user, manner in (MANNERS | dict.fromkeys(CALLERS[domain], "")).items()}
        self._standing, self._ringing = [], []

    def register(self):
        """All that have a manner; a silent one hears what the registrar says, and then no more."""
        there = [phone for phone in self._users.values() if phone.manner]
        manners = {phone: phone.manner for phone in there}
        for phone in there:
            phone.manner = "ring"
            phone.register()
        assert self.phones.wait(lambda: all(phone.registered for phone in there), 20)
        for phone in there:
            phone.manner = manners[phone]

    def hold(self):
        """In each tenant a call that lasts until the end."""
        self._standing = [phone.call(NO_WAITING) for (_, user), phone in self._users.items()
                          if user == ONE_CALL]
        self._platform.calls += [call.call_id for call in self._standing]
        assert self.phones.wait(lambda: all(call.code == 200 for call in self._standing), 20)

    def ring(self, calls):
        """Has the phones ring that are to be picked up."""
        for wanted in calls:
            if wanted.rings:
                call = self._users[wanted.domain, CALLS_IT].call(wanted.rings)
                self._ringing.append(call)
                self._platform.calls.append(call.call_id)
                rings = self.phones.wait(lambda one=call, key=f"{wanted.domain}:{wanted.rings}": one.code
                                         or one.call_id in (self._platform.edge.get("ringing", key) or ""), 20)
                assert rings and not call.code, f"{wanted} was to be picked up: {call.code}"

    def ring_no_more(self):
        for call in self._ringing:
            call.give_up()
        assert self.phones.wait(lambda: all(call.ended for call in self._ringing), 20), \
            [(call.uri, call.code) for call in self._ringing if not call.ended]
        self._ringing = []

    def explain(self, calls):
        """What each call is expected to end with."""
        def one(wanted):
            if wanted.is_inbound:
                document = explain(self._platform, "+49301112222", wanted.number, "--trunk", "in")
            else:
                document = explain(self._platform, f"{wanted.caller}@{wanted.domain}", wanted.number)
            first = f"key {wanted.key}" if wanted.key else wanted.case
            return expect(document, self._manner, first)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, calls))

    def _manner(self, who):
        return self._manners.get(who) or MANNERS.get(who, "")

    def make(self, calls, expected):
        """Makes the calls, some at a time; the Call-IDs."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._make, calls, expected))

    def _make(self, wanted, expected):
        endpoint = Endpoint() if wanted.key else None
        if wanted.is_inbound:
            phone = self.gateways["in"]
            # Known by this, too, in the legs of media servers.
            address = ":".join(map(str, self.phones.edge))
            call = phone.call(wanted.number, domain=address, caller=f"{wanted.caller}@carrier.test")
        else:
            number, _, domain = wanted.number.partition("@")
            call = self._users[wanted.domain, wanted.caller].call(number, endpoint, domain or None)
        try:
            self._go_on(call, wanted, expected, endpoint)
        finally:
            if endpoint:
                endpoint.close()
        self._platform.calls.append(call.call_id)
        return call.call_id

    def _go_on(self, call, wanted, expected, endpoint):
        """Stays in the call until it has come where it should, and hangs up."""
        self.phones.wait(lambda: call.code, ANSWER_WITHIN)
        if call.code != 200:
            return
        if endpoint:
            endpoint.remote = call.remote
            endpoint.wait_for_sound()
            endpoint.press(wanted.key)
        if expected.fields[4] != "NORMAL_CLEARING" or not expected.answered:
            self.phones.wait(lambda: call.ended, END_WITHIN)
        elif expected.has_leg:
            self.phones.wait(lambda: call.ended or wanted.caller in self._legs.answered, END_WITHIN)
            # The media server notes who has answered when it has joined the two.
            self.phones.wait(lambda: call.ended, JOINED_AFTER)
        call.hang_up()
        self.phones.wait(lambda: call.ended, 5)

    def compare(self, calls, expected, ids):
        """A line for each call whose record says something else."""
        wrong = []
        for wanted, end, call_id in zip(calls, expected, ids):
            record = self._platform.db.wait_for_cdr(call_id, RECORD_WITHIN)
            if recorded(record) != end.fields:
                wrong.append("\n  ".join([
                    str(wanted), f"explained {end.fields}",
                    f"recorded  {recorded(record)} {record['sip_code']} {record['source']}",
                    *end.steps]))
        return wrong

    def hang_up(self):
        for call in self._standing:
            call.hang_up()
        self.phones.wait(lambda: all(call.ended for call in self._standing), 5)

    def unregister(self):
        there = [phone for phone in self._users.values() if phone.registered]
        for phone in there:
            phone.manner = "ring"
            phone.register(expires=0)
        self.phones.wait(lambda: all(phone.registered for phone in there), 10)

    def close(self):
        self._legs.close()
        self.phones.close()
