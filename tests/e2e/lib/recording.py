"""Policies of recording, and the files that come of them."""

import glob
import os
import time
import wave

import numpy

from . import rtp


class Policies:
    """What a.test has said of recording; nothing of it is left after remove()."""

    def __init__(self, platform):
        self._db, self._edge = platform.db, platform.edge
        self.remove()

    def add(self, mode, number=None, queue=None, trunk=None, direction="any", **more):
        """Of an extension, a queue or a trunk, else of the tenant; known to the edge afterwards."""
        columns = {"mode": mode, "direction": direction, "queue_id": queue, "trunk_id": trunk,
                   "extension_id": self._db.extension_id(number) if number else None, **more}
        policy = self._db.value(
            f"INSERT INTO voip.recording_policies (domain_id, {', '.join(columns)}) "
            f"SELECT id{', %s' * len(columns)} FROM voip.domains WHERE name = 'a.test' "
            "RETURNING id", *columns.values())
        self._wait_for_edge()
        return policy

    def _wait_for_edge(self):
        """Until it has in memory what the view says, and nothing else."""
        wanted = {row["key_name"]: row["key_value"] for row in self._db.rows(
            "SELECT key_name, key_value FROM kamailio.htable_record")}
        deadline = time.monotonic() + 5
        while (has := self._in_memory()) != wanted:
            assert time.monotonic() < deadline, f"the edge has {has} and not {wanted}"
            time.sleep(0.005)

    def _in_memory(self):
        slots = self._edge.call("htable.dump", "record") or []
        return {item["name"]: item["value"] for entry in slots for item in entry["slot"]}

    def remove(self):
        self._db.rows("DELETE FROM voip.recording_policies")
        self._wait_for_edge()


def path_of(platform, record):
    """Where the call of this record would be recorded."""
    ending = "wav" if platform.deployment.media_server == "freeswitch" else "raw"
    return platform.state / "run" / "recordings" / f"{record['call_id']}.{ending}"


def is_recorded(platform, record):
    """Asterisk opens a file for what may come to be recorded."""
    path = path_of(platform, record)
    return path.exists() and path.stat().st_size > 0


def _is_open(path):
    """Whether somebody still writes: media servers close the file some time after the call."""
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(link) == str(path):
                return True
        except OSError:
            pass  # closed meanwhile, or the process is gone
    return False


def read(platform, record):
    """Both channels of a recording, samples of -1 to 1: the caller, and whom he talked to."""
    path = path_of(platform, record)
    deadline = time.monotonic() + 5
    while not path.exists() or path.stat().st_size < 1000 or _is_open(path):
        assert time.monotonic() < deadline, f"no recording at {path}"
        time.sleep(0.02)
    if path.suffix == ".wav":
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
            data = file.readframes(file.getnframes())
    else:
        data = path.read_bytes()
    samples = numpy.frombuffer(data[:len(data) // 4 * 4], "<i2").reshape(-1, 2) / 32768
    return samples[:, 0], samples[:, 1]


def seconds_of(samples, frequency):
    """For how long the tone is there, in steps of 0.1 s."""
    steps = [samples[start:start + 800] for start in range(0, len(samples) - 799, 800)]
    return sum(rtp.loudness(step) >= 4 * rtp.SILENCE
               and rtp.share_near(rtp.spectrum_of(step), frequency) > 0.6 for step in steps) / 10
