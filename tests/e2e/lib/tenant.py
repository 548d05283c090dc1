"""Queues and conferences of the tests' tenants."""


class Tenant:
    """Makes queues and conferences of a tenant."""

    def __init__(self, platform, domain="a.test"):
        self._platform = platform
        self._db = platform.db
        self._domain = domain
        self._id = self._db.value("SELECT id FROM voip.domains WHERE name = %s", domain)

    def queue(self, number, *levels, **columns):
        """A queue behind a number; `levels` are lists of users, the first one's first."""
        names = {"name": number, "wrap_up_s": 1, **columns}
        queue = self._db.value(
            f"INSERT INTO voip.queues (domain_id, {', '.join(names)}) "
            f"VALUES (%s{', %s' * len(names)}) RETURNING id", self._id, *names.values())
        for level, users in enumerate(levels, 1):
            for position, user in enumerate(users, 1):
                self._db.rows(
                    "INSERT INTO voip.queue_members (domain_id, queue_id, user_id, level, position)"
                    " SELECT domain_id, %s, id, %s, %s FROM voip.users "
                    "WHERE domain_id = %s AND username = %s",
                    queue, level, position, self._id, user)
        self._number(number, "queue", queue)
        return queue

    def conference(self, number, **columns):
        """A conference behind a number."""
        names = {"name": number, **columns}
        conference = self._db.value(
            f"INSERT INTO voip.conferences (domain_id, {', '.join(names)}) "
            f"VALUES (%s{', %s' * len(names)}) RETURNING id", self._id, *names.values())
        self._number(number, "conference", conference)
        return conference

    def _number(self, number, kind, ref):
        self._db.rows(f"INSERT INTO voip.extensions (domain_id, number, type, {kind}_id) "
                      "VALUES (%s, %s, %s, %s)", self._id, number, kind, ref)
        self._platform.edge.wait_for("ext", f"{self._domain}:{number}", kind)

    def extension(self, number):
        return self._db.value("SELECT id FROM voip.extensions WHERE domain_id = %s AND number = %s",
                              self._id, number)
