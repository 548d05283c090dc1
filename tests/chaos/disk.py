"""A small disk of its own for the spool, so that it can be filled."""

import errno
import os
import subprocess
from contextlib import contextmanager

# Room enough for the collector to be at ease, and little enough to be filled in no time.
SIZE_MB = 1200


class Disk:
    """A tmpfs on the spool's folder of a state folder; nothing where mounting is not allowed."""

    def __init__(self, state):
        self._folder = state / "spool"

    def mount(self):
        """Before anything runs."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        owner = self._folder.parent.stat()
        os.chown(self._folder, owner.st_uid, owner.st_gid)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0700,"
                        f"uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", self._folder],
                       check=False, capture_output=True)

    @property
    def mounted(self):
        return os.path.ismount(self._folder)

    @contextmanager
    def full(self):
        """Filled to the last byte meanwhile."""
        filler = self._folder / "filler"
        try:
            with open(filler, "wb", buffering=0) as file:
                self._fill(file.fileno())
            yield
        finally:
            filler.unlink(missing_ok=True)

    def _fill(self, file):
        """In pieces: the collector takes of the same room all the while."""
        room, size = os.statvfs(self._folder), 0
        piece = room.f_bavail * room.f_frsize
        while piece >= room.f_frsize:
            try:
                os.posix_fallocate(file, size, piece)
                size += piece
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                piece = piece // 2 // room.f_frsize * room.f_frsize

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self._folder], check=True)
