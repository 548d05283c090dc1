"""Operators log in: sessions, codes, and guesses that make nobody wait but who guesses."""

import base64
import hashlib
import hmac
import itertools
import struct
import threading
import time

import pytest

from api import Api, make_key
from serve import is_listening, until
from test_api_access import ADMIN, Shell

RUNNING = ("serve",)
# Of each what is free, as in src/api/session.h.
FREE = 10
ADDRESSES = (f"198.51.{block}.{host}" for block in range(100, 200) for host in range(1, 255))


class Browser:
    """Keeps cookies as a browser does; `address` is where nginx says that it is."""

    def __init__(self, platform, address=None, tls=False):
        self._api = Api(platform)
        self.cookies, self.set, self.csrf = {}, {}, None
        self.address = address or next(ADDRESSES)
        self.tls = tls

    def ask(self, method, path, body=None, **headers):
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.csrf:
            headers.setdefault("X_CSRF_Token", self.csrf)
        headers["X_Forwarded_For"] = f"203.0.113.99, {self.address}"
        if self.tls:
            headers["X_Forwarded_Proto"] = "https"
        reply = self._api.ask(method, path, body, **headers)
        for line in reply.headers.get_all("Set-Cookie", ()):
            name, _, rest = line.partition("=")
            value, _, attributes = rest.partition("; ")
            self.set[name] = attributes
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return reply

    def try_login(self, name, password=ADMIN, **more):
        return self.ask("POST", "/session", {"name": name, "password": password, **more})

    def login(self, name, password=ADMIN, **more):
        reply = self.try_login(name, password, **more)
        assert reply.status == 200, reply
        self.csrf = reply.json["csrf_token"]
        return self

    def guess(self, name, times=1):
        """Statuses of wrong guesses, while they are tried."""
        return [self.try_login(name, f"not the password {n}").status for n in range(times)]


@pytest.fixture(scope="module")
def shell(platform):
    return Shell(platform)


@pytest.fixture
def browser(platform, serve):
    return lambda *where, **more: Browser(platform, *where, **more)


@pytest.fixture
def longer(platform):
    """Makes waits that have begun, of seconds, so long that a busy machine does not sleep through."""
    return lambda: platform.db.rows("UPDATE voip.login_failures SET blocked_until = now() + interval '5 minutes'"
                                    " WHERE blocked_until IS NOT NULL")


NAMES = (f"op{number}" for number in itertools.count())


@pytest.fixture
def operator(platform, shell):
    """Makes an operator; its name. By SQL: a hash that `dialplane` made for one of them."""
    made = []
    if not platform.db.rows("SELECT 1 FROM voip.operators WHERE name = 'first'"):
        shell.run("operator", "add", "first", "--role", "platform-admin", stdin=ADMIN)

    def make(role="tenant-admin", domain="a.test", user=None):
        name = next(NAMES)
        platform.db.rows(
            "INSERT INTO voip.operators (domain_id, name, role, user_id, password_hash)"
            " SELECT d.id, %s, %s, u.id, (SELECT password_hash FROM voip.operators WHERE name = 'first')"
            " FROM (VALUES (%s)) v (domain) LEFT JOIN voip.domains d ON d.name = v.domain"
            " LEFT JOIN voip.users u ON u.domain_id = d.id AND u.username = %s", name, role, domain, user)
        made.append(name)
        return f"{name}@{domain}" if domain else name

    yield make
    platform.db.rows("DELETE FROM voip.operators WHERE name = ANY (%s)", made)
    platform.db.rows("DELETE FROM voip.login_failures")


