"""Fifty numbers of every type of extension, for the benchmark of them, and how each is called."""

from collections import namedtuple

from . import load
from .db import Database

NUMBERS = 50
# Users whose phones are there: those who are called themselves, members of groups and agents.
CALLED, MEMBERS, AGENTS = range(0, 50), range(50, 150), range(150, 350)
PHONES = 350
# Users after them whose phones only ring: their calls are picked up.
RINGING = range(350, 400)
USERS = 400
CARRIER, GATEWAY_PORT = "127.0.1.200", load.free_port()

# `dial`: what is dialled for the n-th. `status`: the reply that the time runs to.
Type = namedtuple("Type", "name dial status carrier", defaults=(False,))


def _number(prefix, more=""):
    return lambda n: f"{prefix}{n:02d}{more}"


TYPES = [
    Type("user", lambda n: str(load.FIRST_USER + n), 180),
    Type("ring_group", _number("21"), 180),
    Type("queue", _number("22"), 200),
    Type("ivr", _number("23"), 200),
    Type("voicemail", _number("*24"), 200),
    Type("conference", _number("25"), 200),
    Type("schedule", _number("26"), 180),
    Type("announcement", _number("27"), 200),
    Type("trunk_out", _number("28", "30123456"), 180),
    Type("inbound", _number("+4930740"), 180, carrier=True),
    Type("feature", _number("*29"), 200),
    Type("park", _number("30"), 200),
    Type("paging", _number("31"), 200),
    Type("pickup", lambda n: f"*32{n:02d}{load.FIRST_USER + RINGING[n]}", 200),
]

