"""Leaving messages and listening to them."""

import time

from . import db
from . import scenario as sip

# Seconds of the tone that is left as a message. Shorter ones may be dropped as noise.
MESSAGE_LENGTH = 4


def leave(phone_, call, frequency):
    """Skips the greeting, waits for the beep, and leaves a tone."""
    call.wait("answered", 15)
    phone_.rtp.wait_for_sound(10)
    phone_.rtp.press("#")
    phone_.rtp.wait_for_silence(1.5, 40)
    phone_.rtp.tone(frequency)
    time.sleep(MESSAGE_LENGTH)
    phone_.rtp.tone(0)


def listen(phone_, frequency, *keys):
    """
    Calls the own mailbox, enters the PIN, and waits for the message's tone; then presses the keys,
    each of which something is said to.
    """
    call = phone_.call("*97", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    phone_.rtp.wait_for_sound(10)
    phone_.rtp.press(db.PIN + "#")
    try:
        phone_.rtp.wait_for_tone(frequency, 6)
    except AssertionError:
        phone_.rtp.press("1")
        phone_.rtp.wait_for_tone(frequency, 25)
    for key in keys:
        phone_.rtp.press(key)
        phone_.rtp.wait_for_silence(0.6)
        phone_.rtp.wait_for_sound(10)
    return call.go().finish()
