"""A mail server."""

import email
import email.policy
import time

from aiosmtpd.controller import Controller


class Postman:
    """Takes mail by SMTP."""

    def __init__(self, port):
        self.mails = []           # (recipients, message)
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos,
                           email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"

    def wait(self, timeout=15):
        """The first mail."""
        deadline = time.monotonic() + timeout
        while not self.mails:
            assert time.monotonic() < deadline, f"no mail in {timeout} s"
            time.sleep(0.02)
        return self.mails[0]

    def close(self):
        self._controller.stop()
