"""SIPp as many phones at once, for the benchmarks: no traces, many accounts from a CSV file."""

import csv
import subprocess

from . import scenario as sip
from .db import Database, add_menu
from .ports import free_ports

DOMAIN = "load.test"
FIRST_USER = 100_000
PASSWORD = "load"
# Seconds after which a run of SIPp is given up.
LIMIT = 180


def _with(steps, **values):
    """The scenario with its {names} filled: of this domain, the user from the CSV file."""
    text = sip.document(*steps)
    for name, value in {"domain": DOMAIN, "user": "[field0]", "contact_ip": "127.0.0.1",
                        "name": "", "from_uri": f"sip:[field0]@{DOMAIN}", "uri": f"sip:[field2]@{DOMAIN}",
                        "media_ip": "127.0.0.1", "media_port": "9", "authentication": "[field1]",
                        **values}.items():
        text = text.replace("{" + name + "}", value)
    return text


def _without_log(steps):
    return [step for step in steps if not step.startswith("<nop>")]


def _call(milliseconds, invite=sip.invite, **values):
    """Calls, talks for a while, hangs up."""
    answered = [sip.expect(180, optional="true"), *sip.is_answered()[1:]]
    steps = [*invite(), *answered, sip.pause(milliseconds), *sip.request("BYE", 3)]
    return _with(_without_log(steps), **values)


def caller(milliseconds):
    """The scenario of a caller who talks for so long."""
    return _call(milliseconds)


REGISTER = _with(sip.register(3600))
CALLER = _call(2000)
MENU_CALLER = _call(3000)
SHORT_CALLER = _call(1000)
# Of a carrier, who is not asked for a password.
CARRIER_CALLER = _call(1000, sip.invite_by_address, from_uri="sip:+4930111@carrier.test",
                       contact_ip="[local_ip]")
# Long enough for the 200 not to overtake the 180.
QUICK_CALLEE = _with(_without_log([*sip.is_invited(), *sip.ring(), sip.pause(100), *sip.answer(),
                                   *sip.is_asked("BYE")]), user="callee")
# Rings until somebody else takes the call.
RINGING_CALLEE = _with(_without_log([*sip.is_invited(), *sip.ring(), *sip.is_cancelled()]),
                       user="callee")
# Until the other side hangs up.
STAYING_CALLER = _with(_without_log([*sip.invite(), *sip.is_answered(), *sip.is_asked("BYE")]))
PICKER = STAYING_CALLER
CALLEE = _with(_without_log([*sip.is_invited(), *sip.ring(), sip.pause(1000), *sip.answer(),
                             *sip.is_asked("BYE")]), user="callee")


def fill(platform, users):
    """A tenant with this many users and a menu, without a notice for each row."""
    db = Database(platform.deployment, platform.secret("db_admin"))
    db.rows("SET session_replication_role = replica")
    domain_id = db.value("INSERT INTO voip.domains (name) VALUES (%s) RETURNING id", DOMAIN)
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT %s, n::text, md5(n || %s) FROM generate_series(%s, %s) n", domain_id,
            f":{DOMAIN}:{PASSWORD}", FIRST_USER, FIRST_USER + users - 1)
    db.rows("INSERT INTO voip.extensions (domain_id, number, type, user_id) "
            "SELECT domain_id, username, 'user', id FROM voip.users WHERE domain_id = %s",
            domain_id)
    add_menu(db, domain_id)
    db.rows("ANALYZE")
    db.close()


def accounts(first, count, targets=0, number=""):
    """Lines of a CSV file: user, credentials, and the number to call, where there is one."""
    lines = []
    for n in range(first, first + count):
        target = str(FIRST_USER + n % targets) if targets else number
        user = FIRST_USER + n
        lines.append(f"{user};[authentication username={user} password={PASSWORD}];{target}")
    return ["SEQUENTIAL", *lines]


def free_port():
    return free_ports(1)[0]


def percentile(ordered, percent):
    """Nearest rank."""
    return ordered[max(0, int(-(-len(ordered) * percent // 100)) - 1)] if ordered else float("nan")


class Run:
    """One SIPp process."""

    def __init__(self, folder, argv):
        self._folder = folder
        with open(folder / "screen.log", "wb") as screen:
            self._process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL,
                                             stdout=screen, stderr=subprocess.STDOUT)

    def finish(self, limit=LIMIT):
        """Waits for the end. Calls that failed are counted, not an error."""
        self._process.wait(limit)
        return self

    def stop(self):
        self._process.kill()
        self._process.wait()

    def total(self, column):
        """A cumulative counter of SIPp's statistics."""
        with open(self._folder / "stat.csv", encoding="ascii") as file:
            return int(list(csv.DictReader(file, delimiter=";"))[-1][column])

    def times(self, status):
        """
        Milliseconds of every call from its first message to the first reply with this status.
        From SIPp's log of messages: its own timers count in steps of 4 ms.
        """
        begun, took = {}, {}
        for moment, direction, call, _, text in self.messages():
            if direction == "S":
                begun.setdefault(call, float(moment))
            elif text.startswith(f"SIP/2.0 {status} "):
                took.setdefault(call, 1000 * (float(moment) - begun[call]))
        return list(took.values())

    def messages(self):
        """Of each message so far: seconds, S or R, Call-ID, CSeq, first line."""
        with open(self._folder / "messages.csv", encoding="ascii", errors="replace") as file:
            for line in file:
                yield line.rstrip("\n").split("\t")[2:]


def start(platform, text, lines, rate, port=None, ip="127.0.0.1"):
    """Runs a scenario once for each line but the first of the CSV, `rate` times a second."""
    folder = platform.new_folder("load")
    (folder / "scenario.xml").write_text(text, encoding="utf-8")
    (folder / "accounts.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    address = ":".join(map(str, platform.edge_address))
    return Run(folder, ["sipp", address, "-sf", "scenario.xml", "-inf", "accounts.csv",
                        "-m", str(len(lines) - 1), "-r", str(rate), "-l", "100000",
                        "-i", ip, "-p", str(port or free_port()), "-nostdin", "-nd",
                        "-recv_timeout", "20000", "-trace_stat", "-stf", "stat.csv", "-fd", "1",
                        "-trace_shortmsg",
                        "-shortmessage_file", "messages.csv", "-trace_err", "-error_file", "errors"])


def serve(platform, text, port):
    """Runs a scenario for every call that comes in, until stopped."""
    folder = platform.new_folder("load-callee")
    (folder / "scenario.xml").write_text(text, encoding="utf-8")
    return Run(folder, ["sipp", "-sf", "scenario.xml", "-i", "127.0.0.1", "-p", str(port),
                        "-nostdin", "-nd"])
