"""
No tenant reads, changes or learns anything of another one: every operation of the document, tried with
another tenant's name and ids in path, body, filter and embedded reference.
"""

import json
import re
import urllib.parse

import pytest

from api import Api, make_key
from api_rows import ROWS, Things, fill
from serve import until

RUNNING = ("serve",)
OWN, OTHER = "6170.test", "6171.test"
NOBODY = 987654321
UUID = "00000000-0000-4000-8000-000000000000"


class Tenant:
    """One with a row of every resource: {template: (path of the list, row)}."""

    def __init__(self, root, platform, domain):
        assert root.post("/domains", {"name": domain}).status == 201
        self.domain, self.rows = domain, {}
        self.api = Api(platform, make_key(platform.db, domain), domain)
        things = Things(self.api)
        for template, row in ROWS.items():
            path = fill(template, things)
            fields = row(things)[0]
            if template == "inbound-numbers":
                # One number is one tenant's.
                fields["number"] = f"+4930{domain[:4]}"
            self.rows[template] = path, self.api.make(path, **fields)


@pytest.fixture(scope="module")
def root(platform):
    made = Api(platform, make_key(platform.db))

    def answers():
        try:
            return made.get("/domains").status == 200
        except OSError:
            return False

    until(answers, 60)
    yield made
    made.close()


@pytest.fixture(scope="module")
def other(root, platform):
    """The one that is to be left alone."""
    return Tenant(root, platform, OTHER)


@pytest.fixture(scope="module")
def own(root, platform, other):
    """The one who tries; made later, so that its ids are others."""
    return Tenant(root, platform, OWN)


@pytest.fixture(scope="module")
def document(own):
    return own.api.get("/openapi.json").json


def everything(db, domain):
    """All that is in the database of a tenant, but what is counted of its own requests."""
    tables = [row["t"] for row in db.rows(
        "SELECT c.table_name AS t FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE table_schema = 'voip' AND column_name = 'domain_id'"
        " AND table_type = 'BASE TABLE' AND table_name NOT IN ('api_keys')")]
    assert len(tables) > 25
    return {table: db.rows(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum"
                           f" FROM voip.{table} t JOIN voip.domains d ON d.id = t.domain_id"
                           f" WHERE d.name = %s", domain)[0]["sum"] for table in tables}


def path_to(template, domain, ids):
    """A path of the document; `ids` for its variables, in order."""
    ids = iter(ids)

    def value(found):
        name = found[1]
        return domain if name == "domain" else str(next(ids, "1"))

    return re.sub(r"\{(\w+)\}", value, template)


def body_of(document, operation):
    """One that has every field that is needed; null where that is all that is known."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get(
        "schema", {})
    schema = document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    return {name: None for name in schema.get("required", ())}


def operations(document):
    """(method, path template, operation), of what is below a tenant."""
    return [(method.upper(), path, operation) for path, methods in document["paths"].items()
            for method, operation in methods.items() if path.startswith("/domains/{domain}/")]


def leaks_by_name(document, own):
    """Operations that answer something else for another tenant's name than for none's."""
    found = []
    for method, template, operation in operations(document):
        variables = [UUID if one["schema"].get("format") == "uuid" else "1"
                     for one in operation["parameters"]
                     if one["in"] == "path" and one["name"] != "domain"]
        body = body_of(document, operation) if method in ("POST", "PATCH") else None
        theirs, nobodys = (own.api.ask(method, path_to(template, domain, variables), body)
                           for domain in (OTHER, "nobody.test"))
        if theirs.status != 404 or (theirs.status, theirs.raw) != (nobodys.status, nobodys.raw):
            found.append((method, template, theirs, nobodys))
    return found


def leaks_by_id(own, other):
    """Rows of the other tenant that can be reached below one's own name."""
    found, api = [], own.api
    for template, (their_path, theirs) in other.rows.items():
        own_path, mine = own.rows[template]
        name = next(name for name in mine if name not in ("id",))
        tries = [(f"{own_path}/{theirs['id']}", f"{own_path}/{NOBODY}")]
        if their_path != own_path:
            # Below another one's parent.
            tries += [(f"{their_path}/{theirs['id']}", f"{own_path}/{NOBODY}"),
                      (f"{their_path}/{mine['id']}", f"{own_path}/{NOBODY}"),
                      (their_path, f"{own_path}/{NOBODY}")]
        for path, nowhere in tries:
            for method, body in (("GET", None), ("PATCH", {}), ("PATCH", {name: mine[name]}),
                                 ("DELETE", None)):
                if path == their_path and method != "GET":
                    continue
                got, nothing = (api.ask(method, where, body) for where in (path, nowhere))
                if got.status != 404 or got.raw != nothing.raw:
                    found.append((method, path, got))
        got = api.post(f"{own_path}/batch", {"delete": [theirs["id"]]})
        nothing = api.post(f"{own_path}/batch", {"delete": [NOBODY]})
        if got.status != 422 or got.raw != nothing.raw:
            found.append(("batch", own_path, got))
    return found


