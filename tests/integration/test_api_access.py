"""Who may use the API: keys and operators, managed from a shell and used over HTTP."""

import hashlib
import json
import os
import pty
import subprocess
import time

import pytest

from api import ALL, Api, make_key
from serve import until

RUNNING = ("serve",)
ADMIN = "correct horse battery"


class Shell:
    """`dialplane key` and `dialplane operator` in the platform's folder."""

    def __init__(self, platform):
        self._state = platform.state

    def argv(self, *argv):
        return [self._state / "bin/dialplane", *argv, "-s", self._state]

    def try_run(self, *argv, stdin=None):
        return self._state.try_run(self.argv(*argv), stdin=stdin)

    def run(self, *argv, stdin=None):
        done = self.try_run(*argv, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *argv, stdin=None):
        return json.loads(self.run(*argv, "--json", stdin=stdin))

    def refused(self, *argv, stdin=None, status=1):
        done = self.try_run(*argv, stdin=stdin)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stderr

    def type(self, *argv, lines):
        """Runs it on a terminal and types these lines; returns what was shown, and the status."""
        master, slave = pty.openpty()
        command = self._state.account.command(self.argv(*argv), self._state)
        shown = b""
        with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave,
                              cwd=self._state.path) as child:
            os.close(slave)
            for prompt, line in zip((b"Password: ", b"Once more: "), lines):
                while prompt not in shown:
                    shown += os.read(master, 1024)
                os.write(master, line.encode() + b"\n")
            try:
                while piece := os.read(master, 1024):
                    shown += piece
            except OSError:       # what a terminal says when nobody has it open any more
                pass
            status = child.wait(30)
        os.close(master)
        return shown.decode(), status


@pytest.fixture(scope="module")
def shell(platform):
    return Shell(platform)


def last_audit(platform):
    return platform.db.rows("SELECT * FROM voip.audit_log ORDER BY id DESC LIMIT 1")[0]


# ------------------------------------------------------------------ from a shell

def test_key_from_a_shell(platform, shell):
    """Shown once, stored as a digest, listed without its secret, and gone when it is revoked."""
    made = shell.json("key", "add", "reports", "--tenant", "a.test", "--scopes", "cdr:read,recording:read",
                      "--expires", "90d", "--from", "192.0.2.0/24,2001:db8::/32", "--rate", "60")
    prefix, public, secret = made["key"].split("_")
    row = platform.db.rows("SELECT k.*, d.name AS tenant, expires_at - now() AS left, addresses::text"
                           " FROM voip.api_keys k JOIN voip.domains d ON d.id = k.domain_id"
                           " WHERE k.id = %s", made["id"])[0]
    assert (prefix, public, row["tenant"], row["name"]) == ("dpk", row["public_id"], "a.test", "reports")
    assert row["secret_sha256"] == hashlib.sha256(secret.encode()).digest()
    assert row["scopes"] == ["cdr:read", "recording:read"] and row["rate_limit"] == 60
    assert row["addresses"] == "{192.0.2.0/24,2001:db8::/32}" and 89 <= row["left"].days <= 90
    entry = last_audit(platform)
    assert (entry["actor_kind"], entry["actor"], entry["method"], entry["resource"], entry["domain"],
            entry["object_id"]) == ("shell", platform.account.name, "POST", "api-keys", "a.test", str(made["id"]))
    assert entry["after"]["name"] == "reports" and secret not in json.dumps(entry["after"])

    listed = [key for key in shell.json("key", "list", "--tenant", "a.test") if key["id"] == made["id"]]
    assert listed[0]["key"] == f"dpk_{public}" and listed[0]["last_used_at"] == "never"
    assert secret not in shell.run("key", "list") and "reports" in shell.run("key", "list")
    shell.run("key", "revoke", str(made["id"]))
    assert not platform.db.rows("SELECT 1 FROM voip.api_keys WHERE id = %s", made["id"])
    assert last_audit(platform)["before"]["name"] == "reports"
    assert "no such key" in shell.refused("key", "revoke", str(made["id"]))


