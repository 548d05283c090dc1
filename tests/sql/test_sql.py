"""Runs the pgTAP tests of db/tests against a migrated database of a cluster of its own."""

import os
import re
import subprocess

import pytest

from front.options import CLONE
from lib.platform import TestPlatform

FILES = sorted((CLONE / "db/tests").glob("*.sql"))


@pytest.fixture(scope="module", name="psql")
def start_database():
    """Returns a function that runs psql as the owner of the database."""
    platform = TestPlatform("asterisk")
    try:
        platform.start_database()
        where = {"PGHOST": platform.deployment.node["inside"], "PGUSER": "dialplane",
                 "PGPORT": str(platform.deployment["db.port"]),
                 "PGOPTIONS": "-c client_min_messages=warning",
                 "PGDATABASE": platform.deployment["db.name"],
                 "PGPASSWORD": platform.secret("db_admin")}

        def run(*options):
            return subprocess.run(["psql", "-X", "-q", "-A", "-t", *options], check=False,
                                  env={**os.environ, **where}, capture_output=True, text=True)

        assert run("-c", "CREATE EXTENSION pgtap").returncode == 0
        yield run
    finally:
        platform.stop()
        platform.remove()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_tap(psql, file):
    """Every assertion of the file holds, and as many ran as it planned."""
    done = psql("-v", "ON_ERROR_STOP=1", "-f", str(file))
    assert done.returncode == 0, done.stderr
    planned = re.search(r"^1\.\.(\d+)$", done.stdout, re.M)
    results = re.findall(r"^(ok|not ok) \d+", done.stdout, re.M)
    assert planned and len(results) == int(planned[1]), done.stdout
    assert "not ok" not in results, done.stdout
