"""
Runs every test against the real platform: once per media server that this machine has; those that
reach a media server (marked `service`) once more with FreeSWITCH's dynamic dialplan, and those of
the edge (marked `edge`) on Kamailio 6.0 as well as on the installed one.
"""

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

from lib import db  # noqa: E402
from lib.carrier import Carrier, remove_all  # noqa: E402
from lib.freeswitch import FreeSwitch  # noqa: E402
from lib.phone import Phone  # noqa: E402
from lib.platform import TestPlatform  # noqa: E402

# What runs, the tests that run on it (marker, "" for all), Kamailio ("" for the installed one) and
# FreeSWITCH's dialplan. Asterisk can always be had.
Combination = namedtuple("Combination", "name media_server marker kamailio dialplan",
                         defaults=("", "", "static"))
COMBINATIONS = [
    Combination("freeswitch", "freeswitch"),
    Combination("freeswitch-dynamic", "freeswitch", marker="service", dialplan="dynamic"),
    Combination("asterisk", "asterisk"),
    Combination("asterisk-kamailio6", "asterisk", marker="edge", kamailio="6"),
]
LINES_OF_LOG = 25
FAILED = pytest.StashKey()


def reason_to_skip(combination):
    if combination.media_server == "freeswitch" and not shutil.which("freeswitch"):
        return "FreeSWITCH is not installed here (no freeswitch in PATH)"
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True).stdout
    if combination.kamailio == "6" and "kamailio 6." in version:
        return "the installed Kamailio is 6 already"
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", "edge: a test of the edge, for both versions of Kamailio")
    config.addinivalue_line("markers", "service: a test that reaches a media server, for both "
                                       "dialplans of FreeSWITCH")
    config.ran = []


def pytest_collection_modifyitems(config, items):
    """Of a combination with a marker, only the tests that have it."""
    def wanted(item):
        combination = getattr(item, "callspec", None) and item.callspec.params.get("platform")
        return not (combination and combination.marker) \
            or item.get_closest_marker(combination.marker)
    dropped = [item for item in items if not wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(scope="session", params=COMBINATIONS, ids=lambda combination: combination.name)
def platform(request):
    """A running platform with the tenants a.test and b.test, shared by all tests of its kind."""
    reason = reason_to_skip(request.param)
    if reason:
        request.config.ran.append(f"not with {request.param.name}: {reason}")
        pytest.skip(reason)
    made = TestPlatform(request.param.media_server, request.param.kamailio,
                        dialplan=request.param.dialplan)
    failed = request.session.testsfailed
    try:
        made.start()
        for domain in db.DOMAINS:
            db.add_tenant(made.db, domain)
        request.config.ran.append(f"ran with {made.versions()}")
        yield made
    finally:
        made.stop()
        if request.session.testsfailed == failed:
            made.remove()
        else:
            print(f"\nlogs of the platform and of the phones: {made.folder}")


@pytest.fixture(autouse=True)
def calls_of_a_failure(request):
    """What a failed test leaves behind is not held against the tests that look at all calls."""
    if "platform" not in request.fixturenames:
        yield
        return
    platform = request.getfixturevalue("platform")
    before = len(platform.calls)
    yield
    if request.node.stash.get(FAILED, False):
        platform.excused += platform.calls[before:] or [None]
        del platform.calls[before:]


@pytest.fixture
def quiet(platform):
    """FreeSWITCH must not complain about anything during the test."""
    running = FreeSwitch(platform) if platform.deployment.media_server == "freeswitch" else None
    if running:
        running.new_lines()
    yield
    if running:
        assert running.complaints() == []


@pytest.fixture
def phone(platform):
    """Makes phones, which are unregistered and gone when the test is over."""
    made = []

    def make(user, domain="a.test", password=None, registered=True, **more):
        secret = password or db.password(user, domain)
        made.append(Phone(platform, user, domain, secret, **more))
        if registered:
            made[-1].register()
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def carrier(platform):
    """Makes carriers; gone, with every trunk and route, when the test is over."""
    made = []
    remove_all(platform.db)

    def make(mode="up", **more):
        made.append(Carrier(platform, mode, **more))
        return made[-1]

    yield make
    remove_all(platform.db)
    for one in made:
        one.close()


@pytest.fixture
def without_serve(platform):
    """Returns what stops `dialplane serve`; it runs again after the test."""
    yield lambda: platform.supervisor.stop_process("serve")
    platform.supervisor.start("serve")
    platform.wait_until_healthy()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Notes a failure, and adds to its report what the daemons said last."""
    report = (yield).get_result()
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.failed and platform and hasattr(platform, "state"):
        for log in sorted((platform.state / "log").glob("*.log")):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            report.sections.append((f"{log.name}, last lines", "\n".join(lines[-LINES_OF_LOG:])))


def pytest_terminal_summary(terminalreporter, config):
    for line in config.ran:
        terminalreporter.write_line(line)
