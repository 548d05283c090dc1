"""
Calls that only look what becomes of them: many a second, all from one thread. Each is made by a carrier
(so no digest is in between), is looked at until it shows how it was treated, and is ended at once.
"""

import hashlib
import heapq
import itertools
import re
import selectors
import socket
import time

import numpy

from .rtp import DECODE, RATE, Endpoint

_COPIED = ("via", "from", "to", "call-id", "cseq", "v", "f", "t", "i")
# Seconds in which a call that was answered hears something.
PATIENCE = 5
_serial = itertools.count(1_000_000)


def _md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def _header(text, name):
    found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", text, re.M | re.I)
    return found[1] if found else ""


class Probe:
    """One call or registration: when it was sent, when it showed how it was treated, and how."""

    def __init__(self):
        self.serial = str(next(_serial))
        self.sent = self.shown = self.how = None
        self.cseq, self.is_heard_of, self.state = 0, False, "sent"

    def __str__(self):
        return f"{self.serial}: {self.state}, {self.how}"

    def show(self, how):
        if self.shown is None:
            self.shown, self.how = time.perf_counter(), how


class Prober:
    """The carrier at `ip`, and phones of users who are busy."""

    def __init__(self, platform, ip):
        self.edge, self.ip, self._calls = platform.edge_address, ip, platform.calls
        self._selector = selectors.DefaultSelector()
        self._due, self._count = [], itertools.count()
        self._probes = {}         # by Call-ID and by serial
        self._nonces = {}
        self._open, self._staying, self._phones = set(), [], []
        self._carrier = self.socket(ip, self.from_edge)

    def socket(self, ip, handler):
        """A UDP port whose packets go to handler(data, socket)."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((ip, 0))
        return self.take(made, handler)

    def take(self, made, handler):
        """What comes by this socket goes to handler(data, socket), until close()."""
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, handler)
        return made

    def forget(self, made):
        self._selector.unregister(made)
        made.close()

    def close(self):
        """Ends all calls and registrations."""
        for probe in list(self._staying):
            self._hang_up(probe)
        gone = [self.register(*phone, expires=0) for phone in self._phones]
        self.run(lambda: not self._open and all(probe.shown for probe in gone), what="the end of calls")
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    # ---- time

    def at(self, moment, do):
        heapq.heappush(self._due, (moment, next(self._count), do))

    def run(self, condition, timeout=30, what="what was waited for"):
        """Sends and receives until the condition is true."""
        deadline = time.perf_counter() + timeout
        while not condition():
            now = time.perf_counter()
            assert now < deadline, f"not in {timeout} s: {what}; calls: {sorted(map(str, self._open))}"
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            wait = self._due[0][0] - time.perf_counter() if self._due else 0.05
            for key, _ in self._selector.select(max(0, min(wait, 0.05))):
                try:
                    while key.fileobj.fileno() >= 0:
                        key.data(key.fileobj.recv(65535), key.fileobj)
                except OSError:
                    pass          # nothing more, or an ICMP error: the other side has closed its port

    # ---- phones

    def phone(self, user, domain, password):
        """Registers a phone that is busy, and shows each call that it rang for."""
        def rung(data, phone):
            text = data.decode(errors="replace")
            if text.startswith("INVITE"):
                serial = re.search(r"1\d{6}", _header(text, "From"))
                if serial and serial[0] in self._probes:
                    self._probes[serial[0]].show(user)
                phone.sendto(_reply(text, "486 Busy Here"), self.edge)
            elif text.startswith("SIP/2.0"):
                self.from_edge(data, phone)
        phone = self.socket("127.0.0.1", rung)
        self._phones.append((phone, user, domain, password))
        probe = self.register(phone, user, domain, password, expires=3600)
        self.run(lambda: probe.shown, what=f"registration of {user}")
        assert probe.how == 200, probe.how

    def register(self, line, user, domain, password, expires=None):
        """REGISTERs, with a contact for so many seconds; the probe shows the final status."""
        probe = Probe()
        uri = f"sip:{domain}"

        def send(nonce, count):
            self._nonces[line] = nonce, count
            ha2, nc = _md5("REGISTER", uri), f"{count:08x}"
            response = _md5(_md5(user, domain, password), nonce, nc, "0a", "auth", ha2)
            probe.sent = time.perf_counter()
            self._send(line, probe, "REGISTER", uri, probe.cseq + 1, f"sip:{user}@{domain}", [
                *([f"Contact: <sip:{user}@{_of(line)}>", f"Expires: {expires}"]
                  if expires is not None else []),
                f'Authorization: Digest username="{user}", realm="{domain}", nonce="{nonce}", '
                f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc={nc}, cnonce="0a"'])

        def answered(status, text):
            challenge = re.search(r'nonce="([^"]+)"', _header(text, "WWW-Authenticate"))
            if status == 401 and challenge:
                send(challenge[1], 1)
            elif status >= 200:
                probe.show(status)

        probe.answered = answered
        nonce, count = self._nonces.get(line, ("", 0))
        send(nonce, count + 1)
        return probe

    # ---- calls

    def call(self, number, listen=None, sends=None):
        """
        A call from outside. Without `listen` it shows the user whose phone it rings, or the final status.
        With it, it is answered by a service, and shows what listen(samples) says of what it hears, which is
        not None once it is known. `sends`: an Endpoint that is its media until close().
        """
        probe = Probe()
        media = self.socket(self.ip, lambda data, _: self._hear(probe, data)) if listen else None
        probe.media, probe.listen, probe.heard = media, listen, b""
        probe.sends = sends
        port = sends.port if sends else media.getsockname()[1] if media else 9
        body = (f"v=0\r\no=- 1 1 IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {self.ip}\r\nt=0 0\r\n"
                f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")
        probe.uri = f"sip:{number}@{self.edge[0]}:{self.edge[1]}"
        probe.routes, probe.to = [], f"<{probe.uri}>"
        probe.answered = lambda status, text: self._call_goes_on(probe, status, text)
        self._open.add(probe)
        self._calls.append(f"{probe.serial}@probe")
        probe.sent = time.perf_counter()
        self._send(self._carrier, probe, "INVITE", probe.uri, 1, probe.uri,
                   [f"Contact: <sip:carrier@{_of(self._carrier)}>"], body)
        return probe

    def _call_goes_on(self, probe, status, text):
        probe.state = f"answered {status}"
        probe.to = _header(text, "To")
        if status >= 300:
            self._send(self._carrier, probe, "ACK", probe.uri, 1, None, [], branch="INVITE")
            probe.show(status)
            self._open.discard(probe)
            self._over(probe)
        elif status >= 200 and probe.serial in self._probes:
            probe.routes = [f"Route: {route}" for route in reversed(
                re.findall(r"^Record-Route\s*:\s*(.*?)\r?$", text, re.M | re.I))]
            probe.uri = re.search(r"<([^>]+)>", _header(text, "Contact"))[1]
            self._send(self._carrier, probe, "ACK", probe.uri, 1, None, probe.routes)
            if probe.sends:
                where = re.search(r"^c=IN IP4 (\S+).*?^m=audio (\d+)", text, re.M | re.S)
                probe.sends.remote = (where[1], int(where[2]))
                probe.show(status)
                return
            if probe.shown is not None or not probe.listen:
                self._hang_up(probe)
            else:
                self.at(time.perf_counter() + PATIENCE, lambda: self._hear_nothing(probe))

    def _hear_nothing(self, probe):
        if probe.shown is None:
            probe.show("nothing is heard")
            self._hang_up(probe)

    def _hear(self, probe, data):
        if len(data) <= 12 or data[1] & 0x7F or probe.shown is not None:
            return
        probe.heard += data[12:]
        probe.state = f"hears, {len(probe.heard)} bytes"
        # Looked at every tenth of a second, which is the prober's own time.
        if len(probe.heard) % (RATE // 10) >= len(data) - 12:
            return
        how = probe.listen(DECODE[numpy.frombuffer(probe.heard, numpy.uint8)])
        if how is not None:
            probe.show(how)
            if probe.routes:
                self._hang_up(probe)

    def _hang_up(self, probe):
        probe.state = "hung up"
        self._send(self._carrier, probe, "BYE", probe.uri, 2, None, probe.routes)
        if probe.sends:
            probe.sends.close()
            self._staying.remove(probe)
        self._over(probe)

    def _over(self, probe):
        """Nothing is heard of it any more."""
        self._probes.pop(probe.serial, None)
        if probe.media:
            self.forget(probe.media)
            probe.media = None
        self._forget(probe)

    def _forget(self, probe):
        """Later: a reply that is sent again is still answered."""
        def forget():
            if probe in self._open:
                self._forget(probe)
            else:
                self._probes.pop(f"{probe.serial}@probe", None)
        self.at(time.perf_counter() + 5, forget)

    def stay(self, number, hertz):
        """A call that sends this tone until close()."""
        endpoint = Endpoint(self.ip)
        endpoint.tone(hertz)
        probe = self.call(number, sends=endpoint)
        self.run(lambda: probe.shown, what=f"answer of {number}")
        assert probe.how == 200, probe.how
        self._staying.append(probe)

    # ---- messages

    def _send(self, line, probe, method, uri, cseq, to, headers, body="", branch=None):
        self._probes[f"{probe.serial}@probe"] = probe
        if method != "BYE":
            self._probes.setdefault(probe.serial, probe)
        to = f"<{to}>" if to else probe.to
        kind = f"From: <{to[1:-1]}>" if method == "REGISTER" else \
            f"From: <sip:+49{probe.serial}@carrier.test>"
        lines = [f"{method} {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP {_of(line)};branch=z9hG4bK{probe.serial}{branch or method}{cseq}",
                 f"{kind};tag={probe.serial}", f"To: {to}", f"Call-ID: {probe.serial}@probe",
                 f"CSeq: {cseq} {method}", "Max-Forwards: 70", *headers,
                 *(["Content-Type: application/sdp"] if body else []), f"Content-Length: {len(body)}"]
        message = ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()
        line.sendto(message, self.edge)
        if method != "ACK":
            probe.is_heard_of, probe.cseq = False, cseq
            self.at(time.perf_counter() + 0.5, lambda: self._again(line, probe, cseq, message))

    def _again(self, line, probe, cseq, message):
        """What nobody has answered is sent again (RFC 3261 17.1)."""
        if not probe.is_heard_of and probe.cseq == cseq:
            line.sendto(message, self.edge)
            self.at(time.perf_counter() + 0.5, lambda: self._again(line, probe, cseq, message))

    def from_edge(self, data, line):
        """Takes a message that came to this port."""
        text = data.decode(errors="replace")
        if not text.startswith("SIP/2.0"):
            # OPTIONS of a gateway that is looked at; BYE of a service that is done.
            probe = self._probes.get(_header(text, "Call-ID"))
            if probe and text.startswith("BYE"):
                probe.state += ", was hung up"
                probe.show("ended by the service")
                self._over(probe)
                self._open.discard(probe)
            if not text.startswith("ACK"):
                line.sendto(_reply(text, "200 OK"), self.edge)
            return
        probe = self._probes.get(_header(text, "Call-ID"))
        if not probe:
            return
        if _header(text, "CSeq").split()[0] == str(probe.cseq):
            probe.is_heard_of = True
        if not _header(text, "CSeq").endswith("BYE"):
            probe.answered(int(text[8:11]), text)
        elif int(text[8:11]) >= 200:
            self._open.discard(probe)


def _of(line):
    return "{}:{}".format(*line.getsockname())


def _reply(request, status):
    lines = request.split("\r\n\r\n", 1)[0].split("\r\n")
    kept = [line for line in lines[1:] if line.split(":")[0].strip().lower() in _COPIED]
    kept = [f"{line};tag=probed" if re.match(r"(?i)(to|t)\s*:", line) and ";tag=" not in line else line
            for line in kept]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode()