def test_key_with_all_scopes(platform, shell):
    made = shell.json("key", "add", "everything", "--tenant", "a.test", "--scopes", "all")["id"]
    given = platform.db.rows("SELECT scopes FROM voip.api_keys WHERE id = %s", made)[0]["scopes"]
    assert sorted(given) == sorted(ALL)
    shell.run("key", "revoke", str(made))


def test_key_that_is_not_made(platform, shell):
    before = platform.db.value("SELECT count(*) FROM voip.audit_log")
    for words, argv in {"no such tenant": ("--tenant", "c.test", "--scopes", "all"),
                        "--scopes": (), "scopes": ("--scopes", "everything"),
                        "cidr": ("--scopes", "all", "--from", "nowhere"),
                        "timestamp": ("--scopes", "all", "--expires", "soon"),
                        "rate_limit": ("--scopes", "all", "--rate", "0")}.items():
        assert words in shell.refused("key", "add", "x", *argv)
    assert "is wanted" in shell.refused("key", "add", status=2)
    assert platform.db.value("SELECT count(*) FROM voip.audit_log") == before


def test_operator_from_a_shell(platform, shell):
    """The password comes from standard input, and is stored as an Argon2id hash."""
    shell.run("operator", "add", "anna@a.test", "--role", "supervisor", stdin=f"{ADMIN}\nnot this\n")
    row = platform.db.rows("SELECT * FROM voip.operators WHERE name = 'anna'")[0]
    assert row["password_hash"].startswith("$argon2id$") and row["role"] == "supervisor"
    entry = last_audit(platform)
    assert entry["after"]["name"] == "anna" and "password_hash" not in entry["after"]
    shell.run("operator", "password", "anna@a.test", stdin=ADMIN)
    changed = platform.db.value("SELECT password_hash FROM voip.operators WHERE name = 'anna'")
    assert changed != row["password_hash"]
    assert "anna@a.test" in shell.run("operator", "list", "--tenant", "a.test")
    assert "anna" not in shell.run("operator", "list", "--tenant", "b.test")
    shell.run("operator", "disable", "anna@a.test")
    assert not platform.db.value("SELECT enabled FROM voip.operators WHERE name = 'anna'")
    shell.run("operator", "enable", "anna@a.test")
    assert shell.json("operator", "list", "--tenant", "a.test")[0]["state"] == "enabled"
    shell.run("operator", "remove", "anna@a.test")
    assert last_audit(platform)["method"] == "DELETE"


def test_generated_password(shell):
    made = [shell.json("operator", "add", f"{name}@a.test", "--role", "tenant-admin", "--generate")
            for name in ("gen1", "gen2")]
    assert made[0]["password"] != made[1]["password"] and len(made[0]["password"]) == 20
    for name in ("gen1", "gen2"):
        shell.run("operator", "remove", f"{name}@a.test")


def test_agent_from_a_shell(platform, shell):
    shell.run("operator", "add", "agent@a.test", "--role", "agent", "--user", "1001", stdin=ADMIN)
    assert platform.db.value("SELECT u.username FROM voip.operators o JOIN voip.users u ON u.id = o.user_id"
                             " WHERE o.name = 'agent'") == "1001"
    shell.run("operator", "remove", "agent@a.test")


