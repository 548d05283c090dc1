"""
How soon a change by the API counts: calls are made all the time, and each shows whether it was treated
as before the PATCH or as after it.
"""

import math
import random
import sys
import threading
import time
import wave
from io import BytesIO
from pathlib import Path

import numpy

from .asking import Asking
from .hearing import tone_of, tone_or_speech
from .prober import Prober

sys.path.append(str(Path(__file__).resolve().parents[2] / "integration"))
from api import Api, make_key  # noqa: E402

DOMAIN, CARRIER = "live.test", "127.0.9.1"
PASSWORD = "first-of-a-user"
# In the order in which they can go.
MADE = ("inbound_numbers", "extensions", "ring_groups", "announcements", "conferences", "prompts",
        "trunks", "users")
LOW, HIGH, MEMBER = 400, 900, 640
# So many calls in a row that are treated the new way, and then some more: the edge reads a changed row a
# second time after a second (docs/architecture.md).
ENOUGH = 8
LATE = (0.5, 0.9, 1.05, 1.2, 1.5)
# FreeSWITCH waits after it has answered (conf/freeswitch/dialplan), and then asks what to do.
WAIT = 0.3
# Calls are looked at that are decided from so long before a PATCH is sent; and after it, as long as it does
# not count yet, so long at the same pace, then so many times slower: what is measured is no load test.
AROUND, DENSE, SLOWER = 0.05, 0.12, 5
# Sources of registrations: an address is locked out of an account after ten wrong passwords. In no order, so
# that no address is the one whose turn it is before each change.
SOURCES = [f"127.0.9.{n}" for n in range(10, 90)]


class Change:
    """One PATCH, and the calls around it."""

    def __init__(self, target, old, new):
        self.target, self.old, self.new = target, old, new
        self.sent = self.replied = self.failure = None
        self.probes, self.due = [], 0

    def _since(self):
        """When those were decided after which none was treated the old way."""
        moments = {how: [self.target.decided(probe) for probe in self.probes if probe.how == how]
                   for how in (self.old, self.new)}
        last = max((moment for moment in moments[self.old] if moment), default=-math.inf)
        return sorted(moment for moment in moments[self.new] if moment and moment > last)

    def is_over(self):
        """Whether everything is known of every call."""
        return len(self.probes) >= self.due and all(
            probe.shown and (probe.how not in (self.old, self.new) or self.target.decided(probe))
            for probe in self.probes)

    def strange(self):
        """What became of calls that were treated in neither way."""
        return [probe.how for probe in self.probes if probe.how not in (self.old, self.new)]

    def is_shown(self):
        """Whether enough calls in a row were treated the new way, after the reply."""
        if self.failure:
            raise self.failure
        return self.replied is not None and len(self._since()) >= ENOUGH

    def live_ms(self):
        """From the sending of the PATCH to the first call that was treated the new way and after which none
        was treated the old way."""
        assert self.is_over() and self._since(), [(probe.sent - self.sent, probe.how) for probe in self.probes]
        return max(0.0, self._since()[0] - self.sent) * 1000

    def api_ms(self):
        return (self.replied - self.sent) * 1000


class Target:
    """
    What is changed: a path of the API, its two states (fields, and how calls are treated then), and how it
    is looked at. `asked`: when FreeSWITCH asked, by a probe's serial number, which it does WAIT after it has
    answered; without, it is decided when the call is made.
    """

    def __init__(self, path, states, look, asked=None):
        self.path, self.states, self.look = path, states, look
        self._asked, self._turn = asked, 0
        self.wait = 0 if asked is None else WAIT + AROUND    # from a call's beginning until it is decided
        self.last = None          # Change

    def decided(self, probe):
        """When it was decided how this call is treated; None as long as that is not known."""
        return self._asked.get(probe.serial) if self._asked is not None else probe.sent

    def next(self):
        """The fields, and how calls are treated before and then: the first state is there already."""
        _, before = self.states[self._turn % len(self.states)]
        self._turn += 1
        return (*self.states[self._turn % len(self.states)], before)


