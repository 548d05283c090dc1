"""Policies of recording, and the files that come of them."""

import hashlib
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
        deadline = time.monotonic() + 15
        while (has := self._in_memory()) != wanted:
            assert time.monotonic() < deadline, f"the edge has {has} and not {wanted}"
            time.sleep(0.005)

    def _in_memory(self):
        slots = self._edge.call("htable.dump", "record") or []
        return {item["name"]: item["value"] for entry in slots for item in entry["slot"]}

    def remove(self):
        self._db.rows("DELETE FROM voip.recording_policies")
        self._wait_for_edge()


def rows_of(platform, record):
    """What is said of recordings of this record's call."""
    return platform.db.rows("SELECT * FROM voip.recordings WHERE call_id = %s ORDER BY created_at",
                            record["call_id"])


def _in_hand(platform, record):
    """Whether the media server or the collector still has a file of the call."""
    live = platform.state / "run" / "recordings"
    return any(live.glob(f"{record['call_id']}*")) or any(live.glob(f"taken/{record['call_id']}*"))


def is_recorded(platform, record):
    """Asterisk opens a file for what may come to be recorded; the collector removes it."""
    deadline = time.monotonic() + 15
    while _in_hand(platform, record):
        assert time.monotonic() < deadline, "the collector leaves a recording where it is"
        time.sleep(0.05)
    # What has just been put into the store has its row a moment later.
    deadline = time.monotonic() + 1.5
    while not (found := rows_of(platform, record)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(found)


def wait_for_row(platform, record):
    """The row of the call's recording: there is one, and the file is what it says."""
    deadline = time.monotonic() + 20
    while not (found := rows_of(platform, record)):
        assert time.monotonic() < deadline, f"no recording of {record['call_id']}"
        time.sleep(0.05)
    row = only(found)
    check_stored(platform, row)
    assert str(row["started_at"]) == str(record["started_at"])
    return row


def check_stored(platform, row):
    data = (platform.state / "store" / row["path"]).read_bytes()
    assert len(data) == row["bytes"]
    assert hashlib.sha256(data).hexdigest() == row["sha256"]


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


def samples_of(file):
    """Both channels of a WAV file (a path or a file object), samples of -1 to 1."""
    with wave.open(file) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        data = sound.readframes(sound.getnframes())
        assert len(data) == 4 * sound.getnframes(), "cut off"
    samples = numpy.frombuffer(data, "<i2").reshape(-1, 2) / 32768
    return samples[:, 0], samples[:, 1]


def read(platform, record):
    """Both channels of a recording, samples of -1 to 1: the caller, and whom he talked to."""
    row = wait_for_row(platform, record)
    left, right = samples_of(str(platform.state / "store" / row["path"]))
    assert row["duration_ms"] == len(left) * 1000 // 8000
    return left, right


def seconds_of(samples, frequency):
    """For how long the tone is there, in steps of 0.1 s."""
    steps = [samples[start:start + 800] for start in range(0, len(samples) - 799, 800)]
    return sum(rtp.loudness(step) >= 4 * rtp.SILENCE
               and rtp.share_near(rtp.spectrum_of(step), frequency) > 0.6 for step in steps) / 10
