"""`dialplane serve` without its database: tenants are served from their copies on disk."""

import os
import signal
import stat
import threading
import time
import xmlrpc.client

import psycopg
import pytest

from front.errors import FrontError
from lib import db as tenants
from lib.db import Database
from lib.platform import TestPlatform
from serve import SOON, Serve, directory, is_listening, menu_of, set_email, until

DOMAINS = (*tenants.DOMAINS, "c.test", "d.test")


class Scene:
    """A database and serve, each of which comes and goes."""

    def __init__(self, platform):
        self.platform = platform
        self.supervisor = platform.supervisor
        self.db = platform.db
        self.serve = Serve(platform)
        self.folder = platform.state / "tenants"

    def kill(self, name):
        """SIGKILL, and it stays away."""
        os.kill(self.supervisor.processes()[name]["pid"], signal.SIGKILL)
        until(lambda: self._stays_away(name))

    def _stays_away(self, name):
        """supervisord starts again what died, so this may take a second try."""
        try:
            self.supervisor.stop_process(name)
        except xmlrpc.client.Fault:
            pass
        return self.supervisor.processes()[name]["statename"] in ("STOPPED", "EXITED", "FATAL")

    def kill_database(self):
        self.db.close()
        self.kill("postgresql")
        until(lambda: not is_listening(self.platform, "db.port"))

    def start_database(self):
        self.supervisor.start("postgresql")
        until(self._can_connect)

    def _can_connect(self):
        try:
            return self.db.value("SELECT true")
        except psycopg.OperationalError:
            return False

    def restart(self):
        if self.supervisor.processes()["serve"]["statename"] == "RUNNING":
            self.supervisor.stop_process("serve")
        self.supervisor.start("serve")
        until(lambda: is_listening(self.platform, "control.documents_port"))

    def copies(self):
        """Domains with a file; what is being written has no domain's name."""
        return {path.name for path in self.folder.iterdir() if not path.name.startswith(".")}

    def wait_for_copies(self, *domains):
        until(lambda: self.copies() == set(domains or DOMAINS))

    def metric(self, name):
        return self.serve.metrics()[f"dialplane_serve_{name}"]

    def warnings(self):
        """Lines of the log that are about copies."""
        return [line for line in self.log().splitlines() if "the copy of" in line]

    def log(self):
        return (self.platform.state / "log/serve.log").read_text(encoding="utf-8")

    def answers(self, menus):
        """All that serve says of every tenant."""
        return {domain: [self.serve.user(user, domain) for user in tenants.USERS]
                + [self.serve.menu(menus[domain], domain),
                   self.serve.agi(f"ivr?domain={domain}&id={menus[domain]}"),
                   self.serve.agi(f"mailbox-pin?domain={domain}&id=1001&pin={tenants.PIN}")]
                for domain in DOMAINS}


@pytest.fixture(scope="module")
def platform():
    """A platform of which only the database and serve run."""
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        for domain in DOMAINS:
            tenants.add_tenant(made.db, domain)
        made.supervisor.start("serve")
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def scene(platform):
    """Healthy, with a copy of every tenant, at the start of each test."""
    made = Scene(platform)
    made.start_database()
    made.supervisor.start("serve")
    until(lambda: is_listening(platform, "control.documents_port"))
    made.serve.wait_for_health(status="ok", pending=0)
    made.wait_for_copies()
    return made


def test_copies_are_for_nobody_else(scene):
    assert stat.S_IMODE(scene.folder.stat().st_mode) == 0o700
    for domain in DOMAINS:
        assert stat.S_IMODE((scene.folder / domain).stat().st_mode) == 0o600


def test_restart_without_the_database(scene, record_property):
    menus = {domain: menu_of(scene.db, domain) for domain in DOMAINS}
    before = scene.answers(menus)
    assert all(None not in answers for answers in before.values())
    scene.kill_database()
    scene.restart()
    status, health = scene.serve.health()
    assert (status, health["status"], health["database"]) == (200, "stale", "away")
    assert health["tenants"] == len(DOMAINS) and health["in_memory"] == 0
    began = time.monotonic()
    assert scene.serve.user("1001", "a.test")
    record_property("first_answer_from_copy_ms", round((time.monotonic() - began) * 1000, 1))
    assert scene.answers(menus) == before
    assert scene.metric("copies_read_total") == len(DOMAINS)
    # Whether there is such a tenant cannot be told, which is said at once.
    began = time.monotonic()
    for name in range(20):
        status, _ = scene.serve.post("/fs/xml/directory",
                                     directory(f"z{name}.test", user="1", key="id"))
        assert status == 503
    assert scene.serve.agi("ivr?domain=z.test&id=1") == {}
    assert time.monotonic() - began < 2
    assert scene.copies() == set(DOMAINS)


