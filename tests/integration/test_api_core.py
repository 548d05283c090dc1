"""What all resources of the API have in common: lists, rows, changes, versions, and who may."""

import random
import re
import threading
import time
import uuid

import pytest

from api import Api, client, make_key
from contract import Contract
from lib import db as tenants
from serve import until

RUNNING = ("serve",)
INTERLEAVINGS, WRITERS = 1000, 4


@pytest.fixture(scope="module")
def api(platform):
    """Of an administrator of a.test."""
    made = client(platform, "a.test")
    Api.contract = Contract(made.get("/openapi.json").json)
    yield made
    Api.contract = None
    made.close()


@pytest.fixture(scope="module")
def other(platform):
    """Of an administrator of b.test."""
    made = Api(platform, make_key(platform.db, "b.test"), "b.test")
    yield made
    made.close()


@pytest.fixture(scope="module")
def root(platform):
    """Of the platform."""
    made = Api(platform, make_key(platform.db), "a.test")
    yield made
    made.close()


@pytest.fixture(scope="module")
def many(api):
    """60 conferences of a.test, in no order of their names."""
    names = [f"room {n:03}" for n in range(60)]
    random.Random(6100).shuffle(names)
    made = api.post("conferences/batch", {"create": [
        {"name": name, "max_members": 10 + n % 3} for n, name in enumerate(names)]})
    assert made.status == 200, made
    yield made.json["created"]
    api.post("conferences/batch", {"delete": [row["id"] for row in made.json["created"]]})


# ---------------------------------------------------------------- reading

def test_list(api, many):
    first = api.get("conferences", {"limit": 7})
    assert first.status == 200 and len(first.json["items"]) == 7
    assert set(first.json["items"][0]) == set(many[0])
    assert [row["name"] for row in api.all("conferences", limit=7)] == sorted(
        row["name"] for row in many)
    assert len(api.get("conferences").json["items"]) == 50, "the default"
    assert api.get("conferences", {"limit": 500}).json["next"] is None
    # A last page that is full has nothing behind it.
    assert api.get("conferences", {"limit": 60}).json["next"] is None


@pytest.mark.parametrize("sort", ["name", "-name", "id", "-id"])
def test_order(api, many, sort):
    rows = api.all("conferences", sort=sort, limit=13)
    key = sort.lstrip("-")
    assert [row[key] for row in rows] == sorted((row[key] for row in many),
                                                reverse=sort[0] == "-")


def test_pages_stay_in_place(api, many):
    """A page begins behind the last one, whatever was made or deleted since."""
    page = api.get("conferences", {"limit": 10}).json
    before = api.make("conferences", name="room 000 a")
    last = page["items"][-1]["id"]
    gone = api.make("conferences", name="zz")
    try:
        names = [row["name"] for row in
                 api.get("conferences", {"limit": 10, "cursor": page["next"]}).json["items"]]
        assert names == sorted(row["name"] for row in many)[10:20]
        assert last
    finally:
        for row in (before, gone):
            assert api.delete(f"conferences/{row['id']}").status == 204


def test_equal_sort_keys(api):
    """Rows that sort alike are told once each."""
    route = api.make("outbound-routes", name="6100")
    trunks = [api.make("trunks", name=f"6100-{n}") for n in range(3)]
    queue = api.make("queues", name="6100")
    ids = [row["id"] for row in api.get("users").json["items"]]
    for user in ids:
        api.make(f"queues/{queue['id']}/members", user_id=user, level=5)
    try:
        rows = api.all(f"queues/{queue['id']}/members", limit=1, sort="-level")
        assert sorted(row["user_id"] for row in rows) == sorted(ids)
        assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    finally:
        for path in (f"queues/{queue['id']}", f"outbound-routes/{route['id']}",
                     *(f"trunks/{row['id']}" for row in trunks)):
            assert api.delete(path).status == 204


# Names that are hard to tell apart: by case, accents, bytes that follow each other, and the last
# character that there is.
HARD = ["like a", "like A", "like a%", "like a_", "like a\\", "like a\\b", "like ab", "like b", "like ä",
        "like äb", "like \u00ff", "like \u0100", "like \ud7ff", "like \ue000", "like \uffff",
        "like \U00010000", "like \U0010ffff", "like \U0010ffffb", "like '; --", "like *", "Like a", "lik"]