def test_operator_that_is_not_made(platform, shell):
    before = platform.db.value("SELECT count(*) FROM voip.audit_log")
    for words, argv, stdin in (
            ("12 characters", ("x@a.test", "--role", "supervisor"), "short"),
            ("standard input", ("x@a.test", "--role", "supervisor"), None),
            ("--role", ("x@a.test",), ADMIN),
            ("no such tenant or user", ("x@c.test", "--role", "supervisor"), ADMIN),
            ("no such tenant or user", ("x@a.test", "--role", "agent", "--user", "9"), ADMIN),
            ("platform_admin", ("x@a.test", "--role", "platform-admin"), ADMIN),
            ("platform_admin", ("x", "--role", "tenant-admin"), ADMIN),
            ("agent_is_user", ("x@a.test", "--role", "agent"), ADMIN),
            ("role", ("x@a.test", "--role", "king"), ADMIN)):
        said = shell.refused("operator", "add", *argv, stdin=stdin)
        assert words in said and ADMIN not in said
    assert "no such operator" in shell.refused("operator", "disable", "nobody@a.test")
    assert "no such operator" in shell.refused("operator", "disable", "admin@")
    # No option and no operand takes a password.
    assert "is wanted" in shell.refused("operator", "password", "x@a.test", ADMIN, status=2)
    assert platform.db.value("SELECT count(*) FROM voip.audit_log") == before


def test_password_is_typed_unseen(platform, shell):
    argv = ("operator", "add", "typed@a.test", "--role", "supervisor")
    shown, status = shell.type(*argv, lines=(ADMIN, f"{ADMIN}!"))
    assert status == 1 and "two different passwords" in shown and ADMIN not in shown
    assert not platform.db.rows("SELECT 1 FROM voip.operators WHERE name = 'typed'")
    shown, status = shell.type(*argv, lines=(ADMIN, ADMIN))
    assert status == 0 and ADMIN not in shown
    shell.run("operator", "remove", "typed@a.test")


# ------------------------------------------------------------------ keys over HTTP

@pytest.fixture
def api(platform, serve):
    """A client with a key of its own: api(domain, scopes, **columns)."""
    made = []

    def make(domain="a.test", scopes=ALL, **columns):
        client = Api(platform, make_key(platform.db, domain, scopes, **columns), domain)
        made.append(client)
        return client

    yield make
    for client in made:
        platform.db.rows("DELETE FROM voip.api_keys WHERE public_id = %s", client.key.split("_")[1])
        client.close()


def test_key_is_asked_for(platform, api):
    nobody = Api(platform)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YWRtaW46YWRtaW4="},
                    {"Authorization": api().key}, {"Authorization": f"Bearer {api().key[:-1]}"},
                    {"Cookie": f"dialplane={'0' * 64}"}):
        reply = nobody.get("/domains/a.test/users", **headers)
        assert reply.status == 401 and reply.headers["WWW-Authenticate"].startswith("Bearer")
        assert reply.json["title"] and reply.headers["Content-Type"] == "application/problem+json"
    good, other = api(), api()
    assert good.get("users").status == 200
    mixed = "_".join(good.key.split("_")[:2] + other.key.split("_")[2:])
    unknown = good.key.replace(good.key.split("_")[1], "0" * 16)
    replies = [nobody.get("/domains/a.test/users", Authorization=f"Bearer {key}") for key in (mixed, unknown)]
    # Whether there is such a key is not told.
    assert replies[0].status == 401 and replies[0].raw == replies[1].raw


@pytest.mark.parametrize("scope, good, bad", [
    ("config:read", ("GET", "users"), ("POST", "users")), ("config:write", ("POST", "users"), ("GET", "users")),
    ("access:read", ("GET", "operators"), ("DELETE", "operators/1")),
    ("audit:read", ("GET", "audit-log"), ("GET", "api-keys")), ("cdr:read", None, ("GET", "audit-log"))])
def test_scopes(api, scope, good, bad):
    client = api(scopes=[scope])
    body = {"name": 1}
    if good:
        assert client.ask(good[0], good[1], body if good[0] == "POST" else None).status in (200, 422)
    refused = client.ask(bad[0], bad[1], body if bad[0] == "POST" else None)
    assert refused.status == 403 and "scope" in refused.json["detail"]
    assert client.get("/session").json["scopes"] == [scope]


