"""Credentials of browsers' phones: who may have them made, and a relay that takes those of TURN."""

import base64
import hashlib
import hmac
import re
import subprocess
import time

import pytest

from api import Api, make_key
from contract import Contract
from lib import db as tenants
from lib.db import Database
from lib.platform import TestPlatform
from lib.ports import free_range
from serve import until
from test_api_access import ADMIN, Shell
from test_api_login import Browser

LIMIT = 60
SCOPE = ("webrtc:write",)


@pytest.fixture(scope="module")
def platform():
    """Database, `serve` and coturn."""
    # A part of those that every platform has for RTP.
    rtp = free_range(800)
    made = TestPlatform("asterisk", turn=True, rtp_last=rtp + 299, turn_first=rtp + 300,
                        turn_last=rtp + 399)
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        for domain in tenants.DOMAINS:
            tenants.add_tenant(made.db, domain)
        for part in ("coturn", "serve"):
            made.supervisor.start(part)
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture(scope="module")
def admin(platform):
    """Of the platform, with all scopes."""
    made = Api(platform, make_key(platform.db), "a.test")
    until(lambda: answers(made), 60)
    Api.contract = Contract(made.get("/openapi.json").json)
    yield made
    Api.contract = None
    made.close()


def answers(api):
    try:
        return api.get("users").status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def api(platform, admin):
    """Of a.test, for these credentials and nothing else."""
    made = Api(platform, make_key(platform.db, "a.test", SCOPE), "a.test")
    yield made
    made.close()


def ids(platform, domain="a.test"):
    return {row["username"]: row["id"] for row in platform.db.rows(
        "SELECT username, u.id FROM voip.users u JOIN voip.domains d ON d.id = u.domain_id"
        " WHERE d.name = %s", domain)}


def path(platform, user="1001", domain="a.test"):
    return f"users/{ids(platform, domain)[user]}/webrtc-credentials"


def seconds(username):
    """From now until it ends."""
    return int(username.split(":")[0]) - time.time()


def test_what_is_made(platform, api):
    made = api.post(path(platform), {})
    assert made.status == 201 and made.headers["Cache-Control"] == "no-store"
    one = made.json
    until_, user_id, rest = one["username"].split(":")
    assert (rest, user_id) == ("1001@a.test", str(ids(platform)["1001"]))
    assert 3590 < seconds(one["username"]) <= 3601
    assert (one["uri"], one["realm"]) == ("sip:1001@a.test", "a.test")
    assert platform.db.value("SELECT extract(epoch FROM %s::timestamptz)::bigint", one["expires_at"]) == \
        int(until_)
    ice, = one["ice_servers"]
    port = platform.deployment["edge.turn_port"]
    assert ice["urls"] == [f"turn:127.0.0.1:{port}?transport={over}" for over in ("udp", "tcp")]
    assert ice["username"] == f"{until_}:1001@a.test"
    for name, password, secret, digest in (
            (one["username"], one["password"], "credential_key", hashlib.sha256),
            (ice["username"], ice["credential"], "turn_key", hashlib.sha1)):
        mac = hmac.new(platform.secret(secret).encode(), name.encode(), digest)
        assert password == base64.b64encode(mac.digest()).decode()


def test_how_long(platform, api):
    for ttl in (60, 86400):
        made = api.post(path(platform), {"ttl_s": ttl})
        assert made.status == 201 and ttl - 10 < seconds(made.json["username"]) <= ttl + 1
    for ttl in (59, 86401, -1, 0, None, "60", 60.5, True, 10 ** 30):
        refused = api.post(path(platform), {"ttl_s": ttl})
        assert refused.status in (400, 422), ttl
        assert refused.status == 400 or refused.pointers == ["/ttl_s"]
    assert api.post(path(platform), {"ttl": 60}).pointers == ["/ttl"]
    assert api.post(path(platform), "[]").status == 400


def test_what_is_written_down(platform, api, admin):
    """That it was made and for whom; no password."""
    made = api.post(path(platform, "1002"), {}).json
    entry = admin.get("audit-log", {"resource": "webrtc-credentials", "limit": 1}).json["items"][0]
    assert entry["object_id"] == str(ids(platform)["1002"]) and entry["actor"] == "tests"
    assert entry["after"] == {"username": made["username"], "expires_at": made["expires_at"]}
    assert admin.post(f"audit-log/{entry['id']}/revert", None).status in (404, 409)


def test_of_whom_there_are_none(platform, api, admin):
    """Of others' users and of nobody the same 404; of who is disabled 409."""
    theirs = ids(platform, "b.test")["1001"]
    nobody = api.post("users/987654321/webrtc-credentials", {})
    assert nobody.status == 404
    for where in (f"users/{theirs}", f"/domains/b.test/users/{theirs}", "/domains/c.test/users/1"):
        refused = api.post(f"{where}/webrtc-credentials", {})
        assert (refused.status, refused.raw) == (404, nobody.raw)
    user = f"users/{ids(platform)['1003']}"
    assert admin.patch(user, {"enabled": False}).status == 200
    assert api.post(f"{user}/webrtc-credentials", {}).status == 409
    assert admin.patch(user, {"enabled": True}).status == 200
    assert api.post(f"{user}/webrtc-credentials", {}).status == 201
    assert admin.patch("/domains/a.test", {"enabled": False}).status == 200
    assert admin.post(f"{user}/webrtc-credentials", {}).status == 409
    assert admin.patch("/domains/a.test", {"enabled": True}).status == 200


