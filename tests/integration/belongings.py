"""What belongs to a tenant: a row of everything that the API's document has ids of, and how it is made."""

import io
import itertools
import re
import struct
import uuid
import wave
from typing import NamedTuple

from api import Api, make_key
from api_rows import ROWS, Things, fill

STREAM = "text/event-stream"


def wav():
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(struct.pack("<100h", *range(100)))
    return out.getvalue()


# ---------------------------------------------------------------- what the document says

class Operation(NamedTuple):
    """One of the document; `kind`: of what its last variable is the id, `shows`: what its path is of."""

    name: str
    method: str
    path: str
    kind: str
    shows: str
    said: dict

    def names(self, where):
        """Of parameters in the path, the query or the headers."""
        return [one["name"] for one in self.said["parameters"] if one["in"] == where]

    @property
    def variables(self):
        """Schemas of the path's, in order, but of the tenant's name."""
        schemas = {one["name"]: one["schema"] for one in self.said["parameters"] if one["in"] == "path"}
        return [schemas[name] for name in re.findall(r"\{(\w+)\}", self.path) if name != "domain"]

    @property
    def is_stream(self):
        return STREAM in str(self.said["responses"])

    def url(self, domain, ids):
        ids = iter(ids)
        return re.sub(r"\{(\w+)\}", lambda found: domain if found[1] == "domain" else str(next(ids)),
                      self.path)


def words(path):
    return "/".join(part for part in path.split("/") if part and part[0] != "{")


def operations(document):
    """Of tenants' things: not the session, which is the caller's own, and the document."""
    for path, methods in document["paths"].items():
        below = path.removeprefix("/domains/{domain}")
        if path.startswith(("/session", "/openapi")):
            continue
        for method, said in methods.items():
            yield Operation(said["operationId"], method.upper(), path,
                            words(below.rpartition("{")[0]), words(below), said)


def fields_of(document, operation):
    """Of its body, with their schemas."""
    content = operation.said.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    schema = document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    return schema.get("properties", {})


# ---------------------------------------------------------------- a tenant

class Sight:
    """
    What a tenant's key is shown: `answers` of operations; of each path `rows`, the first, and `taken`,
    the ids of all; `tags`, the versions of what has ids; `strings`, the texts. `ids`: of each kind, the
    values of a path's variables; `bodies`: what it sends where it is not BODIES.
    """

    def __init__(self, api, ids=None, bodies=None):
        self.api, self.domain = api, api.domain
        self.ids, self.bodies = ids or {}, bodies or {}
        self.rows, self.answers, self.tags, self.taken, self.strings = {}, {}, {}, {}, set()

    def look(self, wanted):
        """Asks these operations with its own key; what was refused."""
        refused = []
        for operation in wanted:
            if operation.method != "GET" or operation.is_stream or not self.has(operation):
                continue
            reply = self.api.get(operation.url(self.domain, self.values(operation)))
            if reply.status != 200:
                refused.append(operation.name)
            elif isinstance(reply.json, dict):
                self._note(operation, reply)
        return refused

    def _note(self, operation, reply):
        self.strings |= set(strings(reply.json))
        self.answers[operation.name] = reply.json
        items = reply.json.get("items", [reply.json])
        if items:
            self.rows[operation.shows] = items[0]
        if reply.tag and operation.variables:
            self.tags[operation.kind] = reply.tag
        self.taken.setdefault(operation.shows, set()).update(keys_of(reply))

    def has(self, operation):
        return not operation.variables or operation.kind in self.ids

    def values(self, operation):
        """Of the variables of its path."""
        if not operation.variables:
            return ()
        return self.ids[operation.kind]