# Each with n, 0 to 49; {domain} and the ranges above are filled in.
_STATEMENTS = [
    # A group has two members, a queue four agents.
    """WITH g AS (INSERT INTO voip.ring_groups (domain_id, name)
                  SELECT {domain}, '21' || lpad(n::text, 2, '0') FROM generate_series(0, 49) n
                  RETURNING id, name),
            m AS (INSERT INTO voip.ring_group_members (domain_id, ring_group_id, position, user_id)
                  SELECT {domain}, g.id, k + 1, u.id FROM g CROSS JOIN generate_series(0, 1) k
                  JOIN voip.users u ON u.domain_id = {domain} AND u.username =
                       ({first} + {members} + 2 * right(g.name, 2)::integer + k)::text)
       INSERT INTO voip.extensions (domain_id, number, type, ring_group_id)
       SELECT {domain}, kind.prefix || right(name, 2), kind.type, id
       FROM g CROSS JOIN (VALUES ('21', 'ring_group'), ('31', 'paging')) kind (prefix, type)""",
    """WITH q AS (INSERT INTO voip.queues (domain_id, name, wrap_up_s)
                  SELECT {domain}, '22' || lpad(n::text, 2, '0'), 1 FROM generate_series(0, 49) n
                  RETURNING id, name),
            m AS (INSERT INTO voip.queue_members (domain_id, queue_id, user_id)
                  SELECT {domain}, q.id, u.id FROM q CROSS JOIN generate_series(0, 3) k
                  JOIN voip.users u ON u.domain_id = {domain} AND u.username =
                       ({first} + {agents} + 4 * right(q.name, 2)::integer + k)::text)
       INSERT INTO voip.extensions (domain_id, number, type, queue_id)
       SELECT {domain}, name, 'queue', id FROM q""",
    """WITH m AS (INSERT INTO voip.ivr_menus (domain_id, name, greeting, timeout_ms)
                  SELECT {domain}, '23' || lpad(n::text, 2, '0'), 'vm-enter-num-to-call', 3000
                  FROM generate_series(0, 49) n RETURNING id, name)
       INSERT INTO voip.extensions (domain_id, number, type, ivr_menu_id)
       SELECT {domain}, name, 'ivr', id FROM m""",
    """WITH b AS (INSERT INTO voip.voicemail_boxes (domain_id, mailbox, user_id, pin_ha1)
                  SELECT {domain}, u.username, u.id, md5('x') FROM voip.users u
                  WHERE u.domain_id = {domain} AND u.username::integer < {first} + 50
                  RETURNING id, mailbox)
       INSERT INTO voip.extensions (domain_id, number, type, voicemail_box_id)
       SELECT {domain}, '*24' || right(mailbox, 2), 'voicemail', id FROM b""",
    """WITH c AS (INSERT INTO voip.conferences (domain_id, name)
                  SELECT {domain}, '25' || lpad(n::text, 2, '0') FROM generate_series(0, 49) n
                  RETURNING id, name)
       INSERT INTO voip.extensions (domain_id, number, type, conference_id)
       SELECT {domain}, name, 'conference', id FROM c""",
    # Overridden, so that the hour of the day does not matter.
    """WITH s AS (INSERT INTO voip.schedules (domain_id, name, open_to, closed_to, override)
                  SELECT {domain}, '26' || right(number, 2), id, id, 'open' FROM voip.extensions
                  WHERE domain_id = {domain} AND type = 'user'
                    AND number::integer < {first} + 50
                  RETURNING id, name)
       INSERT INTO voip.extensions (domain_id, number, type, schedule_id)
       SELECT {domain}, name, 'schedule', id FROM s""",
    """WITH a AS (INSERT INTO voip.announcements (domain_id, name, prompt)
                  SELECT {domain}, '27' || lpad(n::text, 2, '0'), 'vm-enter-num-to-call'
                  FROM generate_series(0, 49) n RETURNING id, name)
       INSERT INTO voip.extensions (domain_id, number, type, announcement_id)
       SELECT {domain}, name, 'announcement', id FROM a""",
    # One trunk, with a route of its own for each prefix.
    """WITH t AS (INSERT INTO voip.trunks (domain_id, name, caller_id)
                  VALUES ({domain}, 'load', '+4930740') RETURNING id),
            w AS (INSERT INTO voip.trunk_gateways (domain_id, trunk_id, host, port)
                  SELECT {domain}, id, '{carrier}', {port} FROM t),
            r AS (INSERT INTO voip.outbound_routes (domain_id, name, strip, prepend)
                  SELECT {domain}, '28' || lpad(n::text, 2, '0'), 4, '49'
                  FROM generate_series(0, 49) n RETURNING id, name),
            x AS (INSERT INTO voip.outbound_route_trunks (domain_id, route_id, trunk_id)
                  SELECT {domain}, r.id, t.id FROM r CROSS JOIN t)
       INSERT INTO voip.extensions (domain_id, number, type, is_prefix, outbound_route_id)
       SELECT {domain}, name, 'trunk_out', true, id FROM r""",
    """INSERT INTO voip.inbound_numbers (domain_id, number, extension_id)
       SELECT {domain}, '+4930740' || right(number, 2), id FROM voip.extensions
       WHERE domain_id = {domain} AND type = 'user' AND number::integer < {first} + 50""",
    """INSERT INTO voip.extensions (domain_id, number, type)
       SELECT {domain}, '30' || lpad(n::text, 2, '0'), 'park' FROM generate_series(0, 49) n""",
    """INSERT INTO voip.extensions (domain_id, number, type, feature)
       SELECT {domain}, '*29' || lpad(n::text, 2, '0'), 'feature', 'dnd_off'
       FROM generate_series(0, 49) n""",
    """INSERT INTO voip.extensions (domain_id, number, type, is_prefix)
       SELECT {domain}, '*32' || lpad(n::text, 2, '0'), 'pickup', true
       FROM generate_series(0, 49) n""",
]


def fill(platform, users):
    """The tenant of load.fill, with the numbers of all types, and country code 49."""
    load.fill(platform, users)
    db = Database(platform.deployment, platform.secret("db_admin"))
    db.rows("SET session_replication_role = replica")
    domain = db.value("SELECT id FROM voip.domains WHERE name = %s", load.DOMAIN)
    db.rows("UPDATE voip.domains SET country_code = '49' WHERE id = %s", domain)
    for statement in _STATEMENTS:
        db.rows(statement.format(domain=domain, first=load.FIRST_USER, members=MEMBERS.start,
                                 agents=AGENTS.start, carrier=CARRIER, port=GATEWAY_PORT))
    db.rows("ANALYZE")
    db.close()
