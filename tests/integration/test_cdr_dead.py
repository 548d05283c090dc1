"""Records that can be no row: kept with every byte, looked at and sent once more by the CLI."""

import json
import subprocess
import uuid

import pytest

# The platform and the way of the records, and what goes along it.
from test_cdr_path import START, asterisk, edge, freeswitch, path, platform, until  # noqa: F401

MIB = 1024 * 1024


class Cli:
    """`dialplane cdr dead`."""

    def __init__(self, path):  # noqa: F811
        self._state = path.platform.state

    def try_run(self, *words):
        """Exit status, standard output, standard error."""
        done = self._state.try_run([self._state / "bin/dialplane", "cdr", "dead", *words, "-s",
                                    self._state])
        return done.returncode, done.stdout, done.stderr

    def run(self, *words):
        status, out, err = self.try_run(*words)
        assert status == 0, err
        return out

    def list(self):
        return json.loads(self.run("list", "--json"))


@pytest.fixture(name="cli")
def make_cli(path):  # noqa: F811
    path.db.rows("DELETE FROM voip.cdr_dead")
    yield Cli(path)
    path.db.rows("DELETE FROM voip.cdr_dead")


def append_bytes(path, name, data):  # noqa: F811
    with open(path.platform.state / "cdr" / name, "ab") as file:
        file.write(data + b"\n")


def wait_for_dead(path, count):  # noqa: F811
    until(lambda: path.db.value("SELECT count(*) FROM voip.cdr_dead") == count, f"{count} are dead")


def dead_part(path):  # noqa: F811
    """What doctor says of them: status and text."""
    state = path.platform.state
    done = state.try_run([state / "bin/dialplane", "doctor", "--json", "-s", state])
    part, = [part for part in json.loads(done.stdout) if part["part"] == "cdr-dead"]
    return part["status"], part["detail"]


def test_list_and_show(path, cli):  # noqa: F811
    assert cli.run() == cli.run("list") == "0 of 0 dead letters\n"
    assert cli.list() == []
    assert dead_part(path) == ("ok", "no dead letters")
    hostile = b'{"id": "\x1b[31m\xff\x01' + "ü".encode()
    append_bytes(path, "edge.jsonl", hostile)
    wait_for_dead(path, 1)
    path.append("asterisk.csv", '"1","2"')
    wait_for_dead(path, 2)
    second, first = cli.list()
    assert (first["source"], first["node"], first["deliveries"], first["bytes"],
            first["requeued_at"]) == ("edge", "one", 1, len(hostile), None)
    assert second["source"] == "asterisk" and "columns instead of" in second["reason"]
    lines = cli.run("list").splitlines()
    assert len(lines) == 4 and lines[-1] == "2 of 2 dead letters"
    assert lines[1].startswith(f"{second['id']} ") and "columns instead of" in lines[1]
    assert cli.run("list", "--limit", "1").splitlines()[-1] == "1 of 2 dead letters"
    assert [row["id"] for row in json.loads(cli.run("list", "--json", "--limit", "1"))] == \
        [second["id"]]

    shown = cli.run("show", str(first["id"]))
    assert "\x1b" not in shown and '{"id": "\\x1b[31m\ufffd\\x01ü' in shown
    whole = json.loads(cli.run("show", str(first["id"]), "--json"))
    assert bytes.fromhex(whole["body_hex"]) == hostile
    assert whole["body"] == hostile.decode(errors="replace")
    state = path.platform.state
    raw = subprocess.run(path.platform.account.command(
        [state / "bin/dialplane", "cdr", "dead", "show", str(first["id"]), "--raw", "-s", state],
        state), stdout=subprocess.PIPE, check=True, cwd=state.path).stdout
    assert raw == hostile
    status, detail = dead_part(path)
    assert status == "warn" and detail.startswith("2 call records could not be stored")


def test_same_again(path, cli):  # noqa: F811
    """The same bytes, from the same source, are one dead letter; from another they are another."""
    for _ in range(3):
        path.append("edge.jsonl", "not JSON")
    path.append("asterisk.csv", "not JSON")
    path.append("edge.jsonl", "not JSON")
    wait_for_dead(path, 2)
    until(lambda: path.entries() == 0, "all are done with")
    assert len(cli.list()) == 2


