"""REGISTER by hand: whatever names, headers and contacts somebody makes up."""

import hashlib
import re
import socket
import uuid


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def credentials(header, name, realm, password, nonce, uri):
    """A header that answers a challenge."""
    answer = md5(md5(name, realm, password), nonce, "00000001", "cnonce", "auth", md5("REGISTER", uri))
    return (f'{header}: Digest username="{name}",realm="{realm}",nonce="{nonce}",uri="{uri}",'
            f'response="{answer}",algorithm=MD5,qop=auth,nc=00000001,cnonce="cnonce"\r\n')


class Registrar:
    """The edge, asked from one UDP socket."""

    def __init__(self, platform):
        self._edge = platform.edge_address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(1)
        self.here = "127.0.0.1:{}".format(self._socket.getsockname()[1])

    def register(self, user, domain, name, password, contact="", expires="Expires: 300\r\n", more=None):
        """
        The final answer, as text. `name`: of the credentials. `more`: makes further headers, which come
        before them, of the nonce.
        """
        call_id, uri = str(uuid.uuid4()), f"sip:{domain}"
        contact = contact or f"Contact: <sip:{user}@{self.here}>\r\n"
        challenge = self._ask(user, domain, call_id, 1, contact + expires)
        nonce = re.search(r'nonce="([^"]+)"', challenge)[1]
        proof = credentials("Authorization", name, domain, password, nonce, uri)
        return self._ask(user, domain, call_id, 2,
                         contact + expires + (more(nonce, uri) if more else "") + proof)

    def _ask(self, user, domain, call_id, cseq, more):
        request = (f"REGISTER sip:{domain} SIP/2.0\r\n"
                   f"Via: SIP/2.0/UDP {self.here};rport;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
                   f"From: <sip:{user}@{domain}>;tag=1\r\nTo: <sip:{user}@{domain}>\r\n"
                   f"Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n"
                   f"{more}Content-Length: 0\r\n\r\n")
        for _ in range(20):
            self._socket.sendto(request.encode(), self._edge)
            try:
                reply = self._socket.recv(65535).decode(errors="replace")
            except TimeoutError:
                continue
            if re.match("SIP/2.0 [2-6]", reply) and f"CSeq: {cseq} " in reply and call_id in reply:
                return reply
        raise AssertionError(f"no answer to\n{request}")

    def close(self):
        self._socket.close()
