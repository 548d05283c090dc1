"""supervisord of one state folder: asked and stopped through its socket, never by name."""

import os
import signal
import time
import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport

from .errors import FrontError

# Seconds. PostgreSQL's fast shutdown and FreeSWITCH's are the slowest.
STOP_TIMEOUT = 60


class Supervisor:
    """The running supervisord, or the lack of one."""

    def __init__(self, state):
        self._state = state
        self.config = state / "etc/supervisor/supervisord.conf"
        self._socket = state / "run/supervisor.sock"

    @property
    def _rpc(self):
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport).supervisor

    def pid(self):
        """Process id of supervisord, None when it does not run."""
        try:
            return self._rpc.getPID()
        except (OSError, xmlrpc.client.Error):
            return None

    def launch(self):
        """Starts supervisord in a session of its own: a terminal's Ctrl-C is ours to handle."""
        child = self._state.popen(["supervisord", "-n", "-c", self.config],
                                  stdin=-3, stdout=-3, stderr=-3, start_new_session=True)
        deadline = time.monotonic() + 10
        while self.pid() is None:
            if child.poll() is not None or time.monotonic() > deadline:
                raise FrontError(f"supervisord did not start; see {self._state / 'log'}")
            time.sleep(0.02)
        return child

    def processes(self):
        """Process name -> its state as supervisord tells it (statename, pid, spawnerr, …)."""
        return {info["name"]: info for info in self._rpc.getAllProcessInfo()}

    def start(self, name):
        """Starts one process and waits until supervisord takes it for started."""
        if self.processes()[name]["statename"] in ("RUNNING", "STARTING"):
            return
        try:
            self._rpc.startProcess(name)
        except xmlrpc.client.Fault as fault:
            raise FrontError(f"{name} did not start ({fault.faultString}):\n"
                             + self._last_words(name)) from None

    def start_rest(self):
        """Starts every process that does not run yet, without waiting for them."""
        for name, info in self.processes().items():
            if info["statename"] not in ("RUNNING", "STARTING", "BACKOFF"):
                self._rpc.startProcess(name, False)

    def stop_process(self, name):
        self._rpc.stopProcess(name)

    def failures(self):
        """What does not run: a line for each such process."""
        return [f"{name}: {info['statename'].lower()} {info['spawnerr']}".rstrip()
                for name, info in self.processes().items() if info["statename"] != "RUNNING"]

    def _last_words(self, name):
        try:
            return self._rpc.tailProcessStderrLog(name, 0, 2000)[0].strip()
        except xmlrpc.client.Fault:
            return self._rpc.tailProcessStdoutLog(name, 0, 2000)[0].strip()

    def stop(self):
        """
        Stops supervisord and with it everything it started; returns when no process is left.
        Returns the seconds it took.
        """
        pid, started = self.pid(), time.monotonic()
        if pid is None:
            return 0.0
        groups = {info["pid"] for info in self.processes().values() if info["pid"]}
        # By the shell's own kill, with that user's rights: a pid from a file may be anybody's.
        self._state.run(["sh", "-c", 'kill -TERM "$1"', "sh", pid])
        while is_running(pid) or groups & running_groups():
            if time.monotonic() - started > STOP_TIMEOUT:
                left = sorted(groups & running_groups())
                raise FrontError(f"still running after {STOP_TIMEOUT} s: process groups {left}")
            time.sleep(0.05)
        return time.monotonic() - started


def is_running(pid):
    """Whether the process is there and not merely waiting for its parent to notice its end."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def running_groups():
    """Process groups that have a living process. Each daemon leads one of its own."""
    groups = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and is_running(entry):
            try:
                groups.add(os.getpgid(int(entry)))
            except ProcessLookupError:
                pass
    return groups


def wait_for_signal(child):
    """
    Waits for SIGINT, SIGTERM or the end of the child. Returns the signal's name, "" if the child
    ended. More of the same signals while stopping are then ignored: stopping is under way.
    """
    got = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: got.append(signum))
    while not got and child.poll() is None:
        time.sleep(0.1)
    return signal.Signals(got[0]).name if got else ""
