"""Carriers: SIPp on a loopback address of its own, behind a gateway that answers OPTIONS."""

import itertools
import re
import select
import socket
import threading

from . import scenario as sip
from .phone import Phone
from .ports import free_ports
from .tls import TlsListener, read_message, to_tls

_hosts = itertools.count(1)
_OPTIONS_OK = ("Via", "From", "To", "Call-ID", "CSeq", "v", "f", "t", "i")


def _answer(request, status="200 OK", *headers):
    lines = request.decode(errors="replace").split("\r\n")
    kept = [line for line in lines if line.split(":")[0].strip() in _OPTIONS_OK]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, *headers, "Content-Length: 0", "", ""]).encode()


class Gateway:
    """
    A UDP port that answers OPTIONS itself and passes everything else on to SIPp, which is one process
    per call and does not know OPTIONS. `mode`: "up"; "silent": takes everything and says nothing;
    "full": answers OPTIONS, and 503 to every INVITE; "gone": nobody listens. With a `certificate` (and
    its key) it is reached over TLS, at a TCP port of that number.
    """

    def __init__(self, ip, port, mode, certificate=None):
        self.ip, self.port, self.mode = ip, port, mode
        self.received = []        # everything from the edge, as text
        self.invites = []         # INVITEs that came, as text
        self.registers = []       # REGISTERs with credentials, as text
        self.behind = None        # SIPp's address
        self._edge = None
        self._stop = threading.Event()
        self._socket = None
        self._thread = None
        self.tls = None
        if certificate and mode != "gone":
            self.tls = TlsListener(ip, port, certificate, self._take)
        if mode != "gone":
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((ip, port))
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            if select.select([self._socket], [], [], 0.05)[0]:
                try:
                    self._take(*self._socket.recvfrom(65535))
                except ConnectionError:
                    pass

    def _take(self, data, source):
        if source == self.behind:
            self._send(data, self._edge)
            return
        self.received.append(data.decode(errors="replace"))
        method = data.split(b" ", 1)[0]
        if method == b"INVITE":
            self.invites.append(data.decode(errors="replace"))
        if self.mode == "silent":
            return
        if method == b"REGISTER":
            self._send(self._answer_to_register(data), source)
        elif method == b"OPTIONS":
            self._send(_answer(data), source)
        elif self.mode == "full" and method == b"INVITE":
            self._send(_answer(data, "503 Service Unavailable"), source)
        elif self.behind and method != b"ACK" or self.mode == "up" and self.behind:
            self._edge = source
            self._socket.sendto(data, self.behind)

    def _send(self, data, to):
        """`to`: an address, or a connection over TLS."""
        if isinstance(to, tuple):
            self._socket.sendto(data, to)
        else:
            to.sendall(to_tls(data))

    def _answer_to_register(self, data):
        """A challenge, and 200 to what answers it."""
        if b"Authorization:" not in data:
            return _answer(data, "401 Unauthorized", 'WWW-Authenticate: Digest '
                                      'realm="carrier.test",nonce="0815",algorithm=MD5')
        text = data.decode()
        self.registers.append(text)
        return _answer(data, "200 OK", "Expires: 300",
                                  re.search(r"^Contact:.*", text, re.M)[0].strip())

    def close(self):
        self._stop.set()
        if self.tls:
            self.tls.close()
        if self._thread:
            self._thread.join()
            self._socket.close()


class BusyTcpGateway:
    """Answers OPTIONS over TCP, and 486 to every INVITE. Requests without a body or with one."""

    def __init__(self, ip):
        self.ip, self.port = ip, free_ports(1)[0]
        self.invites = []
        self._listener = socket.create_server((ip, self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while request := read_message(stream):
                method = request.split(b" ", 1)[0]
                if method == b"OPTIONS":
                    connection.sendall(_answer(request))
                elif method == b"INVITE":
                    self.invites.append(request.decode())
                    connection.sendall(_answer(request, "486 Busy Here"))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Carrier(Phone):
    """A carrier at an address of its own, with one gateway and, behind it, SIPp."""

    def __init__(self, platform, mode="up", ip=None, certificate=None, transport="udp"):
        super().__init__(platform, "carrier", "carrier.test", "", transport=transport,
                         ip=ip or f"127.0.1.{next(_hosts)}")
        self.gateway = Gateway(self.ip, free_ports(1)[0], mode, certificate)

    def wait_call(self, *steps):
        leg = super().wait_call(*steps)
        self.gateway.behind = (self.ip, self.port)
        return leg

    def call_in(self, number, *steps, caller="+4930111", headers=(), to=None, record=True):
        """A call to the platform's number. Returns its Leg."""
        address = ":".join(map(str, self._platform.edge_address))
        leg = self.start(sip.invite_by_address(*headers), *steps, uri=to or f"sip:{number}@{address}",
                         from_uri=f"sip:{caller}@carrier.test")
        if record:
            self._platform.calls.append(leg.call_id)
        return leg

    def close(self):
        super().close()
        self.gateway.close()


def add_trunk(db, name, *carriers, domain="a.test", transport="udp", verify=True,
              **columns):
    """A trunk whose gateways are those of the carriers, in this order. Returns its id."""
    domain_id = db.value("SELECT id FROM voip.domains WHERE name = %s", domain)
    names = "".join(f", {column}" for column in columns)
    trunk = db.value(f"INSERT INTO voip.trunks (domain_id, name{names}) "
                     f"VALUES (%s, %s{', %s' * len(columns)}) RETURNING id",
                     domain_id, name, *columns.values())
    for priority, carrier in enumerate(carriers, 1):
        db.rows("INSERT INTO voip.trunk_gateways (domain_id, trunk_id, priority, host, port, transport,"
                " verify) VALUES (%s, %s, %s, %s, %s, %s, %s)", domain_id, trunk, priority, carrier.gateway.ip,
                carrier.gateway.port, transport, verify)
    return trunk


def add_route(db, prefix, *trunks, domain="a.test", prepend="49", strip=None):
    """What is dialled behind the prefix goes to these trunks, in this order."""
    domain_id = db.value("SELECT id FROM voip.domains WHERE name = %s", domain)
    route = db.value("INSERT INTO voip.outbound_routes (domain_id, name, strip, prepend) "
                     "VALUES (%s, %s, %s, %s) RETURNING id", domain_id, f"route {prefix}",
                     len(prefix) if strip is None else strip, prepend)
    for priority, trunk in enumerate(trunks, 1):
        db.rows("INSERT INTO voip.outbound_route_trunks (domain_id, route_id, trunk_id, priority) "
                "VALUES (%s, %s, %s, %s)", domain_id, route, trunk, priority)
    db.rows("INSERT INTO voip.extensions (domain_id, number, type, is_prefix, outbound_route_id) "
            "VALUES (%s, %s, 'trunk_out', true, %s)", domain_id, prefix, route)
    return route


def remove_all(db):
    """Takes away every trunk, route and number from outside, and opens what was closed."""
    db.rows("DELETE FROM voip.extensions WHERE type = 'trunk_out'")
    for table in ("inbound_numbers", "outbound_routes", "trunks", "outbound_usage"):
        db.rows(f"DELETE FROM voip.{table}")
    db.rows("UPDATE voip.domains SET country_code = '49', allow_international = false, "
            "allow_premium = false, max_calls = NULL, max_outbound_minutes = NULL")
