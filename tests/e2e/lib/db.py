"""The platform's database, as its owner sees it, and the tenants of the tests."""

import hashlib
import time

import psycopg
from psycopg.rows import dict_row

DOMAINS = ("a.test", "b.test")
USERS = ("1001", "1002", "1003")
PIN = "246810"
# How soon the record of a call has to be there, in seconds after its end.
CDR_WITHIN = 20


def password(user, domain):
    """Each tenant's 1001 has another password."""
    return f"secret-{user}-{domain}"


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Database:
    """A connection as superuser, in autocommit; made anew after the server was away."""

    def __init__(self, deployment, secret):
        self._where = {"host": deployment.node["inside"], "port": deployment["db.port"],
                       "dbname": deployment["db.name"], "user": "dialplane",
                       "password": secret, "autocommit": True, "row_factory": dict_row}
        self._connection = None

    def rows(self, statement, *values):
        """Runs a statement; returns its rows as dicts, [] if it has none."""
        if not self._alive():
            self._connection = psycopg.connect(**self._where)
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def _alive(self):
        """Asks: that the server went away is not known before."""
        try:
            return self._connection and self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False

    def transaction(self):
        """All or nothing, as a context; one within another one can be taken back alone."""
        self.rows("SELECT 1")
        return self._connection.transaction()

    def value(self, statement, *values):
        return next(iter(self.rows(statement, *values)[0].values()))

    def set_user(self, user, **columns):
        """What a user of a.test has set for himself; returns what it was."""
        return self._set("users", "username", user, columns)

    def set_number(self, number, **columns):
        """The same of one of a.test's extensions."""
        return self._set("extensions", "number", number, columns)

    def _set(self, table, key, name, columns):
        where = (f"{key} = %s AND domain_id = (SELECT id FROM voip.domains "
                 "WHERE name = 'a.test')")
        before = self.rows(f"SELECT {', '.join(columns)} FROM voip.{table} WHERE {where}", name)[0]
        values = ", ".join(f"{column} = %s" for column in columns)
        self.rows(f"UPDATE voip.{table} SET {values} WHERE {where}", *columns.values(), name)
        return before

    def extension_id(self, number):
        """Of a number of a.test."""
        return self.value("SELECT e.id FROM voip.extensions e JOIN voip.domains d "
                          "ON d.id = e.domain_id WHERE d.name = 'a.test' AND number = %s", number)

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def cdrs(self, call_id):
        return self.rows("SELECT * FROM voip.cdr WHERE sip_call_id = %s", call_id)

    def wait_for_cdr(self, call_id, within=CDR_WITHIN):
        """The one record of the call with this Call-ID, which has just ended."""
        deadline = time.monotonic() + within
        while not (found := self.cdrs(call_id)):
            assert time.monotonic() < deadline, f"no record of call {call_id} in {within} s"
            time.sleep(0.02)
        assert len(found) == 1, found
        return found[0]


def add_tenant(db, domain):
    """
    A tenant with the users 1001 to 1003, each with a mailbox and, on *<user>, its voicemail;
    1002 rings for 2 s and goes to voicemail, 1003 has no forwarding; 8000 is a menu whose digits
    1 to 3 call them; *97 is one's own mailbox.
    """
    domain_id = db.value("INSERT INTO voip.domains (name) VALUES (%s) RETURNING id", domain)
    for user in USERS:
        add_user(db, domain_id, domain, user)
    db.rows("INSERT INTO voip.extensions (domain_id, number, type) VALUES (%s, '*97', 'voicemail')",
            domain_id)
    db.rows("UPDATE voip.extensions e SET ring_timeout_s = 2, no_answer_to = v.id,"
            "       unreachable_to = v.id "
            "FROM voip.extensions v WHERE v.domain_id = e.domain_id AND v.number = '*1002' "
            "AND e.domain_id = %s AND e.number = '1002'", domain_id)
    add_menu(db, domain_id)


def add_user(db, domain_id, domain, user):
    """A user with a number, a mailbox and its voicemail behind *<user>."""
    user_id = db.value(
        "INSERT INTO voip.users (domain_id, username, ha1) VALUES (%s, %s, %s) RETURNING id",
        domain_id, user, md5(user, domain, password(user, domain)))
    box_id = db.value(
        "INSERT INTO voip.voicemail_boxes (domain_id, mailbox, user_id, pin_ha1) "
        "VALUES (%s, %s, %s, %s) RETURNING id",
        domain_id, user, user_id, md5(user, domain, PIN))
    db.rows("INSERT INTO voip.extensions (domain_id, number, type, user_id, voicemail_box_id) "
            "VALUES (%s, %s, 'user', %s, NULL), (%s, %s, 'voicemail', NULL, %s)",
            domain_id, user, user_id, domain_id, f"*{user}", box_id)


def add_menu(db, domain_id):
    """8000: a menu whose digits 1 to 3 call the users of the tests, where the tenant has them."""
    menu_id = db.value("INSERT INTO voip.ivr_menus (domain_id, name, greeting, timeout_ms) "
                       "VALUES (%s, 'main', 'vm-enter-num-to-call', 3000) RETURNING id", domain_id)
    db.rows("INSERT INTO voip.extensions (domain_id, number, type, ivr_menu_id) "
            "VALUES (%s, '8000', 'ivr', %s)", domain_id, menu_id)
    db.rows("INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id) "
            "SELECT domain_id, %s, right(number, 1), id FROM voip.extensions "
            "WHERE domain_id = %s AND number IN ('1001', '1002', '1003')", menu_id, domain_id)
