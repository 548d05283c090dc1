"""Ctrl-C and kill end the platform in good order, whenever they come."""

import signal

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asks to stop. Not an Exception: nothing on the way is meant to deal with it."""


def raise_stopped():
    """From now on the first such signal raises Stopped; stopping then is under way, and the
    next ones are ignored."""
    def handle(number, _frame):
        for each in _NUMBERS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    for number in _NUMBERS:
        signal.signal(number, handle)