def test_revoked_at_once(platform, api, shell):
    """Whoever does it and however: the next request is refused, on the same connection."""
    for change in ("DELETE FROM voip.api_keys", "UPDATE voip.api_keys SET expires_at = now()",
                   "UPDATE voip.api_keys SET addresses = '{192.0.2.0/24}'",
                   "UPDATE voip.api_keys SET secret_sha256 = sha256('x')"):
        client = api()
        assert client.get("users").status == 200
        platform.db.rows(f"{change} WHERE public_id = %s", client.key.split("_")[1])
        refused = client.get("users")
        assert refused.status == (403 if "addresses" in change else 401), change
    client = api()
    assert client.get("users").status == 200
    number = platform.db.value("SELECT id FROM voip.api_keys WHERE public_id = %s", client.key.split("_")[1])
    shell.run("key", "revoke", str(number))
    assert client.get("users").status == 401
    client = api(scopes=["config:read"])
    platform.db.rows("UPDATE voip.api_keys SET scopes = '{cdr:read}' WHERE public_id = %s", client.key.split("_")[1])
    assert client.get("users").status == 403


def test_tenant_that_is_disabled(platform, api):
    client = api("b.test")
    platform.db.rows("UPDATE voip.domains SET enabled = false WHERE name = 'b.test'")
    try:
        refused = client.get("users")
        assert refused.status == 401 and "disabled" in refused.json["detail"]
    finally:
        platform.db.rows("UPDATE voip.domains SET enabled = true WHERE name = 'b.test'")
    assert client.get("users").status == 200


def test_addresses(api):
    """What nginx says counts, from this machine; of several the last, which is the one it has seen."""
    client = api(addresses="{192.0.2.0/28,2001:db8::/32}")
    for forwarded, status in (("192.0.2.15", 200), ("192.0.2.16", 403), ("10.0.0.1, 192.0.2.1", 200),
                              ("192.0.2.1, 10.0.0.1", 403), ("2001:db8::7", 200), ("::ffff:192.0.2.3", 200),
                              ("nonsense", 403), ("", 403)):
        reply = client.get("users", X_Forwarded_For=forwarded)
        assert reply.status == status, forwarded
    assert client.get("users").status == 403
    assert api(addresses="{127.0.0.0/8}").get("users").status == 200


def test_last_use(platform, api):
    client = api()
    columns = "SELECT host(last_used_from) AS address, last_used_at FROM voip.api_keys WHERE public_id = %s"
    public = client.key.split("_")[1]
    assert client.get("users", X_Forwarded_For="192.0.2.1").status == 200
    first = platform.db.rows(columns, public)[0]
    assert first["address"] == "192.0.2.1"
    assert client.get("users", X_Forwarded_For="192.0.2.2").status == 200
    assert platform.db.rows(columns, public)[0] == first
    # A row that somebody is changing keeps nobody waiting.
    platform.db.rows("UPDATE voip.api_keys SET last_used_at = now() - interval '1 hour' WHERE public_id = %s", public)
    with platform.db.transaction():
        platform.db.rows("SELECT 1 FROM voip.api_keys WHERE public_id = %s FOR UPDATE", public)
        assert client.get("users").status == 200
    assert client.get("users", X_Forwarded_For="192.0.2.2").status == 200
    assert platform.db.rows(columns, public)[0]["address"] == "192.0.2.2"


def test_rate_limit(platform, api):
    """A tenth of a minute's requests at once; beyond that Retry-After is true, and others do not notice."""
    client, other = api(), api()
    platform.db.rows("UPDATE voip.api_keys SET rate_limit = 60 WHERE public_id = %s", client.key.split("_")[1])
    statuses = [client.get("/session").status for _ in range(9)]
    assert statuses[:6] == [200] * 6 and 429 in statuses[6:]
    limited = client.get("/session")
    while limited.status != 429:
        limited = client.get("/session")
    # Who knows the public part only uses up nothing, and who is over the limit is told so alone.
    assert other.get("/session").status == 200
    time.sleep(int(limited.headers["Retry-After"]))
    assert client.get("/session").status == 200


