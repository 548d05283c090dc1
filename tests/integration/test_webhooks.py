"""Webhooks of a running `dialplane serve`, with receivers that are real and misbehave."""

import http.server
import json
import os
import re
import signal
import socket
import ssl
import threading
import time
import uuid

import pytest
import yaml

from front.options import CLONE
from lib import db as tenants
from lib.db import Database
from lib.platform import TestPlatform
from lib.ports import free_ports
from lib.tls import make_certificate
from records import STREAM, Redis, wait_for
from serve import Serve, is_listening, until

TIMEOUT_S = 2
WAIT = 30


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what is posted to each path, and answers as `answers` of the path says, in turn."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port=0, files=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.got, self.answers, self.lock = {}, {}, threading.Lock()
        self.order = []           # of paths, as requests came
        self.release = threading.Event()
        self.scheme = "https" if files else "http"
        if files:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*files)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def take(self, path, headers, body):
        """What to answer: the path's next answer, the last one for ever."""
        with self.lock:
            self.got.setdefault(path, []).append((headers, body))
            self.order.append(path)
            answers = self.answers.get(path, [204])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def ids(self, path):
        with self.lock:
            return [headers["X-Dialplane-Delivery"] for headers, _ in self.got.get(path, [])]

    def wait(self, path, count=1):
        until(lambda: len(self.ids(path)) >= count, WAIT)
        return self.got[path]

    def handle_error(self, request, client_address):
        """A client that goes away is part of the tests."""

    def end(self):
        self.release.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.take(self.path, dict(self.headers), body)
        if answer == "silence":
            self.server.release.wait(60)
            answer = 204
        self.send_response(200 if answer == "long" else answer)
        if answer == 302:
            self.send_header("Location", "/elsewhere")
        content = b"x" * 1000000 if answer == "long" else b""
        if answer != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Hooks:
    """The platform's webhooks, from an operator's view."""

    def __init__(self, platform):
        self.platform, self.db, self.state = platform, platform.db, platform.state

    def run(self, *words):
        return self.state.try_run([self.state / "bin/dialplane", "webhook", *words, "-s",
                                   self.state])

    def add(self, domain, url, events="call.ended"):
        done = self.run("add", domain, url, "--events", events, "--json")
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        return made["id"], made["secret"]

    def call(self, domain, **values):
        """Inserts a call's record, as the writer does; its uuid."""
        call = str(uuid.uuid4())
        columns = {"caller": "1001", "reconciled": None, **values}
        self.db.rows(
            "INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms,"
            " domain_id, domain, direction, callee, callee_reached, service, hangup_cause,"
            " hangup_side, node, source, sip_call_id, caller, reconciled)"
            " SELECT %s, now(), now(), 7000, 0, id, name, 'internal', '1002', '1002', 'user',"
            " 'NORMAL_CLEARING', 'caller', 'one', 'edge', 'x', %s, %s"
            " FROM voip.domains WHERE name = %s", call, columns["caller"], columns["reconciled"],
            domain)
        return call

    def delivery(self, webhook):
        return self.db.rows("SELECT * FROM voip.webhook_deliveries WHERE webhook_id = %s"
                            " ORDER BY created_at DESC", webhook)[0]

    def wait_for(self, webhook, **expected):
        """The latest delivery to it, when it is as expected."""
        until(lambda: {key: self.delivery(webhook)[key] for key in expected} == expected, WAIT)
        return self.delivery(webhook)

    def wait_until_delivered(self, webhook):
        until(lambda: self.delivery(webhook)["delivered_at"], WAIT)
        return self.delivery(webhook)


def settings(platform, **webhooks):
    """The deployment file that `serve` reads from now on."""
    file = platform.state / "etc/deploy.yaml"
    deployment = yaml.safe_load(file.read_text())
    deployment["webhooks"] = {"allow_private": True, "timeout_s": TIMEOUT_S, "retry_s": 1,
                              **webhooks}
    file.write_text(yaml.safe_dump(deployment))


def restart(platform):
    platform.supervisor.stop_process("serve")
    platform.supervisor.start("serve")
    until(lambda: is_listening(platform, "control.documents_port"))