def test_like(api):
    """Whatever is asked for: the rows that a plain comparison of characters finds."""
    made = api.post("conferences/batch", {"create": [{"name": name} for name in HARD]})
    assert made.status == 200, made
    try:
        for pattern in (*HARD, *(f"{name}*" for name in HARD), *(f"*{name[4:]}" for name in HARD),
                        *(f"{name}*b" for name in HARD), "like **", "l*k*b", "like*a*", "*", "**", "",
                        "like \ud7ff\ue000*", "\U0010ffff*", "like a*\\*"):
            parts = [re.escape(part) for part in pattern.split("*")]
            wanted = {name for name in HARD if re.fullmatch("[^\n]*".join(parts), name)}
            found = {row["name"] for row in api.all("conferences", limit=500, **{"name.like": pattern})}
            assert found & set(HARD) == wanted, pattern
    finally:
        gone = [row["id"] for row in made.json["created"]]
        assert api.post("conferences/batch", {"delete": gone}).status == 200


def test_filters(api, many):
    def names(**query):
        return {row["name"] for row in api.all("conferences", limit=500, **query)}

    def wanted(condition):
        return {row["name"] for row in many if condition(row)}

    name = many[3]["name"]
    assert names(name=name) == {name}
    assert names(**{"name.ne": name}) == wanted(lambda row: row["name"] != name)
    assert names(**{"name.like": "room 01*"}) == wanted(lambda row: row["name"][:7] == "room 01")
    assert names(**{"name.like": "room%"}) == set(), "only * stands for anything"
    assert names(**{"name.like": "room __1"}) == set()
    assert names(**{"name.in": f"{name},room 007,nothing"}) == {name, "room 007"}
    middle = sorted(row["id"] for row in many)[30]
    for word, condition in {"lt": lambda n: n < middle, "le": lambda n: n <= middle,
                            "gt": lambda n: n > middle, "ge": lambda n: n >= middle}.items():
        assert names(**{f"id.{word}": middle}) == wanted(lambda row: condition(row["id"]))
    assert names(**{"created_at.lt": "2001-01-01T00:00:00Z"}) == set()
    assert len(names(**{"created_at.ge": "2001-01-01T00:00:00Z", "name.ge": "room 050"})) == 10
    # Nulls, booleans, references, words.
    assert {row["username"] for row in api.all("users", **{"pickup_group.null": "true"})} >= \
        set(tenants.USERS)
    assert api.all("users", enabled="false") == []
    extension = api.get("extensions", {"number": "1002"}).json["items"][0]
    assert api.all("extensions", user_id=extension["user_id"]) == [extension]
    assert {row["type"] for row in api.all("extensions", **{"type.in": "ivr,voicemail"})} == {
        "ivr", "voicemail"}


@pytest.mark.parametrize("query", [
    {"limit": 0}, {"limit": 501}, {"limit": "x"}, {"limit": "-1"}, {"limit": "1e2"},
    {"sort": "pin"}, {"sort": "nothing"}, {"sort": "name,id"}, {"sort": ""}, {"sort": "id;--"},
    {"cursor": "x"}, {"cursor": "WyJpZCIsIjEiLCIxIl0"}, {"cursor": ""}, {"cursor": "W10"},
    {"cursor": "WyJuYW1lIiwiYSIsIngiXQ"},
    {"fields": "nothing"}, {"fields": ",,"}, {"embed": "nothing"}, {"embed": "name"},
    {"pin": "1234"}, {"name.is": "x"}, {"name.": "x"}, {".eq": "x"}, {"id": "x"}, {"id": "1.5"},
    {"id": "99999999999999999999"}, {"id.in": "1,x"}, {"name.null": "maybe"},
    {"created_at.ge": "yesterday or so"}, {"created_at": "2026-13-45"}, {"name": "a\x80".encode("latin1")},
    {"dry_run": "true"}, {"": "x"},
])
def test_bad_queries(api, query):
    """Each says that it is the client's, and where."""
    reply = api.get("conferences", query)
    assert reply.status == 400, (query, reply)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["detail"]


