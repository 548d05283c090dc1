"""Every resource of the API with all of its fields; and the document that describes them."""

import hashlib
import itertools
import json
import os
import re
import struct
import subprocess

import pytest

from api import Api, client, make_key
from api_rows import ROWS, Things, fill
from contract import Contract
from front.options import CLONE
from lib import db as tenants

RUNNING = ("serve",)
DOMAIN = "6140.test"


@pytest.fixture(scope="module")
def root(platform):
    """Of the platform, at home in a tenant of its own."""
    made = client(platform, where=DOMAIN)
    Api.contract = Contract(made.get("/openapi.json").json)
    assert made.post("/domains", {"name": DOMAIN}).status == 201
    yield made
    Api.contract = None
    made.close()


@pytest.fixture(scope="module")
def api(root, platform):
    """Of that tenant's administrator."""
    made = Api(platform, make_key(platform.db, DOMAIN), DOMAIN)
    yield made
    made.close()


@pytest.fixture(scope="module")
def things(api):
    return Things(api)


SECRETS = {"password", "pin"}
OWN_PIN = {"conferences"}


def visible(path, fields):
    """What is told back of what was sent."""
    hidden = set() if path in OWN_PIN else SECRETS
    return {name: value for name, value in fields.items() if name not in hidden}


def contains(row, fields):
    return {name: row[name] for name in fields} == fields


@pytest.mark.parametrize("template", ROWS)
def test_resource(api, things, template):
    """Made, read, listed, changed, tried, made by a batch and deleted, with every field it has."""
    fields, change = ROWS[template](things)
    path = fill(template, things)
    made = api.post(path, fields)
    assert made.status == 201 and contains(made.json, visible(template, fields)), made
    row = f"{path}/{made.json['id']}"
    told = {name: value for name, value in made.json.items() if name != "secret"}
    assert api.get(row).json == told
    assert told in api.all(path, limit=1)
    tried = api.patch(row, change, {"dry_run": "true"})
    assert tried.status == 200 and contains(tried.json, visible(template, change)), tried
    assert api.get(row).json == told
    changed = api.patch(row, change, If_Match=made.tag)
    assert changed.json == {**told, **visible(template, change), **({"scope": changed.json["scope"]}
                                                                    if "scope" in told else {})}
    assert api.patch(row, {"nothing": 1}).pointers == ["/nothing"]
    assert api.post(path, {"nothing": 1}).pointers[0] == "/nothing"
    assert api.get(path, {"nothing": 1}).status == 400
    assert api.get(f"{path}/987654321").status == 404
    assert api.patch(f"{path}/987654321", change).status == 404
    assert api.delete(row, {"dry_run": "true"}).status == 200
    assert api.delete(row, If_Match=changed.tag).status == 204
    assert api.delete(row).status == 404
    batch = api.post(f"{path}/batch", {"create": [fields]})
    assert batch.status == 200, batch
    gone = [one["id"] for one in batch.json["created"]]
    assert api.post(f"{path}/batch", {"delete": gone}).json == {"created": [], "deleted": gone}
    assert api.post(f"{path}/batch", {"create": [1]}).pointers == ["/create/0"]


def test_every_field_is_tried(root, things):
    """Of each resource ROWS has all fields that its schema has."""
    paths = Api.contract.document["paths"]
    for template in ROWS:
        names = {part.group(0): None for part in re.finditer(r"\{\w+\}", template)}
        path, = [path for path in paths if re.fullmatch(
            re.escape("/domains/{domain}/") + re.sub(r"\\\{\w+\\\}", r"\\{\\w+\\}",
                                                      re.escape(template)), path)]
        assert len(names) == path.count("{") - 1
        schema = paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        fields = Api.contract.document["components"]["schemas"][
            schema["$ref"].rsplit("/", 1)[1]]["properties"]
        made, change = ROWS[template](things)
        tried = set(made) | set(change)
        if template == "extensions":
            tried |= {name for name in fields if name.endswith(("_id", "_to", "_outside"))} | {"feature"}
        if template == "recording-policies":
            tried |= {"extension_id"}
        assert tried == set(fields), template