@pytest.fixture(scope="module")
def platform():
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        for domain in tenants.DOMAINS:
            tenants.add_tenant(made.db, domain)
        settings(made)
        made.supervisor.start("serve")
        until(lambda: is_listening(made, "control.documents_port"))
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def hooks(platform):
    yield Hooks(platform)
    platform.db.rows("DELETE FROM voip.webhooks")


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.end()


def documented_verify():
    """The function of docs/webhooks.md."""
    names = {}
    text = (CLONE / "docs/webhooks.md").read_text(encoding="utf-8")
    exec(re.search(r"```python\n(.*?)```", text, re.S)[1], names)  # pylint: disable=exec-used
    return names["verify"]


def test_signed_and_told_at_once(hooks, receiver):
    """An event of each kind to who wants it, as the documents say; nothing to another tenant."""
    hook, secret = hooks.add("a.test", receiver.url("/a"), "call.ended,recording.ready")
    hooks.add("b.test", receiver.url("/b"), "call.ended,recording.ready")
    call = hooks.call("a.test", caller='"<Ä\t\\u0041')
    (headers, body), = receiver.wait("/a")
    verify = documented_verify()
    assert verify(secret, headers, body)
    assert not verify(secret, headers, body + b" ")
    assert not verify(secret[:-1], headers, body)
    assert not verify(secret, {**headers, "X-Dialplane-Timestamp":
                               str(int(headers["X-Dialplane-Timestamp"]) - 1)}, body)
    told = json.loads(body)
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Dialplane-Event"] == told["event"] == "call.ended"
    assert headers["X-Dialplane-Delivery"] == told["id"] == str(hooks.delivery(hook)["id"])
    assert told["domain"] == "a.test"
    assert (told["call"]["id"], told["call"]["caller"], told["call"]["duration_ms"],
            told["call"]["reconciled"]) == (call, '"<Ä\t\\u0041', 7000, None)
    hooks.db.rows(
        "INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path,"
        " format, bytes, duration_ms, sha256) SELECT n, %s, now(), d.id, d.name, 'one',"
        " 'recordings/2026/01/31/' || n || '.wav', 'wav', 4, 1, repeat('0', 64)"
        " FROM voip.domains d, gen_random_uuid() n WHERE d.name = 'a.test'", call)
    headers, body = receiver.wait("/a", 2)[1]
    assert verify(secret, headers, body)
    assert headers["X-Dialplane-Event"] == "recording.ready"
    assert json.loads(body)["recording"]["call_id"] == call
    row = hooks.wait_until_delivered(hook)
    assert (row["attempts"], row["last_status"], row["last_error"]) == (1, 204, None)
    assert receiver.ids("/b") == []


def test_from_the_queue(hooks, platform, receiver):
    """The real writer, with what the edge reports: told once, however often it is reported."""
    platform.supervisor.start("redis")
    redis = Redis(platform.state.path, platform.deployment["queue.port"],
                  platform.secret("redis_password"))
    wait_for(lambda: redis.call("PING") == b"PONG", "Redis answers")
    platform.supervisor.start("cdr-writer")
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    call = str(uuid.uuid4())
    record = json.dumps({"v": 1, "id": call, "start": f"{int(time.time()) - 9}.352172",
                         "end": f"{int(time.time())}.5", "from": "\"<&'\\Ä", "to": "1002",
                         "reached": "1002", "domain": "a.test", "dir": "internal", "ext": "user",
                         "code": 486, "by": "callee", "sip_call_id": "a@b", "node": "one"})
    for _ in range(2):
        redis.call("XADD", STREAM, "*", "src", "edge", "node", "one", "body", record)
    (_, body), = receiver.wait("/a")
    told = json.loads(body)["call"]
    assert (told["id"], told["caller"], told["sip_code"], told["answered_at"]) == (
        call, "\"<&'\\Ä", 486, None)
    wait_for(lambda: redis.call("XLEN", STREAM) == 0, "both are done with")
    assert hooks.db.value("SELECT count(*) FROM voip.webhook_deliveries WHERE webhook_id = %s",
                          hook) == 1


