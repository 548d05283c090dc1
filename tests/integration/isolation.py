"""
All ways in which one tenant can try to get at what is another one's: his name and ids in paths, his ids,
numbers and names in bodies and filters, his cursors, versions and keys of idempotency. They are made from
the OpenAPI document, so a route that is new is tried; what its ids are, belongings.py has to say.
"""

import itertools
from typing import NamedTuple

from belongings import Operation, body_of, fields_of, keys_of, operations, request

NOWHERE = "nobody.test"
NOBODY = {"integer": "987654321", "uuid": "00000000-0000-4000-8000-000000000000"}
PAGING = ("limit", "cursor", "sort", "fields", "dry_run")


# ---------------------------------------------------------------- the ways

class Try(NamedTuple):
    """
    A request with something of the other tenant's in it, and the same with what is nobody's in its
    place, to which the answer has to be the same; None: it need only show nothing.
    """

    operation: Operation
    way: str
    theirs: dict
    nobodys: dict = None


def nobody(schema):
    return NOBODY["uuid" if schema.get("format") == "uuid" else "integer"]


def by_name(operation, own, other):
    """Their name in the path, and their ids."""
    if "{domain}" in operation.path:
        ids = other.values(operation) if other.has(operation) else map(nobody, operation.variables)
        sent = list(ids), body_of(operation, own)
        yield Try(operation, "name", request(operation, other.domain, *sent),
                  request(operation, NOWHERE, *sent))


def by_nothing(operation, own, _):
    """Of one's own, in which nothing of others may be."""
    if operation.method == "GET" and not operation.is_stream:
        yield Try(operation, "own", request(operation, own.domain, own.values(operation)))


def by_path(operation, own, other):
    """One's own name, and an id of theirs in one place or in all; with the version that it has, too."""
    if not operation.variables:
        return
    mine, theirs = own.values(operation), other.values(operation)
    none = [NOWHERE if operation.kind == "domains" else nobody(schema) for schema in operation.variables]
    body = body_of(operation, own)
    tag = other.tags.get(operation.kind, '"1"')
    headers = [{}] + [{name.replace("-", "_"): tag} for name in operation.names("header")
                      if name in ("If-Match", "If-None-Match")]
    for chosen in itertools.product((False, True), repeat=len(mine)):
        if any(chosen):
            sent = [[b if is_theirs else a for is_theirs, a, b in zip(chosen, mine, instead)]
                    for instead in (theirs, none)]
            for more in headers:
                yield Try(operation, "path", *(
                    request(operation, own.domain, ids, body, **more) for ids in sent))


# What a field of a body refers to: its ids are those of.
TARGETS = {"user_id": "users", "ring_group_id": "ring-groups", "queue_id": "queues",
           "ivr_menu_id": "ivr-menus", "voicemail_box_id": "voicemail-boxes",
           "conference_id": "conferences", "schedule_id": "schedules",
           "announcement_id": "announcements", "outbound_route_id": "outbound-routes",
           "trunk_id": "trunks", "extension_id": "extensions", "to": "extensions"}
AUDIO = ("greeting", "invalid", "prompt", "music", "announcement")
# Types of extensions that are not called as what they refer to.
TYPES = {"ivr_menu_id": "ivr", "voicemail_box_id": "voicemail", "outbound_route_id": "trunk_out"}


def is_reference(name):
    return name.endswith("_to") or name in TARGETS and name != "to"


def of_theirs(name, schema, shows, own, other):
    """A value of theirs for a field, and one of the same kind that is nobody's; None: there is none."""
    if is_reference(name):
        kind = TARGETS.get(name, "extensions")
        return int(other.ids[kind][-1]), int(NOBODY["integer"])
    if name == "to":
        return other.number, "7609"
    if name in AUDIO:
        return f"custom/{other.word}", "custom/" + "z" * len(other.word)
    value = other.rows.get(shows, {}).get(name)
    if not isinstance(value, str) or len(value) < 4 or value == own.rows.get(shows, {}).get(name) \
            or "enum" in schema or "format" in schema:
        return None
    # Theirs with another end: as long, and allowed where theirs is.
    return value, value[:-2] + ("76" if value[-2:] != "76" else "77")


def by_body(document, operation, own, other):
    """An id, a number or a name of theirs in each field that may have one."""
    if not own.has(operation) or not {"dry_run"} & set(operation.names("query")):
        return
    fields, values = fields_of(document, operation), own.values(operation)
    for name, schema in fields.items():
        given = of_theirs(name, schema, operation.shows, own, other)
        if given:
            bodies = [body_with(operation, own, fields, name, value) for value in given]
            yield Try(operation, f"body/{name}", *(
                request(operation, own.domain, values, body, {"dry_run": "true"}) for body in bodies))
    if operation.shows.endswith("/batch"):
        theirs = other.rows[operation.shows.removesuffix("/batch")]["id"]
        yield Try(operation, "body/delete", *(
            request(operation, own.domain, values, {"delete": [one]})
            for one in (theirs, int(NOBODY["integer"]))))


