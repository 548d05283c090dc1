"""What becomes of recordings: format, encryption, retention, holds, and what a crash leaves behind."""

import os
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest

from lib import scenario as sip
from lib.calls import end, talk
from lib.freeswitch import FreeSwitch
from lib.phone import hear_each_other
from lib.platform import PROGRAM
from lib.recording import Policies, check_stored, samples_of, seconds_of, wait_for_row

LIMIT = 20


@pytest.fixture(name="policies")
def make_policies(platform):
    made = Policies(platform)
    made.add("always", "1002")
    yield made
    made.remove()


@pytest.fixture(name="settings")
def make_settings(platform):
    """Says something of a.test's recordings, until the test is over."""
    def say(**columns):
        names = ", ".join(columns)
        platform.db.rows("DELETE FROM voip.recording_settings WHERE domain_id IS NOT NULL")
        platform.db.rows(f"INSERT INTO voip.recording_settings (domain_id, {names}) "
                         f"SELECT id{', %s' * len(columns)} FROM voip.domains WHERE name = 'a.test'",
                         *columns.values())
    yield say
    platform.db.rows("DELETE FROM voip.recording_settings WHERE domain_id IS NOT NULL")


@pytest.fixture(name="call")
def make_caller(phone, policies):
    """Makes a recorded call: its Call-ID."""
    phones = phone("1001"), phone("1002")

    def make():
        legs = talk(*phones, "1002")
        hear_each_other(*phones)
        time.sleep(0.7)
        end(*legs)
        return legs[0].call_id
    return make


@pytest.fixture(name="record")
def make_recorder(platform, call):
    """Makes a recorded call: its recording's row."""
    return lambda: wait_for_row(platform, platform.db.wait_for_cdr(call()))


def run(platform, action, *options):
    done = subprocess.run([PROGRAM, "recording", action, "-s", platform.state / "", *map(str, options)],
                          capture_output=True, text=True, timeout=LIMIT, check=False)
    return SimpleNamespace(code=done.returncode, text=done.stdout + done.stderr)


def ask(platform, row):
    return platform.db.rows("SELECT * FROM voip.recordings WHERE id = %s", row["id"])[0]


def until(condition, what):
    deadline = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def check_sound(path):
    left, right = samples_of(str(path))
    assert seconds_of(left, 440) >= 0.5 and seconds_of(right, 660) >= 0.5
    assert seconds_of(left, 660) == 0 and seconds_of(right, 440) == 0


def file_of(platform, row):
    return platform.state / "store" / row["path"]


def test_encrypted(platform, record, settings):
    """Nobody reads it without both keys; a change of one byte is noticed."""
    settings(encrypt=True)
    row = record()
    file, out = file_of(platform, row), platform.folder / "plain.wav"
    assert row["key_id"] and row["path"].endswith(".wav.enc")
    data = file.read_bytes()
    assert b"RIFF" not in data
    assert run(platform, "get", "--id", row["id"], "--out", out).code == 0
    check_sound(out)
    assert run(platform, "verify", "--id", row["id"]).code == 0
    file.write_bytes(data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])
    assert "changed" in run(platform, "verify", "--id", row["id"]).text
    assert run(platform, "get", "--id", row["id"], "--out", out).code == 1
    file.write_bytes(data)
    settings(encrypt=False)
    assert record()["path"].endswith(".wav"), "what is said counts for the next call"


def test_database_away(platform, call, settings):
    """What a tenant wants is known from before; the row comes later."""
    settings(encrypt=True)
    key = wait_for_row(platform, platform.db.wait_for_cdr(call()))["key_id"]
    store = platform.state / "store" / "recordings"

    def stored():
        return {path for path in store.rglob("*-*") if ".unfinished" not in path.parts}
    before = stored()
    platform.stop_database()
    try:
        name = call()
        made, = until(lambda: stored() - before, "it is not stored")
        assert made.suffix == ".enc"
    finally:
        platform.supervisor.start("postgresql")
        platform.wait_until_healthy()
    # From now on what is said counts at once again.
    until(lambda: platform.db.value("SELECT count(*) FROM pg_stat_activity "
                                    "WHERE application_name = 'dialplane collector'"), "it is away")
    row = wait_for_row(platform, platform.db.wait_for_cdr(name))
    assert row["key_id"] == key and file_of(platform, row).name == made.name


