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


def open_own(phone_):
    """Calls the own mailbox and enters the PIN; the call."""
    call = phone_.call("*97", sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    phone_.rtp.wait_for_sound(10)
    phone_.rtp.press(db.PIN + "#")
    return call


def record_greeting(phone_, frequency):
    """Records a tone as the greeting, and accepts it."""
    call = open_own(phone_)
    # What was asked for the PIN is over; what comes now is the menu, or how many messages there are.
    phone_.rtp.wait_for_silence(0.6)
    for key in "01":
        phone_.rtp.wait_for_sound(10)
        phone_.rtp.wait_for_silence(0.6)
        phone_.rtp.press(key)
    phone_.rtp.wait_for_sound(10)
    # The prompt, and the beep behind it.
    phone_.rtp.wait_for_silence(1.5)
    phone_.rtp.tone(frequency)
    time.sleep(MESSAGE_LENGTH)
    phone_.rtp.tone(0)
    phone_.rtp.press("#")
    # Thanks, which no key ends, and the question whether to keep it.
    phone_.rtp.wait_for_sound(10)
    phone_.rtp.wait_for_silence(0.6)
    phone_.rtp.press("1")
    phone_.rtp.wait_for_sound(10)
    call.go().finish()


def listen(phone_, frequency, *keys):
    """
    Calls the own mailbox, enters the PIN, and waits for the message's tone; then presses the keys,
    each of which something is said to.
    """
    call = open_own(phone_)
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


def wait_for_unheard(platform, box, count, timeout=20):
    """Waits until a mailbox of a.test has so many messages that its owner has not heard."""
    deadline = time.monotonic() + timeout
    while (found := unheard(platform, box)) != count:
        assert time.monotonic() < deadline, f"{found} messages and not {count}"
        time.sleep(0.05)


def unheard(platform, box):
    rows = platform.db.rows("SELECT new_messages FROM voip.voicemail_counts c "
                            "JOIN voip.voicemail_boxes b ON b.id = c.box_id "
                            "JOIN voip.domains d ON d.id = b.domain_id "
                            "WHERE d.name = 'a.test' AND mailbox = %s", box)
    return rows[0]["new_messages"] if rows else 0
