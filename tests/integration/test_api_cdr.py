"""Call records by the API: searched, read with their legs, exported; and each tenant's are its own."""

import csv
import io
import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from api import client
from serve import until

RUNNING = ("serve",)
SECOND = timedelta(seconds=1)
# A day that no other test has calls on.
DAY = datetime(2026, 3, 14, tzinfo=timezone.utc)
HOSTILE = '=cmd|"/C calc"!A1,\r\n\'";<&>\u20ac\t'


@pytest.fixture(scope="module", name="calls")
def make_calls(platform):
    return Calls(platform.db)


@pytest.fixture(scope="module", name="api")
def make_api(platform):
    made = client(platform, "a.test", ["cdr:read"])
    yield made
    made.close()


@pytest.fixture(scope="module", name="other")
def make_other(platform):
    made = client(platform, "b.test", ["cdr:read"])
    yield made
    made.close()


class Calls:
    """Rows of voip.cdr."""

    def __init__(self, db):
        self._db = db

    def add(self, at, domain="a.test", **columns):
        """A call at that time; its id."""
        columns = {"call_id": str(uuid.uuid4()), "started_at": at, "ended_at": at + 63 * SECOND,
                   "duration_ms": 63000, "billable_ms": 60000, "domain": domain,
                   "direction": "internal", "caller": "6300", "callee": "6301",
                   "callee_reached": columns.get("callee", "6301"), "service": "user",
                   "hangup_cause": "NORMAL_CLEARING", "hangup_side": "caller", "node": "one",
                   "source": "edge", "sip_call_id": str(uuid.uuid4()), **columns}
        self._db.rows(
            f"INSERT INTO voip.cdr (domain_id, {', '.join(columns)}) "
            f"SELECT (SELECT id FROM voip.domains WHERE name = %s){', %s' * len(columns)}",
            domain, *columns.values())
        return columns["call_id"]

    def clear(self):
        self._db.rows("DELETE FROM voip.cdr")


@pytest.fixture(autouse=True)
def no_calls(platform, calls):
    yield
    calls.clear()


def ids(api, **query):
    """Of all pages."""
    return [row["call_id"] for row in api.all("cdrs", **query)]


def test_by_number(calls, api, other):
    """Whoever was called by the number, dialled it or was reached by it, each call once."""
    wanted = [
        calls.add(DAY, caller="6310", callee="6311"),
        calls.add(DAY + SECOND, caller="6311", callee="6310"),
        calls.add(DAY + 2 * SECOND, caller="6311", callee="6312", callee_reached="6310"),
        calls.add(DAY + 3 * SECOND, caller="6311", callee="6310", callee_reached="6313"),
        calls.add(DAY + 4 * SECOND, caller="6310", callee="6310", callee_reached="6310"),
        calls.add(DAY + 5 * SECOND, caller="6310", callee="6310", callee_reached="6314"),
        calls.add(DAY + 6 * SECOND, caller="6310", callee="6315", callee_reached="6310"),
    ]
    calls.add(DAY + 7 * SECOND, caller="63100", callee="16310")
    theirs = calls.add(DAY + 8 * SECOND, "b.test", caller="6310")
    for limit in (1, 2, 3, 7, 8):
        assert ids(api, number="6310", limit=limit) == wanted[::-1]
        assert ids(api, number="6310", limit=limit, sort="started_at") == wanted
    assert ids(api, number="6310", direction="inbound") == []
    assert ids(other, number="6310") == [theirs]


def test_by_beginning(calls, api):
    wanted = [calls.add(DAY + n * SECOND, caller=number) for n, number in enumerate(
        ("+49306300", "+4930630", "+49306309", "+493063", "+49306300000"))]
    for n, number in enumerate(("+4930629", "+4930640", "+49", "49306300", "%49306300", "+49_06300")):
        calls.add(DAY + (10 + n) * SECOND, caller=number)
    assert ids(api, **{"number.like": "+493063*"}) == wanted[::-1]
    assert ids(api, **{"number.like": "+4930630*"}, limit=2) == \
        [wanted[4], wanted[2], wanted[1], wanted[0]]
    for name, value in (("number.like", "+49*30"), ("number.like", "630"), ("number.like", "*"),
                        ("number", ""), ("number", "6" * 128), ("number", "63\u00e90"),
                        ("number", "63\n")):
        assert api.get("cdrs", {name: value}).status == 400, (name, value)


