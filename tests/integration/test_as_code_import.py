"""`dialplane import`: many rows from CSV, good ones taken, bad ones told."""

import threading
import time

import psycopg
import pytest

from import_csv import Import
from lib.db import Database
from serve import until

RUNNING = ()
DOMAIN = "b.test"


@pytest.fixture(scope="module")
def imports(platform):
    return Import(platform, DOMAIN)


@pytest.fixture(scope="module")
def take(imports):
    return imports.run


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


@pytest.mark.parametrize("text", ["", "nothing\n1\n", "username,id\n", 'username\n"a\n'])
def test_no_csv(take, db, text):
    before = names(db)
    status, counts, lines = take("users", text)
    if text == "":
        assert status == 1 and lines
    else:
        assert (status, counts) == (1, []) and len(lines) == 1, lines
    assert names(db) == before


def test_lines_that_cannot_be_read(take, db):
    """Others are taken: also a line that is the same as an earlier one, and is not the first."""
    text = (b"username,password,max_calls\n6660,long enough\n6661,long enough,1,2\n"
            b"66\x0062,long enough,\n666\xff,long enough,1\n6664,long enough,3\n\n"
            b"6664,long enough,2\r6665,long enough,\n")
    bad = {"2": "this line has not as many fields as the first",
           "3": "this line has not as many fields as the first", "4": "username: there is a NUL",
           "5": "username: this is no text in UTF-8", "8": "There is a user with this username"}
    status, counts, lines = take("users", text)
    assert (status, counts) == (1, [2, 0, 5])
    assert [number for number, _ in lines] == list(bad), lines
    # The same once more: what was taken is there.
    status, counts, again = take("users", text)
    assert (status, counts, again) == (1, [0, 2, 5], lines)
    assert db.value("SELECT max_calls FROM voip.users WHERE username = '6664'") == 3


def test_what_is_not_imported(take):
    for section in ("nothing", "domain", "prompts", "members", "operators"):
        assert "nothing of this kind" in str(take(section, "name\n1\n")[2])
    assert "no tenant" in str(take("users", "username\n1\n", domain="none.test")[2])


def many(first, count, spoil):
    """Lines of users; PostgreSQL refuses those of `spoil`, which have the name of the first one."""
    return "username,password,pickup_group\n" + "".join(
        f"{660000 + (first if n in spoil else n)},long enough {n},{'x' if n % 2 else ''}\n"
        for n in range(first, first + count))


def test_many(take, db, record_property):
    """
    More than one transaction and many statements; lines that only PostgreSQL refuses take no other with
    them, at the edges of statements neither. 10,000 lines are measured by bench/api.
    """
    spoil = {1, 249, 250, 499, 500, 777, 1499, 1500, 2199}
    rows = many(0, 2200, spoil)
    began = time.monotonic()
    status, counts, lines = take("users", rows)
    record_property("import_2200_s", round(time.monotonic() - began, 1))
    assert (status, counts) == (1, [2191, 0, 9])
    assert [int(number) - 2 for number, _ in lines] == sorted(spoil)
    assert all("There is a user with this username already" in why for _, why in lines), lines
    assert take("users", rows) == (1, [0, 2191, 9], lines)
    # The audit log has each of them, as it is.
    noted = db.rows("SELECT l.*, u.username, u.pickup_group FROM voip.audit_log l JOIN voip.users u "
                    "ON u.id::text = l.object_id WHERE l.resource = 'users' AND u.username LIKE '66____'")
    assert len(noted) == 2191 and len({row["request_id"] for row in noted}) == 1
    assert all((row["after"]["username"], row["after"]["pickup_group"], row["domain"], row["method"])
               == (row["username"], row["pickup_group"], DOMAIN, "POST") for row in noted)


def test_chain(take, db):
    """Each leads to the next line, so each is a statement of its own; the last leads to nothing."""
    rows = "number,type,user,busy_to\n" + "".join(
        f"{666000 + n},user,1001,{666000 + n + 1 if n < 19 else ''}\n" for n in range(20))
    assert take("extensions", rows) == (0, [20, 0, 0], [])
    lead = db.value("SELECT count(*) FROM voip.extensions e JOIN voip.extensions f ON f.id = e.busy_to "
                    "WHERE e.number LIKE '666___' AND f.number::int = e.number::int + 1")
    assert lead == 19
    # A circle is told by the line that closes it, and what leads into it is not made either.
    circle = "number,type,user,busy_to\n6670,user,1001,6671\n6671,user,1001,6670\n6672,user,1001,6670\n"
    status, counts, lines = take("extensions", circle)
    assert (status, counts) == (1, [0, 0, 3])
    assert "this leads in a circle" in lines[1][1] and "is wrong itself" in lines[2][1], lines


def test_stopped_in_the_middle(platform, imports, db):
    """What was committed stays, and the same file again adds the rest."""
    count = "SELECT count(*) FROM voip.users WHERE username BETWEEN '670000' AND '674999'"
    rows = many(10000, 5000, ())
    command = imports.command("users", imports.write("users", rows))
    # Somebody who has not made up his mind about one of the names: there the import waits.
    other = Database(platform.deployment, platform.secret("db_admin"))
    other.rows("BEGIN")
    other.rows("INSERT INTO voip.users (domain_id, username, ha1) SELECT id, '673700', md5('') "
               "FROM voip.domains WHERE name = %s", DOMAIN)
    running = platform.state.popen(command)
    try:
        until(lambda: db.value(count) == 3000, 30)
        running.kill()
        running.wait()
    finally:
        other.rows("ROLLBACK")
        other.close()
    assert imports.run("users", rows) == (0, [2000, 3000, 0], [])


def test_two_halves_of_a_circle(platform, take, db):
    """Of two at once who each close one half of a circle the second one waits, and is refused."""
    assert take("extensions", "number,type,user\n6690,user,1001\n6691,user,1002\n")[0] == 0
    one, two = (Database(platform.deployment, platform.secret("db_admin")) for _ in range(2))
    lead = ("UPDATE voip.extensions e SET busy_to = t.id FROM voip.extensions t WHERE e.number = %s "
            "AND t.number = %s AND t.domain_id = e.domain_id")
    refused = []

    def close():
        try:
            two.rows(lead, "6691", "6690")
        except psycopg.errors.CheckViolation as error:
            refused.append(str(error))

    waiting = threading.Thread(target=close)
    try:
        one.rows("BEGIN")
        one.rows(lead, "6690", "6691")
        waiting.start()
        until(lambda: db.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                               "AND NOT granted") == 1, 30)
        one.rows("COMMIT")
        waiting.join()
    finally:
        one.close()
        two.close()
    assert "6691 > 6690 > 6691" in refused[0]
