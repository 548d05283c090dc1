"""The API of a running `dialplane serve`, asked as a client asks it."""

import hashlib
import http.client
import json
import secrets
import socket
import urllib.parse

from serve import until

ALL = ("config:read", "config:write", "cdr:read", "recording:read", "recording:write", "live:read",
       "live:write", "voicemail:read", "voicemail:write", "access:read", "access:write",
       "audit:read", "webrtc:write")


def make_key(db, domain=None, scopes=ALL, **columns):
    """A key of a tenant, or of the platform; what a client sends."""
    public, secret = secrets.token_hex(8), secrets.token_hex(32)
    names = "".join(f", {name}" for name in columns)
    values = ", %s" * len(columns)
    db.rows(f"INSERT INTO voip.api_keys (domain_id, name, public_id, secret_sha256, scopes,"
            f" rate_limit{names}) VALUES ((SELECT id FROM voip.domains WHERE name = %s), 'tests',"
            f" %s, %s, %s, 1000000{values})", domain, public,
            hashlib.sha256(secret.encode()).digest(), list(scopes), *columns.values())
    return f"dpk_{public}_{secret}"


class Reply:
    """Status, headers and JSON of an answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        # A stream has no end.
        self.is_stream = response.headers["Content-Type"] == "text/event-stream"
        self.raw = b"" if self.is_stream else response.read()
        is_json = "json" in (response.headers["Content-Type"] or "")
        self.json = json.loads(self.raw) if self.raw and is_json else None

    def __repr__(self):
        return f"{self.status} {self.raw[:2000]!r}"

    @property
    def tag(self):
        return self.headers["ETag"]

    @property
    def pointers(self):
        return [error["pointer"] for error in self.json.get("errors", [])]


class Api:
    """A client with a key, over one connection."""

    # All that is asked is compared with the OpenAPI document, once a test has read it.
    contract = None

    def __init__(self, platform, key=None, domain=None):
        self._where = platform.deployment.node["inside"], platform.deployment["control.api_port"]
        self.key, self.domain = key, domain
        self._connection = None

    def ask(self, method, path, body=None, query=None, **headers):
        """`path` below the tenant, unless it begins with '/'. Underscores of headers are dashes."""
        if not path.startswith("/"):
            path = f"/domains/{self.domain}/{path}"
        if not path.startswith("/api/"):
            path = "/api/v1" + path
        below = path.removeprefix("/api/v1")
        if query:
            path += "?" + urllib.parse.urlencode(query)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        plain = body
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        reply = self._send(method, path, body, headers)
        if self.contract and path.startswith("/api/v1/"):
            self.contract.check(method, below, plain if isinstance(plain, dict) else None, reply)
        return reply

    def _send(self, method, path, body, headers):
        for again in (True, False):
            if not self._connection:
                self._connection = http.client.HTTPConnection(*self._where, timeout=30)
            try:
                self._connection.request(method, path, body, headers)
                reply = Reply(self._connection.getresponse())
                if reply.is_stream:
                    self.close()
                return reply
            except (http.client.HTTPException, ConnectionError):
                # An idle connection may have been closed.
                self.close()
                if not again:
                    raise
        return None

    def get(self, path, query=None, **headers):
        return self.ask("GET", path, None, query, **headers)

    def post(self, path, body, query=None, **headers):
        return self.ask("POST", path, body, query, **headers)

    def patch(self, path, body, query=None, **headers):
        return self.ask("PATCH", path, body, query, **headers)

    def delete(self, path, query=None, **headers):
        return self.ask("DELETE", path, None, query, **headers)

    def make(self, path, **fields):
        """Creates a row; its fields."""
        made = self.post(path, fields)
        assert made.status == 201, made
        return made.json

    def all(self, path, **query):
        """All rows of a list, page by page."""
        rows, cursor = [], None
        while True:
            page = self.get(path, {**query, **({"cursor": cursor} if cursor else {})})
            assert page.status == 200, page
            rows += page.json["items"]
            cursor = page.json["next"]
            if not cursor:
                return rows

    def is_there(self):
        """Whether the API answers."""
        try:
            return self.get("/session").status == 200
        except OSError:
            return False

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def begin(self, path, query=None, **headers):
        """An answer as it comes, on a connection of its own: a Download."""
        return Download(self._where, f"/api/v1/domains/{self.domain}/{path}", query,
                        {"Authorization": f"Bearer {self.key}", **headers})


def client(platform, domain=None, scopes=ALL, where=None):
    """One with a key of its own, of a tenant or of the platform (`where`: whose paths it then means)."""
    made = Api(platform, make_key(platform.db, domain, scopes), domain or where)
    until(made.is_there, 60)
    return made


class Download:
    """An answer that is read at one's own pace, or not to its end; a context."""

    def __init__(self, where, path, query, headers):
        self._connection = http.client.HTTPConnection(*where, timeout=30)
        self._connection.connect()
        # Not much is on its way to somebody who does not read.
        self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        path += "?" + urllib.parse.urlencode(query) if query else ""
        self._connection.request("GET", path, headers=headers)
        self._response = self._connection.getresponse()
        self.status, self.headers = self._response.status, self._response.headers

    def read(self, size=None):
        return self._response.read(size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._response.close()
        self._connection.close()
