"""The state folder: made once, filled with the user's rights."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from .account import USER
from .errors import FrontError

SYSTEM_STATE = Path("/var/lib/dialplane")


class State:
    """One state folder and the account it belongs to."""

    def __init__(self, path, account):
        self.path = Path(path)
        self.account = account

    def __truediv__(self, name):
        return self.path / name

    def __str__(self):
        return str(self.path)

    def make(self):
        """Makes the folder itself, unless it is there; fails if it is somebody else's."""
        if not self.path.exists():
            self.path.mkdir(mode=0o750, parents=True)
            if self.account.is_switch:
                shutil.chown(self.path, self.account.name, self.account.name)
        owner = self.path.stat().st_uid
        if owner != self.account.uid:
            raise FrontError(f"{self.path} belongs to user {owner}, the daemons run as "
                             f"{self.account.name}: start as the same user as before, or choose "
                             "another folder with STATE=")

    def lock(self):
        """Keeps others from starting in this folder for as long as the result is referenced."""
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(folder)
            raise FrontError(f"the platform is running in {self.path} already, or just starting: "
                             "stop that one first, or choose another folder with STATE=") from None
        return folder

    def run(self, argv, **options):
        """Runs a command as the account, in the state folder; fails with what it said."""
        done = self.try_run(argv, **options)
        if done.returncode != 0:
            said = (done.stderr or done.stdout or "it said nothing").strip()
            raise FrontError(f"{' '.join(str(a) for a in argv[:3])} failed:\n{said}")
        return done.stdout

    def try_run(self, argv, stdin=None, variables=None, show=False):
        """Same, but returns the CompletedProcess whatever the outcome; `show`: output is seen."""
        command = self.account.command(argv, self, **(variables or {}))
        pipe = None if show else subprocess.PIPE
        return subprocess.run(command, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                              stdout=pipe, stderr=pipe, text=True, cwd=self.path, check=False)

    def popen(self, argv, **options):
        """Starts a command as the account, in the state folder."""
        return subprocess.Popen(self.account.command(argv, self), cwd=self.path, **options)

    def copy(self, source, name):
        """
        Puts a copy of a folder at STATE/name, replacing what is there. Read with our rights (the
        clone may be closed to the account), written with the account's.
        """
        target = self / name
        script = 'rm -rf "$0.new" && mkdir -p "$0.new" && tar -xf - -C "$0.new" && ' \
                 'rm -rf "$0" && mv -T "$0.new" "$0"'
        with subprocess.Popen(["tar", "-cf", "-", "--owner=0", "--group=0", "-C", source, "."],
                              stdout=subprocess.PIPE) as reader:
            with self.popen(["sh", "-c", script, target], stdin=reader.stdout) as writer:
                reader.stdout.close()
        if reader.returncode != 0 or writer.returncode != 0:
            raise FrontError(f"{source} could not be copied to {target}: is the disk full?")

    def copy_file(self, source, name, mode):
        """Puts a copy of a file at STATE/name in one step: what runs from the old one goes on."""
        target = self / name
        script = 'mkdir -p "${0%/*}" && cat >"$0.new" && chmod "$1" "$0.new" && mv -T "$0.new" "$0"'
        with open(source, "rb") as file:
            with self.popen(["sh", "-c", script, target, mode], stdin=file) as writer:
                pass
        if writer.returncode != 0:
            raise FrontError(f"{source} could not be copied to {target}: is the disk full?")


def choose_folder(wanted, clone, account):
    """
    The state folder: the one named, else var/ in the clone, else, where the daemons' user cannot
    reach the clone (root's home, say), /var/lib/dialplane. Returns (path, remark or "").
    """
    folder = Path(os.path.abspath(wanted or clone / "var"))
    if account.may_use(folder):
        return folder, ""
    if wanted:
        raise FrontError(f"user {USER} cannot reach {folder}: a folder above it is closed to "
                         "others; choose one that is not, below /var/lib or /srv say, with STATE=")
    return SYSTEM_STATE, f"user {USER} cannot reach {folder}, so the state is in {SYSTEM_STATE}"
