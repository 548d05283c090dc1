"""A collector and a Redis of their own, started from a rendered state folder."""

import base64
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from lib.ports import free_ports, free_range

CLONE = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("PROGRAM") or CLONE / "build/src/cmd/dialplane")
STREAM = "dialplane:cdr"
PACKED = b"\x28\xb5\x2f\xfd"  # what a frame of Zstandard begins with


def unpack(body):
    """A body as it came, whether it is packed (src/cdr/pack.h) or not."""
    if not body.startswith(PACKED):
        return body
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    size = zstd.ZSTD_getFrameContentSize(body, ctypes.c_size_t(len(body)))
    plain = ctypes.create_string_buffer(size)
    done = zstd.ZSTD_decompress(plain, ctypes.c_size_t(size), body, ctypes.c_size_t(len(body)))
    assert done == size
    return plain.raw


def wait_for(condition, what, seconds=15):
    """The first true value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {what}")


def deployment(**collector):
    ports = free_ports(12)
    names = ("sip_port", "inside_port", "rpc_port", "rtpengine_port")
    rtp = free_range(400)
    return {
        "version": 1,
        "media_server": "asterisk",
        "nodes": [{"name": "one", "address": "127.0.0.1", "inside": "127.0.0.1",
                   "roles": ["edge", "media", "control", "queue", "db"]}],
        "edge": {**dict(zip(names, ports)), "rtp_first": rtp, "rtp_last": rtp + 199},
        "media": {"sip_port": ports[4], "event_port": ports[5], "rtp_first": rtp + 200,
                  "rtp_last": rtp + 399},
        "control": {"documents_port": ports[6], "agi_port": ports[7], "api_port": ports[8]},
        "collector": {"port": ports[9], **collector},
        "queue": {"port": ports[10]},
        "db": {"port": ports[11], "name": "dialplane"},
    }


class Redis:
    """The server with the rendered configuration, and just enough of RESP to look into it."""

    def __init__(self, state, port, password):
        self.state, self.port, self.password = state, port, password
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "redis.conf"], cwd=self.state / "etc/redis",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "Redis answers")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self):
        try:
            return self.call("PING") == b"PONG"
        except OSError:
            return False

    def call(self, *words):
        """The reply to one command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as conn:
            with conn.makefile("rb") as replies:
                for command in (("AUTH", self.password), words):
                    parts = [word if isinstance(word, bytes) else str(word).encode()
                             for word in command]
                    conn.sendall(b"*%d\r\n" % len(parts) +
                                 b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
                    reply = self._reply(replies)
        return reply

    def _reply(self, replies):
        line = replies.readline()
        if not line:
            raise OSError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise OSError(rest.decode())
        if kind == b"$":
            return replies.read(int(rest) + 2)[:-2] if rest != b"-1" else None
        if kind == b"*":
            return [self._reply(replies) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def entries(self):
        """(src, node, body) of each entry of the stream."""
        found = []
        for _, fields in self.call("XRANGE", STREAM, "-", "+"):
            entry = dict(zip(fields[::2], fields[1::2]))
            found.append((entry[b"src"].decode(), entry[b"node"].decode(), unpack(entry[b"body"])))
        return found

    def confirm(self, bodies=None):
        """What is in the stream, all or these bodies, as if it were in PostgreSQL."""
        for entry, fields in self.call("XRANGE", STREAM, "-", "+"):
            values = dict(zip(fields[::2], fields[1::2]))
            if bodies is not None and values[b"body"] not in bodies:
                continue
            self.call("RPUSH", f"{STREAM}:done:{values[b'spool'].decode()}", values[b"place"])
            self.call("XDEL", STREAM, entry)

    def bodies(self, src):
        return [body for source, _, body in self.entries() if source == src]

    def distinct(self, src):
        """As bodies, the first of each: after a crash some may come again."""
        return list(dict.fromkeys(self.bodies(src)))


class Collector:
    """
    `dialplane collector` with its state folder; `options` are of the deployment file. `beside`:
    another one, whose Redis it takes.
    """

    def __init__(self, beside=None, **options):
        self.folder = Path(tempfile.mkdtemp(prefix="dialplane-collector-"))
        self.state = self.folder / "state"
        file = self.folder / "deploy.yaml"
        config = deployment(**options)
        if beside:
            config["queue"]["port"] = beside.redis.port
        file.write_text(yaml.safe_dump(config))
        try:
            subprocess.run([PROGRAM, "render", "-c", file, "-s", self.state,
                            "--conf", CLONE / "conf"], check=True, stdout=subprocess.DEVNULL)
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self.port = config["collector"]["port"]
        if beside:
            (self.state / "secrets/redis_password").write_text(beside.secret("redis_password"))
        self.redis = beside.redis if beside else \
            Redis(self.state, config["queue"]["port"], self.secret("redis_password"))
        self._is_guest = bool(beside)
        self.cdr = self.state / "cdr"
        self.process = None

    def secret(self, name):
        return (self.state / "secrets" / name).read_text().strip()

    def start(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([PROGRAM, "collector", "-s", self.state], stderr=log)
        wait_for(self._listens, "the collector listens")

    def _listens(self):
        assert self.process.poll() is None, self.log()
        try:
            return self.request("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def end(self, number=signal.SIGTERM):
        """Exit status of the collector, which gets this signal."""
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(timeout=10)

    def remove(self):
        if self.process:
            self.end(signal.SIGKILL)
        if not self._is_guest:
            self.redis.stop()
        shutil.rmtree(self.folder)

    def log(self):
        return (self.folder / "log").read_text()

    def credentials(self, password=None):
        pair = f"media:{password or self.secret('media_password')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def request(self, method, path, body=None, headers=None):
        """(status, body) of one request on a connection of its own."""
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, body, **headers):
        return self.request("POST", "/fs/cdr", body, {**self.credentials(), **headers})[0]

    def health(self):
        return json.loads(self.request("GET", "/healthz")[1])

    def metric(self, name):
        text = self.request("GET", "/metrics")[1].decode()
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        return int(lines["dialplane_collector_" + name])

    def append(self, name, *lines):
        """As Kamailio and Asterisk do: open, append, close."""
        with open(self.cdr / name, "ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def expect(self, src, *bodies):
        """Waits until these records of the source are in the stream."""
        wait_for(lambda: set(bodies) <= set(self.redis.bodies(src)), f"{src}: {bodies}")