def test_requeue(path, cli):  # noqa: F811
    """Once the reason is gone they are rows; what still cannot be stored keeps its id."""
    calls = [str(uuid.uuid4()) for _ in range(3)]
    path.db.rows("ALTER TABLE voip.cdr ADD CONSTRAINT test CHECK (caller <> 'refused')")
    try:
        for call in calls:
            path.append("edge.jsonl", edge(call, **{"from": "refused"}))
        path.append("edge.jsonl", "never a record")
        wait_for_dead(path, 4)
    finally:
        path.db.rows("ALTER TABLE voip.cdr DROP CONSTRAINT test")
    refused = [str(row["id"]) for row in cli.list() if "constraint" in row["reason"]]
    never, = (str(row["id"]) for row in cli.list() if str(row["id"]) not in refused)
    assert cli.run("requeue", refused[1]) == "1 requeued\n"
    wait_for_dead(path, 3)
    assert path.count(calls) == 1

    # What Redis loses in between is still here, and can be sent once more.
    path.platform.supervisor.stop_process("cdr-writer")
    assert json.loads(cli.run("requeue", "--all", "--json")) == {"requeued": 3}
    assert all(row["requeued_at"] for row in cli.list())
    path.platform.redis("flushall")
    path.platform.supervisor.start("cdr-writer")
    assert cli.run("requeue", "--all") == "3 requeued\n"
    wait_for_dead(path, 1)
    until(lambda: path.count(calls) == 3, "all are rows")
    until(lambda: cli.list()[0]["requeued_at"] is None, "it has failed again")
    assert str(cli.list()[0]["id"]) == never
    assert cli.run("drop", never) == "1 dropped\n"
    assert cli.list() == []


def test_usage(path, cli):  # noqa: F811
    path.append("edge.jsonl", "not JSON")
    wait_for_dead(path, 1)
    known = str(cli.list()[0]["id"])
    for words in (["other"], ["show"], ["show", "x"], ["show", "0"], ["show", known, known],
                  ["requeue"], ["requeue", "--all", known], ["drop"], ["drop", "--all"],
                  ["list", known], ["list", "--limit", "0"], ["show", known, "--limit", "3"],
                  ["drop", known, "--raw"], ["drop", "-1"], ["--other"]):
        status, out, err = cli.try_run(*words)
        assert (status, out) == (2, "") and err, words
    for words in (["show", "999999999"], ["requeue", "999999999"], ["drop", "999999999"]):
        status, _, err = cli.try_run(*words)
        assert (status, err) == (1, f"dialplane cdr dead{' show' * (words[0] == 'show')}: "
                                    "there is no dead letter 999999999\n")
    assert cli.run("--help").startswith("usage: dialplane cdr dead [OPTION")
    # One that is not there does not hold up the other.
    status, out, err = cli.try_run("drop", "999999999", known)
    assert (status, out) == (1, "1 dropped\n") and "999999999" in err
    assert cli.list() == []


def hostile_edge(call, ballast):
    """Lines of the edge: how each is broken, and whether it is a row all the same."""
    return [
        ("a quote and a TAB", True, edge(call(), **{"from": 'a"\tb'}).encode()),
        ("a TAB as it is", False, edge(call()).replace('"1001"', '"a\tb"').encode()),
        ("invalid UTF-8", True, edge(call(), to="X").encode().replace(b'"X"', b'"\xff\xc0\x80"')),
        ("10 MB", True, edge(call(), ballast=ballast).encode()),
        ("no start", False, edge(call(), start="").encode()),
        ("no end", False, edge(call(), end="").encode()),
        ("no times at all", False, edge(call(), start="", end="", answer="").encode()),
        ("the clock went back", True, edge(call(), end=f"{START - 3600}.5").encode()),
        ("an unknown tenant", True, edge(call(), domain="nobody.test").encode()),
        ("no tenant", True, edge(call(), domain="").encode()),
        ("no JSON", False, b"\xff\xfe\x00\x01" * 100),
        ("half of one", False, edge(call()).encode()[:70]),
    ]


