"""Mailboxes: the lamp of waiting messages (RFC 3842), greetings, mail."""

import io
import re
import time
import wave

import numpy
import pytest

from lib import db, mailbox
from lib import scenario as sip
from lib.carrier import Carrier, add_trunk, remove_all
from lib.outside import add_number
from lib.postman import Postman
from lib.rtp import is_tone
from lib.watcher import Watcher

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


@pytest.mark.service
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
    platform.stop_database()
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


@pytest.fixture(name="postman")
def receive_mail(platform):
    made = Postman(platform.deployment["mail.port"])
    yield made
    made.close()


@pytest.fixture(name="carrier")
def call_from_outside(platform):
    made = Carrier(platform)
    add_trunk(platform.db, "mail", made)
    platform.edge.wait_for("gateway", f"gateway:{made.ip}", "a.test")
    yield made
    made.close()
    remove_all(platform.db)


# What would add a header, a part, or a variable's value, were it anything but a name.
HOSTILE = '${VM_MAILBOX} `id` Content-Type: a/b %0A--XXXX_boundary_XXXX%0ABcc: e@x.test'


@pytest.mark.service
@pytest.mark.parametrize("user, name", [("7812", "Ann O'Neil & Söhne"), ("7813", HOSTILE)],
                         ids=["friendly", "hostile"])
def test_mail(platform, carrier, postman, user, name):
    """
    To the owner and nobody else, with the message attached; the caller's name, which a carrier may
    say is anything, is text.
    """
    add_owner(platform, user)
    platform.db.rows("UPDATE voip.voicemail_boxes SET email = 'owner@x.test' WHERE mailbox = %s",
                     user)
    add_number(platform, f"+4930{user}", f"*{user}")
    carrier.claims = name
    call = carrier.call_in(f"+4930{user}", sip.is_answered(), sip.wait_for_go(),
                           sip.request("BYE", 3))
    mailbox.leave(carrier, call, 550)
    call.go().finish()
    recipients, mail = postman.wait()
    assert recipients == ["owner@x.test"]
    assert mail["To"].addresses[0].addr_spec == "owner@x.test" and not mail["Bcc"]
    assert mail["From"].addresses[0].addr_spec == "voicemail@platform.test"
    assert mail["Subject"] == f"New message in mailbox {user}"
    text, sound = list(mail.iter_parts())
    assert text.get_content_type() == "text/plain"
    # FreeSWITCH undoes %-escapes in a name, and such a name is not told.
    told = ("unknown" if "%" in name and platform.deployment.media_server == "freeswitch"
            else name)
    assert text.get_content().strip().splitlines()[-1].strip() == f"From: {told} (+4930111)"
    with wave.open(io.BytesIO(sound.get_payload(decode=True))) as recording:
        assert recording.getframerate() == 8000 and recording.getsampwidth() == 2
        samples = numpy.frombuffer(recording.readframes(recording.getnframes()), numpy.int16)
    assert any(is_tone(samples[start:start + 8000] / 32768, 550)
               for start in range(0, len(samples), 4000))
