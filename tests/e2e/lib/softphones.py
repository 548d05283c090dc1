"""
Many phones and gateways in one thread, for tests of very many calls: SIP over UDP (RFC 3261) as far as a
call needs it. Where one phone is the point of a test, lib/phone.py has it played by SIPp.
"""

import heapq
import itertools
import re
import select
import socket
import threading
import time
import uuid

from .db import md5
from .scenario import sdp

RESEND = 0.5
_order = itertools.count()


class Message:
    """A request or response, with its headers in order."""

    def __init__(self, data):
        head, _, self.body = data.decode(errors="replace").partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        first = self.start.split(" ", 2)
        self.code = int(first[1]) if first[0] == "SIP/2.0" else 0
        self.sequence, self.method = self.get("CSeq").split()

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return next(iter(self.all(name)), "")


def _packet(start, headers, body=""):
    lines = [f"{name}: {value}" for name, value in headers]
    more = [("Content-Type", "application/sdp")] if body else []
    lines += [f"{name}: {value}" for name, value in [*more, ("Content-Length", len(body))]]
    return "\r\n".join([start, *lines, "", body]).encode()


class Softphones(threading.Thread):
    """The thread of all of them. What happened is read after wait()."""

    def __init__(self, platform):
        super().__init__(daemon=True)
        self.edge = platform.edge_address
        self.lock = threading.RLock()
        self._phones = {}
        self._timers = []
        self._closing = False
        # Where nobody listens to what is said.
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.bind(("127.0.0.1", 0))
        self.start()

    def phone(self, *arguments, **options):
        with self.lock:
            made = Softphone(self, *arguments, **options)
            self._phones[made.socket.fileno()] = made
        return made

    def session(self, ip, port=None):
        """A session description: of an RTP endpoint, or of the sink."""
        text = sdp().replace("{media_ip}", ip).replace(
            "{media_port}", str(port or self._sink.getsockname()[1]))
        return text.replace("\n", "\r\n") + "\r\n"

    def later(self, seconds, action):
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(_order), action))

    def run(self):
        while not self._closing:
            with self.lock:
                phones = list(self._phones)
            ready = select.select(phones, [], [], 0.02)[0]
            with self.lock:
                for number in ready:
                    self._phones[number].receive()
                while self._timers and self._timers[0][0] <= time.monotonic():
                    heapq.heappop(self._timers)[2]()

    def wait(self, condition, timeout):
        """Whether the condition came true in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self.lock:
                if condition():
                    return True
            time.sleep(0.01)
        return False

    def close(self):
        self._closing = True
        self.join()
        for phone in self._phones.values():
            phone.socket.close()
        self._sink.close()


class Softphone:
    """
    A phone or a gateway, which takes calls as its `manner` says: "answer", "busy" (486), "full" (503),
    "ring" (and nothing else), "silent" (as if it were not there).
    """

    def __init__(self, engine, user, domain, password="", manner="answer", ip="127.0.0.1"):
        self.engine, self.user, self.domain, self.password = engine, user, domain, password
        self.manner, self.ip = manner, ip
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.calls = {}           # Call-ID: Call, of calls made
        self.taken = set()        # Call-IDs of calls that were answered and acknowledged
        self._replies = {}        # branch: last reply, for what is sent again
        self._invites = {}        # branch: INVITE, of calls that came in
        self.registered = False
        # Says of the INVITE of a call that is taken which RTP port is to answer it; None: the sink.
        self.media = None

    @property
    def contact(self):
        return f"<sip:{self.user}@{self.ip}:{self.port}>"

    def send(self, packet):
        self.socket.sendto(packet, self.engine.edge)

    def via(self):
        return f"SIP/2.0/UDP {self.ip}:{self.port};branch=z9hG4bK{uuid.uuid4().hex};rport"

    def receive(self):
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except (BlockingIOError, ConnectionError):
                return
            # Not what keeps a NAT open, nor sound for whoever had the port before.
            if b"SIP/2.0" in data.partition(b"\r\n")[0] and self.manner != "silent":
                self._take(Message(data), source)

    def _take(self, message, source):
        if message.code:
            call = self.calls.get(message.get("Call-ID"))
            if call:
                call.replied(message)
            return
        branch = message.get("Via")
        if message.method == "ACK":
            self.taken.add(message.get("Call-ID"))
        elif branch in self._replies and message.method == self._replies[branch][0]:
            self.socket.sendto(self._replies[branch][1], source)
        elif message.method == "INVITE":
            self._invited(message, source)
        else:
            self._reply(message, source, "200 OK")
            self._asked(message, source)

    def _asked(self, message, source):
        """BYE or CANCEL, answered already."""
        call = self.calls.get(message.get("Call-ID"))
        if message.method == "BYE" and call:
            call.ended = True
        # The same call may come again by another branch, while the first is cancelled.
        invite = self._invites.get(message.get("Via"))
        if message.method == "CANCEL" and invite:
            self._reply(invite, source, "487 Request Terminated")

    def _reply(self, message, source, status, body=""):
        tag = "" if "tag=" in message.get("To") else f";tag={self.port}"
        headers = [("Via", via) for via in message.all("Via")]
        headers += [("Record-Route", route) for route in message.all("Record-Route")]
        headers += [("From", message.get("From")), ("To", message.get("To") + tag),
                    ("Call-ID", message.get("Call-ID")), ("CSeq", message.get("CSeq")),
                    ("Contact", self.contact)]
        packet = _packet(f"SIP/2.0 {status}", headers, body)
        self._replies[message.get("Via")] = (message.method, packet)
        self.socket.sendto(packet, source)
        return packet

    def _invited(self, message, source):
        if self.manner in ("busy", "full"):
            self._reply(message, source, "486 Busy Here" if self.manner == "busy"
                        else "503 Service Unavailable")
            return
        self._reply(message, source, "180 Ringing")
        self._invites[message.get("Via")] = message
        if self.manner == "answer":
            self.engine.later(0.02, lambda: self._answer(message, source))

    def _answer(self, message, source, times=10):
        """Again until it is acknowledged."""
        replied = self._replies.get(message.get("Via"), ("", b""))[1]
        if message.get("Call-ID") in self.taken or b" 487 " in replied or not times:
            return
        port = self.media(message) if self.media else None
        self._reply(message, source, "200 OK", self.engine.session(self.ip, port))
        self.engine.later(RESEND, lambda: self._answer(message, source, times - 1))

    def register(self, expires=300):
        """Starts a registration, or the end of one; then wait for `registered`."""
        with self.engine.lock:
            call = Call(self, f"sip:{self.domain}", "REGISTER", f"sip:{self.user}@{self.domain}",
                        extra=[("Expires", expires)])
            self.registered = False
            call.done = lambda: setattr(self, "registered", call.code == 200)

    def call(self, number, endpoint=None, domain=None, caller=None):
        """Starts a call; `endpoint` is an RTP endpoint where one is needed. Returns it."""
        with self.engine.lock:
            return Call(self, f"sip:{number}@{domain or self.domain}", "INVITE", None, caller=caller,
                        endpoint=endpoint)


class Call:
    """A call (or registration) from its first request to its end."""

    def __init__(self, phone, uri, method, to, caller=None, endpoint=None, extra=()):
        self.phone, self.method, self.uri = phone, method, uri
        self.call_id = f"{uuid.uuid4()}@softphone"
        self.code = 0             # the final answer
        self.ended = False        # no more to come
        self.done = lambda: None
        self.remote = None        # (ip, port) of the other side's RTP
        self._from = f"<sip:{caller or phone.user + '@' + phone.domain}>;tag={uuid.uuid4().hex[:8]}"
        self._to = f"<{to or uri}>"
        self._extra, self._endpoint = list(extra), endpoint
        self._sequence = 0
        self._sent = self._credentials = None
        self._target, self._routes, self._via = uri, [], ""
        phone.calls[self.call_id] = self
        self._request(method)

    def _request(self, method, sequence=None, uri=None, resend=True):
        if sequence is None:
            self._sequence += 1
        sequence = sequence or self._sequence
        via = self.phone.via()
        if method == "INVITE":
            self._via = via
        headers = [("Via", via), ("Max-Forwards", 70), ("From", self._from),
                   ("To", self._to), ("Call-ID", self.call_id), ("CSeq", f"{sequence} {method}"),
                   ("Contact", self.phone.contact), *[("Route", route) for route in self._routes]]
        body = ""
        if method in ("INVITE", "REGISTER"):
            headers += self._extra + ([self._credentials] if self._credentials else [])
        if method == "INVITE":
            endpoint = self._endpoint
            body = self.phone.engine.session(self.phone.ip, endpoint.port if endpoint else None)
        packet = _packet(f"{method} {uri or self._target} SIP/2.0", headers, body)
        self.phone.send(packet)
        if resend:
            self._sent = (sequence, method)
            self.phone.engine.later(RESEND, lambda: self._again(packet, (sequence, method), 6))

    def _again(self, packet, what, times):
        if self._sent == what and times:
            self.phone.send(packet)
            self.phone.engine.later(RESEND, lambda: self._again(packet, what, times - 1))

    def _acknowledge(self, message):
        """Of a failure: with the branch of the INVITE (17.1.1.3)."""
        headers = [("Via", message.get("Via")), ("Max-Forwards", 70), ("From", self._from),
                   ("To", message.get("To")), ("Call-ID", self.call_id),
                   ("CSeq", f"{message.sequence} ACK")]
        self.phone.send(_packet(f"ACK {self.uri} SIP/2.0", headers))

    def replied(self, message):
        if self._sent == (int(message.sequence), message.method):
            self._sent = None     # not to be sent again
        if message.code < 200:
            return
        if message.method == "BYE":
            self.ended = True
        elif message.code in (401, 407) and not self._credentials:
            if message.method == "INVITE":
                self._acknowledge(message)
            self._answer_challenge(message)
        elif message.code >= 300 or message.method != "INVITE":
            if message.method == "INVITE":
                self._acknowledge(message)
            self._finish(message.code)
            self.ended = True
        else:
            self._answered(message)

    def _answered(self, message):
        self._to = message.get("To")
        self._target = re.search(r"<([^>]*)>", message.get("Contact"))[1]
        self._routes = message.all("Record-Route")[::-1]
        ip, port = (re.search(pattern, message.body)[1] for pattern in (r"c=IN IP4 (\S+)",
                                                                        r"m=audio (\d+)"))
        self.remote = (ip, int(port))
        self._request("ACK", int(message.sequence), resend=False)
        self._finish(message.code)

    def _finish(self, code):
        if not self.code:
            self.code = code
            self.done()

    def _answer_challenge(self, message):
        name = "Proxy-Authorization" if message.code == 407 else "Authorization"
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', message.get(
            "Proxy-Authenticate" if message.code == 407 else "WWW-Authenticate")))
        ha1 = md5(self.phone.user, asked["realm"], self.phone.password)
        said = {"username": self.phone.user, "realm": asked["realm"], "nonce": asked["nonce"],
                "uri": self.uri}
        if "qop" in asked:
            said |= {"cnonce": "0a4f113b", "nc": "00000001"}
            parts = (asked["nonce"], said["nc"], said["cnonce"], "auth")
        else:
            parts = (asked["nonce"],)
        said["response"] = md5(ha1, *parts, md5(message.method, self.uri))
        words = [f'{key}="{value}"' if key != "nc" else f"{key}={value}"
                 for key, value in said.items()] + (["qop=auth"] if "qop" in asked else [])
        self._credentials = (name, "Digest " + ", ".join(words))
        self._request(message.method)

    def give_up(self, times=6):
        """Until it is over: cancelled while it rings, hung up when somebody has answered meanwhile."""
        with self.phone.engine.lock:
            if self.ended or not times:
                return
            if self.code == 200:
                self.hang_up()
                return
            headers = [("Via", self._via), ("Max-Forwards", 70), ("From", self._from),
                       ("To", f"<{self.uri}>"), ("Call-ID", self.call_id),
                       ("CSeq", f"{self._sequence} CANCEL")]
            self.phone.send(_packet(f"CANCEL {self.uri} SIP/2.0", headers))
            self.phone.engine.later(RESEND, lambda: self.give_up(times - 1))

    def hang_up(self):
        with self.phone.engine.lock:
            if not self.ended:
                self._request("BYE")