def test_fields(api):
    user = api.get("users", {"fields": "username,id", "username": "1001"}).json["items"][0]
    assert set(user) == {"username", "id"} and user["username"] == "1001"
    one = api.get(f"users/{user['id']}", {"fields": "display_name"})
    assert one.json == {"display_name": ""}
    for secret in ("ha1", "password", "domain_id", "xmin"):
        assert api.get("users", {"fields": secret}).status == 400


def test_embed(api):
    row = api.get("extensions", {"number": "1002", "embed": "user,no_answer"}).json["items"][0]
    assert row["user"]["username"] == "1002" and row["user"]["id"] == row["user_id"]
    assert row["no_answer"]["number"] == "*1002"
    assert "ha1" not in str(row["user"])
    row = api.get("extensions", {"number": "8000", "embed": "ivr_menu"}).json["items"][0]
    assert row["ivr_menu"]["name"]
    menu = api.get(f"ivr-menus/{row['ivr_menu_id']}", {"embed": "entries"}).json
    assert [entry["digit"] for entry in menu["entries"]] == ["1", "2", "3"]
    assert api.get("extensions", {"number": "1002", "embed": "queue"}).json["items"][0][
        "queue"] is None


def test_versions(api):
    row = api.get("users", {"username": "1001"}).json["items"][0]
    path = f"users/{row['id']}"
    first = api.get(path)
    assert first.json == row
    still = api.get(path, If_None_Match=first.tag)
    assert (still.status, still.raw, still.tag) == (304, b"", first.tag)
    assert api.get(path, If_None_Match=f'"x", W/{first.tag}').status == 304
    assert api.get(path, If_None_Match='"x"').status == 200
    changed = api.patch(path, {"display_name": "Alice"})
    assert changed.status == 200 and changed.json == {**row, "display_name": "Alice"}
    assert changed.tag != first.tag
    assert api.get(path, If_None_Match=first.tag).status == 200
    assert api.get(path, If_None_Match=changed.tag).status == 304
    listed = api.get("users")
    assert api.get("users", If_None_Match=listed.tag).status == 304
    api.patch(path, {"display_name": ""})
    assert api.get("users", If_None_Match=listed.tag).status == 200


# ---------------------------------------------------------------- writing

def test_create_and_delete(api, platform):
    made = api.post("users", {"username": "6101", "password": "6101 secret", "display_name": "<Ä>"})
    assert made.status == 201
    path = made.headers["Location"]
    assert path == f"/api/v1/domains/a.test/users/{made.json['id']}"
    assert made.json["display_name"] == "<Ä>" and made.json["max_calls"] == 10
    assert "secret" not in str(made) and "ha1" not in made.json
    read = api.get(path)
    assert (read.json, read.tag) == (made.json, made.tag)
    assert platform.db.value("SELECT ha1 FROM voip.users WHERE id = %s", made.json["id"]) == \
        tenants.md5("6101", "a.test", "6101 secret")
    assert api.delete(path, If_Match='"0"').status == 412
    assert api.delete(path, If_Match=made.tag).status == 204
    assert api.get(path).status == api.delete(path).status == 404


def test_patch_changes_what_is_sent(api, platform):
    user = api.make("users", username="6102", password="6102 secret", pickup_group="x")
    path = f"users/{user['id']}"
    assert api.patch(path, {}).json == user
    assert api.patch(path, {"pickup_group": None}).json == {**user, "pickup_group": None}
    changed = api.patch(path, {"max_calls": 2, "devices": "in_order"},
                        Content_Type="application/merge-patch+json")
    assert changed.json == {**user, "pickup_group": None, "max_calls": 2, "devices": "in_order"}
    # What is kept of a password is of the name, too.
    alone = api.patch(path, {"username": "6103"})
    assert alone.status == 422 and alone.pointers == ["/password"]
    assert api.patch(path, {"username": "6102"}).status == 200, "that is no change"
    assert api.patch(path, {"username": "6103", "password": "another one"}).status == 200
    assert platform.db.value("SELECT ha1 FROM voip.users WHERE id = %s", user["id"]) == \
        tenants.md5("6103", "a.test", "another one")
    assert api.delete(path).status == 204