def totp(secret, shift=0):
    """RFC 6238, as an authenticator does it."""
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack(">Q", int(time.time() // 30) + shift), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


# ------------------------------------------------------------------ sessions

def test_login_and_logout(platform, browser, operator):
    name = operator()
    me = browser().login(name)
    assert me.set["dialplane"] == "Path=/; HttpOnly; SameSite=Strict"
    token = me.cookies["dialplane"]
    who = me.ask("GET", "/session").json
    assert (who["kind"], who["name"], who["role"], who["domain"]) == ("operator", name, "tenant-admin", "a.test")
    assert who["csrf_token"] == me.csrf and "access:write" in who["scopes"]
    stored = platform.db.rows("SELECT s.* FROM voip.sessions s JOIN voip.operators o ON o.id = s.operator_id"
                              " WHERE o.name = split_part(%s, '@', 1)", name)
    assert [row["token_sha256"] for row in stored] == [hashlib.sha256(token.encode()).digest()]
    assert str(stored[0]["address"]).startswith(me.address)
    out = me.ask("DELETE", "/session")
    assert out.status == 204 and "dialplane" not in me.cookies
    me.cookies["dialplane"] = token
    assert me.ask("GET", "/session").status == 401


def test_over_tls(browser, operator):
    """Names that a browser takes from this host over TLS only; what came without is no session there."""
    name = operator()
    me = browser(tls=True).login(name)
    assert me.set["__Host-dialplane"] == "Path=/; HttpOnly; SameSite=Strict; Secure"
    assert "dialplane" not in me.cookies
    assert me.ask("GET", "/session").status == 200
    me.cookies["dialplane"] = me.cookies.pop("__Host-dialplane")
    assert me.ask("GET", "/session").status == 401


def test_writes_need_the_csrf_token(browser, operator):
    me = browser().login(operator())
    other = browser().login(operator())
    right = me.csrf
    for wrong in (None, "", "0" * 64, other.csrf, me.cookies["dialplane"]):
        me.csrf = wrong
        refused = me.ask("POST", "/domains/a.test/conferences", {"name": "csrf"})
        assert refused.status == 403 and "X-CSRF-Token" in refused.json["detail"]
        assert me.ask("DELETE", "/session").status == 403
    assert me.ask("GET", "/domains/a.test/conferences").status == 200
    me.csrf = right
    made = me.ask("POST", "/domains/a.test/conferences", {"name": "csrf"})
    assert made.status == 201
    assert me.ask("DELETE", f"/domains/a.test/conferences/{made.json['id']}").status == 204


def test_sessions_end(platform, browser, operator, shell):
    """By time, by nobody using them, by a new password and by being disabled; each at once."""
    def session(change, *values):
        name = operator()
        me = browser().login(name)
        platform.db.rows(f"{change} WHERE operator_id = (SELECT id FROM voip.operators"
                         " WHERE name = split_part(%s, '@', 1))", *values, name)
        return me.ask("GET", "/session").status

    assert session("UPDATE voip.sessions SET expires_at = now()") == 401
    assert session("UPDATE voip.sessions SET last_used_at = now() - interval '31 minutes'") == 401
    assert session("UPDATE voip.sessions SET last_used_at = now() - interval '29 minutes'") == 200
    name = operator()
    me = browser().login(name)
    shell.run("operator", "password", name, stdin="another password")
    assert me.ask("GET", "/session").status == 401
    assert me.try_login(name).status == 401
    me.login(name, "another password")
    shell.run("operator", "disable", name)
    assert me.ask("GET", "/session").status == 401
    assert me.try_login(name, "another password").status == 401


def test_own_sessions(browser, operator, platform):
    """Everybody sees and ends his own, also an agent, and nobody else's; keys have none."""
    name, other = operator("supervisor"), browser().login(operator("supervisor"))
    desk, phone, lost = (browser().login(name) for _ in range(3))
    shown = desk.ask("GET", "/session/all").json["items"]
    assert [one["current"] for one in shown] == [False, False, True]
    assert [one["address"] for one in shown] == [lost.address, phone.address, desk.address]
    assert all(one["created_at"] <= one["last_used_at"] < one["ends_at"] for one in shown)
    path = f"/session/all/{shown[0]['id']}"
    assert other.ask("DELETE", path).status == 404 and lost.ask("GET", "/session").status == 200
    assert desk.ask("DELETE", path + "?dry_run=true").status < 300
    assert lost.ask("GET", "/session").status == 200
    csrf, desk.csrf = desk.csrf, None
    assert desk.ask("DELETE", path).status == 403
    desk.csrf = csrf
    assert desk.ask("DELETE", path).status == 204 and lost.ask("GET", "/session").status == 401
    assert desk.ask("DELETE", path).status == 404
    assert len(phone.ask("GET", "/session/all").json["items"]) == 2
    assert phone.ask("DELETE", "/session/all").json == {"ended": 2}
    assert desk.ask("GET", "/session").status == 401 == phone.ask("GET", "/session").status
    assert other.ask("GET", "/session").status == 200
    entries = platform.db.rows("SELECT method, resource, actor, before FROM voip.audit_log"
                               " ORDER BY id DESC LIMIT 2")
    assert entries == [{"method": "DELETE", "resource": "session", "actor": name,
                        "before": {"sessions": count}} for count in (2, 1)]
    key = Api(platform, make_key(platform.db, "a.test"))
    for method, path in (("GET", ""), ("DELETE", ""), ("DELETE", "/7")):
        assert key.ask(method, f"/session/all{path}").status == 409
    key.close()


def test_sessions_of_others(browser, operator, platform):
    """A tenant's administrator sees and ends those of his tenant, the platform's all of them."""
    admin, name, theirs = browser().login(operator()), operator("supervisor"), operator(domain="b.test")
    one, two, far = browser().login(name), browser().login(name), browser().login(theirs)
    base = "/domains/a.test/sessions"
    ids = {who: platform.db.value("SELECT id FROM voip.operators WHERE name = %s", who.split("@")[0])
           for who in (name, theirs)}
    shown = admin.ask("GET", f"{base}?operator_id={ids[name]}&embed=operator").json["items"]
    assert [row["address"] for row in shown] == [two.address, one.address]
    assert shown[0]["operator"]["name"] == name.split("@")[0] and "token" not in str(shown)
    assert not admin.ask("GET", f"{base}?operator_id={ids[theirs]}").json["items"]
    assert one.ask("GET", base).status == 403
    far_id = platform.db.value("SELECT id FROM voip.sessions WHERE operator_id = %s", ids[theirs])
    for method in ("GET", "DELETE"):
        assert admin.ask(method, f"{base}/{far_id}").status == 404
    assert admin.ask("DELETE", f"{base}/{shown[0]['id']}").status == 204
    assert two.ask("GET", "/session").status == 401 and one.ask("GET", "/session").status == 200
    end = "/domains/a.test/operators/{}/sessions"
    assert admin.ask("DELETE", end.format(ids[theirs])).status == 404
    assert admin.ask("DELETE", end.format(ids[name]) + "?dry_run=true").json == {"ended": 1}
    assert one.ask("GET", "/session").status == 200
    assert admin.ask("DELETE", end.format(ids[name])).json == {"ended": 1}
    assert one.ask("GET", "/session").status == 401 and far.ask("GET", "/session").status == 200
    assert admin.ask("DELETE", "/operators/1/sessions").status == 404
    root = Api(platform, make_key(platform.db))
    assert {row["operator_id"] for row in root.all("/sessions")} >= {ids[theirs]}
    assert root.delete(f"/operators/{ids[theirs]}/sessions").json == {"ended": 1}
    assert far.ask("GET", "/session").status == 401
    entry = platform.db.rows("SELECT domain, resource, object_id FROM voip.audit_log"
                             " ORDER BY id DESC LIMIT 1")[0]
    assert entry == {"domain": "b.test", "resource": "operators/sessions",
                     "object_id": str(ids[theirs])}
    root.close()


def test_own_password(browser, operator):
    name = operator()
    me, elsewhere = browser().login(name), browser().login(name)
    new = "a new password of mine"
    wrong = me.ask("POST", "/session/password", {"password": "not this one", "new_password": new})
    assert wrong.status == 422 and me.ask("GET", "/session").status == 200
    short = me.ask("POST", "/session/password", {"password": ADMIN, "new_password": "short"})
    assert short.status == 422
    assert me.ask("POST", "/session/password", {"password": ADMIN, "new_password": new}).status == 204
    assert me.ask("GET", "/session").status == elsewhere.ask("GET", "/session").status == 401
    me.login(name, new)


def test_own_password_is_not_guessed(browser, operator, longer):
    me = browser().login(operator())
    guess = {"password": "wrong", "new_password": ADMIN}
    for _ in range(FREE + 1):
        assert me.ask("POST", "/session/password", guess).status == 422
    longer()
    assert me.ask("POST", "/session/password", {**guess, "password": ADMIN}).status == 429
    assert me.ask("GET", "/session").status == 200


def test_what_roles_may(browser, operator):
    supervisor = browser().login(operator("supervisor"))
    assert supervisor.ask("GET", "/domains/a.test/users").status == 200
    refused = supervisor.ask("POST", "/domains/a.test/conferences", {"name": "no"})
    assert refused.status == 403 and "config:write" in refused.json["detail"]
    assert supervisor.ask("GET", "/domains/a.test/operators").status == 403
    assert supervisor.ask("GET", "/domains/b.test/users").status == 404
    agent = browser().login(operator("agent", user="1001"))
    assert agent.ask("GET", "/domains/a.test/users").status == 403
    assert agent.ask("GET", "/session").json["role"] == "agent"
    admin = browser().login(operator("platform-admin", domain=None))
    for domain in ("a.test", "b.test"):
        assert admin.ask("GET", f"/domains/{domain}/users").status == 200


# ------------------------------------------------------------------ wrong logins

def test_names_and_passwords_that_are_wrong(browser, operator):
    """Same status, same bytes."""
    name = operator()
    replies = [browser().try_login(*guess) for guess in (
        (name, "not the password"), (f"{name}x", ADMIN), ("nobody@a.test", ADMIN), (name.split("@")[0], ADMIN),
        (name.replace("a.test", "b.test"), ADMIN), ("first@", ADMIN), ("' OR 1=1 --", ADMIN), (name, ADMIN + " "),
        ("é\u202e", ADMIN))]
    assert {reply.status for reply in replies} == {401}
    assert len({reply.raw for reply in replies}) == 1
    assert not [reply for reply in replies if "Set-Cookie" in reply.headers]
    browser().login(name.upper())


@pytest.mark.parametrize("body", [
    {}, {"name": "x"}, {"password": "x"}, {"name": "", "password": "x"}, {"name": 1, "password": "x"},
    {"name": "x", "password": ["x"]}, {"name": "x" * 5000, "password": "x"},
    {"name": "x", "password": "x" * 5000}, {"name": "x", "password": "x", "code": 123456}])
def test_bodies_that_are_no_login(browser, body):
    assert browser().ask("POST", "/session", body).status == 422


def test_form_of_another_site(browser):
    """What a page of another site could send without being asked."""
    reply = browser().ask("POST", "/session", "name=x&password=y", Content_Type="application/x-www-form-urlencoded")
    assert reply.status == 415
    assert browser().ask("POST", "/session", '{"name":"x"}', Content_Type="text/plain").status == 415


# ------------------------------------------------------------------ guessing

def test_one_address_guesses(platform, browser, operator, longer):
    """It has to wait, whatever name it tries next; nobody else does."""
    guesser, victim = browser(), operator()
    assert guesser.guess(victim, FREE + 1) == [401] * (FREE + 1)
    assert {row["wait"].seconds for row in platform.db.rows(
        "SELECT blocked_until - last_at AS wait FROM voip.login_failures")} == {2}
    longer()
    waits = guesser.try_login(operator())
    assert waits.status == 429 and 200 <= int(waits.headers["Retry-After"]) <= 300
    # The same for names that are not there, and the right password helps nothing.
    assert guesser.try_login("nobody").raw == waits.raw
    assert guesser.try_login(victim).status == 429
    browser().login(operator())


def test_a_name_is_guessed_from_many_addresses(browser, operator, longer):
    """Strangers wait for this name. Where its operator has logged in before, he notices nothing."""
    victim = operator()
    at_home = browser().login(victim)
    on_the_road = browser().login(victim)
    on_the_road.address = next(ADDRESSES)
    other_browser = browser(at_home.address)
    assert [browser().guess(victim) for _ in range(FREE + 1)] == [[401]] * (FREE + 1)
    longer()
    assert browser().try_login(victim).status == 429
    assert browser().try_login(victim.upper()).status == 429
    at_home.login(victim)             # known browser, known address
    on_the_road.login(victim)         # known browser, new address
    other_browser.login(victim)       # new browser, known address
    assert browser().try_login(victim).status == 429
    browser().login(operator())       # another name
    # Nobody can tell by it which names are there.
    assert [browser().guess("nobody@a.test") for _ in range(FREE + 1)] == [[401]] * (FREE + 1)
    longer()
    assert browser().try_login("nobody@a.test").status == 429


def test_a_colleague_guesses(browser, operator, longer):
    """Behind the same address: what he uses up there is not what a known browser has."""
    victim = operator()
    mine = browser().login(victim)
    colleague = browser(mine.address)
    assert colleague.guess(victim, FREE + 1) == [401] * (FREE + 1)
    longer()
    assert colleague.try_login(victim).status == 429
    mine.login(victim)
    # And not what others from elsewhere have.
    browser().login(victim)


def test_a_known_browser_guesses(browser, operator, longer):
    """Whoever has taken it does not guess for ever, and another one's cookie is none."""
    victim, other = operator(), operator()
    stolen = browser().login(victim)
    assert stolen.guess(victim, FREE + 1) == [401] * (FREE + 1)
    longer()
    assert stolen.try_login(victim).status == 429
    stolen.address = next(ADDRESSES)
    assert stolen.guess(other, FREE + 1) == [401] * (FREE + 1)
    longer()
    assert stolen.try_login(other).status == 429


def test_own_logins_do_not_buy_guesses(browser, operator, longer):
    """Who logs in as himself in between has as many guesses at others as without."""
    address = next(ADDRESSES)
    for _ in range(FREE + 1):
        assert browser(address).guess(operator()) == [401]
        # Another account of his own each time: from here it is a stranger, too.
        assert browser(address).try_login(operator()).status in (200, 429)
    longer()
    assert browser(address).guess(operator()) == [429]


def test_many_guesses_at_once(platform, browser, operator):
    """Each is counted before it is tried: no more slip through than one after the other."""
    victim, tried = operator(), []
    address = next(ADDRESSES)

    def guess():
        me = browser(address)
        while True:
            reply = me.try_login(victim, "not the password")
            if reply.status == 401:
                tried.append(reply)
            elif "have failed" in reply.json["detail"]:
                return

    began = time.monotonic()
    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # After the free ones and one more the waits begin, of 2, 4, 8 … seconds.
    took = time.monotonic() - began
    waited = sum(took > 2 ** (n + 1) - 2 for n in range(1, 9))
    assert FREE + 1 <= len(tried) <= FREE + 1 + waited
    assert platform.db.value("SELECT max(failures) FROM voip.login_failures") == len(tried)


# ------------------------------------------------------------------ codes

def enrol(me):
    told = me.ask("POST", "/session/totp", {"password": ADMIN})
    assert told.status == 200, told
    return told.json


def test_authenticator(platform, browser, operator):
    name = operator()
    me = browser().login(name)
    assert me.ask("POST", "/session/totp", {"password": "wrong password"}).status == 422
    told = enrol(me)
    assert told["uri"].startswith(f"otpauth://totp/Dialplane:{name}?secret={told['secret']}&")
    browser().login(name)             # nothing is asked for yet
    assert me.ask("POST", "/session/totp/confirm", {"code": "000000"}).status == 422
    done = me.ask("POST", "/session/totp/confirm", {"code": totp(told["secret"])})
    assert done.status == 200 and len(set(done.json["recovery_codes"])) == 10
    stored = platform.db.rows("SELECT * FROM voip.operators WHERE name = split_part(%s, '@', 1)", name)[0]
    assert stored["recovery_codes"] == [hashlib.sha256(code.encode()).digest() for code in done.json["recovery_codes"]]
    assert me.ask("POST", "/session/totp", {"password": ADMIN}).status == 409

    asked = browser().try_login(name)
    assert asked.status == 401 and asked.json["totp_required"] is True
    assert "Set-Cookie" not in asked.headers
    assert "totp_required" not in (browser().try_login(name, "wrong password").json)
    # The next one: it is good for a minute, so that no step that ends right now spoils the test.
    code = totp(told["secret"], 1)
    assert browser().try_login(name, code="0" * 6 if code != "0" * 6 else "1" * 6).status == 401
    browser().login(name, code=code)
    again = browser().try_login(name, code=code)
    assert again.status == 401 and "totp_required" not in again.json
    assert browser().try_login(name, code=totp(told["secret"], -2)).status == 401


def test_recovery_codes(browser, operator, shell):
    name = operator()
    me = browser().login(name)
    secret = enrol(me)["secret"]
    codes = me.ask("POST", "/session/totp/confirm", {"code": totp(secret)}).json["recovery_codes"]
    browser().login(name, code=codes[0])
    assert browser().try_login(name, code=codes[0]).status == 401
    assert browser().try_login(name, "wrong password", code=codes[1]).status == 401
    browser().login(name, code=codes[1])
    wrong = me.ask("POST", "/session/totp/disable", {"password": ADMIN, "code": codes[1]})
    assert wrong.status == 422
    assert me.ask("POST", "/session/totp/disable", {"password": ADMIN, "code": codes[2]}).status == 204
    browser().login(name)
    me.ask("POST", "/session/totp/confirm", {"code": totp(enrol(me)["secret"], 1)})
    assert browser().try_login(name).json["totp_required"]
    shell.run("operator", "no-codes", name)
    browser().login(name)


def test_codes_are_not_guessed(browser, operator, longer):
    name = operator()
    me = browser().login(name)
    secret = enrol(me)["secret"]
    assert me.ask("POST", "/session/totp/confirm", {"code": totp(secret)}).status == 200
    right = {totp(secret, shift) for shift in range(-1, 4)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)
    for _ in range(FREE + 1):
        assert me.try_login(name, code=wrong).status == 401
    longer()
    assert me.try_login(name, code=totp(secret, 1)).status == 429
    disable = {"password": ADMIN, "code": wrong}
    for _ in range(FREE + 1):
        assert me.ask("POST", "/session/totp/disable", disable).status == 422
    longer()
    assert me.ask("POST", "/session/totp/disable", disable).status == 429


# ------------------------------------------------------------------ what is over

def test_what_is_over_is_swept_away(platform, browser, operator):
    """With the first request after a start, and then every ten minutes."""
    name = operator()
    browser().login(name)
    platform.db.rows("UPDATE voip.sessions SET expires_at = now()")
    platform.supervisor.stop_process("serve")
    platform.supervisor.start("serve")
    until(lambda: is_listening(platform, "control.api_port"))
    assert browser().ask("GET", "/session").status == 401
    other = operator()
    until(lambda: browser().login(other).ask("GET", "/session").status == 200
          and not platform.db.value("SELECT count(*) FROM voip.sessions WHERE expires_at <= now()"))