def test_who_may(platform, api, admin):
    """The scope alone, and by it nothing else; an agent for himself, a supervisor for nobody."""
    for scopes in (("config:write", "config:read", "access:write", "live:write"), ("config:read",)):
        other = Api(platform, make_key(platform.db, "a.test", scopes), "a.test")
        refused = other.post(path(platform), {})
        assert refused.status == 403 and "webrtc:write" in refused.json["detail"]
        other.close()
    assert api.get("users").status == api.get("calls").status == 403
    shell = Shell(platform)
    for name, role in (("agent", ("agent", "--user", "1001")), ("supervisor", ("supervisor",)),
                       ("boss", ("tenant-admin",))):
        shell.run("operator", "add", f"{name}@a.test", "--role", *role, stdin=ADMIN)

    def ask(name, user, domain="a.test"):
        where = f"/domains/{domain}/{path(platform, user, domain)}"
        return Browser(platform).login(f"{name}@a.test").ask("POST", where, {})

    own = ask("agent", "1001")
    assert own.status == 201 and own.json["uri"] == "sip:1001@a.test"
    assert ask("agent", "1002").status == ask("agent", "1001", "b.test").status == 404
    assert ask("supervisor", "1001").status == 403
    assert ask("boss", "1002").status == 201 and ask("boss", "1002", "b.test").status == 404


# ------------------------------------------------------------------ TURN

@pytest.fixture
def relay(platform):
    """Asks coturn for a relay and sends through it; the exit status of the client, and what it said."""
    port = platform.deployment["edge.turn_port"]

    def ask(username, password, *options):
        done = subprocess.run(
            ["turnutils_uclient", "-u", username, "-w", password, "-p", str(port), "-c", "-n", "2", "-m", "1",
             "-X", *options, "127.0.0.1"], capture_output=True, text=True, timeout=LIMIT, check=False)
        return done.returncode, done.stdout + done.stderr

    until(lambda: doctor(platform)[0] == "ok", 30)
    return ask


def doctor(platform):
    """What it says of TURN: [status, …]."""
    done = subprocess.run([platform.state / "bin/dialplane", "doctor", "-s", platform.state / ""],
                          capture_output=True, text=True, timeout=LIMIT, check=False)
    return next(line for line in done.stdout.splitlines() if " turn " in line).split()


def signed(platform, username):
    mac = hmac.new(platform.secret("turn_key").encode(), username.encode(), hashlib.sha1)
    return username, base64.b64encode(mac.digest()).decode()


@pytest.mark.parametrize("over", [(), ("-t",)], ids=["udp", "tcp"])
def test_relay(platform, api, relay, over):
    """What is sent to one relay comes out of the other one, and back."""
    ice, = api.post(path(platform), {"ttl_s": 60}).json["ice_servers"]
    status, said = relay(ice["username"], ice["credential"], "-y", *over)
    assert status == 0 and re.search(r"tot_send_msgs=4, tot_recv_msgs=4", said), said
    assert "lost packets 0 " in said


def test_no_relay(platform, api, relay):
    """For one that is over, whose time was changed, that is another's, or the telephone's."""
    one = api.post(path(platform), {}).json
    ice, = one["ice_servers"]
    until_, rest = ice["username"].split(":")
    assert relay(*signed(platform, f"{int(time.time()) + 30}:{rest}"), "-y")[0] == 0
    for username, password in (signed(platform, f"{int(time.time()) - 5}:{rest}"),
                               (f"{int(until_) + 60}:{rest}", ice["credential"]),
                               (f"{until_}:1002@a.test", ice["credential"]),
                               (one["username"], one["password"]), (rest, ice["credential"])):
        status, said = relay(username, password, "-y")
        assert status != 0 and "Cannot complete Allocation" in said, said


def test_to_nowhere_else(platform, api, relay):
    """A relay reaches the edge nodes' addresses alone, and no TCP."""
    def ask(user, *options):
        ice, = api.post(path(platform, user), {}).json["ice_servers"]
        return relay(ice["username"], ice["credential"], *options)[1]

    for peer in ("127.0.0.2", "10.0.0.1", "192.0.2.1", "224.0.0.1"):
        assert "error 403 (Forbidden IP)" in ask("1002", "-e", peer), peer
    assert "error 442 " in ask("1003", "-T")


def test_so_many_and_no_more(platform, api, relay):
    """Relays of one user; another one still gets his."""
    made = [api.post(path(platform, user), {}).json["ice_servers"][0] for user in ("1002", "1003")]
    several = "-y", "-m", "12"
    assert "error 486 " in relay(made[0]["username"], made[0]["credential"], *several)[1]
    assert relay(made[1]["username"], made[1]["credential"], "-y")[0] == 0


def test_doctor(platform, relay):
    platform.supervisor.stop_process("coturn")
    try:
        assert doctor(platform)[0] == "fail"
    finally:
        platform.supervisor.start("coturn")
    until(lambda: doctor(platform)[0] == "ok", 30)


def test_secrets_stay_where_they_are(platform, relay):
    for name in ("turn_key", "credential_key"):
        secret = platform.secret(name).encode()
        for log in (platform.state / "log").rglob("*.log"):
            assert secret not in log.read_bytes(), log
