"""FreeSWITCH's event socket and log, as an operator sees them."""

import re
import socket
import time

# Levels that an ordinary call has no line of.
COMPLAINT = re.compile(r"\[(?:WARNING|ERR|CRIT|ALERT)\]")
# Said of the machine, which also runs the phones and everything else.
OF_THE_MACHINE = "Task was executed late"


class FreeSwitch:
    """The FreeSWITCH of a platform."""

    def __init__(self, platform):
        self._address = (platform.deployment.node["inside"],
                         platform.deployment["media.event_port"])
        self._password = platform.secret("event_password")
        self._log = platform.state / "log/freeswitch/freeswitch.log"
        self._read = 0

    def api(self, command):
        """What a command answers."""
        with self._connect() as connection:
            stream = connection.makefile("rwb")
            _send(stream, f"api {command}")
            return _receive(stream)[1]

    def _connect(self):
        connection = socket.create_connection(self._address, timeout=15)
        # Nothing comes unasked but the greeting: no byte is left in the stream's buffer.
        stream = connection.makefile("rwb")
        _receive(stream)
        _command(stream, f"auth {self._password}")
        return connection

    def executions(self, applications):
        """A connection that says when a channel comes to one of these applications (of the dialplan)."""
        connection = self._connect()
        stream = connection.makefile("rwb")
        for application in applications:
            _command(stream, f"filter Application {application}")
        _command(stream, "event plain CHANNEL_EXECUTE")
        return connection

    def wait_until_ready(self, timeout=30):
        """Waits until every module is loaded: mod_xml_curl is the last."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                if self.api("module_exists mod_xml_curl") == "true":
                    return self
            except (OSError, KeyError):
                pass
            assert time.monotonic() < deadline, f"FreeSWITCH is not ready after {timeout} s"
            time.sleep(0.1)

    def new_lines(self):
        """Lines of the log, which holds warnings and worse, since they were last asked for."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        lines = text[self._read:].splitlines()
        self._read = len(text)
        return lines

    def complaints(self):
        """Those of the new lines that begin a message."""
        return [line for line in self.new_lines()
                if COMPLAINT.search(line) and OF_THE_MACHINE not in line]


def _send(stream, line):
    stream.write(f"{line}\n\n".encode(errors="surrogateescape"))
    stream.flush()


def _command(stream, line):
    _send(stream, line)
    reply = _receive(stream)[0]["Reply-Text"]
    assert reply.startswith("+OK"), f"{line.split()[0]}: {reply}"


def _receive(stream):
    """One message: its headers and its body."""
    headers = {}
    while (line := stream.readline().decode().strip()):
        name, _, value = line.partition(": ")
        headers[name] = value
    if not headers:
        raise OSError("the event socket was closed")
    return headers, stream.read(int(headers.get("Content-Length", 0))).decode(errors="replace")
