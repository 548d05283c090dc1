"""`make chaos` in short: everything is broken at random while it is called, no record is lost or doubled."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHAOS = Path(__file__).resolve().parents[1] / "chaos/run"
SECONDS = 45


@pytest.mark.parametrize("media", ["freeswitch", "asterisk"])
def test_one_record_for_each_call(media):
    if media == "freeswitch" and not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    done = subprocess.run([CHAOS], capture_output=True, text=True, timeout=500, check=False,
                          env={**os.environ, "MEDIA": media, "CHAOS_SECONDS": str(SECONDS),
                               "WIPE": "yes"})
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    found = re.fullmatch(r"chaos calls=(\d+) records=(\d+) lost=0 doubled=0 reconciled=\d+", last)
    assert found, last
    # Some of the 20 calls a second are refused while something is away.
    assert int(found[1]) == int(found[2]) > 5 * SECONDS