def test_back_after_a_restart(scene, record_property):
    """What changed while serve was away is live as soon as it has its connection again."""
    scene.kill_database()
    scene.restart()
    assert "vm-mailto" not in scene.serve.user("1001", "b.test")
    scene.start_database()
    set_email(scene.db, "1001", "b.test", "meanwhile@x.test")
    until(lambda: scene.serve.health()[1]["database"] == "connected")
    took = until(lambda: scene.serve.user("1001", "b.test").get("vm-mailto") == "meanwhile@x.test")
    record_property("live_after_reconnect_ms", round(took * 1000, 1))
    assert took < SOON
    set_email(scene.db, "1001", "b.test", "later@x.test")
    took = until(lambda: scene.serve.user("1001", "b.test").get("vm-mailto") == "later@x.test")
    assert took < SOON
    # And it is in the copy: the second write of this tenant, after a pause.
    before = scene.metric("copies_written_total")
    until(lambda: scene.metric("copies_written_total") > before)
    scene.kill_database()
    scene.restart()
    assert scene.serve.user("1001", "b.test")["vm-mailto"] == "later@x.test"


def test_tenants_that_are_gone(scene):
    scene.db.rows("UPDATE voip.domains SET enabled = false WHERE name = 'c.test'")
    scene.wait_for_copies(*set(DOMAINS) - {"c.test"})
    assert scene.serve.user("1001", "c.test") is None
    # This one goes while nobody looks: its copy serves until SQL says so.
    scene.supervisor.stop_process("serve")
    scene.db.rows("UPDATE voip.domains SET enabled = false WHERE name = 'd.test'")
    scene.kill_database()
    scene.restart()
    assert scene.serve.user("1001", "d.test")
    assert scene.serve.post("/fs/xml/directory",
                            directory("c.test", user="1001", key="id"))[0] == 503
    scene.start_database()
    scene.wait_for_copies("a.test", "b.test")
    assert scene.serve.user("1001", "d.test") is None
    scene.db.rows("UPDATE voip.domains SET enabled = true")
    scene.wait_for_copies()
    assert scene.serve.user("1001", "c.test") and scene.serve.user("1001", "d.test")


@pytest.mark.parametrize("damage", ["flipped", "cut", "other"])
def test_damaged_copy(scene, damage):
    """It is not served, said once, and written again when the database is there."""
    scene.kill_database()
    scene.supervisor.stop_process("serve")
    path = scene.folder / "a.test"
    right = path.read_bytes()
    wrong = {"flipped": right[:200] + bytes([right[200] ^ 1]) + right[201:],
             "cut": right[:-1],
             "other": (scene.folder / "b.test").read_bytes()}[damage]
    path.write_bytes(wrong)
    said = len(scene.warnings())
    scene.restart()
    for _ in range(5):
        assert scene.serve.post("/fs/xml/directory",
                                directory("a.test", user="1001", key="id"))[0] == 503
    assert scene.serve.user("1001", "b.test")
    assert scene.metric("copies_refused_total") == 1
    assert [line.split("warning: ")[1] for line in scene.warnings()[said:]] == \
        ["the copy of tenant a.test is not used: damaged, or of another tenant"]
    scene.start_database()
    scene.serve.wait_for_health(status="ok", pending=0)
    until(lambda: path.exists() and path.read_bytes() == right)
    assert scene.serve.user("1001", "a.test")


def test_only_what_changed_is_written(scene):
    inodes = {domain: (scene.folder / domain).stat().st_ino for domain in DOMAINS}
    scene.restart()
    scene.serve.wait_for_health(status="ok", pending=0)
    assert scene.metric("snapshot_loads_total") == len(DOMAINS)
    for number in range(10):
        set_email(scene.db, "1001", "a.test", f"often{number}@x.test")
        until(lambda: scene.serve.user("1001", "a.test").get("vm-mailto")
              == f"often{number}@x.test")
    until(lambda: b"often9@x.test" in (scene.folder / "a.test").read_bytes())
    assert scene.metric("copies_written_total") <= 2
    now = {domain: (scene.folder / domain).stat().st_ino for domain in DOMAINS}
    assert {domain for domain in DOMAINS if now[domain] != inodes[domain]} == {"a.test"}