def test_secrets_are_kept_as_digests(api, platform):
    box = api.make("voicemail-boxes", mailbox="6151", pin="4711")
    assert platform.db.value("SELECT pin_ha1 FROM voip.voicemail_boxes WHERE id = %s", box["id"]) == \
        tenants.md5("6151", DOMAIN, "4711")
    assert api.patch(f"voicemail-boxes/{box['id']}", {"mailbox": "6152"}).pointers == ["/pin"]
    trunk = api.make("trunks", name="6151", username="u", realm="r.test", password="p")
    row = f"trunks/{trunk['id']}"

    def ha1():
        return platform.db.value("SELECT ha1 FROM voip.trunks WHERE id = %s", trunk["id"])

    assert ha1() == tenants.md5("u", "r.test", "p")
    assert api.patch(row, {"realm": "s.test"}).pointers == ["/password"]
    assert api.patch(row, {"max_calls": 3}).status == 200 and ha1() == tenants.md5("u", "r.test", "p")
    assert api.patch(row, {"realm": "s.test", "password": "q"}).status == 200
    assert ha1() == tenants.md5("u", "s.test", "q")
    assert api.patch(row, {"username": None}).status == 422
    assert api.patch(row, {"username": None, "realm": None}).status == 200 and ha1() is None
    assert api.patch(row, {"register": True}).pointers == ["/register"]
    hook = api.post("webhooks", {"url": "https://x.test/", "events": ["call.ended"]})
    assert hook.json["secret"] == platform.db.value("SELECT secret FROM voip.webhooks WHERE id = %s",
                                                    hook.json["id"])
    assert "secret" not in api.get(f"webhooks/{hook.json['id']}").json
    for path in (f"voicemail-boxes/{box['id']}", row, f"webhooks/{hook.json['id']}"):
        assert api.delete(path).status == 204


def wav(samples, rate=8000, more=b""):
    """16 bits, mono; `more`: chunks that players write, and nobody needs."""
    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    chunks = head + more + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI4s", b"RIFF", len(chunks) + 4, b"WAVE") + chunks


def test_prompts(api):
    """Audio in and out; a prompt that is in use keeps its name."""
    plain = wav(range(100))
    titled = wav(range(100), more=struct.pack("<4sI4s", b"LIST", 4, b"INFO"))
    kind = {"Content_Type": "audio/wav"}
    made = api.post("prompts", titled, {"name": "6153"}, **kind)
    assert made.status == 201 and api.get(made.headers["Location"]).json == made.json
    row, = api.all("prompts", name="6153")
    assert row == made.json and (row["rate"], row["bytes"]) == (8000, len(plain))
    assert row["sha256"] == hashlib.sha256(plain).hexdigest()
    path = f"prompts/{row['id']}"
    heard = api.get(path + "/audio")
    assert (heard.raw, heard.headers["Content-Type"]) == (plain, "audio/wav")
    assert api.get(path + "/audio", If_None_Match=heard.tag).status == 304
    # Other audio, under the same name.
    other = wav(range(500), 16000)
    assert api.post(path + "/audio", other, If_Match='"0"', **kind).status == 412
    assert api.post(path + "/audio", other, {"dry_run": "true"}, **kind).json["rate"] == 16000
    assert api.get(path).json == row
    assert api.post(path + "/audio", other, **kind).json["rate"] == 16000
    assert api.get(path + "/audio").raw == other
    # What is none.
    assert api.post("prompts", {"name": "6154"}, {"name": "6154"}).status == 415
    assert api.post("prompts", plain, **kind).pointers == ["name"]
    assert api.post("prompts", plain, {"name": "A B"}, **kind).pointers == ["/name"]
    assert api.post("prompts", plain, {"name": "6153"}, **kind).pointers == ["/name"]
    for bad in (b"", b"RIFF", wav([]), wav(range(9), 44100), b"x" * 100000):
        refused = api.post("prompts", bad, {"name": "6154"}, **kind)
        assert refused.status == 422, (bad[:20], refused)
    assert api.post("prompts", wav([0] * 4800001), {"name": "6154"}, **kind).status == 422
    for method, where in (("GET", "/audio"), ("POST", "/audio"), ("DELETE", "")):
        assert api.ask(method, f"prompts/987654321{where}", plain if method == "POST" else None,
                       **(kind if method == "POST" else {})).status == 404
    assert api.get("prompts", {"audio": "x"}).status == 400
    menu = api.make("ivr-menus", name="6153", greeting="custom/6153")
    for refused in (api.patch(path, {"name": "6154"}), api.delete(path)):
        assert refused.status == 409, refused
    assert refused.json["used_by"] == [{"resource": "ivr-menus", "id": menu["id"], "name": "6153"}]
    assert api.post("ivr-menus", {"name": "6154", "greeting": "custom/none"}).pointers == ["/greeting"]
    assert api.delete(f"ivr-menus/{menu['id']}").status == 204
    assert api.patch(path, {"name": "6154"}).json["name"] == "6154"
    assert api.get(path).json["name"] == "6154" and api.delete(path).status == 204
    assert api.get(path).status == 404


