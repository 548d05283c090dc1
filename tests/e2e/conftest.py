"""
Runs every test against the real platform: once per media server that this machine has, and those
of the edge (marked `edge`) on Kamailio 6.0 as well as on the installed one.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

from lib import db  # noqa: E402
from lib.phone import Phone  # noqa: E402
from lib.platform import TestPlatform  # noqa: E402

# (media server, Kamailio: "" for the installed one). Asterisk can always be had.
COMBINATIONS = [("freeswitch", ""), ("asterisk", ""), ("asterisk", "6")]
LINES_OF_LOG = 25


def name_of(combination):
    return "-".join(filter(None, [combination[0], combination[1] and "kamailio6"]))


def reason_to_skip(media_server, kamailio):
    if media_server == "freeswitch" and not shutil.which("freeswitch"):
        return "FreeSWITCH is not installed here (no freeswitch in PATH)"
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True, check=True).stdout
    if kamailio == "6" and "kamailio 6." in version:
        return "the installed Kamailio is 6 already"
    return ""


def pytest_configure(config):
    config.addinivalue_line("markers", "edge: a test of the edge, for both versions of Kamailio")
    config.ran = []


def pytest_collection_modifyitems(config, items):
    """Of the second Kamailio, only the tests of the edge."""
    def wanted(item):
        combination = getattr(item, "callspec", None) and item.callspec.params.get("platform")
        return not combination or not combination[1] or item.get_closest_marker("edge")
    dropped = [item for item in items if not wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(scope="session", params=COMBINATIONS, ids=name_of)
def platform(request):
    """A running platform with the tenants a.test and b.test, shared by all tests of its kind."""
    reason = reason_to_skip(*request.param)
    if reason:
        pytest.skip(reason)
    made = TestPlatform(*request.param)
    failed = request.session.testsfailed
    try:
        made.start()
        for domain in db.DOMAINS:
            db.add_tenant(made.db, domain)
        request.config.ran.append(made.versions())
        yield made
    finally:
        made.stop()
        if request.session.testsfailed == failed:
            made.remove()
        else:
            print(f"\nlogs of the platform and of the phones: {made.folder}")


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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds what the daemons said last to the report of a failure."""
    report = (yield).get_result()
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.failed and platform and hasattr(platform, "state"):
        for log in sorted((platform.state / "log").glob("*.log")):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            report.sections.append((f"{log.name}, last lines", "\n".join(lines[-LINES_OF_LOG:])))


def pytest_terminal_summary(terminalreporter, config):
    for versions in config.ran:
        terminalreporter.write_line(f"ran with {versions}")