def hostile_asterisk(call, ballast):
    """Likewise, of Asterisk."""
    return [
        ("a quote and a TAB", True, asterisk(call(), caller='a"\tb').encode()),
        ("invalid UTF-8", True, asterisk(call(), caller="X").encode().replace(b"X", b"\xff\xc0")),
        ("10 MB", True, asterisk(call(), clid=ballast).encode()),
        ("no start", False, asterisk(call(), start="").encode()),
        ("no end", False, asterisk(call(), end="").encode()),
        ("the clock went back", True, asterisk(call(), end=f"{START - 3600}.5").encode()),
        ("an unknown tenant", True, asterisk(call(), domain="nobody.test").encode()),
        ("a column too few", False, asterisk(call()).rsplit(",", 2)[0].encode()),
        ("a quote that does not end", False, asterisk(call()).encode()[:-1]),
    ]


def hostile_freeswitch(call, ballast):
    """Likewise, of FreeSWITCH."""
    return [
        ("a quote and a TAB", True, freeswitch(call(), sip_from_display='a"\tb').encode()),
        ("invalid UTF-8", True, freeswitch(call(), x="X").encode().replace(b'"X"', b'"\xff\xc0"')),
        ("10 MB", True, freeswitch(call(), ballast=ballast).encode()),
        ("no end", False, freeswitch(call(), end_uepoch="").encode()),
        ("the clock went back", True, freeswitch(call(), end_uepoch=f"{START - 9}000000").encode()),
        ("an unknown tenant", True, freeswitch(call(), **{
            "sip_h_X-VOIP-Service": "ivr;id=1;domain=nobody.test"}).encode()),
        ("half of one", False, freeswitch(call()).encode()[:-50]),
        ("a NUL", True, freeswitch(call()).encode().replace(b"NORMAL", b"NOR\x00MAL")),
    ]


def test_hostile_records(path, cli):  # noqa: F811
    """Each is a row or a dead letter with all its bytes; what is behind them arrives."""
    calls, ballast = [], "x" * (10 * MIB)

    def call():
        calls.append(str(uuid.uuid4()))
        return calls[-1]

    last = [str(uuid.uuid4()) for _ in range(3)]
    lines = hostile_edge(call, ballast), hostile_asterisk(call, ballast)
    posts = hostile_freeswitch(call, ballast)
    for name, group in zip(("edge.jsonl", "asterisk.csv"), lines):
        for _, _, line in group:
            append_bytes(path, name, line)
    folder = path.platform.state / "cdr/freeswitch-errors"
    for what, _, body in posts:
        try:
            status = path.post_bytes(body)
        except (BrokenPipeError, ConnectionResetError):
            status = 413  # said before all of it was sent
        assert status == {"10 MB": 413, "half of one": 400, "a NUL": 400}.get(what, 200), what
        if status != 200:
            # What mod_json_cdr does with a record that was not taken.
            (folder / f"{uuid.uuid4()}.cdr.json").write_bytes(body)
    path.append("edge.jsonl", edge(last[0]))
    path.append("asterisk.csv", asterisk(last[1]))
    assert path.post(freeswitch(last[2])) == 200
    for one in last:
        path.row(one)

    every = [*lines[0], *lines[1], *posts]
    wanted = {body: what for what, is_row, body in every if not is_row}
    until(lambda: path.count(calls) == len(every) - len(wanted), "all that can be are rows", 40)
    wait_for_dead(path, len(wanted))
    until(lambda: path.entries() == 0, "all entries are done with")
    found = [bytes(row["body"]) for row in path.dead()]
    assert [what for body, what in wanted.items() if body not in found] == []
    assert [body[:200] for body in found if body not in wanted] == []
    assert all(row["reason"] for row in path.dead())
    unknown = path.db.rows("SELECT domain_id FROM voip.cdr WHERE domain = 'nobody.test' "
                           "AND call_id = ANY(%s::uuid[])", calls)
    assert [row["domain_id"] for row in unknown] == [None] * 3
