"""
Tenants with everything in them at random: what a seed makes is the same every time. Phones and gateways
behave as `manners` says (lib/softphones.py); one call belongs to each thing that is made (lib/things.py).
"""

import itertools

import psycopg

from .db import md5
from .things import AGENT, CALLS_IT, CODES, DOMAINS, NO_WAITING, ONE_CALL, PAGED, PLACES, RINGS, \
    STANDING, USERS, Things

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "UTC")
# The tenant that has as many calls as it may: the one below.
FULL = DOMAINS[-1]
PASSWORD = "generated"
# No two tenants have the same caller: the edge names the legs of media servers by caller alone.
CALLERS = {domain: tuple(f"3{n}{number:02d}" for number in range(1, 23))
           for n, domain in enumerate(DOMAINS)}
BOXES = ("2001", "2004", "2005", "2007")
# Of a tenant in a batch. With three tenants, and one call of the full one: 67 things, and 67 calls. What
# rings for a moment is called first.
KINDS = ["pickup"] + ["extension"] * 4 + ["group"] * 2 + ["outside"] * 2 \
    + ["schedule", "barred", "failover", "inbound", "announcement", "menu", "queue", "code", "waiting",
       "limit", "park", "page", "follow"]
_markers = itertools.count(1)


class Tenant(Things):
    """One tenant. `chance` is a random.Random."""

    def __init__(self, db, chance, domain, gateways):
        self._db, self._chance, self.domain = db, chance, domain
        self._gateways = gateways
        self.kinds = ["full"] if domain == FULL else KINDS
        self.refused = 0          # loops that the database did not take
        self._id = db.value("INSERT INTO voip.domains (name, timezone, country_code, max_calls) "
                            "VALUES (%s, %s, '49', %s) RETURNING id", domain,
                            ZONES[DOMAINS.index(domain)], 1 if domain == FULL else None)
        self._places = {}         # numbers that something may lead to: id of the extension
        self._users = {}
        self._callers = []
        for user in (*USERS, AGENT, PAGED, *STANDING, *CALLERS[domain]):
            self._add_user(user)
        for number, feature in CODES.items():
            self._extension(number, type="feature", feature=feature,
                            is_prefix=feature.startswith("forward_") and feature != "forward_off")
        self._extension("*8", type="pickup", is_prefix=True)
        self._places["*97"] = self._extension("*97", type="voicemail")
        self._add_ways()

    # ---- what stays

    def _insert(self, table, **columns):
        return self._db.value(
            f"INSERT INTO voip.{table} (domain_id, {', '.join(columns)}) "
            f"VALUES (%s{', %s' * len(columns)}) RETURNING id", self._id, *columns.values())

    def _link(self, table, **columns):
        self._db.rows(f"INSERT INTO voip.{table} (domain_id, {', '.join(columns)}) "
                      f"VALUES (%s{', %s' * len(columns)})", self._id, *columns.values())

    def _extension(self, number, **columns):
        return self._insert("extensions", number=number, **columns)

    def _add_user(self, user):
        is_caller = user in CALLERS[self.domain]
        group = self._chance.choice(["front", "front", None]) if is_caller else None
        self._users[user] = self._insert("users", username=user, ha1=md5(user, self.domain, PASSWORD),
                                         max_calls=1 if user == ONE_CALL else 100,
                                         call_waiting=user != NO_WAITING,
                                         pickup_group="front" if user == RINGS else group)
        if not is_caller or self._chance.random() < 0.5:
            number = self._extension(user, type="user", user_id=self._users[user],
                                     ring_timeout_s=120 if user == RINGS else 2)
            if not is_caller and user not in (RINGS, CALLS_IT, PAGED):
                self._places[user] = number
        if user in BOXES or (is_caller and self._chance.random() < 0.5):
            box = self._insert("voicemail_boxes", mailbox=user, user_id=self._users[user],
                               pin_ha1=md5(user, self.domain, "1"))
            number = self._extension(f"*{user}", type="voicemail", voicemail_box_id=box)
            if not is_caller:
                self._places[f"*{user}"] = number

    def _add_ways(self):
        """
        The trunk that calls come in by, and routes behind 0, 00 and 9. Behind 8 a carrier that refuses, and
        then one that does not.
        """
        inbound = self._insert("trunks", name="in")
        self._add_gateway(inbound, 1, self._gateways["in"])
        self._trunks = [self._insert("trunks", name=f"trunk {n}") for n in range(4)]
        self._routes = []
        for prefix, prepend in (("0", "49"), ("00", ""), ("9", "+49")):
            route = self._insert("outbound_routes", name=prefix, strip=len(prefix), prepend=prepend)
            self._extension(prefix, type="trunk_out", outbound_route_id=route, is_prefix=True)
            self._routes.append(route)
        route = self._insert("outbound_routes", name="8", strip=1)
        self._extension("8", type="trunk_out", outbound_route_id=route, is_prefix=True)
        for priority, mode in enumerate(("full", "up"), 1):
            trunk = self._insert("trunks", name=f"failover {priority}")
            self._add_gateway(trunk, 1, self._gateways[mode])
            self._link("outbound_route_trunks", route_id=route, trunk_id=trunk, priority=priority)

    def _add_gateway(self, trunk, priority, gateway):
        self._link("trunk_gateways", trunk_id=trunk, priority=priority, host=gateway.ip,
                   port=gateway.port)

    # ---- what changes with each batch

    def batch(self, number):
        """Makes the things of a batch; returns the calls to them."""
        with self._db.transaction():
            return self._make(number)

    def _make(self, number):
        self._callers = list(CALLERS[self.domain])
        self._chance.shuffle(self._callers)
        self._set_limits()
        self._set_ways()
        self._set_users()
        calls = []
        for n, kind in enumerate(self.kinds):
            wanted = getattr(self, f"_make_{kind}")(f"75{number}{n:02d}")
            wanted.caller = wanted.caller or self._callers.pop()
            calls.append(wanted)
        if "extension" in self.kinds:
            self._try_a_loop(number)
        return calls

    def _try_a_loop(self, batch):
        """From the last to the first and back: one of the two is refused."""
        one, two = self._db.rows("SELECT id FROM voip.extensions WHERE domain_id = %s AND number LIKE %s "
                                 "AND type = 'user' ORDER BY number LIMIT 2", self._id, f"75{batch}%")
        self._lead(one["id"], "always", two["id"])
        self._lead(two["id"], "unreachable", one["id"])

    def _lead(self, extension, place, to=None, outside=None):
        """What would be a loop is refused, and left out."""
        try:
            with self._db.transaction():
                self._write_lead(extension, place, to, outside)
        except psycopg.errors.CheckViolation:
            self.refused += 1

    def _write_lead(self, extension, place, to, outside):
        self._db.rows(f"UPDATE voip.extensions SET {place}_to = %s, {place}_outside = %s WHERE id = %s",
                      to, outside, extension)

    def _set_limits(self):
        chance = self._chance.random
        self._db.rows("UPDATE voip.domains SET allow_international = %s, allow_premium = %s, "
                      "max_outbound_minutes = %s WHERE id = %s", chance() < 0.5, chance() < 0.5,
                      0 if chance() < 0.15 else None, self._id)

    def _set_ways(self):
        """Other gateways behind the trunks, and other trunks behind the routes."""
        modes = ["up", "busy", "full", "dead"]
        self._db.rows("DELETE FROM voip.outbound_route_trunks WHERE route_id = ANY (%s)", self._routes)
        for trunk in self._trunks:
            self._db.rows("DELETE FROM voip.trunk_gateways WHERE trunk_id = %s", trunk)
            self._db.rows("UPDATE voip.trunks SET enabled = %s WHERE id = %s",
                          self._chance.random() < 0.8, trunk)
            for priority, mode in enumerate(self._chance.sample(modes, self._chance.randint(0, 3))):
                self._add_gateway(trunk, priority + 1, self._gateways[mode])
        for route in self._routes:
            for priority, trunk in enumerate(self._chance.sample(self._trunks,
                                                                 self._chance.randint(0, 3))):
                self._link("outbound_route_trunks", route_id=route, trunk_id=trunk,
                           priority=priority + 1)

    def _set_users(self):
        for user in USERS:
            self._db.rows("UPDATE voip.users SET do_not_disturb = %s, devices = %s WHERE id = %s",
                          self._chance.random() < 0.15,
                          self._chance.choice(["together", "in_order"]), self._users[user])
            self._forward(self._places[user], 0.25)

    def _forward(self, extension, share, places=PLACES):
        """Each place, with this probability, leads somewhere."""
        for place in places:
            self._write_lead(extension, place, None, None)
        for place in places:
            odds = share / 3 if place == "always" else share
            if self._chance.random() >= odds:
                continue
            is_inside = self._chance.random() < 0.8
            to = self._somewhere() if is_inside else None
            outside = None if is_inside else self._chance.choice(
                ["030123456", "2001", "0033123456", "7777", "*73"])
            self._lead(extension, place, to, outside)

    def _somewhere(self):
        """A number that something may lead to; now and then a feature code, which then does nothing."""
        if self._chance.random() < 0.05:
            return self._db.value("SELECT id FROM voip.extensions WHERE domain_id = %s AND number = '*78'",
                                  self._id)
        return self._places[self._chance.choice(sorted(self._places))]

    def marker(self):
        """A number that is there for a moment: what the edge knows of it, it knows of all before."""
        number = f"75{next(_markers):06d}"
        self._extension(number, type="voicemail")
        self._db.rows("UPDATE voip.extensions SET number = %s WHERE domain_id = %s AND number = %s",
                      f"{number}9", self._id, number)
        return f"{self.domain}:{number}9"

    # ---- the end

    def remove(self):
        for statement in (
                "DELETE FROM voip.inbound_numbers WHERE domain_id = %s",
                "UPDATE voip.announcements SET then_to = NULL WHERE domain_id = %s",
                "UPDATE voip.queues SET timeout_to = NULL, no_agent_to = NULL WHERE domain_id = %s",
                "DELETE FROM voip.ivr_entries WHERE domain_id = %s",
                "UPDATE voip.extensions SET always_to = NULL, busy_to = NULL, no_answer_to = NULL, "
                "unreachable_to = NULL WHERE domain_id = %s",
                "UPDATE voip.schedules SET (open_to, closed_to, holiday_to) = (SELECT id, id, id "
                "FROM voip.extensions e WHERE e.domain_id = schedules.domain_id AND number = '2001') "
                "WHERE domain_id = %s",
                "DELETE FROM voip.extensions WHERE type = 'schedule' AND domain_id = %s",
                *(f"DELETE FROM voip.{table} WHERE domain_id = %s" for table in (
                    "schedules", "extensions", "outbound_routes", "trunks", "queues", "ring_groups",
                    "announcements", "ivr_menus", "voicemail_boxes", "users", "outbound_usage"))):
            self._db.rows(statement, self._id)
        self._db.rows("DELETE FROM voip.domains WHERE id = %s", self._id)
