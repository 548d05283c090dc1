"""Tests that run side by side get ports that no other has."""

import json
import subprocess
import sys

from front.options import CLONE

PROCESSES, PORTS, SIZE = 6, 250, 800
# As one of several pytests: it ends when its input does.
PROGRAM = f"""
import json, sys
sys.path.insert(0, {str(CLONE / "tests/e2e")!r})
from lib.ports import free_ports, free_range
print(json.dumps([free_ports({PORTS}), free_range({SIZE})]), flush=True)
sys.stdin.read()
"""


def test_ports_of_a_platform_are_not_given_again():
    done = subprocess.run([sys.executable, "-c", f"""
import sys
sys.path.insert(0, {str(CLONE / "tests/e2e")!r})
from lib.ports import free_ports
platform = free_ports(13)
phones = [free_ports(1)[0] for _ in range(1000)]
assert set(platform).isdisjoint(phones) and len(set(phones)) > 400
"""], check=False)
    assert done.returncode == 0


def test_processes_share_no_port():
    running = [subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    try:
        given = [json.loads(process.stdout.readline()) for process in running]
    finally:
        for process in running:
            process.communicate()
    ports = [port for single, _ in given for port in single]
    assert len(set(ports)) == PROCESSES * PORTS
    firsts = sorted(first for _, first in given)
    assert all(after - before >= SIZE for before, after in zip(firsts, firsts[1:]))
