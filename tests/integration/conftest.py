"""
What tests get that say nothing else: a platform with two tenants, and of its parts only the database
and what the module's RUNNING names.
"""

import shutil

import pytest

from esl import FreeSwitch, channels
from lib import db as tenants
from lib.db import Database
from lib.edge import Edge
from lib.platform import TestPlatform
from serve import Serve, is_listening, until

RUNNING = ("kamailio", "serve")


@pytest.fixture(scope="module")
def running(request):
    """Names of the parts."""
    return getattr(request.module, "RUNNING", RUNNING)


@pytest.fixture(scope="module")
def platform(running):
    if "freeswitch" in running and not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    made = TestPlatform("freeswitch" if "freeswitch" in running else "asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        made.edge = Edge(made.deployment, made.secret("rpc_token"))
        for domain in tenants.DOMAINS:
            tenants.add_tenant(made.db, domain)
        for part in running:
            made.supervisor.start(part)
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture
def serve(platform, running):
    """`dialplane serve`; it and what it looks after are well at the start of each test."""
    asked = Serve(platform)
    nodes = [{"node": "one", "reachable": True, "current": True}]
    until(lambda: is_listening(platform, "control.documents_port"))
    asked.wait_for_health(status="ok", pending=0)
    if "kamailio" in running:
        until(lambda: asked.health()[1]["edges"] == nodes, 60)
    if "freeswitch" in running:
        until(lambda: asked.health()[1]["media"] == nodes, 60)
    return asked


@pytest.fixture
def freeswitch(platform, serve):
    """FreeSWITCH without channels, with the endpoint of the tests."""
    made = FreeSwitch(platform)
    if made.api("module_exists mod_loopback") != "true":
        assert "+OK" in made.api("load mod_loopback")
    made.api("hupall")
    until(lambda: not channels(platform))
    return made


@pytest.fixture
def db(platform):
    return platform.db
