"""A running `dialplane serve`, asked as media servers ask, and what its tests have in common."""

import base64
import http.client
import json
import re
import socket
import statistics
import time
import urllib.parse
import xml.etree.ElementTree

from lib import db as tenants

PIN_HA1 = tenants.md5("1001", "a.test", tenants.PIN)
# Seconds from the commit of a change until nobody is told the old value any more: of many, the
# median. Of a single one, on a machine that does other things too, sooner than what comes by itself
# (the listener's heartbeat, a second try).
LIVE_WITHIN = 0.1
SOON = 1


def assert_live(took):
    """Of the seconds of many changes: they came with the notice, and not only the lucky ones."""
    assert statistics.median(took) < LIVE_WITHIN and max(took) < SOON, sorted(took)


class Serve:
    """The running program, from outside."""

    def __init__(self, platform):
        self.platform = platform
        self._address = platform.deployment.node["inside"]
        self._documents = platform.deployment["control.documents_port"]
        self._agi = platform.deployment["control.agi_port"]
        pair = f"media:{platform.secret('media_password')}"
        self.authorization = "Basic " + base64.b64encode(pair.encode()).decode()

    def ask(self, method, path, body=None, **headers):
        """Status and text, over a connection of its own as mod_xml_curl makes them."""
        connection = http.client.HTTPConnection(self._address, self._documents, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def post(self, path, body):
        return self.ask("POST", path, body, Authorization=self.authorization,
                        **{"Content-Type": "application/x-www-form-urlencoded"})

    def document(self, section, body):
        """The root element of an answer to FreeSWITCH; None for the not-found document."""
        status, text = self.post(f"/fs/xml/{section}", body)
        assert status == 200, text
        root = xml.etree.ElementTree.fromstring(text)
        found = root.find("section")
        if found.get("name") == "result":
            assert found.find("result").get("status") == "not found"
            return None
        assert found.get("name") == section
        return root

    def user(self, user, domain, **more):
        """The parameters of a user of the directory, None when there is none."""
        root = self.document("directory", directory(domain, user=user, key="id", **more))
        if root is None:
            return None
        assert root.find(".//domain").get("name") == domain
        assert root.find(".//user").get("id") == user
        return {param.get("name"): param.get("value") for param in root.iter("param")}

    def menu(self, menu_id, domain):
        """The ivr.conf of a menu: its attributes and {digit: parameter}."""
        root = self.document("configuration", configuration("ivr.conf",
                                                            Menu_Name=f"{domain}/{menu_id}"))
        if root is None:
            return None
        menu = root.find(".//menu")
        entries = {entry.get("digits"): entry.get("param") for entry in menu.iter("entry")}
        return menu.attrib, entries

    def agi(self, script):
        """The channel variables that the script sets."""
        with socket.create_connection((self._address, self._agi), timeout=10) as connection:
            stream = connection.makefile("rw", newline="\n")
            stream.write(f"agi_network: yes\nagi_network_script: {script}\n"
                         "agi_channel: PJSIP/edge-00000001\nagi_callerid: 1001\n\n")
            stream.flush()
            found = {}
            for line in stream:
                name, value = re.fullmatch(r'SET VARIABLE (\S+) "(.*)"\n', line).groups()
                found[name] = value
                stream.write("200 result=1\n")
                stream.flush()
            return found

    def health(self):
        status, text = self.ask("GET", "/healthz")
        return status, json.loads(text)

    def metrics(self):
        """Name, with its labels, -> value."""
        status, text = self.ask("GET", "/metrics")
        assert status == 200
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def wait_for_health(self, **expected):
        """Waits until /healthz says so."""
        until(lambda: {key: self.health()[1][key] for key in expected} == expected)

    def pid(self):
        return self.platform.supervisor.processes()["serve"]["pid"]


def until(condition, timeout=15):
    """Waits until the condition holds; returns the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + timeout, f"not after {timeout} s"
        time.sleep(0.002)
    return time.monotonic() - began


def form(leading, pairs):
    """A body as mod_xml_curl writes it: five pairs unencoded, the others encoded."""
    return "&".join([f"{name}={value}" for name, value in leading]
                    + [f"{name.replace('_', '-') if name[0].isupper() else name}"
                       f"={urllib.parse.quote(value)}" for name, value in pairs.items()])


def directory(domain, realm=None, **pairs):
    return form([("hostname", "one"), ("section", "directory"), ("tag_name", "domain"),
                 ("key_name", "name"), ("key_value", realm or domain)],
                {"Event_Name": "GENERAL", "Core_UUID": "07479926-5a45-406c-b72c-b1d41ec94b94",
                 "Event_Date_Local": "2026-11-21 01:35:22", **pairs, "domain": domain})


def configuration(name, **pairs):
    return form([("hostname", "one"), ("section", "configuration"),
                 ("tag_name", "configuration"), ("key_name", "name"), ("key_value", name)],
                {"Event_Name": "REQUEST_PARAMS", **pairs})


def is_listening(platform, port):
    with socket.socket() as probe:
        return probe.connect_ex((platform.deployment.node["inside"],
                                 platform.deployment[port])) == 0


def menu_of(db, domain):
    return db.value("SELECT m.id FROM voip.ivr_menus m JOIN voip.domains d ON d.id = domain_id "
                    "WHERE d.name = %s", domain)


def set_email(db, mailbox, domain, address):
    db.rows("UPDATE voip.voicemail_boxes b SET email = %s FROM voip.domains d "
            "WHERE d.id = domain_id AND d.name = %s AND mailbox = %s", address, domain, mailbox)
