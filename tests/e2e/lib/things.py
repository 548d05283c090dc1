"""What a generated tenant has: each kind of thing, and the call to it (lib/generate.py)."""

from dataclasses import dataclass

DOMAINS = ("p1.test", "p2.test", "p3.test", "p4.test")
# Users by how their phones behave; "" is never registered.
USERS = {"2001": "answer", "2002": "answer", "2003": "answer", "2004": "busy", "2005": "ring",
         "2006": "silent", "2007": "", "2008": ""}
AGENT = "2009"
# In a call with each other from the beginning to the end: who takes no second one (call waiting), and who
# may have no second one. And whom one calls whose phone rings, so that others can pick up.
NO_WAITING, ONE_CALL, RINGS, CALLS_IT = "2010", "2012", "2013", "2014"
STANDING = {NO_WAITING: "answer", ONE_CALL: "answer", RINGS: "ring", CALLS_IT: "answer"}
# Takes pages, for which nobody is rung who is in a call: nobody else calls him.
PAGED = "2015"
CODES = {"*78": "dnd_on", "*79": "dnd_off", "*72": "forward_always_on", "*90": "forward_busy_on",
         "*73": "forward_off", "*80": "queue_pause"}
PLACES = ("always", "busy", "no_answer", "unreachable")
OUTSIDE = ("030123456", "0301112", "0900123456", "0110", "0033123456", "00493012345", "01", "0a12",
           "0137123", "955", "9301234567")
# Closed as long as the tenant does not open them.
BARRED = ("0900123456", "0137123", "0033123456", "00442012345")
# Numbers outside that a ring group rings: some are closed, and some are none.
MEMBERS = ("0301112", "84930123456", "0900123456", "9301234567", "7777", "2001")


@dataclass
class Wanted:
    """A call to be made: from this user (or by the trunk "in"), and what it presses."""

    domain: str
    caller: str
    number: str
    what: str
    key: str = ""
    case: str = ""                # what becomes of it, where the caller decides that by waiting
    rings: str = ""               # whose phone has to ring before
    is_inbound: bool = False