def test_dry_run(api, platform):
    before = api.all("users")
    made = api.post("users", {"username": "6104", "password": "6104 secret"}, {"dry_run": "true"})
    assert (made.status, made.headers["Dialplane-Dry-Run"]) == (200, "true")
    assert made.json["username"] == "6104" and "id" not in made.json
    assert made.headers["Location"] is None
    path = f"users/{before[0]['id']}"
    changed = api.patch(path, {"display_name": "X"}, {"dry_run": "true"})
    assert changed.status == 200 and changed.json["display_name"] == "X"
    gone = api.delete(f"voicemail-boxes/{api.get('voicemail-boxes').json['items'][0]['id']}",
                      {"dry_run": "true"})
    assert gone.status == 409, "it is in use"
    batch = api.post("users/batch", {"create": [{"username": "6104", "password": "6104 secret"}]},
                     {"dry_run": "true"})
    assert batch.status == 200 and "id" not in batch.json["created"][0]
    assert api.all("users") == before
    refused = api.post("users", {"username": "1001", "password": "6104 secret"}, {"dry_run": "true"})
    assert refused.status == 409
    assert api.post("users", {}, {"dry_run": "perhaps"}).status == 400
    assert api.post("users", {"username": "6104", "password": "6104 secret"},
                    {"dry_run": "false"}).status == 201
    assert api.delete(f"users/{api.get('users', {'username': '6104'}).json['items'][0]['id']}"
                      ).status == 204
    assert platform.db.value("SELECT count(*) FROM voip.audit_log WHERE after ->> 'display_name'"
                             " = 'X'") == 0


def test_refused_fields(api):
    """422 with the field; nothing is made."""
    good = {"username": "6105", "password": "6105 secret"}
    for wrong, pointer in [
            ({"password": None}, "/password"), ({"password": "short"}, "/password"),
            ({"password": "x" * 129}, "/password"), ({"username": ""}, "/username"),
            ({"username": "a b"}, "/username"), ({"username": "a:b"}, "/username"),
            ({"username": "x" * 65}, "/username"), ({"username": 6105}, "/username"),
            ({"username": None}, "/username"), ({"max_calls": 0}, "/max_calls"),
            ({"max_calls": 101}, "/max_calls"), ({"max_calls": "1"}, "/max_calls"),
            ({"max_calls": 1.5}, "/max_calls"), ({"max_calls": True}, "/max_calls"),
            ({"enabled": "true"}, "/enabled"), ({"enabled": None}, "/enabled"),
            ({"devices": "all"}, "/devices"), ({"display_name": "a\nb"}, "/display_name"),
            ({"display_name": "ä" * 101}, "/display_name"), ({"outside_caller_id": "1"},
                                                             "/outside_caller_id"),
            ({"id": 7}, "/id"), ({"domain_id": 2}, "/domain_id"), ({"ha1": "0" * 32}, "/ha1"),
            ({"created_at": "2026-01-01T00:00:00Z"}, "/created_at"), ({"nothing": 1}, "/nothing")]:
        reply = api.post("users", {**good, **wrong})
        assert (reply.status, reply.pointers) == (422, [pointer]), (wrong, reply)
        assert reply.json["field"] == pointer[1:] and reply.json["detail"]
    for missing in good:
        reply = api.post("users", {key: value for key, value in good.items() if key != missing})
        assert (reply.status, reply.pointers) == (422, [f"/{missing}"])
    assert api.get("users", {"username": "6105"}).json["items"] == []
    # What is allowed to the last character.
    user = api.make("users", **good, display_name="ä" * 100)
    assert api.delete(f"users/{user['id']}").status == 204