def test_again_after_an_error(hooks, receiver):
    """Refused, redirected, then taken: one id, each time signed anew, nothing asked elsewhere."""
    receiver.answers["/a"] = [500, 302, 204]
    hook, secret = hooks.add("a.test", receiver.url("/a"))
    hooks.call("a.test")
    receiver.wait("/a")
    failed = hooks.wait_for(hook, last_status=500)
    assert failed["last_error"] and not failed["delivered_at"]
    got = receiver.wait("/a", 3)
    row = hooks.wait_until_delivered(hook)
    assert (row["attempts"], row["last_status"]) == (3, 204)
    assert set(receiver.ids("/a")) == {str(row["id"])} and "/elsewhere" not in receiver.got
    stamps = {headers["X-Dialplane-Timestamp"] for headers, _ in got}
    assert len(stamps) >= 2
    assert all(documented_verify()(secret, *request) for request in got)


def test_a_receiver_that_is_away(hooks):
    """Nobody listens; then somebody does."""
    port, = free_ports(1)
    hook, _ = hooks.add("a.test", f"http://127.0.0.1:{port}/a")
    hooks.call("a.test")
    until(lambda: hooks.delivery(hook)["last_error"], WAIT)
    assert hooks.delivery(hook)["last_status"] is None
    late = Receiver(port)
    try:
        late.wait("/a")
        hooks.wait_until_delivered(hook)
    finally:
        late.end()


def test_a_silent_one_holds_up_nobody(hooks, platform, receiver):
    """A tenant's receiver takes 300 events without a word; another tenant's has its own at once."""
    receiver.answers["/silent"] = ["silence"]
    silent, _ = hooks.add("a.test", receiver.url("/silent"))
    other, _ = hooks.add("b.test", receiver.url("/b"))
    with hooks.db.transaction():
        for _ in range(300):
            hooks.call("a.test")
        hooks.call("b.test")
    receiver.wait("/b")
    hooks.wait_until_delivered(other)
    receiver.wait("/silent", 5)
    assert "/b" in receiver.order[:5], "four at a time, the other one beside them"
    # They failed: one at a time from now on.
    receiver.wait("/silent", 6)
    assert hooks.db.value("SELECT count(*) FROM voip.webhook_deliveries WHERE webhook_id = %s"
                          " AND last_error LIKE '%%imeout%%'", silent) >= 4
    assert Serve(platform).metrics()["dialplane_serve_webhooks_in_flight"] <= 1
    hooks.call("b.test")
    receiver.wait("/b", 2)


def test_a_row_that_somebody_holds(hooks, platform, receiver):
    """An operator's open transaction keeps nobody's events."""
    receiver.answers["/held"] = ["silence"]
    hook, _ = hooks.add("a.test", receiver.url("/held"))
    hooks.add("b.test", receiver.url("/b"))
    hooks.call("a.test")
    receiver.wait("/held")
    other = Database(platform.deployment, platform.secret("db_admin"))
    try:
        with other.transaction():
            other.rows("DELETE FROM voip.webhooks WHERE id = %s", hook)
            receiver.release.set()
            for count in range(1, 4):
                hooks.call("b.test")
                receiver.wait("/b", count)
            hooks.call("a.test")
    finally:
        other.close()


def test_a_long_answer(hooks, receiver):
    """Of a megabyte nobody reads more than some; it was a yes."""
    receiver.answers["/a"] = ["long"]
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    hooks.call("a.test")
    assert hooks.wait_until_delivered(hook)["last_status"] == 200


