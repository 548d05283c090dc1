"""The demo tenant: made in an empty database, with passwords nobody else has."""

import hashlib
import secrets

from .errors import FrontError

DOMAIN = "demo.test"
USERS = ("1001", "1002", "1003")
NUMBERS = [
    ("1001 1002 1003", "the users; after 20 s without an answer the call goes to voicemail"),
    ("*1001 *1002 *1003", "leave that user a message"),
    ("*97", "listen to your own messages, with your PIN"),
    ("8000", "a menu: 1, 2 and 3 call the users"),
    ("8001", "a queue, answered by the user who has been idle longest"),
    ("8100", "a conference for whoever calls"),
]
# No l, 1, o, 0: these are typed from a screen.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class Sql:
    """psql as the owner of the database. Values are variables that psql quotes; all on stdin."""

    def __init__(self, state, deployment):
        self._state = state
        self._argv = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                      "-h", deployment.node["inside"], "-p", deployment["db.port"],
                      "-U", "dialplane", "-d", deployment["db.name"]]

    def run(self, statements, **variables):
        """Runs the statements, in which :'name' is a variable; returns what they print."""
        # Only of our own making or checked: no quote or backslash can be in a value.
        settings = "".join(f"\\set {key} '{value}'\n" for key, value in variables.items())
        return self._state.run(self._argv, stdin=settings + statements,
                               variables={"PGPASSFILE": self._state / "secrets/pgpass"}).strip()


def ha1(user, secret):
    """MD5(user:realm:password), RFC 2617 3.2.2.2: what the database keeps of a password."""
    return hashlib.md5(f"{user}:{DOMAIN}:{secret}".encode(), usedforsecurity=False).hexdigest()


def new_password():
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def new_pin():
    return f"{secrets.randbelow(1_000_000):06d}"


def create(sql, script):
    """
    Runs `script` (db/demo.sql) in a database without tenants. Returns [(user, password, PIN)], or
    None if there was a tenant already.
    """
    if sql.run("SELECT count(*) FROM voip.domains;") != "0":
        return None
    accounts = [(user, new_password(), new_pin()) for user in USERS]
    hashes = {}
    for user, password, pin in accounts:
        hashes[f"ha1_{user}"] = ha1(user, password)
        hashes[f"pin_{user}"] = ha1(user, pin)
    sql.run(script.read_text(encoding="utf-8"), domain=DOMAIN, **hashes)
    return accounts


def reset(sql, user):
    """Gives a demo user a new password and PIN; returns both. Live at once, without a reload."""
    if user not in USERS:
        raise FrontError(f"the demo tenant has the users {', '.join(USERS)}")
    password, pin = new_password(), new_pin()
    changed = sql.run(
        "WITH u AS (UPDATE voip.users SET ha1 = :'ha1' FROM voip.domains d"
        "           WHERE d.id = domain_id AND d.name = :'domain' AND username = :'user'"
        "           RETURNING users.id)"
        "UPDATE voip.voicemail_boxes SET pin_ha1 = :'pin' FROM u WHERE user_id = u.id "
        "RETURNING 1;", domain=DOMAIN, user=user, ha1=ha1(user, password), pin=ha1(user, pin))
    if changed != "1":
        raise FrontError(f"there is no user {user} in {DOMAIN} any more")
    return password, pin


def describe(accounts, deployment):
    """The lines that say how to use the demo tenant."""
    address, port = deployment.node["address"], deployment["edge.sip_port"]
    lines = ["", f"Phones register at {address}:{port} (UDP or TCP), domain {DOMAIN}:", ""]
    if accounts:
        lines.append(f"    {'user':<8}{'password':<20}voicemail PIN")
        lines += [f"    {user:<8}{password:<20}{pin}" for user, password, pin in accounts]
    else:
        lines += [f"    users {', '.join(USERS)}; their passwords were shown at the first start.",
                  "    New ones: scripts/demo passwd 1001"]
    lines += ["", "Numbers to dial:", ""]
    lines += [f"    {number:<20}{what}" for number, what in NUMBERS]
    return lines