class Things:
    """Part of a tenant. Each takes a number, and returns the call to it."""

    def _call(self, number, what, **more):
        return Wanted(self.domain, "", number, what, **more)

    def _make_extension(self, number):
        user = self._chance.choice(sorted(USERS))
        extension = self._extension(number, type="user", user_id=self._users[user], ring_timeout_s=2)
        self._forward(extension, 0.5)
        self._places[number] = extension
        return self._call(number, f"user {user}")

    def _make_group(self, number):
        # Of those who may answer, one at most.
        answering = self._chance.sample(["2001", "2002", "2003"], self._chance.randint(0, 1))
        outside = [] if answering else self._chance.sample(MEMBERS, self._chance.randint(0, 1))
        others = self._chance.sample(["2004", "2005", "2007", "2008", NO_WAITING],
                                     self._chance.randint(0, 2))
        members = answering + outside + others
        self._chance.shuffle(members)
        group = self._group(number, members, outside)
        extension = self._extension(number, type="ring_group", ring_group_id=group)
        self._forward(extension, 0.5, PLACES[1:])
        self._places[number] = extension
        return self._call(number, f"ring group of {', '.join(members)}")

    def _group(self, name, members, outside=()):
        """A ring group of these; nobody outside is there who could press a key."""
        group = self._insert("ring_groups", name=name, confirm=False, strategy=self._chance.choice(
            ["all", "in_order", "random"]))
        for position, who in enumerate(members, 1):
            # A carrier that is silent takes two seconds, and then it is the next one's.
            person = {"outside": who, "ring_s": 10} if who in outside \
                else {"user_id": self._users[who], "ring_s": 2}
            self._link("ring_group_members", ring_group_id=group, position=position, **person)
        return group

    def _make_follow(self, number):
        """Always forwarded to a group of himself and a number outside."""
        user, outside = self._chance.choice(["2004", "2005", "2007"]), self._chance.choice(MEMBERS)
        group = self._group(number, [user, outside], [outside])
        to = self._extension(f"{number}0", type="ring_group", ring_group_id=group)
        extension = self._extension(number, type="user", user_id=self._users[user])
        self._lead(extension, "always", to)
        return self._call(number, f"follow-me of {user} and {outside}")

    def _make_waiting(self, number):
        """Who is in a call, and takes no second one."""
        extension = self._extension(number, type="user", user_id=self._users[NO_WAITING])
        self._forward(extension, 0.5)
        return self._call(number, "call waiting is off")

    def _make_limit(self, _):
        """The caller has a call, and may have no second one."""
        wanted = self._call(self._chance.choice([*sorted(self._places), *OUTSIDE]), "one call too many")
        wanted.caller = ONE_CALL
        return wanted

    def _make_full(self, _):
        return self._call(self._chance.choice([*sorted(self._places), *OUTSIDE]), "tenant is full")

    def _make_park(self, number):
        extension = self._extension(number, type="park", ring_timeout_s=2)
        self._forward(extension, 0.5, ["no_answer"])
        return self._call(number, "park", case=self._chance.choice(["", "nobody fetches it"]))

    def _make_page(self, number):
        members = self._chance.sample([PAGED, "2004", "2005", "2007", NO_WAITING],
                                      self._chance.randint(0, 3))
        self._extension(number, type="paging", ring_group_id=self._group(number, members))
        return self._call(number, f"page of {', '.join(members)}")

    def _make_pickup(self, _):
        number, rings = self._chance.choice([(RINGS, RINGS), (RINGS, RINGS), ("", RINGS), ("7999", "")])
        return self._call(f"*8{number}", "pickup", rings=rings)

    def _make_schedule(self, number):
        places = [self._somewhere() for _ in range(3)]
        override = self._chance.choice([None, None, "open", "closed", "holiday"])
        schedule = self._insert("schedules", name=number, open_to=places[0], closed_to=places[1],
                                holiday_to=self._chance.choice([places[2], None]), override=override)
        what = self._chance.choice(["open", "closed", "holiday"])
        if what != "closed":
            self._db.rows("INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, "
                          "closes) SELECT %s, %s, n, '00:00', '24:00' FROM generate_series(1, 7) n",
                          self._id, schedule)
        if what == "holiday":
            self._db.rows("INSERT INTO voip.schedule_holidays (domain_id, schedule_id, day) "
                          "SELECT %s, %s, current_date + n FROM generate_series(-2, 2) n", self._id,
                          schedule)
        self._places[number] = self._extension(number, type="schedule", schedule_id=schedule)
        return self._call(number, f"schedule, {what}, override {override}")

    def _make_announcement(self, number):
        announcement = self._insert("announcements", name=number, prompt="vm-goodbye",
                                    then_to=self._chance.choice([self._somewhere(), None]))
        self._places[number] = self._extension(number, type="announcement",
                                               announcement_id=announcement)
        return self._call(number, "announcement")

    def _make_menu(self, number):
        menu = self._insert("ivr_menus", name=number, greeting="vm-enter-num-to-call", timeout_ms=3000)
        for digit in "12":
            self._link("ivr_entries", menu_id=menu, digit=digit, extension_id=self._somewhere())
        self._places[number] = self._extension(number, type="ivr", ivr_menu_id=menu)
        return self._call(number, "menu", key=self._chance.choice(["1", "2", ""]))

    def _make_queue(self, number):
        has_agent = self._chance.random() < 0.6
        queue = self._insert("queues", name=number, wrap_up_s=1, max_wait_s=20 if has_agent else 2,
                             timeout_to=self._chance.choice([self._somewhere(), None]),
                             no_agent_to=self._chance.choice([self._somewhere(), None]))
        if has_agent:
            self._link("queue_members", queue_id=queue, user_id=self._users[AGENT])
        self._extension(number, type="queue", queue_id=queue)
        return self._call(number, "queue" if has_agent else "queue of nobody")

    def _make_outside(self, _):
        return self._call(self._chance.choice(OUTSIDE), "outside")

    def _make_barred(self, _):
        return self._call(self._chance.choice(BARRED), "premium or international")

    def _make_failover(self, _):
        """The first carrier says 503."""
        return self._call("84930123456", "failover")

    def _make_inbound(self, number):
        """The caller is a carrier: no phone of the tenant is taken."""
        self._link("inbound_numbers", number=f"+4930{number}{DOMAINS.index(self.domain)}",
                   extension_id=self._somewhere())
        plus = self._chance.choice(["", "+"])
        return self._call(f"{plus}4930{number}{DOMAINS.index(self.domain)}", "from outside",
                          is_inbound=True)

    def _make_code(self, _):
        argument = self._chance.choice(["2001", "7777", "030123456", ""])
        code = self._chance.choice([*CODES, "7777", "*97", "2001@other.test"])
        return self._call(code + (argument if code in ("*72", "*90") else ""), "code")
