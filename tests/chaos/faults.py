"""What is done to the platform while it is called: its daemons killed, frozen, restarted; a full disk."""

import os
import shutil
import signal
import time


def tree(pid):
    """A process and all it has started."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def send(number, pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Faults:
    """Everything that can be done to a platform. Each takes as long as it lasts."""

    def __init__(self, platform, disk, random):
        self._platform = platform
        self._disk = disk
        self._random = random
        self.daemons = ["collector", "cdr-writer", "redis", "postgresql", "serve",
                        platform.deployment.media_server, "kamailio"]

    def deck(self):
        """Each fault once, in a random order: (name, function)."""
        cards = [(f"{verb} {name}", self._of(function, name))
                 for verb, function in (("kill", self.kill), ("freeze", self.freeze),
                                        ("restart", self.restart))
                 for name in self.daemons]
        if self._disk.mounted:
            cards.append(("fill the spool's disk", self.fill_disk))
        self._random.shuffle(cards)
        return cards

    @staticmethod
    def _of(function, name):
        return lambda: function(name)

    def _pids(self, name):
        return tree(self._platform.supervisor.processes()[name]["pid"] or 0) \
            if self._is_running(name) else []

    def _is_running(self, name):
        return self._platform.supervisor.processes()[name]["statename"] == "RUNNING"

    def kill(self, name):
        """SIGKILL to the daemon and its children, none of which sees another one go."""
        pids = self._pids(name)
        send(signal.SIGSTOP, pids)
        send(signal.SIGKILL, pids)

    def freeze(self, name):
        pids = self._pids(name)
        send(signal.SIGSTOP, pids)
        try:
            time.sleep(self._random.uniform(2, 8))
        finally:
            send(signal.SIGCONT, pids)

    def restart(self, name):
        """A stop as an operator does it, and a while without."""
        self._platform.supervisor.stop_process(name)
        time.sleep(self._random.uniform(1, 8))
        # Whether it comes up at once, such as Kamailio without a database, is not the question.
        self._platform.supervisor.start_rest()

    def wipe_redis(self):
        """Redis loses all it has, in memory and on disk."""
        self._platform.redis("FLUSHALL")
        self._kill_for_good("redis")
        for entry in (self._platform.state / "redis").iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self._platform.supervisor.start_rest()

    def _kill_for_good(self, name):
        """As kill, but supervisord does not start it again."""
        pids = self._pids(name)
        send(signal.SIGSTOP, pids)
        self._platform.supervisor.stop_process(name, wait=False)
        send(signal.SIGKILL, pids)
        deadline = time.monotonic() + 10
        while self._platform.supervisor.processes()[name]["statename"] != "STOPPED":
            assert time.monotonic() < deadline, f"{name} does not end"
            time.sleep(0.02)

    def fill_disk(self):
        """Not a byte is left for the spool for a while."""
        with self._disk.full():
            time.sleep(self._random.uniform(3, 8))
