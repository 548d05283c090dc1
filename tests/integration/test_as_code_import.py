"""`dialplane import`: many rows from CSV, good ones taken, bad ones told."""

import re
import time

import pytest

RUNNING = ()
DOMAIN = "b.test"


class Import:
    """The verb in the platform's folder."""

    def __init__(self, platform):
        self._state = platform.state
        self.folder = platform.folder / "csv"
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.path = self.folder / "rows.csv"

    def run(self, section, text, *options, domain=DOMAIN):
        """Status, what was counted (added, there, wrong), and bad lines as (line, reason)."""
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.path.chmod(0o644)
        done = self._state.try_run([self._state / "bin/dialplane", "import", domain, section,
                                    self.path, "-s", self._state, *options])
        counts = [int(number) for number in re.findall(r"\d+", done.stdout)]
        lines = [line.removeprefix(f"{self.path}:").split(": ", 1)
                 for line in done.stderr.splitlines()]
        return done.returncode, counts, lines


@pytest.fixture(scope="module")
def take(platform):
    return Import(platform).run


def names(db, table="users", column="username"):
    return {row[column] for row in db.rows(
        f"SELECT {column} FROM voip.{table} t JOIN voip.domains d ON d.id = t.domain_id"
        " WHERE d.name = %s", DOMAIN)}


USERS = """\ufeffusername,password,display_name,max_calls,call_waiting\r
6640,long enough,"Anna ""A"", Ä",3,false\r
6641,short,,,\r
6642,long enough,"two
lines",,\r
6643,long enough,,x,\r
6644,long enough,,,maybe\r
\r
6640,long enough,again,,\r
6645,long enough,,,\r
"""


def test_bad_lines(take, db):
    """Each with its number and its reason; the others are taken; again: only what is missing."""
    before = names(db)
    bad = {"3": "password: has 8 to 128", "4": "display_name: has no line breaks",
           "6": "max_calls: is a whole number", "7": "call_waiting: is true or false",
           "9": "username: There is a user with this username already"}
    status, counts, lines = take("users", USERS, "--dry-run")
    assert (status, counts) == (1, [2, 0, 5]) and names(db) == before
    assert {number for number, _ in lines} == set(bad), lines
    assert take("users", USERS) == (status, counts, lines)
    assert all(bad[number] in reason for number, reason in lines), lines
    assert names(db) == before | {"6640", "6645"}
    row = db.rows("SELECT * FROM voip.users WHERE username = '6640'")[0]
    assert (row["display_name"], row["max_calls"], row["call_waiting"]) == ('Anna "A", Ä', 3, False)
    entry = db.rows("SELECT * FROM voip.audit_log ORDER BY id DESC LIMIT 1")[0]
    assert (entry["resource"], entry["actor_kind"]) == ("users", "shell")
    mended = USERS.replace(",short,", ",long enough,").replace("two\n", "one ").replace(
        ",x,", ",1,").replace("maybe", "true").replace("6640,long enough,again,,\r\n", "")
    assert take("users", mended) == (0, [4, 2, 0], [])
    assert take("users", mended) == (0, [0, 6, 0], [])
    assert take("users", "username,max_calls\n6640,4\n")[2][0][1].endswith(
        "this is there already, and otherwise")


def test_extensions_queues_numbers(take, db):
    """What leads somewhere may stand before it; several lines may fail in the database."""
    assert take("queues", "name,ring_s\n6650,7\n") == (0, [1, 0, 0], [])
    rows = ("number,type,user,queue,busy_to\n6650,user,1001,,6651\n6651,queue,,6650,\n"
            "6652,queue,1001,,\n6653,user,nobody,,\n6654,user,1002,,6652\n6655,user,1003,,6650\n"
            "6656,user,1001,,6657\n6657,user,,,\n")
    for options in (("--dry-run",), ()):
        status, counts, lines = take("extensions", rows, *options)
        assert (status, counts) == (1, [3, 0, 5])
        assert {number: reason.split(": ")[1] for number, reason in lines} == {
            "4": "type", "5": "user", "6": "busy_to", "8": "busy_to",
            "9": "type"}, lines
    assert {"6650", "6651", "6655"} <= names(db, "extensions", "number")
    assert not {"6652", "6653", "6654", "6656", "6657"} & names(db, "extensions", "number")
    assert take("inbound_numbers", "number,extension\n+493066500,6650\n") == (0, [1, 0, 0], [])


@pytest.mark.parametrize("text", ["", "nothing\n1\n", "username,id\n", 'username\n"a\n',
                                  "username,password\n1\n", "username\n1,2\n", b"username\na\0b\n",
                                  b"username\n\xff\n"])
def test_no_csv(take, db, text):
    before = names(db)
    status, counts, lines = take("users", text)
    if text == "":
        assert status == 1 and lines
    else:
        assert (status, counts) == (1, []) and len(lines) == 1, lines
    assert names(db) == before


def test_what_is_not_imported(take):
    for section in ("nothing", "domain", "prompts", "members", "operators"):
        assert "nothing of this kind" in str(take(section, "name\n1\n")[2])
    assert "no tenant" in str(take("users", "username\n1\n", domain="none.test")[2])


def test_many(take, db, record_property):
    """Ten transactions and their joints. 10,000 lines are for docs/tenants-as-code.md."""
    rows = "username,password\n" + "".join(f"66{n:04},long enough {n}\n" for n in range(950))
    began = time.monotonic()
    assert take("users", rows) == (0, [950, 0, 0], [])
    record_property("import_950_s", round(time.monotonic() - began, 1))
    assert db.value("SELECT count(*) FROM voip.users WHERE username LIKE '66____'") == 950
    assert take("users", rows) == (0, [0, 950, 0], [])
