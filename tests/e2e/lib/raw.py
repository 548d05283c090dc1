"""Call records as they came, read as an operator does: `dialplane cdr show --raw`."""

import subprocess

from .platform import PROGRAM

LIMIT = 30


def show(platform, call_id, *options):
    """What `dialplane cdr show` prints of the call, as bytes."""
    done = subprocess.run([PROGRAM, "cdr", "show", "-s", platform.state / "", "--call", str(call_id),
                           *options], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(platform, row):
    """The record that this row of voip.cdr was made of: the first of its call and source."""
    printed = show(platform, row["call_id"], "--raw", "--source", row["source"])
    return printed.split(b"\n")[0]
