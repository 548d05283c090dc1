"""What a mailbox takes: how many messages, how long ones; and what becomes of them by mail."""

import io
import time
import wave

import numpy
import pytest

from front.errors import FrontError
from lib import db, mailbox, records
from lib import scenario as sip
from lib.calls import BYE
from lib.postman import Postman
from lib.rtp import is_tone

# Seconds of a mailbox's messages; and of the tone that is too short, behind 1.5 s of silence.
SHORTEST, LONGEST, SHORT = 5, 10, 0.3


def add_owner(platform, user, **columns):
    domain_id = platform.db.value("SELECT id FROM voip.domains WHERE name = 'a.test'")
    db.add_user(platform.db, domain_id, "a.test", user)
    values = ", ".join(f"{name} = %s" for name in columns)
    platform.db.rows(f"UPDATE voip.voicemail_boxes SET {values} WHERE mailbox = %s",
                     *columns.values(), user)
    platform.edge.wait_for("ext", f"a.test:*{user}", "voicemail")


def begin_message(caller, number):
    """Calls, skips the greeting, waits for the beep and begins to speak."""
    call = caller.call(number, *BYE)
    call.wait("answered", 15)
    caller.rtp.wait_for_sound(10)
    caller.rtp.press("#")
    caller.rtp.wait_for_silence(1.5, 40)
    caller.rtp.tone(550)
    return call


def seconds_of_tone(sound):
    with wave.open(io.BytesIO(sound)) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16) / 32768
    return sum(is_tone(samples[start:start + 4000], 550)
               for start in range(0, len(samples) - 3999, 4000)) / 2


@pytest.mark.usefixtures("quiet")
def test_lengths_and_a_full_mailbox(platform, phone):
    """
    Too short: dropped. Too long: the recording ends while the caller speaks. One message is all that this
    mailbox takes: who calls then is told so, and may leave none; until there is room again.
    """
    add_owner(platform, "8710", max_messages=1, max_message_s=LONGEST,
              min_message_s=SHORTEST)
    caller = phone("1001")
    call = begin_message(caller, "*8710")
    time.sleep(SHORT)
    caller.rtp.tone(0)
    call.go().finish()

    call = begin_message(caller, "*8710")
    begun = time.monotonic()
    # Thanks, or whether it shall be kept: somebody else speaks before the caller has ended.
    caller.rtp.wait_for_sound(LONGEST + 5)
    assert LONGEST - 3 < time.monotonic() - begun < LONGEST + 5
    caller.rtp.tone(0)
    call.go().finish()
    mailbox.wait_for_unheard(platform, "8710", 1)

    call = caller.call("*8710", sip.is_answered(), sip.is_asked("BYE")).wait("answered")
    caller.rtp.wait_for_sound(10)
    caller.rtp.press("#")
    # No tone that asks for a message, and nothing that is kept.
    caller.rtp.tone(550)
    call.finish(40)
    caller.rtp.tone(0)
    records.check(platform.db.wait_for_cdr(call.call_id), callee="*8710",
                  service="voicemail", side="system")
    assert mailbox.unheard(platform, "8710") == 1


def waiting(platform):
    return [path for path in (platform.state / "mail").iterdir() if path.is_file()]


def wait_until(condition, what, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def test_mail_waits_for_its_server(platform, phone):
    """
    The message goes along and is deleted, although no server takes the mail yet: it is on the disk, and comes
    when the server does, after a restart as well. Another mailbox's mail has no audio, and the message stays.
    """
    add_owner(platform, "8711", email="one@x.test", delete_mailed=True)
    add_owner(platform, "8712", email="two@x.test", mail_audio=False)
    calls = [(caller, begin_message(caller, number))
             for caller, number in ((phone("1001"), "*8711"), (phone("1002"), "*8712"))]
    time.sleep(3)
    for caller, call in calls:
        caller.rtp.tone(0)
        call.go().finish()
    wait_until(lambda: len(waiting(platform)) == 2, lambda: waiting(platform))
    mailbox.wait_for_unheard(platform, "8712", 1)
    mailbox.wait_for_unheard(platform, "8711", 0)
    platform.supervisor.stop_process("collector")
    platform.supervisor.start("collector")
    assert len(waiting(platform)) == 2
    assert "2 mails wait" in platform.state.run(
        [platform.state / "bin/dialplane", "doctor", "-s", platform.state, "--wait", 30])
    postman = Postman(platform.deployment["mail.port"])
    try:
        wait_until(lambda: len(postman.mails) == 2, lambda: postman.mails, 60)
    finally:
        postman.close()
    mails = {recipients[0]: mail for recipients, mail in postman.mails}
    text, sound = mails["one@x.test"].iter_parts()
    assert text.get_content().strip().endswith("From: 1001 (1001)")
    assert seconds_of_tone(sound.get_payload(decode=True)) >= 1.5
    (text,) = mails["two@x.test"].iter_parts()
    assert "mailbox 8712" in text.get_content()
    assert not any("Dialplane" in name for mail in mails.values() for name in mail.keys())
    wait_until(lambda: not waiting(platform), lambda: waiting(platform))


def test_message_stays_when_its_mail_cannot_be_kept(platform):
    """It is deleted when the mail is on the disk, and not otherwise."""
    folder, mails = platform.folder / "message", platform.state / "mail"
    folder.mkdir()
    folder.chmod(0o777)
    texts = {"msg0000.txt": "[message]\ncallerid=1\norigtime=1767225600\nduration=3\n", "msg0000.wav": "RIFF"}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
    command = [platform.state / "bin/dialplane", "mail", "-s", platform.state / "", "--delete",
               "--message", folder / "msg0000", "--mailbox", "8713", "--to", "three@x.test"]
    mails.rename(platform.state / "mail.away")
    try:
        with pytest.raises(FrontError, match="No such file or directory"):
            platform.state.run(command)
    finally:
        (platform.state / "mail.away").rename(mails)
    assert {path.name for path in folder.iterdir()} == set(texts)
    platform.state.run(command)
    assert not list(folder.iterdir())
    (mail,) = waiting(platform)
    assert mail.read_text(encoding="ascii").startswith("three@x.test\nMIME-Version: 1.0\n")
    mail.unlink()
