"""Messages in a mailbox of a.test that nobody has left: as the media server would have them."""

import os
import shutil
import sqlite3
import time
import uuid


class Spool:
    """`state`: the node's folder; `began`: of the first one, in seconds since 1970. `remove` leaves nothing."""

    def __init__(self, media_server, state, box, began=1790000000):
        self._media, self._box, self._began = state / "media", box, began
        self._is_asterisk = media_server == "asterisk"

    def fill(self, count):
        """Each a second after the one before; their ids, the latest first."""
        ids = self._fill_asterisk(count) if self._is_asterisk else self._fill_freeswitch(count)
        return ids[::-1]

    @property
    def _folder(self):
        return self._media / "asterisk/spool/voicemail/a.test" / self._box

    def _fill_asterisk(self, count):
        inbox = self._folder / "INBOX"
        inbox.mkdir(parents=True)
        ids = [f"{self._began + number}-{number:08x}" for number in range(count)]
        for number, one in enumerate(ids):
            date = time.strftime("%a %b %e %I:%M:%S %p UTC %Y", time.gmtime(self._began + number))
            (inbox / f"msg{number:04}.txt").write_text(
                f"[message]\ncallerid=1001\norigdate={date}\norigtime={self._began + number}\n"
                f"msg_id={one}\nflag=\nduration=5\n", encoding="ascii")
            (inbox / f"msg{number:04}.wav").write_bytes(b"RIFF")
        owner = (self._media / "asterisk/spool").stat()
        # Folders above may have been made here as well.
        for made in (*list(self._folder.parents)[:2], self._folder, *self._folder.rglob("*")):
            os.chown(made, owner.st_uid, owner.st_gid)
        return ids

    def _fill_freeswitch(self, count):
        ids = [str(uuid.uuid4()) for _ in range(count)]
        self._sql("INSERT INTO voicemail_msgs VALUES (?, 0, ?, 'a.test', ?, 'Ann', '1001', 'inbox', "
                  "?, 5, '', 'B_NORMAL', '')",
                  [(self._began + number, self._box, one, f"/nowhere/msg_{one}.wav")
                   for number, one in enumerate(ids)])
        return ids

    def _sql(self, statement, rows):
        connection = sqlite3.connect(self._media / "freeswitch/db/voicemail.db", timeout=30)
        with connection:
            connection.executemany(statement, rows)
        connection.close()

    def remove(self):
        if self._is_asterisk:
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            self._sql("DELETE FROM voicemail_msgs WHERE username = ?", [(self._box,)])
