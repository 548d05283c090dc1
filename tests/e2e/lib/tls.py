"""SIP over TLS for SIPp, which speaks UDP only: certificates, and a bridge between the two."""

import re
import select
import socket
import ssl
import subprocess
import threading


def make_ca(folder, name):
    """A CA of its own; returns its certificate's path."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"],
                   check=True, capture_output=True)
    return folder / f"{name}.crt"


def make_certificate(folder, ca, name):
    """A key, and a certificate that the CA has signed; returns both paths, the certificate first."""
    key, request, certificate = (folder / f"{name}{end}" for end in (".key", ".csr", ".crt"))
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey",
                    ca.with_suffix(".key"), "-CAcreateserial", "-days", "2", "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


def read_message(stream):
    """The next SIP message of a stream, b"" at its end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return b""
        # Between messages, RFC 5626 3.5.1.
        if head or line != b"\r\n":
            head += line
    length = re.search(rb"^(?:Content-Length|l) *: *(\d+)", head, re.M | re.I)
    return head + stream.read(int(length[1]) if length else 0)


def to_tls(datagram):
    """What SIPp said of itself and UDP, said of TLS: its Contact and, of a request, its Via."""
    if not datagram.startswith(b"SIP/2.0 "):
        datagram = re.sub(rb"(?m)^Via: SIP/2.0/UDP", b"Via: SIP/2.0/TLS", datagram, count=1)
    return re.sub(rb"(?mi)^(Contact:.*transport=)udp", rb"\1tls", datagram)


class Bridge:
    """
    A phone's connection to the edge: what SIPp sends to `address` over UDP goes through it, and what
    comes through it goes to SIPp at `phone`. `messages`: all that came.
    """

    def __init__(self, edge, phone, ca=None):
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        if ca is None:
            context.verify_mode = ssl.CERT_NONE
        self.messages = []
        self._phone = phone
        self._tls = context.wrap_socket(socket.create_connection(edge, timeout=15))
        self._tls.settimeout(None)
        self.certificate = self._tls.getpeercert(binary_form=True)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.address = self._udp.getsockname()
        self._stop = threading.Event()
        for target in (self._send, self._receive):
            threading.Thread(target=target, daemon=True).start()

    def _send(self):
        while not self._stop.is_set():
            if select.select([self._udp], [], [], 0.05)[0]:
                try:
                    self._tls.sendall(to_tls(self._udp.recv(65535)))
                except OSError:
                    return

    def _receive(self):
        try:
            with self._tls.makefile("rb") as stream:
                while message := read_message(stream):
                    self.messages.append(message.decode(errors="replace"))
                    self._udp.sendto(message, self._phone)
        except OSError:
            pass

    def close(self):
        self._stop.set()
        try:
            self._tls.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._tls.close()
        self._udp.close()


class TlsListener:
    """
    Takes connections for a gateway, and passes each message to `take(data, connection)`.
    """

    def __init__(self, ip, port, certificate, take):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self._take = take
        self.failures = 0         # connections without a handshake
        self._connections = []
        self._listener = socket.create_server((ip, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            connection = self._context.wrap_socket(plain, server_side=True)
            self._connections.append(connection)
            with connection, connection.makefile("rb") as stream:
                while message := read_message(stream):
                    self._take(message, connection)
        except OSError:
            # Refused by the other side, which does not trust the certificate.
            self.failures += 1
            plain.close()

    def hang_up(self):
        """Ends every connection, as an idle one is ended."""
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._connections = []

    def close(self):
        self.hang_up()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
