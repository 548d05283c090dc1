"""Who may use the API: keys and operators, managed from a shell and used over HTTP."""

import hashlib
import json
import os
import pty
import subprocess

import pytest

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
    assert not platform.db.rows("SELECT FROM voip.api_keys WHERE id = %s", made["id"])
    assert last_audit(platform)["before"]["name"] == "reports"
    assert "no such key" in shell.refused("key", "revoke", str(made["id"]))


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
    assert not platform.db.rows("SELECT FROM voip.operators WHERE name = 'typed'")
    shown, status = shell.type(*argv, lines=(ADMIN, ADMIN))
    assert status == 0 and ADMIN not in shown
    shell.run("operator", "remove", "typed@a.test")
