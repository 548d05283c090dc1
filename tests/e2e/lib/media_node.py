"""A second media node of a platform, on another address of loopback, with a folder of its own."""

import os
import signal

from front.deployment import Deployment
from front.options import CLONE
from front.state import State
from front.supervisor import Supervisor

from .platform import PROGRAM

NODE = {"name": "two", "address": "127.0.0.2", "inside": "127.0.0.2", "roles": ["media"]}


class MediaNode:
    """Runs what the deployment file of the platform says of the node `two`."""

    def __init__(self, platform):
        self._state = State(platform.folder / "two", platform.account)
        self._state.make()
        # The secrets are those of the whole deployment; what Debian's packages brought is the same.
        self._state.copy(platform.state / "secrets", "secrets")
        self._state.run(["chmod", "700", self._state / "secrets"])
        for name in ("sounds", "tree"):
            self._state.run(["rm", "-rf", self._state / name])
            self._state.run(["ln", "-s", platform.state / name, self._state / name])
        self._state.copy_file(PROGRAM, "bin/dialplane", "755")
        self._state.copy(CLONE / "conf", "lib/conf")
        config = platform.state / "etc/deploy.yaml"
        self._state.run([self._state / "bin/dialplane", "render", "-s", self._state, "-c", config,
                         "--conf", self._state / "lib/conf", "--node", "two"])
        self._media_server = Deployment(config).media_server
        self._supervisor = Supervisor(self._state)
        self._child = None

    @property
    def state(self):
        """Its folder."""
        return self._state

    def start(self):
        self._child = self._supervisor.launch()
        self._supervisor.start_rest()
        self._state.run([self._state / "bin/dialplane", "doctor", "-s", self._state, "--wait", 60])

    def kill(self):
        """As if somebody had pulled the plug of the media server, and nobody starts it again."""
        pid = self._supervisor.processes()[self._media_server]["pid"]
        for victim in (self._supervisor.pid(), pid):
            os.kill(victim, signal.SIGKILL)

    def stop(self):
        self._supervisor.stop()
        if self._child:
            self._child.wait()
