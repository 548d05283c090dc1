"""The folder web/, with its packages; and the API that its client asks."""

import os
import subprocess

import pytest

from api import Api, make_key
from front.options import CLONE
from lib import db as tenants
from lib.db import Database
from lib.platform import PROGRAM, TestPlatform
from serve import until

FOLDER = CLONE / "web"


@pytest.fixture(scope="session")
def web():
    """Runs a command in web/, where packages and types are; its output."""
    def run(*argv, **variables):
        done = subprocess.run([str(arg) for arg in argv], cwd=FOLDER, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                              env={**os.environ, **variables})
        assert done.returncode == 0, done.stdout
        return done.stdout

    run("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund")
    run("npm", "run", "generate", "--", PROGRAM)
    return run


@pytest.fixture(scope="session")
def platform():
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        made.db = Database(made.deployment, made.secret("db_admin"))
        tenants.add_tenant(made.db, "a.test")
        made.supervisor.start("serve")
        yield made
    finally:
        made.stop()
        made.remove()


@pytest.fixture(scope="session")
def api(platform):
    """Of an administrator of a.test."""
    made = Api(platform, make_key(platform.db, "a.test"), "a.test")

    def answers():
        try:
            return made.get("users").status == 200
        except OSError:
            return False

    until(answers, 60)
    yield made
    made.close()