def test_wrong_secrets_use_up_nothing(platform, api):
    client = api()
    public = client.key.split("_")[1]
    platform.db.rows("UPDATE voip.api_keys SET rate_limit = 20 WHERE public_id = %s", public)
    wrong = Api(platform, f"dpk_{public}_{'0' * 64}", "a.test")
    assert {wrong.get("users").status for _ in range(30)} == {401}
    assert client.get("users").status == 200


def test_without_the_database(platform, api):
    """503 that says when to ask again, never 500; and back as soon as it is."""
    client = api()
    assert client.get("users").status == 200
    platform.supervisor.stop_process("postgresql")
    try:
        refused = client.get("users")
        assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0
        login = client.post("/session", {"name": "x", "password": "y"})
        assert login.status == 503 and login.headers["Retry-After"]
    finally:
        platform.supervisor.start("postgresql")
    until(lambda: client.get("users").status == 200, 30)


# ------------------------------------------------------------------ keys and operators as resources

def test_keys_over_http(platform, api):
    client = api()
    made = client.make("api-keys", name="made", scopes=["cdr:read"], addresses=["127.0.0.0/8"])
    assert made["key"].startswith(f"dpk_{made['public_id']}_") and made["rate_limit"] == 6000
    shown = client.get(f"api-keys/{made['id']}")
    assert "key" not in shown.json and "secret_sha256" not in shown.json
    assert Api(platform, made["key"]).get("/session").json["domain"] == "a.test"
    entry = last_audit(platform)
    assert entry["resource"] == "api-keys" and made["key"].split("_")[2] not in str(entry)
    assert client.patch(f"api-keys/{made['id']}", {"scopes": ["audit:read"]}).status == 200
    assert Api(platform, made["key"]).get("/session").json["scopes"] == ["audit:read"]
    assert client.patch(f"api-keys/{made['id']}", {"public_id": "0" * 16}).status == 422
    assert client.delete(f"api-keys/{made['id']}").status == 204
    assert Api(platform, made["key"]).get("/session").status == 401
    for body in ({"scopes": []}, {"scopes": ["all"]}, {"scopes": ["cdr:read"], "addresses": ["nowhere"]},
                 {"scopes": ["cdr:read"], "rate_limit": 0}, {"scopes": ["cdr:read"], "expires_at": "soon"},
                 {"scopes": None}, {}):
        assert client.post("api-keys", {"name": "x", **body}).status == 422, body


def test_nobody_gives_what_he_has_not(platform, api):
    client = api(scopes=["access:read", "access:write", "cdr:read"])
    refused = client.post("api-keys", {"name": "x", "scopes": ["cdr:read", "config:write"]})
    assert refused.status == 422 and refused.pointers == ["/scopes"]
    key = client.make("api-keys", name="x", scopes=["cdr:read"])
    assert client.patch(f"api-keys/{key['id']}", {"scopes": ["live:read"]}).status == 422
    assert client.delete(f"api-keys/{key['id']}").status == 204
    admin = api().make("operators", name="boss", role="tenant-admin", password=ADMIN)
    for body in ({"password": "another password"}, {"enabled": False}, {"role": "agent"}):
        refused = client.patch(f"operators/{admin['id']}", body)
        assert refused.status == 422 and refused.pointers == ["/role"], body
    assert client.post("operators", {"name": "x", "role": "tenant-admin", "password": ADMIN}).status == 422
    assert api().delete(f"operators/{admin['id']}").status == 204


def test_operators_over_http(platform, api):
    client = api()
    made = client.make("operators", name="carl", role="supervisor", password=ADMIN)
    assert not {"password", "password_hash", "totp_secret", "recovery_codes"} & made.keys()
    assert made["totp"] is False and made["enabled"] is True
    assert ADMIN not in str(last_audit(platform))
    assert client.post("/session", {"name": "carl@a.test", "password": ADMIN}).status == 200
    assert client.patch(f"operators/{made['id']}", {"password": "another password"}).status == 200
    assert client.post("/session", {"name": "carl@a.test", "password": ADMIN}).status == 401
    assert client.patch(f"operators/{made['id']}", {"name": "x"}).status == 422
    assert client.patch(f"operators/{made['id']}", {"role": "agent"}).status == 422
    for body in ({"role": "platform-admin"}, {"role": "king"}, {"role": "supervisor", "password": "short"},
                 {"role": "agent"}):
        assert client.post("operators", {"name": "x", "password": ADMIN, **body}).status == 422, body
    assert client.post("operators", {"name": "carl", "role": "supervisor", "password": ADMIN}).status == 409
    assert client.delete(f"operators/{made['id']}").status == 204