def test_dead_and_replayed(hooks, receiver):
    """Given up after a day; sent again by hand, with the same id, as is one that was delivered."""
    receiver.answers["/a"] = [503]
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    hooks.call("a.test")
    receiver.wait("/a")
    hooks.db.rows("UPDATE voip.webhook_deliveries SET since = now() - interval '25 hours'")
    until(lambda: hooks.delivery(hook)["dead_at"], WAIT)
    dead = json.loads(hooks.run("deliveries", "--dead", "--json").stdout)
    assert [(one["webhook"], one["state"], one["last_status"]) for one in dead] == [
        (hook, "dead", 503)]
    listed = json.loads(hooks.run("list", "--json").stdout)
    assert [(one["id"], one["tenant"], one["dead"], one["pending"]) for one in listed] == [
        (hook, "a.test", 1, 0)]
    # Of another tenant there is nothing.
    assert hooks.run("replay", "--dead", "--tenant", "b.test").stdout == "0 sent once more\n"
    receiver.answers["/a"] = [204]
    count = len(receiver.ids("/a"))
    assert hooks.run("replay", "--dead").stdout == "1 sent once more\n"
    receiver.wait("/a", count + 1)
    row = hooks.wait_until_delivered(hook)
    assert row["attempts"] == 1
    assert hooks.run("replay", str(row["id"])).returncode == 0
    receiver.wait("/a", count + 2)
    assert set(receiver.ids("/a")) == {str(row["id"])}


