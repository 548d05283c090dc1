"""A schedule leads where its hours, holidays, time zone and override say, by the tenant's clock."""

import time

import pytest

from lib.calls import answered_by

pytestmark = pytest.mark.edge

# Seconds from the commit on.
LIVE_WITHIN = 0.1
# Time for `serve` to stop and for a call to begin.
SECONDS_OPEN = 6


class Schedule:
    """Number 7600 of a.test: open to 1003, closed to 1002, on holidays to 1001; it is noon there."""

    KEY = "a.test:7600"

    def __init__(self, platform):
        self._platform = platform
        self._db = platform.db
        self._domain = self._db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
        self.zone(12)
        self._id = self._db.value(
            "INSERT INTO voip.schedules (domain_id, name, open_to, closed_to, holiday_to) "
            "VALUES (%s, 'office', %s, %s, %s) RETURNING id", self._domain,
            *map(self._db.extension_id, ("1003", "1002", "1001")))
        self._db.rows("INSERT INTO voip.extensions (domain_id, number, type, schedule_id) "
                      "VALUES (%s, '7600', 'schedule', %s)", self._domain, self._id)
        platform.edge.wait_for("ext", self.KEY, "=1002")

    def zone(self, hour):
        """Gives the tenant the time zone in which it is this hour now (Etc/GMT-3 is UTC+3)."""
        ahead = (hour - time.gmtime().tm_hour + 11) % 24 - 11
        self._db.rows("UPDATE voip.domains SET timezone = %s WHERE id = %s",
                      f"Etc/GMT{-ahead:+d}" if ahead else "UTC", self._domain)

    def open(self, opens, closes):
        """Every day from … to, in SQL."""
        self._db.rows("INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, "
                      f"closes) SELECT d.id, %s, n, {opens}, {closes} FROM voip.domains d, "
                      "generate_series(1, 7) n WHERE d.id = %s", self._id, self._domain)

    def open_today(self, seconds):
        """Open for so long from now on, on this weekday only. Returns when it closes, in seconds
        since 1970, as soon as the edge knows it."""
        closes = int(time.time()) + seconds
        self._db.rows("INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, "
                      "closes) SELECT id, %s, extract(isodow FROM here), time '11:00', here::time "
                      "FROM voip.domains, timezone(timezone, to_timestamp(%s)) AS here "
                      "WHERE id = %s", self._id, closes, self._domain)
        self._platform.edge.wait_for("ext", self.KEY, f",{closes}=1002")
        return closes

    def holiday(self):
        self._db.rows("INSERT INTO voip.schedule_holidays (domain_id, schedule_id, day) "
                      "SELECT id, %s, (now() AT TIME ZONE timezone)::date FROM voip.domains "
                      "WHERE id = %s", self._id, self._domain)

    def override(self, state):
        self._db.rows("UPDATE voip.schedules SET override = %s WHERE id = %s", state, self._id)

    def plan(self):
        return self._platform.edge.get("ext", self.KEY)

    def live(self, change):
        """Seconds from the end of the change until the edge has another plan."""
        before = self.plan()
        change()
        committed = time.monotonic()
        self._platform.edge.wait_for_other("ext", self.KEY, before)
        return time.monotonic() - committed

    def remove(self):
        self._db.rows("DELETE FROM voip.extensions WHERE schedule_id = %s", self._id)
        self._db.rows("DELETE FROM voip.schedules WHERE id = %s", self._id)
        self._db.rows("UPDATE voip.domains SET timezone = 'UTC' WHERE id = %s", self._domain)
        self._platform.edge.wait_until_gone("ext", self.KEY)


@pytest.fixture(name="schedule")
def make_schedule(platform):
    made = Schedule(platform)
    yield made
    made.remove()


def leads_to(platform, caller, phone, number):
    """A call to the schedule reaches the phone of this number."""
    answered_by(platform, caller, phone, "7600", number)


def test_hours(platform, phone, schedule):
    caller, when_open, when_closed = phone("1001"), phone("1003"), phone("1002")
    leads_to(platform, caller, when_closed, "1002")
    assert schedule.live(lambda: schedule.open("time '11:00'", "time '14:00'")) < LIVE_WITHIN
    leads_to(platform, caller, when_open, "1003")


def test_hours_end_by_the_clock(platform, phone, schedule, without_serve):
    """
    The edge changes over alone: with `serve` stopped nobody has it read the number again, and a mark
    in its memory is there to the end. It is open today and not tomorrow, so the edge must not look a
    day ahead.
    """
    caller, when_open, when_closed = phone("1001"), phone("1003"), phone("1002")
    closes = schedule.open_today(SECONDS_OPEN)
    without_serve()
    plan = schedule.plan() + ';mark="1"'
    platform.edge.call("htable.sets", "ext", schedule.KEY, plan)
    leads_to(platform, caller, when_open, "1003")
    assert schedule.plan() == plan
    time.sleep(max(0, closes - time.time()) + 0.1)
    leads_to(platform, caller, when_closed, "1002")
    assert schedule.plan() == plan


def test_time_zone(platform, phone, schedule):
    caller, when_open, when_closed = phone("1001"), phone("1003"), phone("1002")
    schedule.live(lambda: schedule.open("time '11:00'", "time '14:00'"))
    leads_to(platform, caller, when_open, "1003")
    schedule.live(lambda: schedule.zone(18))
    leads_to(platform, caller, when_closed, "1002")


def test_holiday(platform, phone, schedule):
    caller, on_holidays = phone("1002"), phone("1001")
    schedule.live(lambda: schedule.open("time '11:00'", "time '14:00'"))
    assert schedule.live(schedule.holiday) < LIVE_WITHIN
    leads_to(platform, caller, on_holidays, "1001")


def test_override(platform, phone, schedule):
    caller, when_open, when_closed = phone("1001"), phone("1003"), phone("1002")
    assert schedule.live(lambda: schedule.override("open")) < LIVE_WITHIN
    leads_to(platform, caller, when_open, "1003")
    assert schedule.live(lambda: schedule.override(None)) < LIVE_WITHIN
    leads_to(platform, caller, when_closed, "1002")
