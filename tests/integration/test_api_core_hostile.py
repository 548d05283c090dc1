"""What clients of the API should not send: a clear refusal, or it is kept as it is; never a 500."""

import json
import os
import random
import re
import socket
import string
import threading
import urllib.parse

import pytest

from api import Api, client

RUNNING = ("serve",)
REQUESTS = 10000
NASTY = ["'", '"', "\\", "';DROP TABLE voip.users;--", "$1", "%s", "%00", "<&]]>", "${x}", "{{x}}",
         "‮", "😀", "e\u0301", "a\u00a0b", "*", "_%", "()", "NULL", "true", "-1", "../..",
         "\u2028", "\ufffd", "::", ";;", "@", "?a=b&c", "#x"]


@pytest.fixture(scope="module")
def api(platform):
    made = client(platform, "a.test")
    yield made
    made.close()


@pytest.fixture
def raw(platform, api):
    """Sends bytes, and returns all that comes back."""
    def send(data, ends=True):
        address = platform.deployment.node["inside"], platform.deployment["control.api_port"]
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except ConnectionError:
                    return received
                if not piece:
                    return received
                received += piece
    return send


def head(api, method="POST", path="/api/v1/domains/a.test/users", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close",
             f"Authorization: Bearer {api.key}", "Content-Type: application/json",
             *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"7", 400), (b'"x"', 400),
    (b"{} {}", 400), (b"{'a': 1}", 400), (b'{"a": NaN}', 400), (b'{"a": 1,}', 400),
    (b'{"username": "6160", "username": "6161"}', 400),
    (b'{"username": "a\\u0000b"}', 400), (b'{"a\\u0000": 1}', 400),
    (b'{"username": "\xff\xfe"}', 400), (b'{"username": "\xc0\xaf"}', 400),
    (b'{"username": "\xed\xa0\x80"}', 400), (b'{"username": "\\ud800"}', 400),
    (b'\xef\xbb\xbf{}', 400), (b'{"a": "\x01"}', 400), (b'{"a": \x00}', 400),
    (b'{"max_calls": 99999999999999999999999999}', 400),
    (b'{"max_calls": 1e400}', 400), (b'{"max_calls": 9223372036854775807}', 422),
    (b'{"max_calls": -9223372036854775808}', 422), (b'{"max_calls": 1e2}', 422),
    (b'{"a":' * 17 + b"1" + b"}" * 17, 400), (b"[" * 100000, 400),
    (b'{"a":' * 500000, 400), (b'{"' + b"a" * 1000000 + b'": 1}', 422),
    (b'{"username": "' + b"a" * 1000000 + b'"}', 422),
    (b'{"display_name": "' + b"\\" * 1000000, 400),
    (b'{"display_name": "[[[[[[[[[[[[[[[[[[[[[[[[[{{{{{{{{", "username": "a b"}', 422),
    (b"{" + b",".join(b'"a%d":1' % n for n in range(100000)) + b"}", 422),
])
def test_bodies(api, body, status):
    reply = api.post("users", body)
    assert reply.status == status, reply
    assert reply.json["detail"] and reply.json["status"] == status
    assert api.patch(f"users/{api.get('users').json['items'][0]['id']}", body).status == status


def test_types_of_bodies(api):
    body = json.dumps({"name": "6162"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "json",
                 "multipart/form-data; boundary=x"):
        assert api.post("conferences", body, Content_Type=kind).status == 415, kind
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        made = api.post("conferences", body, Content_Type=kind)
        assert made.status == 201 and api.delete(made.headers["Location"]).status == 204


def test_large_bodies(api, raw):
    """Refused by what is announced, or as soon as it is too much; what is just not too much is read."""
    assert b" 413 " in raw(head(api, Content_Length=1 << 30), ends=False)[:20]
    chunks = b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(66))
    assert b" 413 " in raw(head(api, Transfer_Encoding="chunked") + chunks + b"0\r\n\r\n")[:20]
    assert b" 400 " in raw(head(api, Content_Length=5) [:-2] + b"Content-Length: 7\r\n\r\n{}")[:20]
    assert b" 400 " in raw(head(api, Content_Length=2, Transfer_Encoding="chunked") + b"{}")[:20]


def test_paths(api):
    nowhere = api.get("/domains/nowhere.test/users").raw
    for path in ("/domains/%61.test%00/users", "/domains/A.TEST/users",
                 "/domains/a.test/users/0", "/domains/a.test/users/-1", "/domains/a.test/users/1.0",
                 "/domains/a.test/users/99999999999999999999", "/domains/a.test/users/1%20",
                 "/domains/a.test/users/1'", "/domains/a.test/users/", "/domains//users",
                 "/domains/a.test/../b.test/users", "/domains/a.test/users/1/2/3/4/5/6/7/8/9/10/11",
                 "/domains/%ff/users", "/domains/" + "a" * 300 + "/users", "/domains/*/users",
                 "/nothing", "/", "//"):
        reply = api.ask("GET", "/api/v1" + path)
        assert (reply.status, reply.raw) == (404, nowhere), path
    assert api.ask("GET", "/api/v2/domains").status == 404
    for method in ("PUT", "OPTIONS", "TRACE", "PURGE", "get"):
        reply = api.ask(method, "users")
        assert reply.status == 405 and reply.headers["Allow"] == "GET, POST", (method, reply)
    top = api.ask("HEAD", "users")
    assert top.status == 200 and top.raw == b"" and top.tag


