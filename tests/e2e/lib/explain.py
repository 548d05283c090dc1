"""`dialplane explain`, as an operator runs it."""

import json
import subprocess

from .platform import PROGRAM

LIMIT = 30


def run(platform, *options):
    """Exit status, standard output and standard error."""
    done = subprocess.run([PROGRAM, "explain", "-s", platform.state / "", *options], text=True,
                          capture_output=True, timeout=LIMIT, check=False)
    return done.returncode, done.stdout, done.stderr


def explain(platform, caller, number, *options):
    """The explanation of a call of `caller` (user@tenant, or a number outside) as an object."""
    status, output, complaint = run(platform, "--from", caller, "--to", number, "--json", *options)
    assert status in (0, 3) and complaint == "", (status, complaint)
    document = json.loads(output)
    assert document["result"]["answered"] == (status == 0)
    return document


def steps(document, step):
    """What it says at this step."""
    return [item["text"] for item in document["steps"] if item["step"] == step]


def case(document, *whens):
    """The branch of these cases, one after the other."""
    for when in whens:
        document = next(item for item in document["branches"] if item["when"] == when)
    return document


def check(platform, call, explained):
    """The record of the call says what was explained."""
    record = platform.db.wait_for_cdr(call.call_id)
    assert said(explained) == recorded(record), explained["result"]["text"]
    return record


def said(explained):
    """Number, type, target, trunk and final cause of an explanation."""
    return tuple(explained["result"][name] for name in ("number", "type", "target", "trunk", "cause"))


def recorded(record):
    """The same of a call's record."""
    return tuple(record[name] for name in ("callee", "service", "callee_reached", "trunk",
                                           "hangup_cause"))
