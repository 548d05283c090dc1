"""
When FreeSWITCH comes to ask what to do with a call: it answers first, and waits for the media to be there
(conf/freeswitch/dialplan). Its event socket says so of each channel, with the time.
"""

import re
import time

from .freeswitch import FreeSwitch

# Of the dialplan: what asks `dialplane serve`.
APPLICATIONS = ("set_user", "conference")


class Asking:
    """`moments`: by a probe's serial number (lib/prober.py, which it gets its packets by)."""

    def __init__(self, platform, prober):
        self.moments, self._text = {}, b""
        prober.take(FreeSwitch(platform).executions(APPLICATIONS), self._read)

    def _read(self, data, _):
        assert data, "FreeSWITCH has closed its event socket"
        self._text += data
        while (head := re.match(rb"Content-Length: (\d+)\n[^\n]*\n\n", self._text)):
            end = head.end() + int(head[1])
            if len(self._text) < end:
                return
            self._note(self._text[head.end():end].decode(errors="replace"))
            self._text = self._text[end:]

    def _note(self, event):
        caller = re.search(r"^Caller-Caller-ID-Number: \S*?(1\d{6})$", event, re.M)
        if caller:
            since_s = time.time() - int(re.search(r"^Event-Date-Timestamp: (\d+)$", event, re.M)[1]) / 1e6
            self.moments.setdefault(caller[1], time.perf_counter() - since_s)
