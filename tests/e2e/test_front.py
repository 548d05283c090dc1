"""`make run` as whoever sits before it sees it: what it prints, how it ends, what it keeps."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from front.account import Account
from front.options import CLONE
from front.state import State
from front.supervisor import Supervisor
from lib.phone import Phone
from lib.platform import PROGRAM, deployment_text, shared_cache

# Seconds for a start. The first one may have to download the media server.
FIRST_START, SECOND_START = 180, 15


class Front:
    """A state folder and a deployment file of its own, and scripts/run over them."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="dialplane-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.state = State(self.folder / "state", Account())
        self.config = self.folder / "deploy.yaml"
        self.config.write_text(deployment_text("asterisk"), encoding="utf-8")
        self.calls, self._runs = [], []
        shared_cache(self.state.account)

    def script(self, name, *arguments, **variables):
        """Starts a script of the front door."""
        environment = {**os.environ, "STATE": str(self.state), "CONFIG": str(self.config),
                       "PROGRAM": str(PROGRAM), **variables}
        log = self.folder / f"{name}.{len(self._runs)}.log"
        with open(log, "wb") as out:
            run = subprocess.Popen([CLONE / "scripts" / name, *arguments], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        run.log = log
        self._runs.append(run)
        return run

    def run(self, **variables):
        return self.script("run", **variables)

    def edit(self, old, new):
        """Changes the deployment file."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def setting(self, key):
        return int(re.search(rf"^ *{key}: (\d+)$", self.config.read_text(encoding="utf-8"),
                             re.M)[1])

    def phone(self, password, address="127.0.0.1"):
        """The demo tenant's 1001."""
        self.edge_address = (address, self.setting("sip_port"))
        return Phone(self, "1001", "demo.test", password)

    def new_folder(self, name):
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def close(self):
        for run in self._runs:
            run.kill()
            run.wait()
        Supervisor(self.state).stop()
        shutil.rmtree(self.folder)


@pytest.fixture(name="front")
def make_front():
    made = Front()
    yield made
    made.close()


def text_of(run):
    return run.log.read_text(encoding="utf-8")


def wait_for(run, words, timeout):
    """Waits until the script has printed this; fails if it ends first."""
    deadline = time.monotonic() + timeout
    while words not in text_of(run):
        assert run.poll() is None, text_of(run)
        assert time.monotonic() < deadline, text_of(run)
        time.sleep(0.05)


def refused(run):
    """What a script says that must not succeed."""
    assert run.wait(60) == 1, text_of(run)
    return text_of(run)


def stop(run, number=signal.SIGINT):
    """Ends a run as Ctrl-C does."""
    run.send_signal(number)
    assert run.wait(60) == 0, text_of(run)
    assert "Everything has stopped" in text_of(run)


def register(front, password, code=200, **where):
    phone = front.phone(password, **where)
    try:
        phone.register(code=code)
    finally:
        phone.close()


def who(front, said, key):
    """Who this key is, where it was said that the API is."""
    where = re.search(r"^To manage it: (http://127\.0\.0\.1:(\d+)/api/v1)$", said, re.M)
    assert int(where[2]) == front.setting("api_port")
    request = urllib.request.Request(f"{where[1]}/session", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        told = json.load(reply)
    return [told[name] for name in ("kind", "name", "domain")]


def first_access(front, run):
    """Password and key that were shown, once; what is left of them are digests."""
    password = re.search(r"^    operator admin, password (\S{20})$", text_of(run), re.M)[1]
    key = re.search(r"^    API key (dpk_[0-9a-f]{16}_[0-9a-f]{64})$", text_of(run), re.M)[1]
    assert who(front, text_of(run), key) == ["key", "first key", None]
    secrets = [password, key]
    for secret in (password, key.split("_")[2]):
        assert text_of(run).count(secret) == 1
        found = subprocess.run(["grep", "-rlF", "--", secret, front.state / "log", front.state / "etc",
                                front.state / "run", front.state / "db"], check=False,
                               capture_output=True, text=True)
        assert not found.stdout
    return secrets


@pytest.mark.parametrize("media", ["freeswitch", "asterisk"])
def test_first_and_second_start(front, media):
    if media == "freeswitch" and not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    run = front.run(MEDIA=media)
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    assert f"media server {media}" in text_of(run)
    password = re.search(r"^    1001    (\S+) ", text_of(run), re.M)[1]
    register(front, password)
    secrets = first_access(front, run)
    stop(run)
    assert not Supervisor(front.state).daemons()
    # As it is on a platform of the time before the API.
    (front.state / "secrets/db_api").unlink()

    began = time.monotonic()
    run = front.run(MEDIA=media)
    wait_for(run, "Ctrl-C stops everything", SECOND_START)
    assert time.monotonic() - began < SECOND_START
    assert password not in text_of(run) and "shown at the first start" in text_of(run)
    assert not [secret for secret in secrets if secret in text_of(run)]
    assert who(front, text_of(run), secrets[1]) == ["key", "first key", None]
    register(front, password)
    reset = front.script("demo", "passwd", "1001")
    assert reset.wait(10) == 0, text_of(reset)
    register(front, re.search(r"password (\S+)", text_of(reset))[1])
    register(front, password, code=403)
    stop(run, signal.SIGTERM)


def test_daemons_have_no_rights(front):
    """None runs as root, none can become root."""
    run = front.run()
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    daemons = Supervisor(front.state).daemons()
    assert len(daemons) > 8
    for pid in daemons:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        assert re.search(r"^NoNewPrivs:\s1$", status, re.M), status
        assert re.search(rf"^Uid:(\s{front.state.account.uid}){{4}}$", status, re.M), status
        assert front.state.account.uid != 0
        # No password is in the arguments or the environment of a process.
        for secret in (front.state / "secrets").iterdir():
            words = secret.read_bytes().strip()
            assert words not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert words not in Path(f"/proc/{pid}/environ").read_bytes()
    stop(run)


def test_another_run_in_the_same_folder(front):
    run = front.run()
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    assert "is running in" in refused(front.run())
    # And the first one has not been disturbed.
    status = front.script("platform", "status")
    assert status.wait(10) == 0, text_of(status)
    stop(run)


def test_other_address(front):
    """HOST=: phones on another address, nothing for them on the first one."""
    run = front.run(HOST="127.0.0.2")
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    assert f"127.0.0.2:{front.setting('sip_port')}" in text_of(run)
    password = re.search(r"^    1001    (\S+) ", text_of(run), re.M)[1]
    register(front, password, address="127.0.0.2")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", front.setting("sip_port"))) != 0
    stop(run)


def test_address_of_another_machine(front):
    assert "192.0.2.1 is not an address of this machine" in refused(front.run(HOST="192.0.2.1"))


def test_port_that_is_taken(front):
    """The message names the port, who has it, and the key that moves ours."""
    port = front.setting("rpc_port")
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        said = refused(front.run())
    assert f"TCP port {port} on 127.0.0.1 is taken by" in said
    assert f"(pid {os.getpid()})" in said and "edge.rpc_port" in said
    assert str(front.config) in said


def test_mistake_in_the_deployment_file(front):
    front.edit("rpc_port", "rcp_port")
    said = refused(front.run())
    assert re.search(rf"{front.config}:\d+:\d+: unknown key 'rcp_port'", said), said


def test_stopped_while_it_starts(front):
    run = front.run()
    wait_for(run, "PostgreSQL", FIRST_START)
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) != 1, text_of(run)
    assert not Supervisor(front.state).daemons()


def test_supervisor_killed(front):
    """Its daemons are not left behind, and the next start works."""
    run = front.run()
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    supervisor = Supervisor(front.state)
    os.kill(supervisor.pid(), signal.SIGKILL)
    assert "supervisord has ended" in refused(run)
    assert not supervisor.daemons()
    run = front.run()
    wait_for(run, "Ctrl-C stops everything", SECOND_START)
    stop(run)


def test_run_killed(front):
    """kill -9 of the front door itself: the platform goes on; stop ends it."""
    run = front.run()
    wait_for(run, "Ctrl-C stops everything", FIRST_START)
    run.kill()
    run.wait()
    assert "scripts/platform stop" in refused(front.run())
    stopped = front.script("platform", "stop")
    assert stopped.wait(60) == 0 and "everything has stopped" in text_of(stopped)
    assert not Supervisor(front.state).daemons()


def test_without_the_program(front):
    assert "make build" in refused(front.run(PROGRAM=str(front.folder / "missing")))