def test_the_verb(hooks, receiver):
    """Help, exit codes, a test, and no secret anywhere but where it is made."""
    receiver.answers["/bad"] = [400]
    hook, secret = hooks.add("a.test", receiver.url("/a"))
    assert hooks.run("test", str(hook)).returncode == 0
    (headers, body), = receiver.wait("/a")
    assert headers["X-Dialplane-Event"] == "webhook.test"
    assert documented_verify()(secret, headers, body)
    bad, _ = hooks.add("a.test", receiver.url("/bad"))
    done = hooks.run("test", str(bad), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["status"] == 400
    for words in ("list",), ("list", "--json"), ("deliveries",), ("deliveries", "--json"):
        done = hooks.run(*words)
        assert done.returncode == 0 and done.stdout and "whsec" not in done.stdout, done.stderr
    assert secret not in (hooks.state / "log/serve.log").read_text()
    assert hooks.run("pause", str(hook)).returncode == 0
    assert hooks.run("test", str(hook)).returncode == 1
    assert hooks.run("resume", str(hook)).returncode == 0
    assert hooks.run("remove", str(bad)).returncode == 0
    assert hooks.run("remove", str(bad)).returncode == 1
    assert hooks.run("add", "gone.test", receiver.url("/")).returncode == 1
    assert hooks.run("add", "a.test", receiver.url("/"), "--events", "x").returncode == 1
    assert hooks.run("add", "a.test").returncode == 2
    assert hooks.run("replay").returncode == 2
    assert hooks.run("replay", str(uuid.uuid4())).returncode == 1
    assert hooks.run("nothing").returncode == 2
    assert hooks.run("add", "--help").returncode == 0


def test_killed_while_it_delivers(hooks, platform, receiver):
    """SIGKILL after the request went out: the next `serve` sends it again, under the same id."""
    receiver.answers["/a"] = ["silence", 204]
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    hooks.call("a.test")
    receiver.wait("/a")
    os.kill(platform.supervisor.processes()["serve"]["pid"], signal.SIGKILL)
    receiver.wait("/a", 2)
    row = hooks.wait_until_delivered(hook)
    assert set(receiver.ids("/a")) == {str(row["id"])}
    until(lambda: is_listening(platform, "control.documents_port"))


def test_the_database_away(hooks, platform, receiver):
    """Taken while PostgreSQL goes: it is told when it is back. Phones are answered meanwhile."""
    receiver.answers["/a"] = ["silence", 204]
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    serve = Serve(platform)
    serve.wait_for_health(status="ok", pending=0)
    assert serve.user("1001", "a.test")
    hooks.call("a.test")
    receiver.wait("/a")
    platform.supervisor.stop_process("postgresql")
    try:
        receiver.release.set()
        serve.wait_for_health(database="away")
        began = time.monotonic()
        assert serve.user("1001", "a.test")
        assert time.monotonic() - began < 1
    finally:
        platform.supervisor.start("postgresql")
    row = hooks.wait_until_delivered(hook)
    assert set(receiver.ids("/a")) == {str(row["id"])}


def test_what_was_delivered_is_marked_when_its_row_is_free(hooks, platform, receiver):
    """Another node that looks for work, say: what was delivered is not delivered again."""
    receiver.answers["/a"] = ["silence", 204]
    hook, _ = hooks.add("a.test", receiver.url("/a"))
    hooks.call("a.test")
    receiver.wait("/a")
    with platform.db.transaction():
        platform.db.rows("SELECT FROM voip.webhook_deliveries WHERE webhook_id = %s FOR UPDATE", hook)
        receiver.release.set()
        time.sleep(0.5)
    hooks.wait_until_delivered(hook)
    assert len(receiver.ids("/a")) == 1


def test_two_nodes_share(hooks, platform, receiver):
    """Each attempt is made once, by one of two, and neither stands by while the other is at work."""
    documents, agi, api = free_ports(3)
    config = platform.folder / "second.yaml"
    deployment = yaml.safe_load((platform.state / "etc/deploy.yaml").read_text())
    deployment["control"].update(documents_port=documents, agi_port=agi, api_port=api)
    config.write_text(yaml.safe_dump(deployment))
    config.chmod(0o644)
    with open(platform.folder / "second.log", "w", encoding="utf-8") as log:
        second = platform.state.popen([platform.state / "bin/dialplane", "serve", "-s",
                                       platform.state, "-c", config], stderr=log)
    count = ("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dialplane webhooks'")
    try:
        until(lambda: platform.db.value(count) == 2)
        serve = Serve(platform)
        before = serve.metrics()["dialplane_serve_webhooks_delivered_total"]
        for n in range(8):
            hooks.add("a.test", receiver.url(f"/{n}"))
        here = made = 0
        # On a busy machine one of them may be through with all of 400 before the other wakes up.
        while here in (0, 8 * made) and made < 500:
            with platform.db.transaction():
                for _ in range(50):
                    hooks.call("a.test")
            made += 50
            until(lambda: platform.db.value("SELECT count(*) FROM voip.webhook_deliveries"
                                            " WHERE delivered_at IS NOT NULL") == 8 * made, WAIT)
            for n in range(8):
                assert len(set(receiver.ids(f"/{n}"))) == made
            # More of them than one each, where a receiver was too slow for the first.
            attempts = platform.db.value("SELECT sum(attempts) FROM voip.webhook_deliveries")
            assert sum(len(receiver.ids(f"/{n}")) for n in range(8)) == attempts
            here = serve.metrics()["dialplane_serve_webhooks_delivered_total"] - before
        assert 0 < here < 8 * made
    finally:
        second.terminate()
        assert second.wait(timeout=10) == 0


def test_nothing_inside_is_reached(hooks, platform, receiver):
    """Without the operator's leave no connection is made to addresses inside, however written."""
    port = receiver.server_address[1]
    hosts = ("127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::1]",
             "[::ffff:127.0.0.1]")
    connected = []
    receiver.verify_request = lambda *request: connected.append(request) or True
    settings(platform, allow_private=False)
    restart(platform)
    try:
        assert hooks.run("add", "a.test", receiver.url("/")).returncode == 1
        made = [hooks.add("a.test", f"https://{host}:{port}/")[0] for host in hosts]
        made.append(hooks.db.value("INSERT INTO voip.webhooks (domain_id, url, events) SELECT id,"
                                   " %s, '{call.ended}' FROM voip.domains WHERE name = 'a.test'"
                                   " RETURNING id", receiver.url("/plain")))
        hooks.call("a.test")
        for hook in made:
            until(lambda: hooks.delivery(hook)["last_error"], WAIT)
            assert "operator" in hooks.delivery(hook)["last_error"], hooks.delivery(hook)
        assert connected == []
    finally:
        settings(platform)
        restart(platform)


def test_a_certificate_is_needed(hooks, platform):
    """One that nobody vouches for is refused, and gets no event."""
    encrypted = Receiver(files=make_certificate(platform.folder, platform.ca, "127.0.0.1"))
    try:
        hook, _ = hooks.add("a.test", encrypted.url("/"))
        hooks.call("a.test")
        until(lambda: hooks.delivery(hook)["last_error"], WAIT)
        assert "certificate" in hooks.delivery(hook)["last_error"]
        assert encrypted.got == {}
    finally:
        encrypted.end()
