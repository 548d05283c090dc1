"""A platform of the tests: the real one, started by the same code as `make run`, on free ports."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import yaml

from front.account import Account
from front.options import CLONE
from front.platform import Platform
from front.state import State

from .db import Database
from .edge import Edge
from .ports import free_ports, free_range
from .tls import make_ca

PROGRAM = Path(os.environ.get("PROGRAM") or CLONE / "build/src/cmd/dialplane")


def deployment_text(media_server, dialplan="static", more_nodes=(), media_ports=400,
                    recordings=None, writers=1, **edge):
    """A deployment file on loopback on ports that are free now, `media_ports` of them for the RTP of the
    media server."""
    (sip, inside, rpc, control, media_sip, event, documents, agi, api, collector, queue,
     db, tls, mail, turn) = free_ports(15)
    rtp = free_range(400 + media_ports)
    return yaml.safe_dump({
        "version": 1,
        "media_server": media_server,
        "nodes": [{"name": "one", "address": "127.0.0.1", "inside": "127.0.0.1",
                   "roles": ["edge", "media", "control", "queue", "db"]}, *more_nodes],
        # All phones of the tests have one address: no limit per address.
        "edge": {"sip_port": sip, "tls_port": tls, "inside_port": inside, "rpc_port": rpc,
                 "rtpengine_port": control, "rtp_first": rtp, "rtp_last": rtp + 399,
                 "turn_port": turn, "max_requests": 0, "workers": 2, **edge},
        "media": {"sip_port": media_sip, "event_port": event, "rtp_first": rtp + 400,
                  "rtp_last": rtp + 399 + media_ports, "dialplan": dialplan},
        "control": {"documents_port": documents, "agi_port": agi, "api_port": api},
        "collector": {"port": collector},
        "queue": {"port": queue},
        "db": {"port": db, "name": "dialplane"},
        "cdr": {"reconcile_every": 1, "writers": writers},
        **({"recordings": recordings} if recordings else {}),
        "mail": {"host": "127.0.0.1", "port": mail, "from": "voicemail@platform.test"},
    }, sort_keys=False)


def shared_cache(account):
    """Where unpacked trees are kept between runs, so that each is downloaded once."""
    if os.environ.get("DIALPLANE_CACHE"):
        return
    folder = Path("/var/cache/dialplane") if account.is_switch else \
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dialplane"
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o755)
        if account.is_switch:
            shutil.chown(folder, account.name, account.name)
    os.environ["DIALPLANE_CACHE"] = str(folder)


class TestPlatform:
    """A running platform with its folder, database and edge."""

    __test__ = False

    def __init__(self, media_server, kamailio="", report=print, dialplan="static", more_nodes=(),
                 **edge):
        self.account = Account()
        shared_cache(self.account)
        self.folder = Path(tempfile.mkdtemp(prefix="dialplane-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.state = State(self.folder / "state", self.account)
        self.state.make()
        self._logs = self.folder / "phones"
        self._logs.mkdir()
        self._count = 0
        self.calls = []           # Call-ID of every call that has to have a record
        self.excused = []         # those of failed tests; not empty when one has failed
        self.reconciled = []      # of self.calls, those whose record was made up
        # Who vouches for carriers.
        self.ca = make_ca(self.folder, "ca")
        self.ca.chmod(0o644)
        config = self.folder / "deploy.yaml"
        config.write_text(deployment_text(media_server, dialplan, more_nodes, tls_ca=str(self.ca),
                                          **edge), encoding="utf-8")
        self._platform = Platform(self.state, CLONE, PROGRAM, config, report, kamailio=kamailio,
                                  node="one" if more_nodes else "")
        self.supervisor = self._platform.supervisor
        self.db = self.edge = self._child = None

    @property
    def deployment(self):
        return self._platform.deployment

    @property
    def edge_address(self):
        return self.deployment.node["address"], self.deployment["edge.sip_port"]

    @property
    def tls_address(self):
        return self.deployment.node["address"], self.deployment["edge.tls_port"]

    def secret(self, name):
        """A secret of the state folder; root and the account can read it."""
        return (self.state / "secrets" / name).read_text(encoding="ascii").strip()

    def start(self, after_migrate=None):
        """Starts everything; `after_migrate` is called when the schema is there."""
        self._child = self._platform.start(after_migrate)
        self.db = Database(self.deployment, self.secret("db_admin"))
        self.edge = Edge(self.deployment, self.secret("rpc_token"))
        return self

    def start_database(self):
        """Starts the database alone, with the schema."""
        self._child = self._platform.start_database()

    def stop(self):
        """Stops everything; nothing is left running afterwards."""
        if self.db:
            self.db.close()
        took = self.supervisor.stop()
        if self._child:
            self._child.wait()
        return took

    def stop_database(self):
        """Stops PostgreSQL when it knows the contacts of all phones."""
        self.wait_for_contacts()
        self.supervisor.stop_process("postgresql")

    def wait_for_contacts(self):
        """Until the database knows the contacts of all phones: Kamailio writes them behind, and reads
        them at its next start."""
        deadline = time.monotonic() + 30
        while self.edge.contacts() != [row["contact"] for row in self.db.rows(
                "SELECT contact FROM kamailio.location ORDER BY contact COLLATE \"C\"")]:
            assert time.monotonic() < deadline, "contacts are not written"
            time.sleep(0.05)

    def wait_until_healthy(self, seconds=30):
        """Waits until every part says it is well."""
        self._platform.dialplane("doctor", "--wait", seconds)

    def redis(self, *command):
        """What redis-cli prints for a command."""
        return self.state.run(["redis-cli", "-h", self.deployment.node["inside"],
                               "-p", self.deployment["queue.port"], *command],
                              variables={"REDISCLI_AUTH": self.secret("redis_password")}).strip()

    def new_folder(self, name):
        """A folder for the logs of one phone."""
        self._count += 1
        folder = self._logs / f"{self._count:03d}-{name}"
        folder.mkdir()
        return folder

    def versions(self):
        """What runs: media server and Kamailio, with their versions."""
        media_server = self.deployment.media_server
        if media_server == "freeswitch":
            media_server += f" with the {self.deployment['media.dialplan']} dialplan"
        return f"{media_server}, Kamailio {self.edge.version().split()[1]}"

    def remove(self):
        shutil.rmtree(self.folder)