class Live:
    """A tenant with things to change, by the API, and so many users besides; a context."""

    def __init__(self, platform, others=0):
        self.platform, self._others = platform, others
        self.prober = Prober(platform, CARRIER)
        self.api = Api(platform, make_key(platform.db), DOMAIN)
        self._lines = [self.prober.socket(source, self.prober.from_edge) for source in SOURCES]
        self._turn, self._numbers = 0, 0
        # FreeSWITCH asks what to do 0.3 s after it has answered, Asterisk before it answers.
        self._asked = Asking(platform, self.prober).moments \
            if platform.deployment.media_server == "freeswitch" else None
        self.users = {}

    def __enter__(self):
        self._wait_for_api()
        assert self.api.post("/domains", {"name": DOMAIN}).status == 201
        if self._others:
            self._fill()
        trunk = self.api.make("trunks", name="carrier")
        self.api.make(f"trunks/{trunk['id']}/gateways", host=CARRIER)
        for user in ("one", "two"):
            self.users[user] = self.api.make("users", username=user, password=PASSWORD,
                                             max_calls=100)["id"]
            self.platform.edge.wait_until_gone("user_miss", f"{DOMAIN}:{user}")
            self.platform.edge.wait_for("user", f"{DOMAIN}:{user}", "ha1=")
            self.prober.phone(user, DOMAIN, PASSWORD)
        return self

    def __exit__(self, *_):
        self.prober.close()
        self.platform.db.rows("UPDATE voip.extensions SET always_to = NULL FROM voip.domains d "
                              "WHERE d.id = domain_id AND d.name = %s", DOMAIN)
        for table in MADE:
            self.platform.db.rows(f"DELETE FROM voip.{table} USING voip.domains d "
                                  "WHERE d.id = domain_id AND d.name = %s", DOMAIN)
        self.platform.db.rows("DELETE FROM voip.domains WHERE name = %s", DOMAIN)
        self.api.close()

    def _fill(self):
        db = self.platform.db
        db.rows("INSERT INTO voip.users (domain_id, username, ha1) SELECT d.id, n::text, md5(n::text) "
                "FROM voip.domains d, generate_series(70001, 70000 + %s) n WHERE d.name = %s",
                self._others, DOMAIN)
        db.rows("INSERT INTO voip.extensions (domain_id, number, type, user_id) "
                "SELECT domain_id, username, 'user', u.id FROM voip.users u "
                "JOIN voip.domains d ON d.id = domain_id AND d.name = %s", DOMAIN)
        # The edge has read all of them; and a second later it reads them once more, which nothing shows.
        last = f"{DOMAIN}:{70000 + self._others}"
        self.platform.edge.wait_for("ext", last, "type=", 60)
        time.sleep(3)

    def _wait_for_api(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                if self.api.get("/domains").status == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, "the API does not answer"
            time.sleep(0.05)

    # ---- what can be changed

    def _extension(self, **fields):
        """An extension, its number, and a number from outside that leads there."""
        self._numbers += 1
        number = str(5000 + self._numbers)
        extension = self.api.make("extensions", number=number, **fields)["id"]
        return extension, self._inbound(extension)

    def _inbound(self, extension):
        self._numbers += 1
        number = f"+4930{5_000_000 + self._numbers}"
        inbound = self.api.make("inbound-numbers", number=number, extension_id=extension)["id"]
        self.platform.edge.wait_for("did", f"did:{number}", DOMAIN)
        return inbound, number

    def _of(self, user):
        return self._extension(type="user", user_id=self.users[user])

    def _rung(self, number):
        return lambda: self.prober.call(number)

    def extension(self):
        """Whose an extension is."""
        extension, (_, number) = self._of("one")
        return Target(f"extensions/{extension}", [({"user_id": self.users[user]}, user)
                                                  for user in ("one", "two")], self._rung(number))

    def forward(self):
        """Where a user's calls go at once."""
        (extension, (_, number)), (other, _) = self._of("one"), self._of("two")
        return Target(f"extensions/{extension}", [({"always_to": None}, "one"),
                                                  ({"always_to": other}, "two")], self._rung(number))

    def inbound(self):
        """Where a number from outside leads."""
        (one, (inbound, number)), (two, _) = self._of("one"), self._of("two")
        return Target(f"inbound-numbers/{inbound}", [({"extension_id": one}, "one"),
                                                     ({"extension_id": two}, "two")],
                      self._rung(number))

    def password(self):
        """The next password of a user is right, and the others are wrong."""
        self._numbers += 1
        user = f"password{self._numbers}"
        row = self.api.make("users", username=user, password=PASSWORD)["id"]
        target = Target(f"users/{row}", None, None)

        def take():
            self._turn += 1
            secret = f"{PASSWORD}-{self._turn}"

            def look():
                line = self._lines.pop(random.randrange(len(self._lines) // 2))
                self._lines.append(line)
                return self.prober.register(line, user, DOMAIN, secret)
            target.look = look
            return {"password": secret}, 200, 403
        target.next = take
        return target

    def ring_group(self):
        """Who is in a ring group."""
        group = self.api.make("ring-groups", name=f"g{self._numbers}")["id"]
        member = self.api.make(f"ring-groups/{group}/members", user_id=self.users["one"])["id"]
        _, (_, number) = self._extension(type="ring_group", ring_group_id=group)
        return Target(f"ring-groups/{group}/members/{member}",
                      [({"user_id": self.users[user]}, user) for user in ("one", "two")],
                      self._rung(number))

    def announcement(self):
        """What an announcement says."""
        for name, hertz in ("low", LOW), ("high", HIGH):
            if not self.api.get("prompts", {"name": name}).json["items"]:
                made = self.api.post("prompts", tone(hertz), {"name": name}, Content_Type="audio/wav")
                assert made.status == 201, made
        row = self.api.make("announcements", name=f"a{self._numbers}", prompt="custom/low")["id"]
        _, (_, number) = self._extension(type="announcement", announcement_id=row)
        return Target(f"announcements/{row}", [({"prompt": "custom/low"}, LOW),
                                               ({"prompt": "custom/high"}, HIGH)],
                      lambda: self.prober.call(number, tone_of(LOW, HIGH)), self._asked)

    def conference(self):
        """Whether a conference in which somebody is asks for a PIN."""
        row = self.api.make("conferences", name=f"c{self._numbers}", announce=False,
                            max_members=500)["id"]
        _, (_, number) = self._extension(type="conference", conference_id=row)
        self.prober.stay(number, MEMBER)
        return Target(f"conferences/{row}", [({"pin": None}, "tone"), ({"pin": "2468"}, "speech")],
                      lambda: self.prober.call(number, tone_or_speech(MEMBER)), self._asked)

    # ---- changing it

    def change(self, target, every, late=LATE, timeout=30):
        """
        Calls every so many seconds, from shortly before the PATCH on, until it counts; and some later. Returns
        the Change, whose last calls are still to come: see settle().
        """
        if target.last:
            self.settle([target.last])
        fields, new, old = target.next()
        target.last = change = Change(target, old, new)
        begun = time.perf_counter()
        before = AROUND + target.wait

        def look():
            if change.due:
                return
            change.probes.append(target.look())
            if not change.is_shown():
                now = time.perf_counter()
                pause = every if now < begun + AROUND + DENSE else SLOWER * every
                self.prober.at(max(now, change.probes[-1].sent + pause), look)

        def patch():
            try:
                change.sent = time.perf_counter()
                reply = self.api.patch(target.path, fields)
                change.replied = time.perf_counter()
                assert reply.status == 200, reply
            except Exception as error:  # told by who waits
                change.failure = error
        thread = threading.Thread(target=patch)
        self.prober.at(begun + before, thread.start)
        self.prober.at(begun, look)
        try:
            self.prober.run(change.is_shown, timeout, f"{target.path} is {fields}")
        finally:
            thread.join()
            change.due = len(change.probes) + len(late)
        for seconds in late:
            self.prober.at(change.sent + seconds, lambda: change.probes.append(target.look()))
        return change

    def settle(self, changes):
        """Until every call of them is over."""
        self.prober.run(lambda: all(change.is_over() for change in changes), what="the last calls")


def tone(hertz, seconds=3):
    """A prompt, as a WAV file."""
    samples = (8000 * numpy.sin(2 * numpy.pi * hertz * numpy.arange(8000 * seconds) / 8000))
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()
