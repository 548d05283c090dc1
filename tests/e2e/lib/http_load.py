"""bench/http_load: many HTTP requests with a time for each, made as FreeSWITCH makes them."""

import json
import struct
import subprocess
import urllib.parse

from front.options import CLONE

PROGRAM = CLONE / "build/bench/http_load"


def directory_body(user, domain, action="sip_auth"):
    """The form that mod_xml_curl posts for a user: five pairs as they are, the rest encoded."""
    leading = f"hostname=one&section=directory&tag_name=domain&key_name=name&key_value={domain}"
    pairs = {"Event-Name": "REQUEST_PARAMS", "Core-UUID": "07479926-5a45-406c-b72c-b1d41ec94b94",
             "FreeSWITCH-Hostname": "one", "FreeSWITCH-Switchname": "one",
             "FreeSWITCH-IPv4": "192.0.2.2", "FreeSWITCH-IPv6": "::1",
             "Event-Date-Local": "2026-01-01 01:35:22",
             "Event-Date-GMT": "Thu, 01 Jan 2026 01:35:22 GMT",
             "Event-Date-Timestamp": "1795224922212178", "Event-Calling-File": "sofia_reg.c",
             "Event-Calling-Function": "sofia_reg_parse_auth", "Event-Calling-Line-Number": "3124",
             "Event-Sequence": "525", "action": action, "sip_profile": "edge",
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


def post(path, body, authorization):
    """A request as libcurl writes it: without `Connection: close`, it closes by itself."""
    return (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
            "User-Agent: freeswitch-xml/1.0\r\nAccept: */*\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}").encode()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


def write_requests(path, pairs):
    """The file of http_load: (request, what its answer contains), both bytes."""
    with open(path, "wb") as out:
        for pair in pairs:
            for part in pair:
                out.write(struct.pack("<I", len(part)) + part)


def start(address, port, path, *options):
    """Starts http_load with --seconds 5 and such; `finish` has its result."""
    return subprocess.Popen([PROGRAM, *map(str, options), address, str(port), path],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1]) | {"complaint": errors.strip()}


def run(*args):
    return finish(start(*args))
