"""What the front door needs to know of the deployment file: which ports, and by which key."""

import errno
import socket
import subprocess

import yaml

from .errors import FrontError

# Key of the deployment file -> where its port listens. RTP ranges are too wide to try; the daemons
# pass over a port in them that is taken.
PORTS = [
    ("edge.sip_port", "address", "udp"), ("edge.sip_port", "address", "tcp"),
    ("edge.tls_port", "address", "tcp"),
    ("edge.inside_port", "inside", "udp"), ("edge.rpc_port", "inside", "tcp"),
    ("edge.rtpengine_port", "inside", "udp"),
    ("edge.turn_port", "address", "udp"), ("edge.turn_port", "address", "tcp"),
    ("media.sip_port", "inside", "udp"), ("media.event_port", "inside", "tcp"),
    ("control.documents_port", "inside", "tcp"), ("control.agi_port", "inside", "tcp"),
    ("control.api_port", "inside", "tcp"),
    ("collector.port", "inside", "tcp"), ("queue.port", "inside", "tcp"),
    ("db.port", "inside", "tcp"),
]


class Deployment:
    """The effective deployment, as `dialplane render` wrote it: every key is there."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self._tree = yaml.safe_load(file)
        self.node = self._tree["nodes"][0]

    def __getitem__(self, key):
        section, name = key.split(".")
        return self._tree[section][name]

    @property
    def media_server(self):
        return self._tree["media_server"]

    def check_ports(self, source):
        """Fails, naming port, holder and key in the file `source`, if one is taken."""
        taken = [self._describe(key, self.node[side], proto, source)
                 for key, side, proto in PORTS
                 if (self["edge.turn"] or key != "edge.turn_port") and not is_free(self.node[side], self[key], proto)]
        if taken:
            raise FrontError("\n".join(taken))

    def _describe(self, key, address, proto, source):
        port = self[key]
        return (f"{proto.upper()} port {port} on {address} is taken by {holder(port, proto)}: "
                f"stop that, or choose another port with {key} in {source}")


def is_free(address, port, proto):
    """Whether something could listen there now. Fails if the address is not this machine's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as probe:
        if proto == "tcp":
            # As the daemons do: connections of the run before that wait out are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as reason:
            if reason.errno == errno.EADDRNOTAVAIL:
                raise FrontError(f"{address} is not an address of this machine "
                                 "(ip address shows them)") from None
            if reason.errno == errno.EADDRINUSE:
                return False
            raise FrontError(f"{proto} port {port} on {address}: {reason.strerror}") from None
    return True


def holder(port, proto):
    """'name (pid N)' of the process that has the port, as far as this user may see it."""
    shown = subprocess.run(["ss", "-Hanp", f"--{proto}", f"sport = :{port}"],
                           capture_output=True, text=True, check=False).stdout
    if 'users:(("' not in shown:
        return "another user's process"
    name, pid = shown.split('users:(("', 1)[1].split('"', 1)
    return f"{name} (pid {pid.split('pid=', 1)[1].split(',', 1)[0]})"
