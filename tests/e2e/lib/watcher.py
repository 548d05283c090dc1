"""A phone that subscribes (RFC 6665): a UDP socket that digests, and answers every NOTIFY."""

import hashlib
import re
import select
import socket
import threading
import time
import uuid


def _header(message, name):
    found = re.search(rf"^{name} *: *(.*?)\r?$", message, re.M | re.I)
    return found[1] if found else ""


class Subscription:
    """One subscription of a phone: the dialog, and every NOTIFY that came in it."""

    def __init__(self, watcher, target, event):
        self._watcher, self.target, self.event = watcher, target, event
        self.call_id = f"{uuid.uuid4()}@watcher"
        self.tag, self.to, self.remote = uuid.uuid4().hex[:8], f"<{target}>", target
        self.cseq = 0
        self.notifies = []        # as text
        self._seen = 0

    def subscribe(self, expires=600, code=200):
        """SUBSCRIBE, within the dialog when there is one; returns the final answer, with `code`."""
        answer = self._watcher.request(self, expires)
        assert answer.startswith(f"SIP/2.0 {code} "), answer
        if code == 200:
            self.to = _header(answer, "To")
            self.remote = re.search(r"<(.*?)>", _header(answer, "Contact"))[1]
        return answer

    def states(self):
        """The states of the documents that came."""
        return [re.search(r"<state>(\w+)<", text)[1] for text in self.notifies if "<state>" in text]

    def wait(self, text, timeout=20):
        """The next NOTIFY, after the one waited for before, with this in it."""
        deadline = time.monotonic() + timeout
        while True:
            for notify in self.notifies[self._seen:]:
                self._seen += 1
                if re.search(text, notify):
                    return notify
            assert time.monotonic() < deadline, \
                f"{self.target}: no NOTIFY with {text} in {timeout} s:\n" + "\n".join(self.notifies)
            time.sleep(0.005)

    def wait_state(self, state, timeout=20):
        return self.wait(f"<state>{state}</state>", timeout)


class Watcher:
    """
    The subscriptions of one account on one port. `nat_ip`: what it believes its address to be. `login`: the
    name in its credentials, where that is not the user's.
    """

    def __init__(self, platform, user, domain, password, nat_ip=None, login=""):
        self._edge = platform.edge_address
        self.user, self.domain, self._password = user, domain, password
        self._login = login or user
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._claimed_ip = nat_ip or "127.0.0.1"
        self._subscriptions = {}
        self._answers = {}
        self.silent = False       # answers nothing
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def watch(self, number, event="dialog", domain=None, expires=600, code=200):
        """Subscribes to a number."""
        made = Subscription(self, f"sip:{number}@{domain or self.domain}", event)
        self._subscriptions[made.call_id] = made
        made.subscribe(expires, code)
        return made

    def request(self, one, expires):
        """SUBSCRIBE without and with credentials; the final answer."""
        answer = self._send(one, expires)
        if answer.startswith("SIP/2.0 407"):
            answer = self._send(one, expires, self._credentials(answer, one.remote))
        return answer

    def _credentials(self, challenge, uri):
        def value(name):
            return re.search(rf'{name}="([^"]*)"', challenge)[1]

        def md5(*parts):
            return hashlib.md5(":".join(parts).encode()).hexdigest()
        answer = md5(md5(self._login, value("realm"), self._password), value("nonce"), "00000001",
                     "cnonce", "auth", md5("SUBSCRIBE", uri))
        return (f'Proxy-Authorization: Digest username="{self._login}",realm="{value("realm")}",'
                f'nonce="{value("nonce")}",uri="{uri}",response="{answer}",algorithm=MD5,qop=auth,'
                'nc=00000001,cnonce="cnonce"\r\n')

    def _send(self, one, expires, more=""):
        one.cseq += 1
        branch = f"z9hG4bK{uuid.uuid4().hex}"
        text = (f"SUBSCRIBE {one.remote} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {self._claimed_ip}:{self.port};branch={branch};rport\r\n"
                f"From: <sip:{self.user}@{self.domain}>;tag={one.tag}\r\nTo: {one.to}\r\n"
                f"Call-ID: {one.call_id}\r\nCSeq: {one.cseq} SUBSCRIBE\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:{self.user}@{self._claimed_ip}:{self.port}>\r\n"
                f"Event: {one.event}\r\nExpires: {expires}\r\n{more}Content-Length: 0\r\n\r\n")
        deadline = time.monotonic() + 20
        while branch not in self._answers:
            self._socket.sendto(text.encode(), self._edge)
            again = time.monotonic() + 0.5
            while branch not in self._answers and time.monotonic() < again:
                time.sleep(0.002)
            assert time.monotonic() < deadline, f"no answer to\n{text}"
        return self._answers[branch]

    def _run(self):
        while not self._stop.is_set():
            if select.select([self._socket], [], [], 0.05)[0]:
                data, source = self._socket.recvfrom(65535)
                self._take(data.decode(errors="replace"), source)

    def _take(self, text, source):
        if text.startswith("SIP/2.0"):
            self._answers[re.search(r"branch=([^;\s]+)", _header(text, "Via"))[1]] = text
            return
        if self.silent:
            return
        one = self._subscriptions.get(_header(text, "Call-ID"))
        status = "200 OK" if one else "481 Subscription Does Not Exist"
        kept = [f"{name}: {_header(text, name)}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
        reply = "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""])
        if one and not any(_header(text, "CSeq") == _header(old, "CSeq") for old in one.notifies):
            one.notifies.append(text)
        self._socket.sendto(reply.encode(), source)

    def forget(self, one):
        """As a phone that was switched off and on."""
        del self._subscriptions[one.call_id]

    def close(self):
        """Ends every subscription."""
        self.silent = False
        for one in self._subscriptions.values():
            self.request(one, 0)
        self._stop.set()
        self._thread.join()
        self._socket.close()