def test_every_fault_is_told(api):
    """Of a body, of what is changed, and of a batch; each field once, the first sentence on top."""
    wrong = {"username": "a b", "max_calls": 0, "enabled": 1, "nothing": 1, "devices": "none",
             "password": "short"}
    refused = api.post("users", wrong)
    assert (refused.status, set(refused.pointers)) == (422, {f"/{name}" for name in wrong}), refused
    first = refused.json["errors"][0]
    assert (refused.json["detail"], "/" + refused.json["field"]) == (first["detail"], first["pointer"])
    assert {"pointer": "/max_calls", "detail": "max_calls: is from 1 to 100."} in refused.json["errors"]
    assert set(api.post("users", {"max_calls": "x"}).pointers) == {"/max_calls", "/username",
                                                                   "/password"}
    # What a hook says of fields that go together is told beside what is wrong with single ones.
    assert set(api.post("trunks", {"username": "u", "password": "p", "max_cps": 0}).pointers) == {
        "/name", "/max_cps"}
    user = api.make("users", username="faults", password="long enough")
    changed = api.patch(f"users/{user['id']}", {"username": "faults2", "max_calls": 0, "enabled": None})
    assert set(changed.pointers) == {"/max_calls", "/enabled", "/password"}
    good = {"username": "faults3", "password": "long enough"}
    batch = api.post("users/batch", {"delete": [0, user["id"], "x"], "create": [
        good, {**wrong, "username": "x"}, 7, good, {}]})
    assert batch.status == 422 and sorted(batch.pointers) == sorted(
        ["/delete/0", "/delete/2", "/create/2", "/create/4/username", "/create/4/password"]
        + [f"/create/1/{name}" for name in wrong if name != "username"]), batch
    gone = api.post("users/batch", {"delete": [987654321, user["id"], 987654322], "create": [good]})
    assert gone.pointers == ["/delete/0", "/delete/2"] and api.get(f"users/{user['id']}").status == 200
    # What only the database knows is the first one of its kind.
    taken = api.post("users/batch", {"create": [good, {**good, "username": "faults"}, good]})
    assert (taken.status, taken.pointers) == (409, ["/create/1/username"])
    assert not api.all("users", username="faults3")
    # Names of the client's own are cut between characters, and written as pointers are.
    odd = api.post("users", {**good, "a/b~c": 1, "x" + "ä" * 100: 1, "": 1})
    assert odd.pointers == ["/a~1b~0c", "/x" + "ä" * 49, "/"]
    many = api.post("users", {f"field{n}": n for n in range(1000)})
    assert len(many.pointers) == 50 == len(set(many.pointers))
    assert len(api.post("users/batch", {"create": [{}] * 1000}).pointers) == 50
    assert api.delete(f"users/{user['id']}").status == 204


def test_taken(api):
    reply = api.post("users", {"username": "1001", "password": "long enough"})
    assert (reply.status, reply.pointers) == (409, ["/username"])
    user = api.get("users", {"username": "1002"}).json["items"][0]
    reply = api.patch(f"users/{user['id']}", {"username": "1001", "password": "long enough"})
    assert (reply.status, reply.pointers) == (409, ["/username"])


def test_references(api, other):
    """What is referred to has to be there, and one's own: both are said with the same words."""
    theirs = other.get("users").json["items"][0]["id"]
    replies = [api.post("extensions", {"number": "6106", "type": "user", "user_id": user})
               for user in (theirs, 987654321)]
    for reply in replies:
        assert (reply.status, reply.pointers) == (422, ["/user_id"]), reply
    assert replies[0].raw == replies[1].raw
    own = api.get("users", {"username": "1001"}).json["items"][0]
    for body, pointer in [({"type": "user"}, "/type"), ({"type": "queue", "user_id": own["id"]}, "/type"),
                          ({"type": "user", "user_id": own["id"], "is_prefix": True}, "/is_prefix")]:
        reply = api.post("extensions", {"number": "6106", **body})
        assert (reply.status, reply.pointers) == (422, [pointer]), reply


