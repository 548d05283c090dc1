"""FreeSWITCH with calls from nowhere, and what `dialplane serve` and `channels` say of it."""

import json
import subprocess

import lib.freeswitch
from lib.platform import PROGRAM

# Seconds until a node that does not answer is known to be away, or to be back.
NOTICED_WITHIN = 20


class FreeSwitch(lib.freeswitch.FreeSwitch):
    """The running FreeSWITCH, as a place for channels."""

    def __init__(self, platform):
        super().__init__(platform)
        self.platform = platform

    def originate(self, variables, destination, application):
        """A call from nowhere to `application`; returns the channel's uuid."""
        said = self.api(f"originate {{{variables}}}null/{destination} &{application}")
        assert said.startswith("+OK "), said
        return said[4:].strip()

    def callcenter(self, *words):
        """The rows of a list of mod_callcenter, as dicts."""
        said = self.api("callcenter_config " + " ".join(words)).splitlines()
        assert said[-1] == "+OK", said
        names = said[0].split("|")
        return [dict(zip(names, line.split("|"), strict=True)) for line in said[1:-1]]

    def pid(self):
        return self.platform.supervisor.processes()["freeswitch"]["pid"]


def media(serve):
    return serve.health()[1]["media"]


def is_current(serve):
    return serve.health()[1]["status"] == "ok" and media(serve) == [
        {"node": "one", "reachable": True, "current": True}]


def is_away(serve):
    return not media(serve)[0]["reachable"]


def metric(serve, name):
    return serve.metrics()[f'dialplane_serve_media_{name}{{node="one"}}']


def run_channels(platform, *options):
    return subprocess.run([PROGRAM, "channels", "-s", platform.folder / "state", *options],
                          capture_output=True, text=True, timeout=30, check=False)


def channels(platform):
    done = run_channels(platform, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
