"""
What an RTP endpoint reports to the other side (RFC 3550 6.4): what it sent, and what it received of the
other's. Phones do so every few seconds; here it is twice a second.
"""

import struct
import time

EVERY = 0.5
SENDER_REPORT, SOURCE_DESCRIPTION = 200, 202
_SINCE_1900 = 2208988800


def _ntp(moment):
    """Seconds since 1970 as an NTP timestamp."""
    return int((moment + _SINCE_1900) * (1 << 32))


class Reception:
    """What is known of the stream that is received (RFC 3550 A.3, A.8)."""

    def __init__(self):
        self.source = None
        self._first = self._last = self._received = 0
        self._before = (0, 0)     # expected and received at the last report
        self._transit = self._jitter = 0
        self._sender = (0, 0)     # the other side's last report, and when it came

    def packet(self, data):
        sequence, stamp, source = struct.unpack("!HII", data[2:12])
        if source != self.source:
            self.__init__()
            self.source, self._first, self._last = source, sequence, sequence
        self._received += 1
        ahead = (sequence - self._last) & 0xFFFF
        if ahead < 0x8000:
            self._last += ahead
        transit = time.monotonic() * 8000 - stamp
        if self._received > 1:
            self._jitter += (min(abs(transit - self._transit), 8000) - self._jitter) / 16
        self._transit = transit

    def report(self, data):
        """A compound RTCP packet of the other side."""
        if len(data) >= 28 and data[1] == SENDER_REPORT:
            self._sender = struct.unpack("!Q", data[8:16])[0] >> 16 & 0xFFFFFFFF, time.time()

    def block(self):
        """The report block, b"" while nothing has come."""
        if self.source is None:
            return b""
        expected = self._last - self._first + 1
        lost = max(0, expected - self._received)
        of, got = expected - self._before[0], self._received - self._before[1]
        self._before = expected, self._received
        fraction = 0 if of <= 0 else max(0, of - got) * 256 // of
        since = int((time.time() - self._sender[1]) * 65536) if self._sender[1] else 0
        return struct.pack("!IIIIII", self.source, min(fraction, 255) << 24 | lost,
                           self._last & 0xFFFFFFFF, int(self._jitter), self._sender[0], since)


def report(source, stamp, packets, reception):
    """A sender's report with what was received, and its name."""
    block = reception.block()
    head = struct.pack("!BBHIQIII", 0x80 | bool(block), SENDER_REPORT, 6 + len(block) // 4, source,
                       _ntp(time.time()), stamp, packets, packets * 160)
    name = struct.pack("!BBHIBB", 0x81, SOURCE_DESCRIPTION, 3, source, 1, 5) + b"phone\0"
    return head + block + name
