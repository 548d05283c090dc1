"""supervisord of one state folder: asked and stopped through its socket, never by name."""

import os
import time
import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport

from .errors import FrontError

# Seconds. PostgreSQL's fast shutdown and FreeSWITCH's are the slowest.
STOP_TIMEOUT = 60
NOT_RUNNING = 70  # of supervisord.xmlrpc.Faults


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

    def stop_process(self, name, wait=True):
        """Stops one process, and waits until it has ended. One that has just died comes back first."""
        deadline = time.monotonic() + 10
        while True:
            try:
                self._rpc.stopProcess(name, wait)
                return
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != NOT_RUNNING or time.monotonic() > deadline \
                        or self.processes()[name]["statename"] == "STOPPED":
                    raise
                time.sleep(0.05)

    def failures(self):
        """What does not run: a line for each such process."""
        return [f"{name}: {info['statename'].lower()} {info['spawnerr']}".rstrip()
                for name, info in self.processes().items()
                if info["statename"] not in ("RUNNING", "STARTING")]

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
        if pid is not None:
            self._kill("TERM", [pid])
            self._wait_until(lambda: not is_running(pid), STOP_TIMEOUT)
        self._stop_orphans()
        return time.monotonic() - started

    def daemons(self):
        """
        Process ids of supervisord and all that it started, also when it is gone itself. They have
        the session it led; which one that is tell those that still have the environment it gave
        them (Redis, for one, writes its title over it).
        """
        mark = f"SUPERVISOR_SERVER_URL=unix://{self._socket}".encode()
        sessions = dict(living_processes())
        marked = {pid for pid in sessions if mark in environment(pid)}
        # A session that is led by something else, such as a shell, is not ours as a whole.
        led = {sessions[pid] for pid in marked} - (sessions.keys() - {self.pid()})
        return marked | {pid for pid, session in sessions.items() if session in led}

    def _stop_orphans(self):
        """Daemons that a killed supervisord has left behind."""
        left = self.daemons()
        # INT first: it is PostgreSQL's fast shutdown.
        for name, patience in (("INT", 5), ("TERM", 10), ("KILL", 5)):
            if not left:
                return
            self._kill(name, left)
            self._wait_until(lambda: not any(map(is_running, left)), patience)
            left = set(filter(is_running, left))
        if left:
            raise FrontError(f"these processes do not end: {left}")

    def _kill(self, name, pids):
        """By the shell's own kill and with that user's rights, which end nobody else's process."""
        self._state.try_run(["sh", "-c", f'kill -s {name} "$@"', "sh", *pids])

    @staticmethod
    def _wait_until(condition, patience):
        deadline = time.monotonic() + patience
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)


def living_processes():
    """(process id, session) of every process that is not merely waiting to be noticed as ended."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := status(entry)):
            yield int(entry), int(fields[3])


def status(pid):
    """What proc(5) tells from the state on, in order; nothing of what has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in "ZX" else fields


def is_running(pid):
    return bool(status(pid))


def environment(pid):
    """The variables a process was started with; none of another user's process."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []
