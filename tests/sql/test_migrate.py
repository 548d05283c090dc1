"""`dialplane migrate`, and `doctor` on what is not there, with a real PostgreSQL of their own."""

import json
import re

import psycopg
import pytest
import yaml

from lib.platform import TestPlatform

FIRST = "CREATE SCHEMA voip; CREATE TABLE voip.one (id int);"


@pytest.fixture(scope="module")
def platform():
    """A platform of which only supervisord, PostgreSQL, Redis and rtpengine run."""
    made = TestPlatform("asterisk")
    try:
        made.start_database()
        yield made
    finally:
        made.stop()
        made.remove()


class Migrations:
    """A folder of migrations and a database of its own, in the cluster that is there."""

    def __init__(self, platform, name):
        self._platform = platform
        self.name = name
        self.folder = platform.folder / name
        self.folder.mkdir(mode=0o755)
        self._config = self.folder / "deploy.yaml"
        deployment = yaml.safe_load((platform.state / "etc/deploy.yaml").read_text())
        deployment["db"]["name"] = name
        self._config.write_text(yaml.safe_dump(deployment))

    def write(self, name, sql):
        (self.folder / name).write_text(sql)
        return self

    def migrate(self, *options):
        state = self._platform.state
        return state.try_run([state / "bin/dialplane", "migrate", "-s", state, "-c", self._config,
                              "--dir", self.folder, *options])

    def rows(self, statement, database=None):
        deployment = self._platform.deployment
        with psycopg.connect(host=deployment.node["inside"], port=deployment["db.port"],
                             user="dialplane", password=self._platform.secret("db_admin"),
                             dbname=database or self.name) as connection:
            return connection.execute(statement).fetchall()

    def applied(self):
        return [row[0] for row in
                self.rows("SELECT name FROM voip.schema_migrations ORDER BY number")]

    def exists(self):
        return bool(self.rows(f"SELECT FROM pg_database WHERE datname = '{self.name}'",
                              "postgres"))


@pytest.fixture
def migrations(platform, request):
    return Migrations(platform, re.sub(r"\W+", "_", request.node.name).strip("_"))


def test_new_database(migrations):
    done = migrations.write("0001_one.sql", FIRST).migrate()
    assert done.returncode == 0, done.stderr
    assert "applied 0001_one.sql" in done.stdout
    assert migrations.applied() == ["0001_one.sql"]
    assert migrations.rows("SELECT table_version FROM kamailio.version"
                           " WHERE table_name = 'version'")


def test_second_time_changes_nothing(migrations):
    migrations.write("0001_one.sql", FIRST).migrate()
    before = migrations.rows("SELECT * FROM voip.schema_migrations")
    done = migrations.migrate()
    assert done.returncode == 0, done.stderr
    assert "0 applied now" in done.stdout
    assert migrations.rows("SELECT * FROM voip.schema_migrations") == before


def test_only_what_is_new_is_applied(migrations):
    migrations.write("0001_one.sql", FIRST).migrate()
    migrations.write("0002_two.sql", "CREATE TABLE voip.two ();")
    migrations.write("0010_ten.sql", "CREATE TABLE voip.ten ();")
    migrations.write("notes.txt", "no migration").write("12_short.sql", "no migration")
    done = migrations.migrate()
    assert "applied 0002_two.sql\napplied 0010_ten.sql\n" in done.stdout
    assert "0001_one" not in done.stdout
    assert migrations.applied() == ["0001_one.sql", "0002_two.sql", "0010_ten.sql"]