def test_pages_while_calls_come(calls, api):
    """Calls in one microsecond, across the ends of pages; new ones move nothing."""
    there = [calls.add(DAY + (n // 4) * SECOND) for n in range(20)]
    found, cursor = [], {}
    while cursor is not None:
        calls.add(DAY + 100 * SECOND)
        answer = api.get("cdrs", {"limit": 3, **cursor}).json
        found += [row["call_id"] for row in answer["items"]]
        cursor = {"cursor": answer["next"]} if answer["next"] else None
    assert len(found) == len(set(found))
    assert set(there) <= set(found)
    times = [there.index(each) // 4 for each in found if each in there]
    assert times == sorted(times, reverse=True)
    assert api.get("cdrs", {"cursor": "nonsense"}).status == 400


def test_by_day_and_field(calls, api):
    before = calls.add(DAY - timedelta(microseconds=1))
    first = calls.add(DAY, hangup_cause="USER_BUSY", sip_code=486)
    last = calls.add(DAY + timedelta(days=1, microseconds=-1), trunk="carrier", sip_call_id="x@y")
    after = calls.add(DAY + timedelta(days=1))
    day = {"started_at.ge": DAY.isoformat(), "started_at.lt": (DAY + timedelta(days=1)).isoformat()}
    assert ids(api, **day) == [last, first]
    assert ids(api) == [after, last, first, before]
    for query in ({"hangup_cause": "USER_BUSY"}, {"sip_code": 486}, {"sip_code.ge": 400},
                  {"sip_code.in": "404,486"}, {"call_id": first}, {"sip_code.null": "false"}):
        assert ids(api, **query) == [first], query
    for query in ({"trunk": "carrier"}, {"sip_call_id": "x@y"}, {"trunk.null": "false"},
                  {"sip_call_id.like": "x@*"}, {"trunk": "carrier", **day, "number": "6300"}):
        assert ids(api, **query) == [last], query
    assert api.get("cdrs", {"fields": "caller,started_at", "limit": 1}).json["items"] == \
        [{"caller": "6300", "started_at": "2026-03-15T00:00:00+00:00"}]
    for query in ({"nothing": "1"}, {"domain_id": "1"}, {"sort": "caller"}, {"fields": "domain_id"},
                  {"sip_code": "x"}, {"started_at.ge": "yesterday, perhaps"}, {"limit": 0}):
        refused = api.get("cdrs", query)
        assert refused.status == refused.json["status"] == 400, (query, refused)


def test_one(platform, calls, api, other):
    call = calls.add(DAY, caller=HOSTILE[:100])
    platform.db.rows(
        "INSERT INTO voip.cdr_legs (call_id, started_at, leg, domain_id, side, number, mos, node, source) "
        "SELECT call_id, started_at, leg, domain_id, leg, '6300', 4.41, 'one', 'edge' "
        "FROM voip.cdr, unnest(ARRAY['caller', 'callee']) leg WHERE call_id = %s", call)
    found = api.get(f"cdrs/{call}").json
    assert found["caller"] == HOSTILE[:100] and found["started_at"] == "2026-03-14T00:00:00+00:00"
    assert [leg["side"] for leg in found["legs"]] == ["callee", "caller"]
    assert found["legs"][0]["mos"] == 4.41 and found["recordings"] == []
    assert not {"domain_id", "domain"} & (set(found) | set(found["legs"][0]))
    nothing = api.get(f"cdrs/{uuid.uuid4()}")
    assert nothing.status == 404
    for path in (f"/domains/b.test/cdrs/{call}", f"/domains/a.test/cdrs/{call}",
                 "/domains/a.test/cdrs", "/domains/a.test/cdrs/export"):
        refused = other.get(path)
        assert (refused.status, refused.raw) == (404, nothing.raw), path
    assert ids(other) == []
    assert other.get("cdrs/export", {"format": "json"}).json == []


# ---------------------------------------------------------------- export

def as_csv(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_export(calls, api, other):
    """A file that every reader of CSV reads as it was, whatever a phone has sent; JSON likewise."""
    calls.add(DAY, caller=HOSTILE, trunk="", codec=None)
    calls.add(DAY + SECOND, caller="6310")
    calls.add(DAY + 2 * SECOND, "b.test", caller="6310")
    found = api.get("cdrs/export", {"format": "csv"})
    assert found.status == 200 and found.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = found.raw.decode()
    rows = as_csv(text)
    assert [row["caller"] for row in rows] == ["6310", HOSTILE]
    assert '"' + HOSTILE.replace('"', '""') + '"' in text
    assert ',"",,' in text, "what is empty, and what there is not"
    found = api.get("cdrs/export", {"format": "json", "sort": "started_at"})
    assert found.json == api.all("cdrs", sort="started_at") and len(found.json) == 2
    found = api.get("cdrs/export", {"number": "6310", "fields": "caller,duration_ms,rang_at"})
    assert found.raw == b'"caller","duration_ms","rang_at"\r\n"6310","63000",\r\n'
    assert api.get("cdrs/export", {"format": "json", "number": "none"}).json == []
    assert api.get("cdrs/export", {"number": "none"}).raw.count(b"\r\n") == 1
    for query in ({"format": "xml"}, {"nothing": "1"}, {"number": ""}):
        assert api.get("cdrs/export", query).status == 400, query
    assert len(as_csv(other.get("cdrs/export").raw.decode())) == 1


MANY = 120_000


@pytest.fixture(name="many")
def make_many(platform, no_calls):
    platform.db.rows(
        "INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain, "
        "domain_id, direction, caller, callee, callee_reached, service, hangup_cause, hangup_side, "
        "node, source, sip_call_id) SELECT gen_random_uuid(), %s::timestamptz + n * interval '1 s', "
        "%s::timestamptz + n * interval '1 s', 0, 0, d.name, d.id, 'internal', '6300', '6301', "
        "'6301', 'user', 'NORMAL_CLEARING', 'caller', 'one', 'edge', n "
        "FROM generate_series(1, %s) n, voip.domains d WHERE d.name = 'a.test'", DAY, DAY, MANY)


def resident(pid):
    """MB of memory of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def under_way(db):
    """Transactions of the API."""
    return db.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'dialplane_api' "
                    "AND xact_start IS NOT NULL")


@pytest.mark.usefixtures("many")
def test_export_of_many(platform, serve, api):
    """Tens of megabytes, of which the program has a piece at a time."""
    highest = before = resident(serve.pid())
    size = lines = 0
    with api.begin("cdrs/export") as answer:
        while piece := answer.read(256 * 1024):
            size, lines = size + len(piece), lines + piece.count(b"\r\n")
            highest = max(highest, resident(serve.pid()))
    assert lines == MANY + 1 and size > 20e6, f"{lines} lines, {size} bytes"
    assert highest - before < 8, f"{before:.1f} MB, {highest:.1f} MB with an export"
    until(lambda: under_way(platform.db) == 0)


@pytest.mark.usefixtures("many")
def test_exports_at_a_time(platform, api, other):
    """Two of a tenant, however slowly somebody reads; who goes away leaves his place."""
    with api.begin("cdrs/export") as second:
        with api.begin("cdrs/export", {"format": "json"}) as first:
            assert first.status == second.status == 200
            refused = api.get("cdrs/export")
            assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0
            assert other.get("cdrs/export").status == 200
            assert api.get("cdrs", {"limit": 1}).status == 200
        until(lambda: api.get("cdrs/export", {"number": "6399"}).status == 200)
    until(lambda: under_way(platform.db) == 0)