def references(document, template):
    """Fields of a resource that are the ids of others."""
    path, = [path for path in document["paths"] if re.fullmatch(
        re.escape("/domains/{domain}/") + re.sub(r"\\\{\w+\\\}", r"\\{\\w+\\}",
                                                  re.escape(template)), path)]
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    fields = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
    return [name for name in fields if name.endswith(("_id", "_to"))]


TARGETS = {"user_id": "users", "ring_group_id": "ring-groups", "queue_id": "queues",
           "ivr_menu_id": "ivr-menus", "voicemail_box_id": "voicemail-boxes",
           "conference_id": "conferences", "schedule_id": "schedules",
           "announcement_id": "announcements", "outbound_route_id": "outbound-routes",
           "trunk_id": "trunks", "extension_id": "extensions"}


def leaks_by_reference(document, own, other):
    """Rows of the other tenant that one's own can be led to, or filtered by."""
    found, api = [], own.api
    for template, (path, mine) in own.rows.items():
        for field in references(document, template):
            theirs = other.rows[TARGETS.get(field, "extensions")][1]["id"]
            replies = [api.patch(f"{path}/{mine['id']}", {field: target}, {"dry_run": "true"})
                       for target in (theirs, NOBODY)]
            if replies[0].status != 422 or replies[0].raw != replies[1].raw:
                found.append(("PATCH", path, field, replies[0]))
            rows = api.get(path, {field: theirs, "embed": embedded(field)})
            if rows.status == 200 and rows.json["items"]:
                found.append(("GET", path, field, rows))
    return found


def embedded(field):
    return re.sub("_(id|to)$", "", field)


@pytest.fixture(scope="module")
def tried(document, own, other, platform):
    """What the three ways have found, and whether the other tenant is as it was."""
    before = everything(platform.db, OTHER)
    found = (leaks_by_name(document, own), leaks_by_id(own, other),
             leaks_by_reference(document, own, other))
    return (*found, everything(platform.db, OTHER) == before)


def test_another_name(document, tried):
    assert len(operations(document)) > 130
    assert not tried[0]


def test_another_id(tried):
    assert not tried[1]


def test_another_reference(tried):
    assert not tried[2]


def test_nothing_has_changed(tried):
    """The other tenant is as it was, to the byte."""
    assert tried[3]


def test_lists_are_one_s_own(own, other):
    for template, (path, _) in own.rows.items():
        ids = {row["id"] for row in own.api.all(path)}
        assert other.rows[template][1]["id"] not in ids and own.rows[template][1]["id"] in ids
    assert [row["name"] for row in own.api.all("/domains")] == [OWN]
    for query in ({"name": OTHER}, {"name.like": "*"}, {"name.ne": OWN}, {"id.gt": "0"}):
        assert OTHER not in own.api.get("/domains", query).raw.decode()


def test_cursors_of_another(own, other):
    """A cursor says where to go on, not whose rows."""
    page = other.api.get("users", {"limit": 1}).json
    assert page["next"]
    names = own.api.get("users", {"cursor": page["next"]}).raw.decode()
    assert OTHER not in names
    mine = {row["id"] for row in own.api.all("users")}
    assert {row["id"] for row in json.loads(names)["items"]} <= mine
    assert own.api.get("users?" + urllib.parse.urlencode({"limit": 1}), None).status == 200


@pytest.mark.parametrize("table, template", [
    ("users", "users"), ("extensions", "extensions"), ("queue_members", "queues/{queue}/members"),
    ("webhooks", "webhooks")])
def test_it_is_the_policy(table, template, own, other, platform):
    """These tests see it when a policy lets all rows through: nothing else keeps them apart."""
    path, theirs = other.rows[template]
    platform.db.rows(f"ALTER POLICY tenant ON voip.{table} USING (true)")
    try:
        assert own.api.get(f"{path}/{theirs['id']}").status == 200
    finally:
        platform.db.rows(f"ALTER POLICY tenant ON voip.{table}"
                         " USING (domain_id = voip.current_domain_id())")
    assert own.api.get(f"{path}/{theirs['id']}").status == 404