class Tenant(Sight):
    """With a row of everything. `word` and `number`: what makes names and numbers its own."""

    def __init__(self, root, platform, domain, word, number):
        assert root.post("/domains", {"name": domain}).status == 201
        super().__init__(Api(platform, make_key(platform.db, domain), domain))
        self.platform, self.db, self.word, self.number = platform, platform.db, word, number
        self.things = Things(self.api)
        for template in ROWS:
            self._add_row(template)
        for kind, make in SPECIAL.items():
            self.ids[kind] = make(self)
        assert self.api.patch("recording-settings", {"keep_days": int(number)}).status == 200

    def _add_row(self, template):
        """With Idempotency-Key, which is the same in all tenants."""
        path = fill(template, self.things)
        made = self.api.post(path, self.fields(template), Idempotency_Key=template)
        assert made.status == 201 and not made.headers["Idempotency-Replayed"], (template, made)
        self.ids[words(template)] = (*path.split("/")[1:-1:2], str(made.json["id"]))

    def fields(self, template, number=None):
        """Of its row, or of another one that has this number for a name as well."""
        fields, name = dict(ROWS[template](self.things)[0]), number or self.word
        for field in ("username", "name", "url"):
            if isinstance(fields.get(field), str):
                fields[field] = fields[field].replace("6150", name).replace("acme", name).replace("x.", f"{name}.")
        for field in ("number", "mailbox"):
            if field in fields:
                fields[field] = fields[field].replace("6150", number or self.number)
        if "host" in fields:
            fields["host"] = f"{name}.test"
        # Of these there is one of a kind.
        if number and template == "voicemail-boxes":
            fields["user_id"] = self.things.second_user
        if number and template == "recording-policies":
            fields["direction"] = "outbound"
        return fields


def key_of(row):
    return row.get("id", row.get("call_id"))


def keys_of(reply):
    """Ids of the rows that it shows."""
    rows = reply.json.get("items", [reply.json]) if isinstance(reply.json, dict) else []
    return set(map(key_of, rows)) - {None}


def strings(value):
    """Texts anywhere in it that say more than a word would."""
    if isinstance(value, str):
        return [value] if len(value) > 7 else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return itertools.chain.from_iterable(map(strings, parts))


# ---------------------------------------------------------------- things that are no simple rows

def add_call(tenant, **columns):
    columns = {"call_id": str(uuid.uuid4()), "started_at": "2026-04-01T10:00:00+00:00",
               "ended_at": "2026-04-01T10:01:00+00:00", "duration_ms": 60000, "billable_ms": 50000,
               "domain": tenant.domain, "direction": "inbound", "caller": f"+4976{tenant.word}",
               "callee": "6150", "callee_reached": f"{tenant.word}-reached", "service": "user",
               "hangup_cause": "NORMAL_CLEARING", "hangup_side": "caller", "node": "one",
               "source": "edge", "sip_call_id": str(uuid.uuid4()), "trunk": f"{tenant.word}-trunk",
               **columns}
    tenant.db.rows(f"INSERT INTO voip.cdr (domain_id, {', '.join(columns)})"
                   f" SELECT d.id{', %s' * len(columns)} FROM voip.domains d WHERE d.name = %s",
                   *columns.values(), tenant.domain)
    add_leg(tenant, columns["call_id"], "callee")
    return (columns["call_id"],)


def add_leg(tenant, call, leg):
    """Of the tenant; the call may be somebody else's, which nobody but the policy would notice."""
    tenant.db.rows("INSERT INTO voip.cdr_legs (call_id, started_at, leg, domain_id, side, number, node,"
                   " source) SELECT c.call_id, c.started_at, %s, d.id, %s, %s, 'one', 'edge'"
                   " FROM voip.cdr c, voip.domains d WHERE c.call_id = %s AND d.name = %s",
                   leg, "callee", f"{tenant.word}-number", call, tenant.domain)


def add_recording(tenant, call=None):
    """Of its call, with its file in the store."""
    made, call = str(uuid.uuid4()), call or tenant.ids["cdrs"][0]
    path = f"recordings/2026/04/01/{made}.wav"
    file = tenant.platform.state / "store" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(wav())
    tenant.db.rows("INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path,"
                   " format, bytes, duration_ms, sha256) SELECT %s, %s, '2026-04-01 10:00Z', id, name,"
                   " 'one', %s, 'wav', %s, 1000, md5(%s) || md5(%s) FROM voip.domains WHERE name = %s",
                   made, call, path, len(wav()), made, path, tenant.domain)
    return (made,)


def add_prompt(tenant):
    made = tenant.api.post("prompts", wav(), {"name": tenant.word}, Content_Type="audio/wav")
    assert made.status == 201, made
    return (made.json["id"],)