def test_keys_and_passwords_asked_for_again(platform, api):
    """A request that is sent again makes nothing twice, and no secret is kept for it."""
    client = api()
    kept = "SELECT * FROM voip.idempotency_keys WHERE key = %s"
    for path, told, fields in (("api-keys", "key", {"name": "again", "scopes": ["cdr:read"]}),
                               ("webhooks", "secret", {"url": "https://a.test/again", "events": ["call.ended"]})):
        first = client.post(path, fields, Idempotency_Key=f"access-{path}")
        again = client.post(path, fields, Idempotency_Key=f"access-{path}")
        assert first.status == again.status == 201 and again.headers["Idempotency-Replayed"] == "true"
        secret = first.json.pop(told)
        assert again.json == first.json and secret
        assert secret not in str(platform.db.rows(kept, f"access-{path}"))
        assert client.delete(f"{path}/{first.json['id']}").status == 204
    fields = {"name": "again", "role": "supervisor", "password": ADMIN}
    made = client.post("operators", fields, Idempotency_Key="access-operators")
    assert made.status == 201 and not platform.db.rows(kept, "access-operators")
    assert client.post("operators", fields, Idempotency_Key="access-operators").status == 409
    assert client.delete(f"operators/{made.json['id']}").status == 204


def test_of_the_platform(platform, api):
    """The platform sees and makes those of all; a tenant none but its own, by whatever path."""
    root, tenant = api(None), api()
    domain = platform.db.value("SELECT id FROM voip.domains WHERE name = 'b.test'")
    for fields in ({}, {"domain_id": domain}):
        key = root.make("/api-keys", name="p", scopes=["cdr:read"], **fields)
        assert last_audit(platform)["domain_id"] == fields.get("domain_id")
        assert Api(platform, key["key"]).get("/session").json["domain"] == ("b.test" if fields else None)
        for path in (f"/api-keys/{key['id']}", f"/domains/a.test/api-keys/{key['id']}"):
            assert tenant.get(path).status == tenant.delete(path).status == 404
            assert tenant.patch(path, {"name": "mine"}).status == 404
        assert root.delete(f"/api-keys/{key['id']}").status == 204
    operator = root.make("/operators", name="root2", role="platform-admin", password=ADMIN)
    assert tenant.get(f"/operators/{operator['id']}").status == 404
    assert tenant.post("/operators", {"name": "x", "role": "platform-admin", "password": ADMIN}).status == 404
    assert root.delete(f"/operators/{operator['id']}").status == 204
    keys = {key["id"] for key in tenant.get("api-keys", {"limit": 500}).json["items"]}
    own = {row["id"] for row in platform.db.rows("SELECT k.id FROM voip.api_keys k JOIN voip.domains d"
                                                 " ON d.id = k.domain_id WHERE d.name = 'a.test'")}
    assert keys == own and tenant.get("/domains/b.test/api-keys").status == 404


# ------------------------------------------------------------------ what was done

