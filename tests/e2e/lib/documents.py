"""Many tenants, and the documents about their users, asked for as mod_xml_curl asks."""

import base64
import hashlib
import http.client
import json
import time
import urllib.parse
from pathlib import Path

from . import http_load

PATH = "/fs/xml/directory"
FIRST_USER = 10_000


def domain_of(index):
    return f"t{index:04d}.test"


def ha1(user, domain):
    return hashlib.md5(f"{user}:{domain}:x".encode()).hexdigest()


def fill(db, sizes):
    """Tenants of {domain: number of users}, an extension each, without a notice for each row."""
    db.rows("SET session_replication_role = replica")
    for domain, users in sizes.items():
        domain_id = db.value("INSERT INTO voip.domains (name) VALUES (%s) RETURNING id", domain)
        db.rows("INSERT INTO voip.users (domain_id, username, display_name, ha1) "
                "SELECT %s, n::text, 'User ' || n, md5(n || %s) "
                "FROM generate_series(%s::int, %s::int) n", domain_id, f":{domain}:x",
                FIRST_USER, FIRST_USER + users - 1)
        db.rows("INSERT INTO voip.extensions (domain_id, number, type, user_id) "
                "SELECT domain_id, username, 'user', id FROM voip.users WHERE domain_id = %s",
                domain_id)
    db.rows("ANALYZE")
    db.close()


def _body(user, domain):
    """The form that mod_xml_curl posts for a user: five pairs as they are, the rest encoded."""
    leading = f"hostname=one&section=directory&tag_name=domain&key_name=name&key_value={domain}"
    pairs = {"Event-Name": "REQUEST_PARAMS", "Core-UUID": "07479926-5a45-406c-b72c-b1d41ec94b94",
             "FreeSWITCH-Hostname": "one", "FreeSWITCH-Switchname": "one",
             "FreeSWITCH-IPv4": "192.0.2.2", "FreeSWITCH-IPv6": "::1",
             "Event-Date-Local": "2026-01-01 01:35:22",
             "Event-Date-GMT": "Thu, 01 Jan 2026 01:35:22 GMT",
             "Event-Date-Timestamp": "1795224922212178", "Event-Calling-File": "sofia_reg.c",
             "Event-Calling-Function": "sofia_reg_parse_auth", "Event-Calling-Line-Number": "3124",
             "Event-Sequence": "525", "action": "sip_auth", "sip_profile": "edge",
             "sip_user_agent": "phone/1.0", "sip_auth_username": user, "sip_auth_realm": domain,
             "sip_auth_nonce": "180290bb-1d2d-4104-adbf-cf3b9bdd7955",
             "sip_auth_uri": f"sip:{domain}", "sip_contact_user": user,
             "sip_contact_host": "127.0.0.1", "sip_to_user": user, "sip_to_host": domain,
             "sip_via_protocol": "udp", "sip_from_user": user, "sip_from_host": domain,
             "sip_call_id": "1-18347@127.0.0.1", "sip_request_host": domain,
             "sip_auth_qop": "auth", "sip_auth_cnonce": "6b8b4567", "sip_auth_nc": "00000001",
             "sip_auth_response": "b8b38b7aa6f7a980c7353f293fc1c708",
             "sip_auth_method": "REGISTER", "client_port": "5071", "key": "id", "user": user,
             "domain": domain, "ip": "127.0.0.1"}
    return leading + "".join(f"&{name}={urllib.parse.quote(value)}"
                             for name, value in pairs.items())


class Documents:
    """The documents of a running `dialplane serve`."""

    def __init__(self, platform):
        self._platform = platform
        self.address = platform.deployment.node["inside"]
        self.port = platform.deployment["control.documents_port"]
        pair = f"media:{platform.secret('media_password')}"
        self._authorization = "Basic " + base64.b64encode(pair.encode()).decode()

    def write_requests(self, path, users):
        """The requests of (user, domain) for http_load, each with what only its answer has."""
        http_load.write_requests(path, ((self._request(*user), ha1(*user).encode())
                                        for user in users))

    def _request(self, user, domain):
        """As libcurl writes it: without `Connection: close`, it closes by itself."""
        body = _body(user, domain)
        return (f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: {self._authorization}\r\n"
                "User-Agent: freeswitch-xml/1.0\r\nAccept: */*\r\n"
                f"Content-Length: {len(body)}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}").encode()

    def ask(self, user, domain):
        """Status and text of one document."""
        return self._exchange("POST", PATH, _body(user, domain),
                              {"Authorization": self._authorization})

    def _exchange(self, *request):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=10)
        try:
            connection.request(*request)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_until(self, condition, timeout=60):
        """Waits until the JSON of /healthz fulfils it; None while `serve` does not listen."""
        deadline = time.monotonic() + timeout
        while not condition(self._health()):
            assert time.monotonic() < deadline, f"not after {timeout} s"
            time.sleep(0.002)

    def _health(self):
        try:
            return json.loads(self._exchange("GET", "/healthz")[1])
        except OSError:
            return None

    def wait_until_ready(self):
        """Waits until every tenant was read."""
        self.wait_until(lambda health: health and health["status"] == "ok")

    def pid(self):
        return self._platform.supervisor.processes()["serve"]["pid"]

    def resident_mb(self):
        lines = Path(f"/proc/{self.pid()}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def restart(self):
        self._platform.supervisor.stop_process("serve")
        self._platform.supervisor.start("serve")
