"""Mailboxes: the lamp of waiting messages (RFC 3842), greetings."""

import re
import time

import pytest

from lib import db, mailbox
from lib import scenario as sip
from lib.watcher import Watcher

pytestmark = pytest.mark.service

OWNER = "7810"


@pytest.fixture(scope="module", autouse=True)
def owner(platform):
    """7810 with a mailbox; who calls *7810 leaves a message there."""
    add_owner(platform, OWNER)


def add_owner(platform, user):
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", user)
    platform.edge.wait_for("user", f"a.test:{user}", "box=")
    platform.edge.wait_for("ext", f"a.test:*{user}", "voicemail")


def greets(caller, number, frequency):
    """Who calls the mailbox hears the tone."""
    call = caller.call(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    call.wait("answered")
    caller.rtp.wait_for_tone(frequency)
    call.go().finish()


@pytest.fixture(name="watcher")
def make_watchers(platform):
    """Makes phones that subscribe, and end their subscriptions after the test."""
    made = []

    def make(user, domain="a.test"):
        made.append(Watcher(platform, user, domain, db.password(user, domain)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def leave(caller, frequency, number=f"*{OWNER}"):
    """Leaves a tone; returns when that was, as time.monotonic()."""
    call = caller.call(number, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    mailbox.leave(caller, call, frequency)
    call.go().finish()
    return time.monotonic()


@pytest.mark.usefixtures("quiet")
def test_lamp_of_messages(platform, phone, watcher):
    """Off; on with a message, soon; off when it was deleted; to all of the owner's phones."""
    lamp = watcher(OWNER).watch(OWNER, event="message-summary")
    lamp.wait("Messages-Waiting: no\r\nMessage-Account: sip:7810@a.test\r\nVoice-Message: 0/0 ")
    left = leave(phone("1001"), 550)
    lamp.wait("Messages-Waiting: yes\r\n.*\r\nVoice-Message: 1/0 ")
    assert time.monotonic() - left < 5
    # Another phone, by another name of the mailbox: what is true now comes first.
    other = watcher(OWNER).watch("*97", event="message-summary")
    assert "Voice-Message: 1/0 " in other.wait("Messages-Waiting")
    mailbox.listen(phone(OWNER), 550, "7")
    for one in (lamp, other):
        one.wait("Messages-Waiting: no\r\n.*\r\nVoice-Message: 0/0 ")
    last = watcher(OWNER).watch(f"*{OWNER}", event="message-summary")
    assert "Voice-Message: 0/0 " in last.wait("Messages-Waiting")
    row = platform.db.rows("SELECT new_messages, saved_messages FROM voip.voicemail_counts c "
                           "JOIN voip.voicemail_boxes b ON b.id = c.box_id WHERE mailbox = %s",
                           OWNER)
    assert row == [{"new_messages": 0, "saved_messages": 0}]


def test_mailboxes_of_others(watcher):
    """Nobody watches them, not even under his own number."""
    one = watcher("1001")
    for number in ("1002", "*1002", "8000", "7899"):
        one.watch(number, event="message-summary", code=403)
    one.watch("1001", event="message-summary", domain="b.test", code=403)


@pytest.mark.usefixtures("quiet")
def test_message_while_postgresql_is_away(platform, phone, watcher):
    """The lamp goes on when it is back."""
    lamp, caller = watcher(OWNER).watch(OWNER, event="message-summary"), phone("1001")
    before = int(re.search(r"Voice-Message: (\d+)/", lamp.wait("Messages-Waiting"))[1])
    time.sleep(1.5)  # until what phones did before is written behind: see test_outages.py
    platform.supervisor.stop_process("postgresql")
    try:
        leave(caller, 550)
    finally:
        platform.supervisor.start("postgresql")
        platform.wait_until_healthy()
    lamp.wait(f"Voice-Message: {before + 1}/", timeout=20)


def test_greeting(platform, phone):
    """Recorded by phone, played to callers, and still there when the media server was restarted."""
    add_owner(platform, "7811")
    mailbox.record_greeting(phone("7811"), 770)
    caller = phone("1001")
    greets(caller, "*7811", 770)
    platform.supervisor.stop_process(platform.deployment.media_server)
    platform.supervisor.start(platform.deployment.media_server)
    platform.wait_until_healthy()
    greets(caller, "*7811", 770)