def test_the_longest_prompt(api):
    """Ten minutes, which are more than JSON may be."""
    audio = wav([0] * 4800000)
    made = api.post("prompts", audio, {"name": "6156"}, Content_Type="audio/wav")
    assert made.status == 201 and made.json["bytes"] == 9600044
    assert api.get(f"prompts/{made.json['id']}/audio").raw == audio
    assert api.delete(f"prompts/{made.json['id']}").status == 204
    assert api.post("users", '{"a":"' + "x" * (4 << 20) + '"}').status == 413


@pytest.mark.parametrize("path, body, field", [
    ("conferences", {"name": "6155", "moderator_pin": "1234"}, "/moderator_pin"),
    ("conferences", {"name": "6155", "wait_for_moderator": True}, "/wait_for_moderator"),
    ("outbound-routes", {"name": "6155", "min_length": 9, "max_length": 8}, "/max_length"),
    ("voicemail-boxes", {"mailbox": "6155", "pin": "4711", "max_message_s": 31}, "/max_message_s"),
    ("voicemail-boxes", {"mailbox": "6155", "pin": "4711", "min_message_s": 4}, "/min_message_s"),
    ("voicemail-boxes", {"mailbox": "6155", "pin": "4711", "mail_audio": False,
                         "delete_mailed": True}, "/delete_mailed"),
    ("ring-groups/{ring_group}/members", {"position": 1}, ""),
    ("schedules/{schedule}/hours", {"weekday": 1, "opens": "10:00", "closes": "10:00"}, "/closes"),
    ("schedules/{schedule}/hours", {"weekday": 1, "opens": "10:60", "closes": "11:00"}, "/opens"),
    ("schedules/{schedule}/holidays", {"day": "2026-02-30"}, ""),
    ("trunks/{trunk}/gateways", {"host": "[::::]"}, "/host"),
    ("trunks", {"name": "6155", "username": "u"}, "/password"),
    ("webhooks", {"url": "https://x.test/", "events": []}, "/events"),
    ("webhooks", {"url": "https://u:p@x.test/", "events": ["call.ended"]}, "/url"),
    ("webhooks", {"url": "https://x.test/", "events": ["call.began"]}, "/events"),
    ("recording-policies", {"queue_id": 1, "trunk_id": 1, "mode": "always"}, ""),
])
def test_what_does_not_go_together(api, things, path, body, field):
    reply = api.post(fill(path, things), body)
    assert reply.status == 422 and "".join(reply.pointers) == field, reply
    assert reply.json["detail"][-1] == "."


# ---------------------------------------------------------------- the document

def test_document(root):
    document = Api.contract.document
    assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": "/api/v1"}]
    ids = [operation["operationId"] for methods in document["paths"].values()
           for operation in methods.values()]
    assert len(ids) == len(set(ids)) and all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in ids)
    for name, (_, path, operation) in Api.contract.operations().items():
        variables = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert variables == set(re.findall(r"\{(\w+)\}", path)), name
        names = [(one["in"], one["name"]) for one in operation["parameters"]]
        assert len(names) == len(set(names)), name
        assert operation["summary"] and operation["tags"]
        for reference in re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(operation)):
            assert reference in document["components"]["schemas"]
    # What tenants and the platform have of the same name has other fields.
    for mine, other, shape in itertools.product(("Operator", "APIKey"), ("", "Platform"), ("", "Create")):
        fields = document["components"]["schemas"][other + mine + shape]["properties"]
        assert ("domain_id" in fields) == bool(other), (other, mine, shape)


def test_document_has_what_the_router_has(root):
    """Of each path, the methods that the router says it takes; and what it has not is 404."""
    for path, methods in Api.contract.document["paths"].items():
        filled = path.replace("{domain}", DOMAIN)
        for name, schema in {one["name"]: one["schema"] for operation in methods.values()
                             for one in operation["parameters"] if one["in"] == "path"}.items():
            value = "00000000-0000-4000-8000-000000000000" if schema.get("format") == "uuid" else "1"
            filled = filled.replace("{" + name + "}", value)
        reply = root.ask("PUT", filled)
        assert reply.status == 405, (path, reply)
        assert set(reply.headers["Allow"].split(", ")) == {one.upper() for one in methods}, path
        assert root.ask("PUT", filled + "/x/y").status == 404


def test_docs_page(root):
    page = root.get("/api/docs")
    text = page.raw.decode()
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", text) and "<script" not in text
    for path in Api.contract.document["paths"]:
        assert f"<code>{path}</code>" in text