def test_opus(platform, record, settings):
    """A fifth of the bytes; what is said on one side is not heard on the other."""
    settings(format="opus")
    row = record()
    out = platform.folder / "decoded.wav"
    assert row["format"] == "opus" and row["path"].endswith(".opus")
    subprocess.run(["opusdec", "--quiet", "--rate", "8000", file_of(platform, row), out], check=True,
                   timeout=LIMIT)
    check_sound(out)
    assert abs(len(samples_of(str(out))[0]) / 8 - row["duration_ms"]) < 10
    assert row["bytes"] < row["duration_ms"] * 32 * 0.5


def test_retention_and_hold(platform, record):
    """What is old enough goes, what is held does not; the rows stay."""
    held, old = record(), record()
    assert old["delete_after"] is None
    assert run(platform, "hold", "--id", held["id"]).code == 0
    platform.db.rows("UPDATE voip.recordings SET delete_after = now() - interval '1 day' "
                     "WHERE id = ANY(%s)", [held["id"], old["id"]])
    until(lambda: ask(platform, old)["deleted_at"], "nothing is deleted")
    assert not file_of(platform, old).exists()
    assert ask(platform, held)["deleted_at"] is None
    check_stored(platform, held)
    assert "held" in run(platform, "list", "--call", held["call_id"]).text
    assert run(platform, "release", "--id", held["id"]).code == 0
    until(lambda: ask(platform, held)["deleted_at"], "what was released is not deleted")
    assert not file_of(platform, held).exists()
    assert "deleted" in run(platform, "list", "--tenant", "a.test").text
    assert run(platform, "hold", "--id", held["id"]).code == 1, "too late"
    assert run(platform, "get", "--id", held["id"]).code == 1


@pytest.mark.usefixtures("policies")
def test_media_server_killed(platform, phone):
    """What it has written is a recording like others."""
    caller, callee = phone("1001"), phone("1002")
    there = callee.wait_call(sip.ring(), sip.answer(), sip.wait_for_go(),
                             sip.called_request("BYE", 1, code=481))
    call = caller.call("1002", sip.is_answered(), sip.wait_for_go(),
                       sip.request("BYE", 3, code=481)).wait("answered")
    there.wait("answered")
    hear_each_other(caller, callee)
    # A writer has some of it in memory.
    time.sleep(3)
    name = platform.deployment.media_server
    pid = platform.supervisor.processes()[name]["pid"]
    os.killpg(pid, signal.SIGKILL)
    until(lambda: (now := platform.supervisor.processes()[name])["statename"] == "RUNNING"
          and now["pid"] != pid, "it is started again")
    platform.wait_until_healthy()
    if name == "freeswitch":
        FreeSwitch(platform).wait_until_ready()
    for leg in (call, there):
        leg.go().finish()
    row = wait_for_row(platform, platform.db.wait_for_cdr(call.call_id))
    check_sound(file_of(platform, row))
    assert row["duration_ms"] > 1500


def test_what_a_crash_leaves(platform, record):
    """A file without a row gets it back; a row without a file is known; the rest is cleaned."""
    forgotten, lost, deleted = record(), record(), record()
    file = file_of(platform, deleted)
    copy = file.read_bytes()
    platform.db.rows("UPDATE voip.recordings SET delete_after = now() WHERE id = %s", deleted["id"])
    until(lambda: ask(platform, deleted)["deleted_at"], "nothing is deleted")
    platform.supervisor.stop_process("collector")
    unfinished = platform.state / "store/recordings/.unfinished" / "x"
    try:
        unfinished.write_bytes(b"half of it")
        file.write_bytes(copy)
        platform.db.rows("DELETE FROM voip.recordings WHERE id = %s", forgotten["id"])
        file_of(platform, lost).unlink()
    finally:
        platform.supervisor.start("collector")
    until(lambda: ask(platform, lost)["missing_at"], "nobody misses it")
    again = until(lambda: platform.db.rows("SELECT * FROM voip.recordings WHERE id = %s",
                                           forgotten["id"]), "no row again")[0]
    made = ("created_at",)
    assert {key: again[key] for key in again if key not in made} == \
        {key: forgotten[key] for key in forgotten if key not in made}
    assert not file.exists() and not unfinished.exists()
    assert "missing" in run(platform, "verify", "--id", lost["id"]).text
    platform.db.rows("DELETE FROM voip.recordings WHERE id = %s", lost["id"])