def add_key(tenant):
    return (tenant.api.make("api-keys", name=f"{tenant.word} key", scopes=["cdr:read"])["id"],)


def add_operator(tenant):
    return (tenant.api.make("operators", name=tenant.word, password=f"{tenant.word} long enough",
                            role="agent", user_id=tenant.things.user)["id"],)


def add_session(tenant):
    """Of its operator."""
    return (tenant.db.value(
        "INSERT INTO voip.sessions (domain_id, operator_id, token_sha256, expires_at, idle_limit,"
        " address, user_agent) SELECT domain_id, id, sha256(%s), now() + interval '12 hours', '1 hour',"
        " '198.51.100.7', %s FROM voip.operators WHERE id = %s RETURNING id",
        tenant.domain.encode(), f"{tenant.word} browser", tenant.ids["operators"][0]),)


def add_agent(tenant):
    """A member of a queue, who has a pause."""
    agent = tenant.things.user
    done = tenant.api.patch(f"agents/{agent}", {"status": "paused", "reason": f"{tenant.word} lunch"})
    assert done.status == 200, done
    return (agent,)


def last_change(tenant):
    """That its operator was made."""
    return (tenant.api.get("audit-log", {"resource": "operators"}).json["items"][0]["id"],)


# What a path's variable is the id of -> how there is one. What is below another thing has the ids of both:
# ("voicemail-boxes/messages": (box, message)).
SPECIAL = {
    "domains": lambda tenant: (tenant.domain,),
    "prompts": add_prompt,
    "cdrs": add_call,
    "recordings": add_recording,
    "api-keys": add_key,
    "operators": add_operator,
    "sessions": add_session,
    "agents": add_agent,
    "audit-log": last_change,
}

# Of operations that are no row's: a body that they take. It needs no ids of others.
BODIES = {
    "create_prompt": wav(),
    "replace_prompt_audio": wav(),
    "update_prompt": {"name": "7601"},
    "update_recording": {"legal_hold": True},
    "create_api_key": {"name": "7601", "scopes": ["cdr:read"]},
    "update_api_key": {"name": "7601"},
    "create_platform_api_key": {"name": "7601", "scopes": ["cdr:read"]},
    "update_platform_api_key": {"name": "7601"},
    "create_operator": {"name": "7601", "password": "7601 long enough", "role": "supervisor"},
    "update_operator": {"enabled": False},
    "create_platform_operator": {"name": "7601", "password": "7601 long enough", "role": "platform-admin"},
    "update_platform_operator": {"enabled": False},
    "create_domain": {"name": "7601.test"},
    "update_domain": {"timezone": "Europe/Berlin"},
    "batch_domains": {"create": [{"name": "7601.test"}]},
    "revert_audit_log_entry": {},
    "revert_platform_audit_log_entry": {},
    "update_recording_settings": {"format": "wav"},
    "update_platform_recording_defaults": {"format": "wav"},
    "set_agent": {"status": "logged_out"},
    "transfer_call": {"to": "6141"},
    "listen_to_call": {"user_id": 1},
    "mark_voicemail_message": {"read": True},
    "create_webrtc_credential": {"ttl_s": 600},
}

TEMPLATES = {words(template): template for template in ROWS}


def body_of(operation, tenant):
    """One that the tenant could send; None: it takes none. KeyError: nobody has thought of it yet."""
    if "requestBody" not in operation.said and operation.method not in ("POST", "PATCH"):
        return None
    if operation.name in {**BODIES, **tenant.bodies}:
        return tenant.bodies.get(operation.name, BODIES.get(operation.name))
    template = TEMPLATES.get(operation.shows.removesuffix("/batch"))
    if template is None:
        raise KeyError(f"a body of {operation.name} is wanted in BODIES")
    if operation.method == "PATCH":
        return {name: value for name, value in ROWS[template](tenant.things)[1].items()}
    return {"create": [tenant.fields(template, "7601")]} if operation.shows.endswith("/batch") \
        else tenant.fields(template, "7601")


def request(operation, domain, ids, body=None, query=None, **headers):
    if isinstance(body, bytes):
        headers["Content_Type"] = "audio/wav"
    return {"method": operation.method, "path": operation.url(domain, ids), "body": body,
            "query": query, **headers}