def body_with(operation, own, fields, name, value):
    """Nothing else is wrong with it."""
    whole = {} if operation.method == "PATCH" else dict(body_of(operation, own))
    if name.endswith("_to") and name[:-3] + "_outside" in fields:
        whole[name[:-3] + "_outside"] = None
    elif is_reference(name) and {"type", "mode"} & set(fields):
        # Extensions and recording policies: of one thing, and of what it may have.
        whole |= {one: None for one in fields if one.endswith(("_id", "_to", "_outside"))}
        if "type" in fields:
            whole["type"] = TYPES.get(name, name.removesuffix("_id"))
            whole["is_prefix"] = whole["type"] == "trunk_out"
    return whole | {name: value}


def by_query(operation, own, other):
    """A value of theirs in each filter; all that can be embedded; where their list goes on."""
    if operation.is_stream or not own.has(operation):
        return
    row = next((other.rows[shows] for shows in (operation.shows, operation.shows.rpartition("/")[0])
                if shows in other.rows), {})
    for one in operation.said["parameters"]:
        if one["in"] != "query" or one["name"] in PAGING:
            continue
        value = query_value(one, row, other)
        if value is not None:
            query = {one["name"]: value} | ({"dry_run": "true"} if operation.method != "GET" else {})
            yield Try(operation, f"query/{one['name']}", request(
                operation, own.domain, own.values(operation), body_of(operation, own), query))
    if "cursor" in operation.names("query"):
        page = other.api.get(operation.url(other.domain, other.values(operation)), {"limit": 1}).json
        if page and page["next"]:
            yield Try(operation, "query/cursor", request(
                operation, own.domain, own.values(operation), None, {"cursor": page["next"]}))


def query_value(said, row, other):
    name, _, way = said["name"].partition(".")
    if name == "embed":
        return said["description"].partition(":")[0].replace(" ", "")
    if way == "null":
        return "false"
    value = {"number": f"+4976{other.word}", "name": other.word}.get(name) if name not in row else row[name]
    if "enum" in said["schema"] and value not in said["schema"]["enum"]:
        return said["schema"]["enum"][-1]
    if value is None or isinstance(value, (list, dict)):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text[:3] + "*" if way == "like" else text


# ---------------------------------------------------------------- all of them

def tries(document, own, other, kind=None):
    """`kind`: only what has ids of it, and its lists."""
    for operation in operations(document):
        if kind and kind not in (operation.kind, operation.shows):
            continue
        yield from by_name(operation, own, other)
        if not own.has(operation):
            continue
        yield from by_nothing(operation, own, other)
        yield from by_path(operation, own, other)
        yield from by_body(document, operation, own, other)
        yield from by_query(operation, own, other)


# The one thing that another tenant is told: a number from outside leads to one tenant only, so who wants
# one that is taken has to hear it.
TOLD = {("create_inbound_number", "body/number"), ("update_inbound_number", "body/number")}


def leaks(all_tries, own, other):
    """What shows, or does, something: (operation, way, why)."""
    secrets = {text.encode() for text in other.strings - own.strings}
    for one in all_tries:
        why = leak(one, own, other, secrets)
        if why and (one.operation.name, one.way) not in TOLD:
            yield one.operation.name, one.way, why


def leak(one, own, other, secrets):
    """Why it is one; None."""
    reply = own.api.ask(**one.theirs)
    if reply.status >= 500:
        return "a fault", reply
    sent = str(one.theirs).encode()
    shown = [text for text in secrets if text in reply.raw and text not in sent]
    if shown:
        return "shows", shown[0], reply
    seen = keys_of(reply) & other.taken.get(one.operation.shows, set())
    if seen and reply.status < 400:
        return "lists", seen, reply
    if one.way == "own" and not seen and "items" not in (reply.json or {"items"}) \
            and reply.status < 400 and reply.json != own.answers.get(one.operation.name):
        return "is not what it was", reply
    if one.nobodys is None:
        return None
    nothing = own.api.ask(**one.nobodys)
    is_same = reply.status == nothing.status and (
        reply.status < 400 or plain(reply, one.theirs) == plain(nothing, one.nobodys))
    if not is_same:
        return "differs", reply, nothing
    if one.way in ("name", "path") and reply.status != 404:
        return "is not 404", reply
    field = one.way.removeprefix("body/")
    if is_reference(field) and reply.pointers != ["/" + field]:
        return "is not refused for what it refers to", reply
    return None


def plain(reply, sent):
    """The answer without what was sent."""
    text = reply.raw
    for value in (sent["body"] or {}).values() if isinstance(sent["body"], dict) else ():
        if isinstance(value, str) and len(value) > 3:
            text = text.replace(value.encode(), b"?")
    return text
