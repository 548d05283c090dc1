"""Credentials for a while, made by the API: phones register and call with them as with a password."""

import base64
import hashlib
import hmac
import re
import sys
import time
from pathlib import Path

import pytest

from lib import db, records
from lib import scenario as sip
from lib.phone import hear_each_other
from lib.registrar import Registrar, credentials
from lib.watcher import Watcher

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
from api import Api, make_key  # noqa: E402

pytestmark = pytest.mark.edge

WITHIN = 15
USERS = (("7901", "a.test"), ("7902", "a.test"), ("7901", "b.test"))


@pytest.fixture(scope="module", autouse=True)
def users(platform):
    """7901 and 7902 of a.test, and a 7901 of b.test."""
    for user, domain in USERS:
        domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = %s", domain)
        db.add_user(platform.db, domain_id, domain, user)
        platform.edge.wait_for("user", f"{domain}:{user}", "id=")
    yield
    for user, domain in USERS:
        remove_user(platform, user, domain)


def remove_user(platform, user, domain):
    mine = "(SELECT id FROM voip.domains WHERE name = %s)"
    for table, column, names in (("extensions", "number", [user, f"*{user}"]),
                                 ("voicemail_boxes", "mailbox", [user]), ("users", "username", [user])):
        platform.db.rows(f"DELETE FROM voip.{table} WHERE domain_id = {mine} AND {column} = ANY(%s)",
                         domain, names)
    platform.edge.wait_until_gone("user", f"{domain}:{user}")


def user_id(platform, user, domain):
    return platform.db.value("SELECT u.id FROM voip.users u JOIN voip.domains d ON d.id = u.domain_id "
                             "WHERE u.username = %s AND d.name = %s", user, domain)


@pytest.fixture(scope="module")
def make(platform):
    """Makes a credential by the API: {username, password, …}."""
    api = Api(platform, make_key(platform.db, scopes=["webrtc:write"]))

    def make(user, domain="a.test", **body):
        made = api.post(f"/domains/{domain}/users/{user_id(platform, user, domain)}/webrtc-credentials",
                        body)
        assert made.status == 201, made
        return made.json

    yield make
    api.close()


@pytest.fixture
def registrar(platform):
    made = Registrar(platform)
    platform.edge.call("htable.flush", "refused")
    yield made
    made.close()
    platform.edge.call("htable.flush", "refused")
    for user, domain in USERS:
        platform.edge.call("ul.rm", "location", f"{user}@{domain}")


def status(reply):
    return int(reply.split()[1])


def signed(platform, name):
    """What the API would make of the name."""
    mac = hmac.new(platform.secret("credential_key").encode(), name.encode(), hashlib.sha256)
    return name, base64.b64encode(mac.digest()).decode()