def test_recording_settings(api, root, platform):
    """What there is one of is always there: read, changed by one of two, set back, taken back."""
    nothing = {"format": None, "keep_days": None, "encrypt": None}
    path, db = "recording-settings", platform.db
    tenant = db.value("SELECT id FROM voip.domains WHERE name = %s", DOMAIN)

    def rows():
        return db.rows("SELECT format, keep_days, encrypt FROM voip.recording_settings"
                       " WHERE domain_id = %s", tenant)

    first = api.get(path)
    assert (first.json, rows()) == (nothing, [])
    assert api.get(path, If_None_Match=first.tag).status == 304
    assert api.get(path, {"fields": "format"}).json == {"format": None}
    assert api.patch(path, {"keep_days": 30}, {"dry_run": "true"}).json == {**nothing, "keep_days": 30}
    assert api.delete(path, {"dry_run": "true"}).json == nothing and not rows()
    made = api.patch(path, {"keep_days": 30}, If_Match=first.tag)
    assert made.json == {**nothing, "keep_days": 30} and rows() == [made.json]
    # Whoever has read that there was nothing has lost the race.
    assert api.patch(path, {"keep_days": 31}, If_Match=first.tag).status == 412
    changed = api.patch(path, {"format": "opus", "encrypt": True}, If_Match=made.tag)
    assert changed.json == {"format": "opus", "keep_days": 30, "encrypt": True} == api.get(path).json
    for wrong in ({"format": "mp3"}, {"keep_days": -1}, {"keep_days": 36501}, {"encrypt": 1},
                  {"nothing": 1}):
        assert api.patch(path, wrong).pointers == [f"/{name}" for name in wrong]
    assert api.post(path, {}).status == 405 and api.get(f"{path}/1").status == 404
    assert api.delete(path, If_Match=made.tag).status == 412
    assert api.delete(path, If_Match=changed.tag).status == 204
    assert api.get(path).json == nothing
    # Both are changes, and are taken back as such.
    entries = api.all("audit-log", resource=path, sort="-id")
    assert [entry["method"] for entry in entries] == ["PATCH"] * 3
    assert entries[2]["before"] == nothing and entries[0]["before"] == changed.json
    assert api.post(f"audit-log/{entries[0]['id']}/revert", None).json == changed.json
    assert api.get(path).json == changed.json and rows() == [changed.json]
    # Who may not delete recordings does not do so by keeping them for a shorter time.
    few = Api(platform, make_key(db, DOMAIN, ("config:read", "config:write")), DOMAIN)
    assert few.patch(path, {"keep_days": 1}).status == 403 == few.delete(path).status
    assert few.patch(path, {"format": "wav", "keep_days": 30}).json["format"] == "wav"
    few.close()
    assert api.delete(path).status == 204
    # The platform's, for all who say nothing.
    path = "/recording-settings"
    before = root.get(path)
    assert before.json == {"format": "wav", "keep_days": 0, "encrypt": False}
    after = root.patch(path, {"keep_days": 365}, If_Match=before.tag)
    assert after.json == {**before.json, "keep_days": 365}
    assert db.value("SELECT keep_days FROM voip.recording_settings WHERE domain_id IS NULL") == 365
    assert root.patch(path, {"format": None}).pointers == ["/format"]
    assert root.delete(path).status == 405 and api.get(path).status == api.patch(path, {}).status == 404
    entry, = root.all("/audit-log", resource=path[1:], sort="-id", limit=1)[:1]
    assert root.post(f"/audit-log/{entry['id']}/revert", None).json == before.json


def test_every_operation_was_tried(root):
    """By the tests above: those of resources, with success and without."""
    tags = {"Users", "Extensions", "Ring groups", "Queues", "IVR menus", "Voicemail boxes",
            "Conferences", "Schedules", "Announcements", "Trunks", "Outbound routes",
            "Inbound numbers", "Recording policies", "Recording settings", "Prompts", "Webhooks"}
    wanted = {name for name, (_, _, operation) in Api.contract.operations().items()
              if tags & set(operation["tags"])}
    assert len(wanted) > 100
    assert wanted - Api.contract.succeeded == set()
    assert wanted - Api.contract.refused == set()


# ---------------------------------------------------------------- the documentation

def is_like(shown, real):
    """Whether what is printed is among what was answered."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(
            name in real and is_like(value, real[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(real) and all(map(is_like, shown, real))
    return shown == real


def test_examples(root, platform):
    """docs/api.md: every example is run, in one shell, and answers what is printed below it."""
    text = (CLONE / "docs/api.md").read_text(encoding="utf-8")
    examples = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", text, re.S)
    assert len(examples) == text.count("```sh\n") > 8
    where = f"{platform.deployment.node['inside']}:{platform.deployment['control.api_port']}"
    script = "".join(f"{commands}\necho; echo -----\n" for commands, _ in examples)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True,
                          check=False, timeout=60, env={
                              **os.environ, "API": f"http://{where}/api/v1",
                              "AUTH": f"Authorization: Bearer {root.key}"})
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("-----\n")
    for (commands, shown), answer in zip(examples, answers):
        assert is_like(json.loads(shown), json.loads(answer)), (commands, answer)