def test_in_use(api):
    """409 says by whom, with what a client needs to go there."""
    user = api.make("users", username="6107", password="6107 secret")
    extension = api.make("extensions", number="6107", type="user", user_id=user["id"])
    queue = api.make("queues", name="6107", timeout_to=extension["id"])
    member = api.make(f"queues/{queue['id']}/members", user_id=user["id"])
    refused = api.delete(f"users/{user['id']}")
    assert refused.status == 409
    assert refused.json["used_by"] == [
        {"resource": "extensions", "id": extension["id"], "name": "6107"},
        {"resource": "queues", "id": queue["id"], "name": "6107"}]
    refused = api.delete(f"extensions/{extension['id']}")
    assert refused.json["used_by"] == [{"resource": "queues", "id": queue["id"], "name": "6107"}]
    batch = api.post("users/batch", {"delete": [user["id"]]})
    assert (batch.status, batch.pointers, len(batch.json["used_by"])) == (409, ["/delete/0"], 2)
    # What is of a thing goes with it.
    assert api.delete(f"queues/{queue['id']}").status == 204
    assert api.get(f"queues/{queue['id']}/members/{member['id']}").status == 404
    for path in (f"extensions/{extension['id']}", f"users/{user['id']}"):
        assert api.delete(path).status == 204


def test_circles(api):
    """Calls that would go round are refused with the way they would take."""
    box = api.get("extensions", {"number": "1002"}).json["items"][0]
    user = api.get("users", {"username": "1003"}).json["items"][0]
    row = api.make("extensions", number="6108", type="user", user_id=user["id"],
                   always_to=box["id"])
    refused = api.patch(f"extensions/{box['id']}", {"always_to": row["id"]})
    assert refused.status == 422 and "1002 > 6108 > 1002" in refused.json["detail"]
    assert api.patch(f"extensions/{row['id']}", {"always_to": row["id"]}).status == 422
    assert api.delete(f"extensions/{row['id']}").status == 204


# ---------------------------------------------------------------- batches

def test_batch(api):
    made = api.post("users/batch", {"create": [
        {"username": f"61{n}", "password": f"secret 61{n}"} for n in range(10, 20)]})
    assert made.status == 200 and made.json["deleted"] == []
    ids = [row["id"] for row in made.json["created"]]
    assert [row["username"] for row in made.json["created"]] == [f"61{n}" for n in range(10, 20)]
    # What takes the place of another one.
    again = api.post("users/batch", {"delete": ids, "create": [
        {"username": "6110", "password": "secret 6110"}]})
    assert again.status == 200 and again.json["deleted"] == ids
    assert api.post("users/batch", {"delete": [again.json["created"][0]["id"]]}).status == 200


def test_batch_is_all_or_nothing(api):
    before = api.all("users")
    good = {"username": "6111", "password": "secret 6111"}
    for body, status, pointer in [
            ({"create": [good, {**good, "username": "6112", "max_calls": 0}]}, 422,
             "/create/1/max_calls"),
            ({"create": [good, good]}, 409, "/create/1/username"),
            ({"create": [good, 7]}, 422, "/create/1"), ({"create": good}, 422, "/create"),
            ({"create": [good], "delete": [987654321]}, 422, "/delete/0"),
            ({"create": [good], "delete": ["1"]}, 422, "/delete/0"),
            ({"delete": [before[0]["id"]], "create": [good]}, 409, "/delete/0"),
            ({"create": [{**good, "pickup_group": 1}]}, 422, "/create/0/pickup_group")]:
        reply = api.post("users/batch", body)
        assert (reply.status, reply.pointers) == (status, [pointer]), (body, reply)
    for body in ({}, {"create": []}, {"create": [good], "change": []}, {"delete": [1] * 1001}):
        assert api.post("users/batch", body).status == 422
    assert api.all("users") == before


# ---------------------------------------------------------------- two at the same time