def contacts(platform, user, domain="a.test"):
    found = platform.edge.call("ul.lookup", "location", f"{user}@{domain}")
    return found["Contacts"] if found else []


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_register_call_and_be_called(platform, phone, make, transport):
    """Records, and the limit of his calls, are the user's."""
    made = make("7901")
    one = phone("7901", password=made["password"], login=made["username"], transport=transport)
    other = phone("7902")
    assert len(contacts(platform, "7901")) == 1
    for caller, callee in ((one, other), (other, one)):
        there = callee.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
        call = caller.call(callee.user, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
        there.wait("answered")
        call.wait("answered")
        hear_each_other(caller, callee)
        call.go().finish()
        there.finish()
        records.check(platform.db.wait_for_cdr(call.call_id), caller=caller.user, callee=callee.user,
                      answered=True, domain="a.test")


@pytest.fixture
def one_call(platform):
    """7901 has one call at a time."""
    before = platform.db.set_user("7901", max_calls=1)
    platform.edge.wait_for("user", "a.test:7901", 'calls="1"')
    yield
    platform.db.set_user("7901", **before)


@pytest.mark.usefixtures("one_call")
def test_his_limit_of_calls(phone, make):
    made = make("7901")
    one, two = (phone("7901", password=made["password"], login=made["username"], registered=False)
                for _ in range(2))
    there = phone("7902").wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = one.call("7902", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    two.call("1003", sip.is_refused(503)).finish()
    call.go().finish()
    there.finish()


def test_subscribe(platform, phone, make):
    """The subscription ends with the credential."""
    made = make("7901", ttl_s=120)
    watcher = Watcher(platform, "7901", "a.test", made["password"], login=made["username"])
    try:
        lamp = watcher.watch("7902", expires=0)
        lamp = watcher.watch("7902")
        seconds = int(re.search(r"^Subscription-State: active;expires=(\d+)",
                                lamp.wait("Subscription-State: active"), re.M)[1])
        assert 60 < seconds <= 120
        lamp.wait_state("terminated")
        caller, callee = phone("1001"), phone("7902")
        there = callee.wait_call(sip.ring(), sip.is_cancelled())
        call = caller.call("7902", sip.cancel())
        lamp.wait_state("early")
        call.wait("ringing")
        call.go().finish()
        there.finish()
        lamp.wait_state("terminated")
    finally:
        watcher.close()


# Contact, Expires -> what every contact gets of a credential of 60 seconds.
@pytest.mark.parametrize("contact, expires, most", [
    ("<sip:7901@{here}>", "Expires: 3600\r\n", 60),
    ("<sip:7901@{here}>", "", 60),
    ("<sip:7901@{here}>;q=0.5;Expires = 3600;+x=\"1\"", "", 60),
    ("<sip:7901@{here}>;expires=1h", "", 60),
    ("<sip:7901@{here}>;expires=35", "Expires: 3600\r\n", 35),
    ("<sip:7901@{here}>;expires=3600, <sip:7901-2@{here}>;expires=33", "", 60),
    ("<sip:7901@{here}>;expires=3600\r\nContact: <sip:7901-2@{here}>", "Expires: 3600\r\n", 60),
])
def test_a_contact_ends_with_the_credential(platform, make, registrar, contact, expires, most):
    made = make("7901", ttl_s=60)
    contact = "Contact: " + contact.replace("{here}", registrar.here) + "\r\n"
    reply = registrar.register("7901", "a.test", made["username"], made["password"], contact, expires)
    assert status(reply) == 200
    given = [int(seconds) for seconds in re.findall(r";expires=(\d+)", reply)]
    assert len(given) == contact.count("<") and most - 20 < max(given) <= most
    assert min(given) <= most
    gone = registrar.register("7901", "a.test", made["username"], made["password"], "Contact: *\r\n",
                              "Expires: 0\r\n")
    assert status(gone) == 200 and contacts(platform, "7901") == []


def test_longer_than_a_registration(make, registrar):
    """Then it says nothing about how long that lasts."""
    made = make("7901", ttl_s=86400)
    reply = registrar.register("7901", "a.test", made["username"], made["password"],
                               expires="Expires: 1800\r\n")
    assert status(reply) == 200 and ";expires=1800" in reply


def test_expired(platform, registrar):
    """What the API made a minute ago, for as long; one with the same name that is not over is taken."""
    of = f"{user_id(platform, '7901', 'a.test')}:7901@a.test"
    now = int(time.time())
    assert status(registrar.register("7901", "a.test", *signed(platform, f"{now + 60}:{of}"))) == 200
    for until in (now - 1, now - 3600):
        refused = registrar.register("7901", "a.test", *signed(platform, f"{until}:{of}"))
        assert status(refused) == 403


def test_of_nobody_else_s_use(platform, make, registrar):
    """Neither another tenant's user of this name, nor his colleague's, nor of anybody by another name."""
    made = make("7901")
    name, password = made["username"], made["password"]
    until, own, rest = name.split(":")
    theirs = user_id(platform, "7901", "b.test")
    colleague = user_id(platform, "7902", "a.test")
    tries = [
        # As it is, for somebody else.
        ("7901", "b.test", name), ("7902", "a.test", name),
        # With another name, which it is not the HMAC of.
        ("7901", "b.test", f"{until}:{theirs}:7901@b.test"), ("7901", "b.test", f"{until}:{own}:7901@b.test"),
        ("7902", "a.test", f"{until}:{colleague}:7902@a.test"), ("7901", "a.test", f"{int(until) + 9}:{own}:{rest}"),
        ("7901", "a.test", f"{until}:{own}:7901"), ("7901", "a.test", f"{until}:7901@a.test"),
        ("7901", "a.test", "7901"), ("7901", "a.test", f"{until}:"),
    ]
    for user, domain, tried in tries:
        assert status(registrar.register(user, domain, tried, password)) == 403, tried
    platform.edge.call("htable.flush", "refused")
    assert status(registrar.register("7901", "a.test", name, password[:-4] + "AAA=")) == 403
    # Signed, and for another user, another id, or another tenant than the realm's.
    for user, domain, tried in (("7902", "a.test", name), ("7901", "a.test", f"{until}:{colleague}:{rest}"),
                                ("7901", "a.test", f"{until}:{theirs}:7901@b.test"),
                                ("7901", "a.test", f"{until}:{own}:7901@b.test"),
                                ("7901", "b.test", f"{until}:{own}:{rest}")):
        assert status(registrar.register(user, domain, *signed(platform, tried))) == 403, tried
    for user, domain in USERS:
        assert contacts(platform, user, domain) == []
    platform.edge.call("htable.flush", "refused")
    assert status(registrar.register("7901", "a.test", name, password)) == 200


def test_two_headers(platform, make, registrar):
    """One's own credential in the header that is proved, and a colleague's name in the other one."""
    made = make("7901")
    until = made["username"].split(":")[0]
    colleague = f"{until}:{user_id(platform, '7902', 'a.test')}:7902@a.test"
    for header in ("Proxy-Authorization", "Authorization"):
        for realm in ("a.test", "x.test"):
            reply = registrar.register(
                "7902", "a.test", made["username"], made["password"],
                more=lambda nonce, uri, header=header, realm=realm: credentials(
                    header, colleague, realm, made["password"], nonce, uri))
            assert status(reply) == 403, (header, realm)
    assert contacts(platform, "7902") == []


def test_guessing_is_slowed_down(make, registrar):
    """As with a password, whatever the time in the name: after ten not even the right one helps."""
    made = make("7901")
    until, rest = made["username"].split(":", 1)
    for guess in range(10):
        refused = registrar.register("7901", "a.test", f"{int(until) - guess}:{rest}", "wrong")
        assert status(refused) == 403
    assert status(registrar.register("7901", "a.test", made["username"], made["password"])) == 403


def test_no_call_with_it_for_somebody_else(phone, make):
    made = make("7901", "b.test")
    caller = phone("7901", password=made["password"], login=made["username"], registered=False)
    caller.call("7902", sip.is_refused(403), record=False).finish()


def test_a_user_who_is_disabled(platform, make, registrar):
    """His credential is of no use while he is; afterwards it is again, until it ends."""
    made = make("7901")
    platform.db.set_user("7901", enabled=False)
    platform.edge.wait_until_gone("user", "a.test:7901")
    assert status(registrar.register("7901", "a.test", made["username"], made["password"])) == 403
    platform.db.set_user("7901", enabled=True)
    platform.edge.wait_for("user", "a.test:7901", "id=")
    assert status(registrar.register("7901", "a.test", made["username"], made["password"])) == 200


def test_a_user_who_was_deleted(platform, make, registrar):
    """The next one of that name is somebody else."""
    made = make("7901")
    remove_user(platform, "7901", "a.test")
    assert status(registrar.register("7901", "a.test", made["username"], made["password"])) == 403
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", "7901")
    platform.edge.wait_for("user", "a.test:7901", "id=")
    assert status(registrar.register("7901", "a.test", made["username"], made["password"])) == 403
    again = make("7901")
    assert status(registrar.register("7901", "a.test", again["username"], again["password"])) == 200


def test_the_secret_is_in_no_log(platform):
    secret = platform.secret("credential_key").encode()
    for log in (platform.state / "log").rglob("*.log"):
        assert secret not in log.read_bytes(), log
    for argv in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert secret not in argv.read_bytes(), argv
        except (FileNotFoundError, ProcessLookupError):
            pass
