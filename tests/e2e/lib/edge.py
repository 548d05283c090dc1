"""Kamailio's JSON-RPC, as the control plane uses it."""

import http.client
import json
import time


class Edge:
    """One connection, kept open, so that a poll costs well under a millisecond."""

    def __init__(self, deployment, token):
        self._http = http.client.HTTPConnection(deployment.node["inside"],
                                                deployment["edge.rpc_port"], timeout=15)
        self._token = token

    def call(self, method, *params):
        """The result, or None when Kamailio answers with an error."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            self._http.request("POST", "/rpc", body, headers)
            reply = json.loads(self._http.getresponse().read())
        except (http.client.HTTPException, OSError):
            self._http.close()
            raise
        return reply.get("result")

    def get(self, table, key):
        """The value of a key in a table in Kamailio's memory, None if it is not there."""
        found = self.call("htable.get", table, key)
        return found["item"]["value"] if found else None

    def wait_for(self, table, key, text, timeout=15):
        """Waits until the value of the key holds this text."""
        deadline = time.monotonic() + timeout
        while text not in (self.get(table, key) or ""):
            assert time.monotonic() < deadline, f"{key} in {table} is without {text} for {timeout} s"
            time.sleep(0.005)

    def wait_for_other(self, table, key, value, timeout=15):
        """Waits until the key has another value than this."""
        deadline = time.monotonic() + timeout
        while self.get(table, key) == value:
            assert time.monotonic() < deadline, f"{key} in {table} is the same after {timeout} s"
            time.sleep(0.005)

    def wait_until_gone(self, table, key, timeout=15):
        """Waits until the key is not in the table (any more): the next request reads it anew."""
        deadline = time.monotonic() + timeout
        while self.get(table, key) is not None:
            assert time.monotonic() < deadline, f"{key} is still in {table} after {timeout} s"
            time.sleep(0.005)

    def close(self):
        """For when Kamailio is not the same any more; the next call connects anew."""
        self._http.close()

    def version(self):
        return self.call("core.version")

    def dialogs(self):
        """Number of calls in progress."""
        return self.call("dlg.stats_active")["all"]

    def contacts(self):
        """Contact addresses of all phones in memory, sorted."""
        domains = self.call("ul.dump")["Domains"]
        return sorted(contact["Contact"]["Address"] for domain in domains
                      for user in domain["Domain"]["AoRs"]
                      for contact in user["Info"]["Contacts"])