def test_kept_literally(api):
    """What means something in SQL, XML, a dialplan or a terminal is text like any other."""
    user = api.make("users", username="6163", password="6163 secret")
    path = f"users/{user['id']}"
    for text in NASTY:
        assert api.patch(path, {"display_name": text, "pickup_group": text}).json[
            "display_name"] == text
        found = api.all("users", pickup_group=text)
        assert [row["id"] for row in found] == [user["id"]], text
        assert api.get("users", {"pickup_group.in": text}).status == 200
        assert api.get("users", {"pickup_group.like": text}).status == 200
        named = api.post("users", {"username": text, "password": "long enough"})
        assert named.status == (201 if re.fullmatch(r"[0-9A-Za-z*#+._-]{1,64}", text) else 422), text
        if named.status == 201:
            assert named.json["username"] == text
            assert api.delete(f"users/{named.json['id']}").status == 204
    assert api.delete(path).status == 204


def test_headers(api):
    for tag in ('"', '"' * 100, "W/", "x", ",,,", '"a', '*' * 3000, '"' + "x" * 8000 + '"'):
        assert api.get("users", If_None_Match=tag).status in (200, 304)
    first = api.get("users").json["items"][0]
    assert api.patch(f"users/{first['id']}", {}, If_Match='"').status == 412
    assert api.get("users", X_Request_Id="x" * 5000).status == 200
    assert api.get("users", Authorization="Bearer " + "x" * 8000).status == 401
    assert api.get("users", Authorization="Bearer dpk_" + "_" * 100).status == 401


def test_slow_clients(api, platform):
    """Those who send half a request hold up nobody."""
    address = platform.deployment.node["inside"], platform.deployment["control.api_port"]
    slow = [socket.create_connection(address) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(head(api, Content_Length=100)[:-1])
        for _ in range(20):
            assert api.get("users").status == 200
    finally:
        for connection in slow:
            connection.close()


# ---------------------------------------------------------------- at random

def words(chance):
    return "".join(chance.choice(string.printable + "äß€😀") for _ in range(chance.randint(0, 12)))


def value(chance, depth=0):
    kind = chance.randint(0, 9 if depth < 3 else 6)
    if kind == 7:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    if kind == 8:
        return {words(chance): value(chance, depth + 1) for _ in range(chance.randint(0, 3))}
    return [None, True, False, chance.randint(-5, 10 ** chance.randint(0, 18)), chance.random() * 1e9,
            words(chance), chance.choice(NASTY), None, None, "x"][kind]


def random_request(chance, document, domain):
    """A method, a path and a body that look like what an operation wants, more or less."""
    path, methods = chance.choice(sorted(document["paths"].items()))
    method = chance.choice(sorted(methods))
    operation = methods[method]
    for name in [one["name"] for one in operation["parameters"] if one["in"] == "path"]:
        known = {"domain": domain, "name": domain}.get(name, str(chance.randint(1, 30)))
        some = known if chance.random() < 0.9 else words(chance)
        path = path.replace("{" + name + "}", urllib.parse.quote(some, safe=""))
    query = {chance.choice([one["name"] for one in operation["parameters"]] or ["x"]):
             chance.choice([words(chance), "1", "true", "id", chance.choice(NASTY)])
             for _ in range(chance.randint(0, 2))}
    body = None
    if method in ("post", "patch"):
        schema = operation.get("requestBody", {}).get("content", {}).get(
            "application/json", {}).get("schema", {})
        schema = document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
        body = {name: random_field(chance, one) for name, one in schema.get("properties", {}).items()
                if chance.random() < 0.7}
        if chance.random() < 0.1:
            body[words(chance)] = value(chance)
    return method.upper(), path, query, body


def random_field(chance, schema):
    """Half of the time something that may be right."""
    if chance.random() < 0.5:
        return value(chance)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else chance.choice(kinds)
    return {"integer": chance.randint(1, 30), "boolean": chance.random() < 0.5, "null": None,
            "array": [words(chance)], "string": chance.choice(["61", "6164", "a.b", words(chance)])
            }.get(kind, {})


def resident(pid):
    """KiB of memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_random_requests(api, platform):
    """Nobody's request is a fault of ours, and none leaves anything behind in memory."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    document = api.get("/openapi.json").json
    wanted = ("/domains", "/openapi.json")
    document["paths"] = {path: methods for path, methods in document["paths"].items()
                         if path.startswith(wanted)
                         # A stream has no end, and no edge is there to be asked for a call, nor a
                         # media server for a message.
                         and not path.endswith("/events") and "/calls/" not in path
                         and "/messages/" not in path}
    faults, pid = [], platform.supervisor.processes()["serve"]["pid"]

    def ask(number, count):
        chance = random.Random(seed + number)
        own = Api(platform, api.key, "a.test")
        own.contract = None
        for _ in range(count):
            request = random_request(chance, document, "a.test")
            method, path, query, body = request
            reply = own.ask(method, path, body, query)
            if reply.status >= 500:
                faults.append((request, reply))
        own.close()

    def run(count):
        threads = [threading.Thread(target=ask, args=(n, count // 4)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run(REQUESTS // 5)
    before = resident(pid)
    run(REQUESTS)
    assert not faults, (seed, faults[:3])
    print("KiB", before, resident(pid))
    assert resident(pid) < before + 8 * 1024, (before, resident(pid))