def test_audit_log(platform, api):
    """Who, from where, what, before and after; and only of one's own tenant."""
    client, other = api(), api("b.test")
    made = client.ask("POST", "conferences", {"name": "audited"}, X_Forwarded_For="192.0.2.8", X_Request_Id="audit-1")
    client.patch(f"conferences/{made.json['id']}", {"max_members": 7})
    client.delete(f"conferences/{made.json['id']}")
    query = {"resource": "conferences", "object_id": made.json["id"], "sort": "id"}
    entries = client.get("audit-log", query).json["items"]
    assert [entry["method"] for entry in entries] == ["POST", "PATCH", "DELETE"]
    first, second, last = entries
    assert (first["actor_kind"], first["actor"], first["address"], first["request_id"]) \
        == ("key", "tests", "192.0.2.8", "audit-1")
    assert first["before"] is None and first["after"]["name"] == "audited"
    assert (second["before"]["max_members"], second["after"]["max_members"]) == (20, 7)
    assert last["before"]["max_members"] == 7 and last["after"] is None
    assert not other.get("audit-log", query).json["items"]
    assert other.get(f"audit-log/{first['id']}").status == 404
    assert api(None).get("/audit-log", query).json["items"][0]["domain"] == "a.test"
    # What was refused or only tried is no change.
    client.post("conferences", {"name": "tried"}, {"dry_run": "true"})
    client.post("conferences", {"name": ""})
    assert not client.get("audit-log", {"request_id": "none"}).json["items"]
    assert not platform.db.rows("SELECT 1 FROM voip.audit_log WHERE after ->> 'name' = 'tried'")
    assert client.delete(f"audit-log/{first['id']}").status == 405


def revert(client, entry, **query):
    return client.post(f"audit-log/{entry['id']}/revert", {}, query)


def last_entry(client):
    return client.get("audit-log", {"limit": 1}).json["items"][0]


def test_revert(api):
    client = api()
    made = client.make("conferences", name="reverted", pin="1234")
    path = f"conferences/{made['id']}"
    creation = last_entry(client)
    client.patch(path, {"max_members": 9, "pin": "4321"})
    change = last_entry(client)
    assert revert(client, creation).status == 409          # it was changed since
    assert revert(client, change, dry_run="true").status == 200
    assert client.get(path).json["max_members"] == 9
    assert revert(client, change).status == 200
    now = client.get(path).json
    assert (now["max_members"], now["pin"]) == (20, "1234")
    assert last_entry(client)["reverts"] == change["id"]
    assert revert(client, change).status == 409            # twice
    assert revert(client, last_entry(client)).status == 200
    assert client.get(path).json["max_members"] == 9       # and that, too, can be taken back
    assert client.delete(path).status == 204
    deletion = last_entry(client)
    again = revert(client, deletion)
    assert again.status == 201 and again.json["name"] == "reverted" and again.json["max_members"] == 9
    assert revert(client, last_entry(client)).status == 204
    assert client.get(f"conferences/{again.json['id']}").status == 404


def test_revert_of_a_list(api):
    client = api()
    queue = client.make("queues", name="revert")
    user = client.get("users").json["items"][0]
    member = client.make(f"queues/{queue['id']}/members", user_id=user["id"])
    client.delete(f"queues/{queue['id']}/members/{member['id']}")
    assert revert(client, last_entry(client)).status == 201
    members = client.get(f"queues/{queue['id']}/members").json["items"]
    assert [row["user_id"] for row in members] == [user["id"]]
    assert revert(client, last_entry(client)).status == 204
    assert client.delete(f"queues/{queue['id']}").status == 204


def test_what_is_not_reverted(api):
    client = api()
    made = client.make("conferences", name="kept")
    path = f"conferences/{made['id']}"
    client.patch(path, {"max_members": 9})
    change = last_entry(client)
    client.patch(path, {"max_members": 10})
    refused = revert(client, change)
    assert refused.status == 409 and "max_members" in refused.json["detail"]
    user = client.make("users", username="6201", password="a password")
    client.patch(f"users/{user['id']}", {"password": "another password"})
    assert revert(client, last_entry(client)).status == 409
    client.delete(f"users/{user['id']}")
    assert "secret" in revert(client, last_entry(client)).json["detail"]
    # Who may read what was done may not therefore do it.
    assert revert(api(scopes=["audit:read"]), change).status == 403
    assert revert(api("b.test"), change).status == 404
    assert client.delete(path).status == 204
    assert revert(client, change).status == 409
