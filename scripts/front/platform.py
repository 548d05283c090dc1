"""Everything from an empty folder to phones that can call, in steps."""

import glob
import os
import time

from .deployment import Deployment
from .errors import FrontError
from .supervisor import Supervisor

# Seconds that `dialplane doctor` gives the daemons.
HEALTHY_WITHIN = 60


class Platform:
    """
    The platform of one state folder. `clone`: the source tree (conf/, scripts/, db/). `program`:
    the built dialplane. `config`: the deployment file. `host`, `media`, `kamailio`: what HOST=,
    MEDIA= and KAMAILIO= say, "" for what the deployment file says. `node`: which one of a file with
    several. `report` is called with a line of text after each step.
    """

    def __init__(self, state, clone, program, config, report, host="", media="", kamailio="",
                 node=""):
        self.state = state
        self.supervisor = Supervisor(state)
        self.deployment = None
        self._clone = clone
        self._program = program
        self._config = config
        self._report = report
        self._overrides = {"--host": host, "--media": media, "--kamailio": kamailio,
                           "--node": node}

    def dialplane(self, verb, *options, **how):
        return self.state.run([self.state / "bin/dialplane", verb, "-s", self.state, *options],
                              **how)

    def start(self, after_migrate=None):
        """
        From whatever the folder holds to a healthy platform. Returns supervisord's Popen.
        `after_migrate` is called when the database is there and nothing has read it yet.
        """
        # What a supervisord that was killed has left would hold the ports.
        self.supervisor.stop()
        self._install()
        self._render()
        self._unpack()
        self.deployment.check_ports(self._config)
        self._make_database()
        return self._launch(self._start_postgresql, self._migrate,
                            after_migrate or (lambda: None), self._start_rest)

    def start_database(self):
        """Only as far as a database with the schema, for what needs no more."""
        self._install()
        self._render()
        self.deployment.check_ports(self._config)
        self._make_database()
        return self._launch(self._start_postgresql, self._migrate)

    def _launch(self, *steps):
        """Starts supervisord and takes the steps; stops everything if one fails."""
        child = self.supervisor.launch()
        try:
            for step in steps:
                step()
        except BaseException:
            self.supervisor.stop()
            raise
        return child

    def _install(self):
        began = time.monotonic()
        self.state.copy_file(self._program, "bin/dialplane", "755")
        self.state.copy_file(self._program.parent.parent / "preload/openssl-fork.so",
                             "lib/openssl-fork.so", "755")
        self.state.copy(self._clone / "conf", "lib/conf")
        self.state.copy(self._clone / "db/migrations", "lib/migrations")
        self.state.copy_file(self._clone / "scripts/unpack", "lib/unpack", "755")
        version = self.state.run([self.state / "bin/dialplane", "--version"]).strip()
        self._done(f"{version} in {self.state}", began)

    def _render(self):
        began = time.monotonic()
        source = self._config
        if self.state.try_run(["test", "-r", source]).returncode != 0:
            # Of a clone that the account cannot enter.
            self.state.copy_file(source, "lib/deploy.yaml", "644")
            source = self.state / "lib/deploy.yaml"
        options = [word for pair in self._overrides.items() if pair[1] for word in pair]
        self.dialplane("render", "-c", source, "--conf", self.state / "lib/conf",
                       "--migrations", self.state / "lib/migrations", *options)
        self.deployment = Deployment(self.state / "etc/deploy.yaml")
        self._done(f"configuration from {self._config}, media server "
                   f"{self.deployment.media_server}", began)

    def _unpack(self):
        wanted = {"sounds": "sounds/en"}
        if self.deployment.media_server == "asterisk":
            wanted["asterisk"] = "tree/asterisk"
        if self._overrides["--kamailio"].startswith("6"):
            wanted["kamailio6"] = "tree/kamailio6"
        for what, where in wanted.items():
            if (self.state / where / ".complete").exists():
                continue
            began = time.monotonic()
            # In the state folder as well, unless said otherwise: nothing outside it is touched.
            cache = os.environ.get("DIALPLANE_CACHE") or self.state / ".cache/dialplane"
            self.state.run([self.state / "lib/unpack", what, self.state / where],
                           variables={"DIALPLANE_CACHE": cache})
            self._done(f"{what} from Debian's packages", began)

    def _make_database(self):
        if (self.state / "db/PG_VERSION").exists():
            return
        began = time.monotonic()
        # One step as far as later starts can see: a folder half made is never taken for a cluster.
        self.state.run(["rm", "-rf", self.state / "db.new"])
        self.state.run([newest_initdb(), "-D", self.state / "db.new", "--username=dialplane",
                        f"--pwfile={self.state / 'secrets/db_admin'}", "--auth=scram-sha-256",
                        "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
        self.state.run(["sync", "--file-system", self.state / "db.new"])
        self.state.run(["mv", "-T", self.state / "db.new", self.state / "db"])
        self._done("a new PostgreSQL cluster", began)

    def _start_postgresql(self):
        began = time.monotonic()
        self.supervisor.start("postgresql")
        deadline = time.monotonic() + HEALTHY_WITHIN
        address, port = self.deployment.node["inside"], self.deployment["db.port"]
        while self.state.try_run(["pg_isready", "-q", "-h", address, "-p", port]).returncode != 0:
            if time.monotonic() > deadline:
                raise FrontError(f"PostgreSQL is not ready; see {self.state / 'log'}")
            time.sleep(0.05)
        self._done("PostgreSQL", began)

    def _migrate(self):
        began = time.monotonic()
        said = self.dialplane("migrate").strip()
        self._done(f"schema: {said.splitlines()[-1] if said else 'up to date'}", began)

    def _start_rest(self):
        began = time.monotonic()
        self.supervisor.start_rest()
        self._wait_for_health()
        self._done("all healthy", began)

    def _wait_for_health(self):
        doctor = [self.state / "bin/dialplane", "doctor", "-s", self.state, "--wait",
                  HEALTHY_WITHIN]
        done = self.state.try_run(doctor)
        for line in (done.stdout + done.stderr).splitlines():
            self._report(f"         {line}")
        if done.returncode != 0:
            raise FrontError("\n".join(["not everything is healthy (see above).",
                                        *self.supervisor.failures(),
                                        f"The daemons' logs: {self.state / 'log'}"]))

    def _done(self, what, began):
        self._report(f"{time.monotonic() - began:6.1f} s {what}")


def newest_initdb():
    """initdb of the newest PostgreSQL in Debian's place for it."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise FrontError("PostgreSQL's server is missing: scripts/setup run installs it")
    return max(found, key=lambda path: int(path.split("/")[4]))
