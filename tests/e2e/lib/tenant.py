"""Services and users of the tests' tenants."""

from .db import md5, password


class Tenant:
    """Makes services of a tenant, each behind a number that the edge knows when it is made."""

    def __init__(self, platform, domain="a.test"):
        self._made = []           # (table, id)
        self._platform = platform
        self._db = platform.db
        self._domain = domain
        self._id = self._db.value("SELECT id FROM voip.domains WHERE name = %s", domain)

    def queue(self, number, *levels, **columns):
        """`levels` are lists of users, the first one's first."""
        queue = self._insert("queues", **{"name": number, "wrap_up_s": 1, **columns})
        for level, users in enumerate(levels, 1):
            for position, user in enumerate(users, 1):
                self.queue_member(queue, user, level=level, position=position)
        self._number(number, "queue", queue)
        return queue

    def queue_member(self, queue, user, **columns):
        self._insert("queue_members", queue_id=queue, user_id=self._user(user), **columns)

    def conference(self, number, **columns):
        conference = self._insert("conferences", name=number, **columns)
        self._number(number, "conference", conference)
        return conference

    def menu(self, number, entries=None, **columns):
        """`entries`: {digit: number}"""
        names = {"name": number, "greeting": "vm-enter-num-to-call", "timeout_ms": 3000, **columns}
        menu = self._insert("ivr_menus", **names)
        for digit, target in (entries or {}).items():
            self._insert("ivr_entries", menu_id=menu, digit=digit,
                         extension_id=self.extension(target))
        self._number(number, "ivr_menu", menu, type="ivr")
        return menu

    def outbound_prefix(self, number):
        """Leads outside by a route that has no trunk."""
        route = self._insert("outbound_routes", name=number)
        self._insert("extensions", number=number, type="trunk_out", outbound_route_id=route,
                     is_prefix=True)
        self._platform.edge.wait_for("ext", f"{self._domain}:{number}!", "type=")

    def announcement(self, number, **columns):
        self._number(number, "announcement", self._insert("announcements", name=number, **columns))

    def ring_group(self, number, *members, targets=None, outside=None, **columns):
        """
        `members`: columns of each; `targets`: where the number goes instead; `outside`: where it goes when
        nobody is there.
        """
        group = self._insert("ring_groups", name=number, **columns)
        for position, member in enumerate(members, 1):
            who = {**member}
            if "user" in who:
                who["user_id"] = self._user(who.pop("user"))
            self._insert("ring_group_members", ring_group_id=group, position=position, **who)
        leads = {name: self.extension(target) for name, target in (targets or {}).items()}
        if outside:
            leads["unreachable_outside"] = outside
        self._number(number, "ring_group", group, **leads)
        return group

    def paging(self, number, ring_group):
        self._plain(number, "paging", ring_group_id=ring_group)

    def schedule(self, number, **targets):
        """`targets`: the number that each state leads to."""
        schedule = self._insert("schedules", name=number, **{
            state: self.extension(target) for state, target in targets.items()})
        self._number(number, "schedule", schedule)
        return schedule

    def alias(self, number, user):
        """Another number of the user."""
        self._number(number, "user", self._user(user))

    def user(self, number):
        """A user with a number of the same name, without forwarding."""
        self._number(number, "user", self._insert(
            "users", username=number, ha1=md5(number, self._domain, password(number, self._domain))))

    def code(self, number, feature):
        self._insert("extensions", number=number, type="feature", feature=feature)
        self._platform.edge.wait_for("ext", f"{self._domain}:{number}", "type=")

    def remove(self):
        """Takes away all that was made, the last first."""
        while self._made:
            table, key = self._made.pop()
            self._db.rows(f"DELETE FROM voip.{table} WHERE id = %s", key)

    def place(self, number, **columns):
        """A parking place."""
        self._plain(number, "park", **columns)

    def pickup(self, number, **columns):
        self._plain(number, "pickup", **columns)

    def _plain(self, number, kind, **columns):
        """An extension that refers to nothing."""
        self._insert("extensions", number=number, type=kind, **columns)
        key = f"{self._domain}:{number}" + ("!" if columns.get("is_prefix") else "")
        self._platform.edge.wait_for("ext", key, kind)

    def extension(self, number):
        return self._db.value("SELECT id FROM voip.extensions WHERE domain_id = %s AND number = %s",
                              self._id, number)

    def _user(self, name):
        return self._db.value("SELECT id FROM voip.users WHERE domain_id = %s AND username = %s",
                              self._id, name)

    def _number(self, number, kind, ref, **columns):
        self._insert("extensions", **{"number": number, "type": kind, f"{kind}_id": ref, **columns})
        self._platform.edge.wait_for("ext", f"{self._domain}:{number}", "type=")

    def _insert(self, table, **columns):
        """The id of the row, None of a table that has none."""
        key = self._db.rows(
            f"INSERT INTO voip.{table} (domain_id, {', '.join(columns)}) "
            f"VALUES (%s{', %s' * len(columns)}) RETURNING *", self._id,
            *columns.values())[0].get("id")
        if key is not None:
            self._made.append((table, key))
        return key