def test_scanners_cause_no_sql(scene):
    loads = scene.metric("snapshot_loads_total")
    statements = last_statement(scene.db)
    began = time.monotonic()
    for name in range(300):
        assert scene.serve.user("1001", f"scan{name}.test") is None
    assert time.monotonic() - began < 5
    assert scene.metric("snapshot_loads_total") == loads
    assert scene.metric("tenants") == len(DOMAINS)
    # Nothing but the heartbeat went over the connection.
    assert last_statement(scene.db) in (statements, "SELECT 1")
    scene.db.rows("INSERT INTO voip.domains (name) VALUES ('scan1.test')")
    domain_id = scene.db.value("SELECT id FROM voip.domains WHERE name = 'scan1.test'")
    scene.db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
                  "VALUES (%s, '1001', md5('x'))", domain_id)
    assert until(lambda: scene.serve.user("1001", "scan1.test")) < SOON
    scene.db.rows("DELETE FROM voip.users WHERE domain_id = %s", domain_id)
    scene.db.rows("DELETE FROM voip.domains WHERE id = %s", domain_id)
    scene.wait_for_copies()


def last_statement(db):
    return db.value("SELECT query FROM pg_stat_activity "
                    "WHERE application_name = 'dialplane serve'")


def test_killed_while_writing(scene):
    """However it ends, what is there is whole, and as new as seconds before."""
    over = threading.Event()
    committed = []

    def change():
        db = Database(scene.platform.deployment, scene.platform.secret("db_admin"))
        for number in range(100000):
            if over.is_set():
                break
            set_email(db, "1001", DOMAINS[number % 4], f"{number}@x.test")
            committed.append((time.monotonic(), number))
        db.close()

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(3):
            time.sleep(1.5)
            scene.kill("serve")
            scene.supervisor.start("serve")
            until(lambda: is_listening(scene.platform, "control.documents_port"))
            scene.serve.wait_for_health(database="connected")
        time.sleep(4)
        killed = time.monotonic()
        scene.kill("serve")
    finally:
        over.set()
        writer.join()
    scene.kill_database()
    scene.restart()
    newest = [int(scene.serve.user("1001", domain)["vm-mailto"].split("@")[0])
              for domain in DOMAINS]
    assert scene.metric("copies_refused_total") == 0
    # A write a second, and the time that a busy disk takes.
    expected = max(number for at, number in committed if at < killed - 4)
    assert min(newest) >= expected - 4


def test_copy_that_cannot_be_written(scene):
    """Without copies everything else goes on; it is said once, and made good later."""
    scene.supervisor.stop_process("serve")
    said = len(scene.warnings())
    (scene.folder / "a.test").unlink()
    (scene.folder / "a.test").mkdir()
    try:
        scene.supervisor.start("serve")
        until(lambda: is_listening(scene.platform, "control.documents_port"))
        scene.serve.wait_for_health(status="ok", pending=0)
        until(lambda: scene.metric("copies_failed_total") == 1)
        set_email(scene.db, "1001", "a.test", "full@x.test")
        assert until(lambda: scene.serve.user("1001", "a.test").get("vm-mailto")
                     == "full@x.test") < SOON
        assert len(scene.warnings()) == said + 1
    finally:
        (scene.folder / "a.test").rmdir()
    until(lambda: (scene.folder / "a.test").is_file(), timeout=30)


def test_serve_needs_its_folder(scene):
    """A state folder that cannot be used is said at the start, not found out in a night."""
    scene.supervisor.stop_process("serve")
    kept = scene.folder.rename(scene.folder.with_name("tenants.kept"))
    scene.folder.write_bytes(b"")
    try:
        with pytest.raises(FrontError):
            scene.supervisor.start("serve")
        assert f"tenants, with copies in {scene.folder}: Not a directory" in scene.log()
    finally:
        scene.folder.unlink()
        kept.rename(scene.folder)
