"""bench/http_load: many HTTP requests, with a time for each."""

import json
import struct
import subprocess

from front.options import CLONE

PROGRAM = CLONE / "build/bench/http_load"


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def write_requests(path, pairs):
    """The file of http_load: (request, what its answer contains), both bytes."""
    with open(path, "wb") as out:
        for pair in pairs:
            for part in pair:
                out.write(struct.pack("<I", len(part)) + part)


def start(address, port, path, *options):
    """Starts http_load with --seconds 5 and such; `finish` has its result."""
    return subprocess.Popen([PROGRAM, *map(str, options), address, str(port), path],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1]) | {"complaint": errors.strip()}


def run(*args):
    return finish(start(*args))