def test_no_update_is_lost(api, platform):
    """Writers who read, think and write with If-Match: who comes second is told so."""
    queue = api.make("queues", name="6120")
    path, done = f"queues/{queue['id']}", []

    def write(seed):
        chance, own = random.Random(seed), Api(platform, api.key, "a.test")
        wins = losses = 0
        for _ in range(INTERLEAVINGS // WRITERS):
            read = own.get(path)
            if chance.random() < 0.3:
                time.sleep(chance.random() * 0.001)
            put = own.patch(path, {"max_wait_s": read.json["max_wait_s"] + 1}, If_Match=read.tag)
            assert put.status in (200, 412), put
            wins += put.status == 200
            losses += put.status == 412
        own.close()
        done.append((wins, losses))

    threads = [threading.Thread(target=write, args=(6120 + n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == WRITERS
    assert api.get(path).json["max_wait_s"] == sum(wins for wins, _ in done) > 0
    assert sum(losses for _, losses in done) > 0, "nobody met anybody"
    assert api.patch(path, {"ring_s": 9}, If_Match="*").status == 200
    assert api.patch(path, {"ring_s": 9}, If_Match='W/"1"').status == 412
    assert api.delete(path).status == 204


# ---------------------------------------------------------------- a request that is sent again

def test_idempotency(api, other, platform):
    key, body = str(uuid.uuid4()), {"name": "6121"}
    first = api.post("conferences", body, Idempotency_Key=key)
    again = api.post("conferences", body, Idempotency_Key=key)
    assert first.status == again.status == 201 and first.raw == again.raw
    assert (first.tag, first.headers["Location"]) == (again.tag, again.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(api.all("conferences", name="6121")) == 1
    # The same key for something else; elsewhere; of somebody else.
    assert api.post("conferences", {"name": "6122"}, Idempotency_Key=key).status == 422
    assert api.post("queues", body, Idempotency_Key=key).status == 422
    theirs = other.post("conferences", body, Idempotency_Key=key)
    assert theirs.status == 201 and theirs.headers["Idempotency-Replayed"] is None
    # What was refused can be tried again.
    later = str(uuid.uuid4())
    assert api.post("conferences", body, Idempotency_Key=later).status == 409
    assert api.delete(f"conferences/{first.json['id']}").status == 204
    assert api.post("conferences", body, Idempotency_Key=later).status == 201
    for bad in ("", "x" * 256):
        assert api.post("conferences", body, Idempotency_Key=bad).status == 400
    # A day later it is another request.
    platform.db.rows("UPDATE voip.idempotency_keys SET created_at = now() - interval '25 hours'")
    assert api.post("conferences", {"name": "6123"}, Idempotency_Key=key).status == 201
    for one, name in ((api, "6121"), (api, "6123"), (other, "6121")):
        row, = one.all("conferences", name=name)
        assert one.delete(f"conferences/{row['id']}").status == 204


def test_the_same_request_at_the_same_time(api, platform):
    key, replies = str(uuid.uuid4()), []

    def send():
        own = Api(platform, api.key, "a.test")
        replies.append(own.post("conferences", {"name": "6124"}, Idempotency_Key=key))
        own.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in replies} == {201}, replies
    assert len({reply.raw for reply in replies}) == 1
    row, = api.all("conferences", name="6124")
    assert api.delete(f"conferences/{row['id']}").status == 204


# ---------------------------------------------------------------- who may

def test_who_asks(api, platform):
    assert Api(platform).get("/domains/a.test/users").status == 401
    assert Api(platform, "dpk_0123456789abcdef_" + "0" * 64).get("/domains").status == 401
    reader = Api(platform, make_key(platform.db, "a.test", ["config:read"]), "a.test")
    assert reader.get("users").status == 200
    refused = reader.post("users", {"username": "6130", "password": "long enough"})
    assert refused.status == 403 and "config:write" in refused.json["detail"]
    assert reader.get("users", X_Request_Id="abc-1").headers["X-Request-Id"] == "abc-1"
    assert reader.get("users", X_Request_Id="a b").headers["X-Request-Id"] != "a b"
    reader.close()


def test_another_tenants(api, other, root):
    """What is another's is not there, in the very same words."""
    nowhere = api.get("/domains/nowhere.test/users")
    theirs = other.get("users").json["items"][0]["id"]
    assert nowhere.status == 404
    for method, path, body in [
            ("GET", "/domains/b.test/users", None), ("GET", f"/domains/b.test/users/{theirs}", None),
            ("GET", f"users/{theirs}", None), ("PATCH", f"users/{theirs}", {"enabled": False}),
            ("DELETE", f"users/{theirs}", None), ("DELETE", f"/domains/b.test/users/{theirs}", None),
            ("POST", "/domains/b.test/users", {"username": "6131", "password": "long enough"}),
            ("GET", "/domains/b.test", None), ("PATCH", "/domains/b.test", {"timezone": "UTC"}),
            ("DELETE", "/domains/b.test", None), ("POST", "/domains", {"name": "c.test"})]:
        reply = api.ask(method, path, body)
        assert (reply.status, reply.raw) == (404, nowhere.raw), (method, path, reply)
    assert [row["name"] for row in api.all("/domains")] == ["a.test"]
    assert {row["name"] for row in root.all("/domains")} >= {"a.test", "b.test"}
    queue = other.make("queues", name="6131")
    assert api.get(f"queues/{queue['id']}/members").raw == nowhere.raw
    own = api.get("users").json["items"][0]["id"]
    assert api.post(f"queues/{queue['id']}/members", {"user_id": own}).raw == nowhere.raw
    assert other.delete(f"queues/{queue['id']}").status == 204


def test_audited(api, platform):
    """Who, what, from where, before and after, and no secret."""
    user = api.make("users", username="6132", password="6132 secret")
    api.patch(f"users/{user['id']}", {"password": "6132 another", "max_calls": 3},
              X_Request_Id="test-6132")
    api.delete(f"users/{user['id']}")
    rows = platform.db.rows("SELECT * FROM voip.audit_log WHERE resource = 'users' AND object_id = %s"
                            " ORDER BY id", str(user["id"]))
    assert [row["method"] for row in rows] == ["POST", "PATCH", "DELETE"]
    assert [bool(row["before"]) for row in rows] == [False, True, True]
    assert rows[1]["before"]["max_calls"] == 10 and rows[1]["after"]["max_calls"] == 3
    assert rows[1]["request_id"] == "test-6132" and rows[0]["domain"] == "a.test"
    assert "secret" not in str(rows) and "another" not in str(rows) and "ha1" not in str(rows)


# ---------------------------------------------------------------- domains

def test_domains(root, api):
    assert root.post("/domains", {"name": "UPPER"}).pointers == ["/name"]
    made = root.post("/domains", {"name": "6133.test", "timezone": "Europe/Berlin"})
    assert made.status == 201 and made.headers["Location"] == "/api/v1/domains/6133.test"
    path = "/domains/6133.test"
    assert root.post("/domains", {"name": "6133.test"}).pointers == ["/name"]
    assert root.patch(path, {"name": "x.test"}).pointers == ["/name"]
    assert root.patch(path, {"timezone": "Mars/Olympus"}).pointers == ["/timezone"]
    assert root.patch(path, {"music": "custom/none"}).pointers == ["/music"]
    assert root.patch(path, {"max_calls": 5, "allow_international": True}).json["max_calls"] == 5
    user = root.post(path + "/users", {"username": "1", "password": "long enough"})
    assert user.status == 201
    refused = root.delete(path)
    assert refused.status == 409 and refused.json["used_by"] == [
        {"resource": "users", "id": user.json["id"], "name": "1"}]
    assert root.delete(f"{path}/users/{user.json['id']}").status == 204
    assert root.delete(path).status == 204
    # A tenant sets what is its own, and not what it may spend.
    own = api.get("/domains/a.test").json
    assert api.patch("/domains/a.test", {"timezone": "Europe/Paris"}).json["timezone"] == "Europe/Paris"
    assert api.patch("/domains/a.test", {"timezone": own["timezone"]}).json == own
    for field, value in {"max_calls": 7, "allow_premium": True, "enabled": False}.items():
        assert api.patch("/domains/a.test", {field: value}).pointers == [f"/{field}"]


# ---------------------------------------------------------------- when PostgreSQL is away

def test_without_database(api, platform):
    supervisor = platform.supervisor
    platform.db.close()
    supervisor.stop_process("postgresql")
    try:
        reply = api.get("users")
        assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0, reply
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert api.post("users", {"username": "6134", "password": "long enough"}).status == 503
        assert api.get("/openapi.json").status == 200
    finally:
        supervisor.start("postgresql")
    until(lambda: api.get("users").status == 200, 60)
