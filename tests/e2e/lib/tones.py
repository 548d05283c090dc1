"""RTP of very many calls from one thread: each end sends one PCMU tone, and nobody listens."""

import re
import socket
import struct
import threading
import time

from .rtp import FRAME, PCMU, tone_frames


class Tone:
    """One end of a call: its port, and what it sends once it knows where to."""

    def __init__(self, frequency):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.remote = None
        # A multiple of 50 Hz: each frame is like the one before.
        assert frequency % 50 == 0
        self.frame = tone_frames(frequency)[0]


class Tones(threading.Thread):
    """The thread that sends for all of them, from the moment that each has a remote."""

    def __init__(self):
        super().__init__(daemon=True)
        self._tones, self._closing = [], threading.Event()
        self.start()

    def add(self, frequency):
        tone = Tone(frequency)
        self._tones.append(tone)
        return tone

    def run(self):
        number, due = 0, time.monotonic()
        while not self._closing.is_set():
            number += 1
            for tone in list(self._tones):
                if tone.remote:
                    head = struct.pack("!BBHII", 0x80, PCMU, number & 0xFFFF,
                                       number * FRAME & 0xFFFFFFFF, tone.port)
                    try:
                        tone.socket.sendto(head + tone.frame, tone.remote)
                    except OSError:
                        pass  # the call is over
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))

    def close(self):
        self._closing.set()
        self.join()
        for tone in self._tones:
            tone.socket.close()


def remote_of(body):
    """Where a session description wants its RTP."""
    ip, port = (re.search(pattern, body)[1] for pattern in (r"c=IN IP4 (\S+)", r"m=audio (\d+)"))
    return ip, int(port)
