"""A SIP phone: SIPp for the signalling, one process per call, and an RTP endpoint for the media."""

import os
import re
import signal
import socket
import subprocess
import time
import uuid

from . import scenario
from .ports import free_ports
from .rtp import Endpoint
from .tls import Bridge

# Seconds after which SIPp gives a call up. No test has a call this long.
CALL_LIMIT = 90


class Phone:
    """
    One account on one local port. `platform` has edge_address (ip, port) and a folder for logs.
    `nat_ip`: an address that nothing answers on, which the phone writes into Contact, Via and SDP
    as one behind NAT does. `claims`: the name that it says of itself. `lively`: answers OPTIONS at any
    time, as phones do, also when the scenario waits for something else. `login`: the name in its credentials,
    where that is not the user's.
    """

    def __init__(self, platform, user, domain, password, nat_ip=None, transport="udp",
                 ip="127.0.0.1", claims="", lively=False, login=""):
        self._platform = platform
        self.user, self.domain, self.password = user, domain, password
        self.port = free_ports(1)[0]
        self.transport = transport
        self.ip = ip
        self._claimed_ip = nat_ip or ip
        self.claims = claims
        self.login = login or user
        self.lively = lively
        self.rtp = Endpoint(ip)
        self.bridge = None
        self.remote = platform.edge_address
        if transport == "tls":
            self.bridge = Bridge(platform.tls_address, (ip, self.port))
            self.remote = self.bridge.address
        self._legs = []
        self._is_registered = False

    def register(self, expires=300, password=None, code=200, to=None, q=None):
        """REGISTERs with digest; fails unless the final answer is `code`. `q`: its preference."""
        self.start(scenario.register(expires, code, to, q), password=password).finish(10)
        self._is_registered = code == 200 and expires > 0

    def call(self, number, *steps, domain=None, headers=(), from_uri=None, record=True):
        """
        Starts a call; `steps` is what happens after INVITE with credentials. Returns its Leg.
        `record`: whether the platform has to have a record of it.
        """
        uri = f"sip:{number}@{domain or self.domain}"
        leg = self.start(scenario.invite(*headers), *steps, uri=uri, from_uri=from_uri)
        if record:
            self._platform.calls.append(leg.call_id)
        return leg

    def wait_call(self, *steps):
        """Gets ready for one incoming call. Returns its Leg."""
        leg = self.start(scenario.is_invited(), *steps, serve=True)
        leg.wait_ready(self.port, self.transport)
        return leg

    def start(self, *steps, serve=False, password=None, uri="", from_uri=None):
        """Starts a scenario of these steps."""
        text = self._fill(scenario.document(*steps), password or self.password, uri, from_uri)
        leg = Leg(self, text, serve, self._platform)
        self._legs.append(leg)
        return leg

    def _fill(self, text, password, uri, from_uri):
        values = {
            "user": self.user, "domain": self.domain, "uri": uri,
            "name": self.claims and f'"{self.claims}" ',
            "from_uri": from_uri or f"sip:{self.user}@{self.domain}",
            "contact_ip": self._claimed_ip, "media_ip": self._claimed_ip,
            "media_port": str(self.rtp.port),
            "authentication": f"[authentication username={self.login} password={password}]",
        }
        # Passes until nothing is left: {authentication} holds no further names.
        return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], text)

    def close(self):
        """Leaves no contact behind that a later call would ring."""
        for leg in self._legs:
            leg.kill()
        try:
            if self._is_registered:
                self.register(expires=0)
        finally:
            self.rtp.close()
            if self.bridge:
                self.bridge.close()


def hear_each_other(one, other):
    """Each sends a tone of its own, and hears the other's."""
    one.rtp.tone(440)
    other.rtp.tone(660)
    other.rtp.wait_for_tone(440)
    one.rtp.wait_for_tone(660)


class Leg:
    """One SIPp process: one registration, or one call as one of its phones sees it."""

    def __init__(self, phone, text, serve, platform):
        self._phone = phone
        self.call_id = None if serve else f"{uuid.uuid4()}@phone"
        self._folder = platform.new_folder(f"{phone.user}-{phone.domain}")
        (self._folder / "scenario.xml").write_text(text, encoding="utf-8")
        self._seen = 0            # events that wait() has gone past
        phone.rtp.forget()        # what an earlier call has left
        address = ":".join(map(str, phone.remote))
        argv = ["sipp", *([] if serve else [address]), "-sf", "scenario.xml", "-m", "1",
                "-i", phone.ip, "-p", str(phone.port), "-nostdin", "-nd",
                "-t", "t1" if phone.transport == "tcp" else "u1",
                "-recv_timeout", f"{CALL_LIMIT * 1000}", "-timeout", f"{CALL_LIMIT}s",
                "-cid_str", self.call_id or "%u-%p@%s", *(["-aa"] if phone.lively else []),
                "-trace_logs", "-log_file", "events.log",
                "-trace_msg", "-message_file", "messages.log",
                "-trace_err", "-error_file", "errors.log"]
        with open(self._folder / "screen.log", "wb") as screen:
            self.process = subprocess.Popen(argv, cwd=self._folder, stdin=subprocess.DEVNULL,
                                            stdout=screen, stderr=subprocess.STDOUT)

    def _read(self, name):
        try:
            return (self._folder / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def messages(self):
        """Every SIP message sent and received so far, as SIPp's trace."""
        return self._read("messages.log")

    def wait_ready(self, port, transport):
        """Waits until SIPp listens."""
        table = "/proc/net/tcp" if transport == "tcp" else "/proc/net/udp"
        local = f"{socket.inet_aton(self._phone.ip)[::-1].hex().upper()}:{port:04X} "
        deadline = time.monotonic() + 15
        while local not in open(table, encoding="ascii").read():
            assert self.process.poll() is None, self.explain("SIPp did not start")
            assert time.monotonic() < deadline, self.explain("SIPp does not listen")
            time.sleep(0.005)

    def wait(self, event, timeout=20):
        """
        Waits for an event of the scenario (ringing, answered, refused, …), after the one waited
        for before. Points the phone's RTP to where the SDP said on the way.
        """
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            events = re.findall(r"^event (\S+) (.*)$", self._read("events.log"), re.M)
            for name, rest in events[self._seen:]:
                self._seen += 1
                words = rest.split()
                self.call_id = words[0]
                if name == "media":
                    self._phone.rtp.remote = (words[1], int(words[2]))
                if name == event:
                    return self
            assert not ended, self.explain(f"ended before the event {event}")
            assert time.monotonic() < deadline, self.explain(f"no event {event} in {timeout} s")
            time.sleep(0.005)

    def go(self):
        """Lets the scenario go on that stands at wait_for_go()."""
        phone = self._phone
        text = (f"MESSAGE sip:{phone.user}@127.0.0.1:{phone.port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
                f"From: <sip:test@localhost>;tag=1\r\nTo: <sip:test@localhost>\r\n"
                f"Call-ID: {self.call_id}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(text.encode(), (phone.ip, phone.port))
        return self

    def finish(self, timeout=20):
        """Waits until the scenario is through; fails if anything in it was not as expected."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.explain(f"not finished after {timeout} s")) from None
        assert code == 0, self.explain(f"SIPp ended with {code}")
        self._phone.rtp.remote = None
        return self

    def explain(self, what):
        """What went wrong, with the messages of this leg."""
        return (f"{self._phone.user}@{self._phone.domain}: {what}\n{self._read('errors.log')}"
                f"{self._read('screen.log')[-600:]}\n--- messages\n{self.messages()[-6000:]}")

    def kill(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
