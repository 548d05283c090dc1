"""REGISTER with digest, where realm, user and password may be anything: no phone would do it."""

import hashlib
import re
import socket
import uuid


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Client:
    """One UDP socket that talks to one server."""

    def __init__(self, address, port):
        self._server = f"{address}:{port}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(10)
        self._socket.connect((address, port))
        self._me = "{}:{}".format(*self._socket.getsockname())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()

    def register(self, user, domain, password, realm=None):
        """The final status. `realm`: what the answer to the challenge says, instead of the domain."""
        call_id = str(uuid.uuid4())
        status, reply = self._ask(user, domain, call_id, 1)
        assert status == 401, reply
        nonce = re.search(r'nonce="([^"]+)"', reply)[1]
        realm = realm or domain
        response = md5(md5(user, realm, password), nonce, md5("REGISTER", f"sip:{domain}"))
        return self._ask(user, domain, call_id, 2,
                         f'Authorization: Digest username="{user}", realm="{realm}", '
                         f'nonce="{nonce}", uri="sip:{domain}", response="{response}", '
                         "algorithm=MD5\r\n")[0]

    def _ask(self, user, domain, call_id, cseq, more=""):
        self._socket.send((
            f"REGISTER sip:{domain} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._me};rport;branch=z9hG4bK{uuid.uuid4().hex}\r\n"
            f"From: <sip:{user}@{domain}>;tag=1\r\nTo: <sip:{user}@{domain}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:{user}@{self._me}>\r\nExpires: 60\r\n{more}"
            "Content-Length: 0\r\n\r\n").encode())
        while True:
            reply = self._socket.recv(65535).decode(errors="replace")
            # Also there: provisional replies, those to what was sent again, the server's requests.
            if re.match(r"SIP/2.0 [2-6]", reply) and f"CSeq: {cseq} REGISTER" in reply:
                return int(reply.split()[1]), reply
