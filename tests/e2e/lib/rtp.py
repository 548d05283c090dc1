"""
The media of a phone: an RTP endpoint (RFC 3550) that sends PCMU tones and telephone events
(RFC 4733) every 20 ms, and keeps what it hears, so that a test can say what was heard.
"""

import random
import socket
import struct
import threading
import time

import numpy

from . import rtcp

RATE = 8000          # samples a second of PCMU
FRAME = 160          # samples of 20 ms
PCMU, EVENTS = 0, 101
# Of full scale. A prompt or a tone is far above, comfort noise below.
SILENCE = 0.005


def _ulaw_table():
    """The 256 code words of G.711 µ-law as samples of -1 to 1."""
    code = ~numpy.arange(256, dtype=numpy.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return numpy.where(code & 0x80, -magnitude, magnitude).astype(numpy.float32) / 32768


DECODE = _ulaw_table()
_ORDER = numpy.argsort(DECODE)


def encode(samples):
    """Samples of -1 to 1 as the nearest µ-law code words."""
    ladder = DECODE[_ORDER]
    place = numpy.clip(numpy.searchsorted(ladder, samples), 1, 255)
    nearer = place - (samples - ladder[place - 1] < ladder[place] - samples)
    return _ORDER[nearer].astype(numpy.uint8).tobytes()


def tone_frames(frequency):
    """One second of a tone, as 50 frames; whole periods, so that it can be repeated."""
    moments = numpy.arange(RATE) / RATE
    data = encode(0.3 * numpy.sin(2 * numpy.pi * round(frequency) * moments))
    return [data[start:start + FRAME] for start in range(0, RATE, FRAME)]


SILENT = [encode(numpy.zeros(FRAME))]


class Endpoint(threading.Thread):
    """An RTP port. Sends from start() on as soon as `remote` is set; hears at once."""

    def __init__(self, ip="127.0.0.1"):
        super().__init__(daemon=True)
        self._socket = _bind_even(ip)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self.remote = None
        self.sources = set()      # (ip, port) that sent us audio
        self.lose = 0             # of so many packets one is lost on the way; 0: none
        self._frames = SILENT
        self._reports = None      # the RTCP socket, of an endpoint that reports
        self._reception = rtcp.Reception()
        self._digits = []         # of (event, duration in samples, is the end)
        self.sequence = random.randrange(1 << 16)    # of the next packet
        self._heard = []          # of (arrival, payload)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.start()

    def tone(self, frequency):
        """Sends this tone (Hz) from now on; 0 for silence."""
        self._frames = tone_frames(frequency) if frequency else SILENT

    def report(self):
        """Sends reports (RTCP) of what it hears from now on, from the next port."""
        reports = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        reports.bind((self._socket.getsockname()[0], self.port + 1))
        reports.setblocking(False)
        self._reports = reports

    def press(self, digits):
        """Sends telephone events: 120 ms each, the end three times (RFC 4733 2.5.1.4), a gap."""
        for digit in digits:
            event = "0123456789*#".index(digit)
            steps = [(event, FRAME * (n + 1), False) for n in range(6)]
            self._digits += [*steps, *[(event, FRAME * 7, True)] * 3, *[None] * 5]

    def forget(self):
        """Drops what was heard so far."""
        with self._lock:
            self._heard.clear()

    def heard(self, seconds=None):
        """
        Samples heard; of the last `seconds` only, where given. In order of arrival, which on
        loopback is that of sending.
        """
        with self._lock:
            frames = list(self._heard)
        if seconds is not None:
            frames = [frame for frame in frames if frame[0] > time.monotonic() - seconds]
        return DECODE[numpy.frombuffer(b"".join(frame[1] for frame in frames), numpy.uint8)]

    def wait_for_tone(self, frequency, timeout=20):
        """Waits until the last 0.4 s are mostly this tone."""
        _wait(lambda: is_tone(self.heard(0.4), frequency), timeout,
              lambda: f"{frequency} Hz; heard {describe(self.heard(0.4))}")

    def wait_for_tones(self, *frequencies, timeout=20):
        """Waits until the last 0.4 s are these tones, each well to be heard, and little else."""
        _wait(lambda: are_tones(self.heard(0.4), frequencies), timeout,
              lambda: f"{frequencies} Hz; heard {describe(self.heard(0.4))}")

    def wait_for_sound(self, timeout=20):
        """Waits until the last 0.4 s are not silence: more than the tail of what was before."""
        _wait(lambda: is_sound(self.heard(0.4)), timeout,
              lambda: f"a sound; heard {describe(self.heard(0.4))}")

    def wait_for(self, condition, seconds, wanted, timeout=20):
        """Waits until the samples of the last `seconds` are what the condition says."""
        _wait(lambda: condition(self.heard(seconds)), timeout,
              lambda: f"{wanted}; heard {describe(self.heard(seconds))}")

    def wait_for_digits(self, timeout=20):
        """Waits until what was pressed is sent."""
        _wait(lambda: not self._digits, timeout, lambda: "digits to be sent")

    def wait_for_silence(self, seconds=0.6, timeout=20):
        """Waits until this long there is nothing to hear."""
        begun = time.monotonic()
        _wait(lambda: time.monotonic() - begun > seconds
              and loudness(self.heard(seconds)) < SILENCE, timeout, lambda: "silence")

    def close(self):
        self._closing.set()
        self.join()
        self._socket.close()
        if self._reports:
            self._reports.close()

    def run(self):
        stamp, source = random.randrange(1 << 31), self.port
        due, event_stamp, sent, reported = time.monotonic(), 0, 0, time.monotonic()
        while not self._closing.is_set():
            self._receive()
            if self._reports:
                self._take_reports()
                if self.remote and time.monotonic() > reported + rtcp.EVERY:
                    reported = time.monotonic()
                    self._send_report(source, stamp, sent)
            if self.remote:
                step = self._digits.pop(0) if self._digits else None
                if step and step[1] == FRAME:
                    event_stamp = stamp
                number = self.sequence
                packet = (_event_packet(step, number, event_stamp, source) if step else
                          _audio_packet(self._next_frame(stamp), number, stamp, source))
                if not self.lose or number % self.lose:
                    self._send(packet)
                    sent += 1
                self.sequence = (number + 1) & 0xFFFF
            stamp = (stamp + FRAME) & 0xFFFFFFFF
            due = max(due + 0.02, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))

    def _take_reports(self):
        try:
            while True:
                self._reception.report(self._reports.recv(2048))
        except OSError:
            pass                  # nothing more, or an ICMP error: the peer takes none

    def _send_report(self, source, stamp, sent):
        try:
            self._reports.sendto(rtcp.report(source, stamp, sent, self._reception),
                                 (self.remote[0], self.remote[1] + 1))
        except OSError:
            pass                  # the call is over

    def _next_frame(self, stamp):
        frames = self._frames
        return frames[stamp // FRAME % len(frames)]

    def _send(self, packet):
        try:
            self._socket.sendto(packet, self.remote)
        except OSError:
            pass  # the peer has closed its port: the call is over, or not there yet

    def _receive(self):
        while True:
            try:
                packet, source = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier sendto
            if len(packet) > 12 and packet[0] >> 6 == 2 and packet[1] & 0x7F == PCMU:
                self._reception.packet(packet)
                with self._lock:
                    self.sources.add(source)
                    self._heard.append((time.monotonic(), packet[12:]))


def _bind_even(ip):
    """A UDP socket on an even port, as RTP likes it (RFC 3550 11)."""
    while True:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((ip, 0))
        if made.getsockname()[1] % 2 == 0:
            return made
        made.close()


def _audio_packet(frame, sequence, stamp, source):
    return struct.pack("!BBHII", 0x80, PCMU, sequence, stamp, source) + frame


def _event_packet(step, sequence, stamp, source):
    event, duration, is_end = step
    marker = 0x80 if duration == FRAME else 0
    return (struct.pack("!BBHII", 0x80, EVENTS | marker, sequence, stamp, source)
            + struct.pack("!BBH", event, 0x8A if is_end else 0x0A, duration))


def loudness(samples):
    """Root mean square, of full scale."""
    return float(numpy.sqrt(numpy.mean(samples ** 2))) if len(samples) else 0.0


def loudest(samples):
    """The loudness of the loudest tenth of a second."""
    step = RATE // 10
    return max((loudness(samples[start:start + step]) for start in range(0, len(samples), step)),
               default=0.0)


def spectrum_of(samples):
    """(frequencies in Hz, energy at each)."""
    energy = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    energy[:3] = 0
    return numpy.fft.rfftfreq(len(samples), 1 / RATE), energy


def share_near(spectrum, frequency):
    """Share of the signal's energy within 25 Hz of the frequency."""
    hertz, energy = spectrum
    return float(energy[numpy.abs(hertz - frequency) <= 25].sum() / max(energy.sum(), 1e-12))


def dominant(samples):
    """(frequency in Hz, share of the signal's energy within 25 Hz of it)."""
    hertz, energy = spectrum = spectrum_of(samples)
    peak = float(hertz[int(numpy.argmax(energy))])
    return peak, share_near(spectrum, peak)


def is_sound(samples):
    """Whether these are at least 0.2 s, and not silence."""
    return len(samples) >= RATE // 5 and loudness(samples) >= 4 * SILENCE


def is_tone(samples, frequency):
    """Whether these are at least 0.2 s of this tone and little else."""
    if not is_sound(samples):
        return False
    peak, share = dominant(samples)
    return abs(peak - frequency) < 15 and share > 0.8


def are_tones(samples, frequencies):
    """Whether these are at least 0.2 s of these tones, none much weaker than the rest."""
    if not is_sound(samples):
        return False
    shares = [share_near(spectrum_of(samples), frequency) for frequency in frequencies]
    return sum(shares) > 0.8 and min(shares) > 0.5 / len(shares)


def describe(samples):
    if len(samples) < RATE // 10:
        return f"only {len(samples)} samples"
    peak, share = dominant(samples)
    return f"loudness {loudness(samples):.3f}, {share:.0%} of it at {peak:.0f} Hz"


def _wait(condition, timeout, wanted):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout} s for {wanted()}"
        time.sleep(0.02)