def test_dry_run_changes_nothing(migrations):
    migrations.write("0001_one.sql", FIRST)
    done = migrations.migrate("--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would create database" in done.stdout
    assert not migrations.exists()
    migrations.migrate()
    migrations.write("0002_two.sql", "CREATE TABLE voip.two ();")
    done = migrations.migrate("--dry-run")
    assert "would apply 0002_two.sql" in done.stdout
    assert migrations.applied() == ["0001_one.sql"]


def test_broken_migration_leaves_nothing_of_itself(migrations):
    migrations.write("0001_one.sql", FIRST)
    migrations.write("0002_two.sql", "CREATE TABLE voip.two (); SELECT 1/0;")
    done = migrations.migrate()
    assert done.returncode == 1
    assert "0002_two.sql: division by zero" in done.stderr
    assert migrations.applied() == ["0001_one.sql"]
    assert migrations.rows("SELECT to_regclass('voip.two')") == [(None,)]


@pytest.mark.parametrize("name, sql, reason", [
    ("0001_one.sql", FIRST + " -- changed", "0001_one.sql was changed after it had been applied"),
    ("0002_a.sql", "COMMIT; SELECT 1;", "0002_a.sql: must not begin or end a transaction"),
    ("0001_again.sql", "SELECT 1;", "have the same number"),
], ids=["changed", "commit", "number"])
def test_refused(migrations, name, sql, reason):
    migrations.write("0001_one.sql", FIRST).migrate()
    done = migrations.write(name, sql).migrate()
    assert done.returncode == 1
    assert reason in done.stderr
    assert migrations.applied() == ["0001_one.sql"]


def test_gap_below_what_is_applied_is_refused(migrations):
    migrations.write("0001_one.sql", FIRST).write("0003_three.sql", "SELECT 3;").migrate()
    done = migrations.write("0002_two.sql", "SELECT 2;").migrate()
    assert done.returncode == 1
    assert "0002_two.sql is new but 0003_three.sql has been applied" in done.stderr


def test_database_of_a_newer_program_is_refused(migrations):
    migrations.write("0001_one.sql", FIRST).write("0002_two.sql", "SELECT 2;").migrate()
    (migrations.folder / "0002_two.sql").unlink()
    done = migrations.migrate()
    assert done.returncode == 1
    assert "belongs to a newer version of the program" in done.stderr


def doctor(platform):
    done = platform.state.try_run([platform.state / "bin/dialplane", "doctor", "-s",
                                   platform.state, "--json"])
    return done.returncode, {part["part"]: part for part in json.loads(done.stdout)}


def test_doctor_tells_what_runs_and_what_does_not(platform):
    status, parts = doctor(platform)
    assert status == 1
    well = {name for name, part in parts.items() if part["status"] == "ok"}
    assert well >= {"postgresql", "schema", "clock", "redis", "rtpengine"}
    assert not well & {"kamailio", "sip", "asterisk", "serve", "collector", "cdr-writer"}
    assert "freeswitch" not in parts
    assert "log/kamailio.log" in parts["kamailio"]["advice"]
    # Whoever reads it knows neither password.
    assert platform.secret("redis_password") not in str(parts)


@pytest.mark.parametrize("daemon, part", [("postgresql", "postgresql"), ("redis", "redis"),
                                          ("rtpengine", "rtpengine")])
def test_doctor_waits_for_what_comes_back(platform, daemon, part):
    platform.supervisor.stop_process(daemon)
    status, parts = doctor(platform)
    assert status == 1 and parts[part]["status"] == "fail"
    assert f"log/{daemon}.log" in parts[part]["advice"]
    waiting = platform.state.popen([platform.state / "bin/dialplane", "doctor", "-s",
                                    platform.state, "--wait", "20"], stdout=-1, text=True)
    platform.supervisor.start(daemon)
    lines = []
    for line in waiting.stdout:
        lines.append(line.split()[:2])
        if lines[-1] == ["ok", part]:
            break
    waiting.terminate()
    waiting.communicate()
    assert ["ok", part] in lines


def test_doctor_sees_a_schema_that_is_behind(platform):
    folder = platform.state / "share/migrations"
    platform.state.run(["sh", "-c", f"echo 'SELECT 1;' >{folder}/9999_next.sql"])
    try:
        status, parts = doctor(platform)
        assert status == 1 and parts["schema"]["status"] == "fail"
        assert "dialplane migrate" in parts["schema"]["advice"]
    finally:
        platform.state.run(["rm", folder / "9999_next.sql"])


@pytest.mark.parametrize("options, said", [
    (["doctor", "--wait", "soon"], "--wait takes seconds"),
    (["doctor", "--bogus"], "unrecognized option"),
    (["doctor", "extra"], "unexpected 'extra'"),
    (["nonsense"], "no verb 'nonsense'"),
    ([], "usage:"),
])
def test_wrong_usage_has_its_own_status(platform, options, said):
    done = platform.state.try_run([platform.state / "bin/dialplane", *options])
    assert done.returncode == 2
    assert said in done.stderr


def test_deployment_error_names_file_and_line(platform):
    bad = platform.folder / "bad.yaml"
    bad.write_text("version: 1\nnodes:\n  - {name: one, roles: [edge]}\nedge:\n  sip_prot: 5060\n")
    done = platform.state.try_run([platform.state / "bin/dialplane", "doctor", "-s",
                                   platform.state, "-c", bad])
    assert done.returncode == 1
    assert f"{bad}:5:3: unknown key 'sip_prot'" in done.stderr
