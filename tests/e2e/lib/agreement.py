"""Whether calls do what `dialplane explain` says of them: what is expected, the calls, their records."""

import concurrent.futures
import http.client
import re
import threading
import time
from dataclasses import dataclass, field

from .explain import case, explain, recorded, said
from .generate import AGENT, CALLERS, PASSWORD, USERS
from .rtp import Endpoint
from .softphones import Softphones

AT_ONCE = 16
# Seconds: for an answer, and for the end of a call whose next leg fails, with what it plays.
ANSWER_WITHIN, END_WITHIN, RECORD_WITHIN, JOINED_AFTER = 60, 30, 20, 0.5
# What a phone or gateway does that is asked, and what explain calls that.
CASES = (("ring", ("no answer",)), ("busy", ("busy",)),
         ("full", ("carrier refuses or is silent", "carrier refuses")), ("silent", ("unreachable", "carrier refuses or is silent", "carrier is silent")))


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


def expect(node, manner, key="", steps=(), has_leg=False):
    """Follows the explanation to the case that these phones make of it."""
    result = node["result"]
    steps = [*steps, f"when {node.get('when', 'it is called')}",
             *[f"    {step['step']:10}{step['text']}" for step in node["steps"]]]
    has_leg = has_leg or any(step["step"] == "transfer" for step in node["steps"])
    if key and result["type"] == "ivr" and not has_leg:
        return expect(_one_case(node, [f"key {key}"]), manner, "", steps, has_leg)
    rings = result.get("rings")
    manners = {who: manner(who) for who in rings or ()}
    taker = next((who for who in manners if manners[who] == "answer"), None)
    if rings is None or taker or not result["answered"]:
        fields = list(said(node))
        if "one_of" in result and taker:
            fields[2] = taker
        return Expected(tuple(fields), result["answered"], has_leg or "one_of" in result, steps)
    for one, names in [*CASES, ("", ("waited too long",))]:
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
                       for user, manner in ({**USERS, AGENT: "answer"} | dict.fromkeys(CALLERS[domain], "")).items()}

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

    def explain(self, calls):
        """What each call is expected to end with."""
        def one(wanted):
            if wanted.is_inbound:
                document = explain(self._platform, "+49301112222", wanted.number, "--trunk", "in")
            else:
                document = explain(self._platform, f"{wanted.caller}@{wanted.domain}", wanted.number)
            return expect(document, lambda who: self._manner(wanted.domain, who), wanted.key)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, calls))

    def _manner(self, domain, who):
        return self._manners.get(who) or {**USERS, AGENT: "answer"}.get(who, "")

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

    def unregister(self):
        there = [phone for phone in self._users.values() if phone.registered]
        for phone in there:
            phone.manner = "ring"
            phone.register(expires=0)
        self.phones.wait(lambda: all(phone.registered for phone in there), 10)

    def close(self):
        self._legs.close()
        self.phones.close()
