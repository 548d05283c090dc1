"""
No tenant reads, changes or learns anything of another one: every operation of the document, tried with
another tenant's name, ids, numbers and cursors in path, body, filter and headers (isolation.py).
"""

import pytest

from api import client
from belongings import SPECIAL, Tenant, add_leg, add_recording, body_of, operations, request
from isolation import leaks, tries

RUNNING = ("serve",)
OWN, OTHER = "6170.test", "6171.test"
# Calls and messages are in no table: test_api_live.py and test_api_voicemail.py try what has their ids.
LIVE = {"calls", "voicemail-boxes/messages"}
# Of the platform: what a key of a tenant may neither read nor do.
PLATFORM = {"list_nodes", "get_platform_recording_defaults", "update_platform_recording_defaults",
            "create_domain", "batch_domains", "delete_domain", "create_platform_api_key",
            "delete_platform_api_key", "create_platform_operator", "delete_platform_operator",
            "delete_platform_session", "end_platform_operator_sessions",
            "revert_platform_audit_log_entry"}
# Not with this alone: a prompt has its name in the query, where it is tried, and the password of an
# operator who was made is kept nowhere.
MORE = {"create_prompt", "revert_audit_log_entry"}


@pytest.fixture(scope="module")
def root(platform):
    made = client(platform)
    yield made
    made.close()


@pytest.fixture(scope="module")
def document(root):
    return root.get("/openapi.json").json


@pytest.fixture(scope="module")
def other(root, platform):
    """The one that is to be left alone."""
    return Tenant(root, platform, OTHER, "theirs", "7602")


@pytest.fixture(scope="module")
def own(root, platform, other, document):
    """The one who tries; made later, so that its ids are others."""
    made = Tenant(root, platform, OWN, "mine", "7603")
    # What belongs to another tenant's thing, as nothing that the platform writes does: only the policy
    # keeps it apart.
    add_leg(other, made.ids["cdrs"][0], "stray")
    add_recording(other, made.ids["cdrs"][0])
    for tenant in (made, other):
        assert set(tenant.look(operations(document))) <= PLATFORM
    return made


def everything(db, domain):
    """All that is in the database of a tenant, but when its keys were used last."""
    tables = [row["t"] for row in db.rows(
        "SELECT c.table_name AS t FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE table_schema = 'voip' AND column_name = 'domain_id'"
        " AND table_type = 'BASE TABLE'")]
    assert len(tables) > 25
    found = {table: db.rows("SELECT md5(string_agg((to_jsonb(t) - '{last_used_at,last_used_from}'"
                            f"::text[])::text, '|' ORDER BY t::text)) FROM voip.{table} t"
                            " JOIN voip.domains d ON d.id = t.domain_id WHERE d.name = %s", domain)
             for table in tables}
    return found | {"domains": db.rows("SELECT d::text FROM voip.domains d WHERE name = %s", domain)}


def test_every_thing_is_there(document, own, other):
    """Of whatever a path has the id of, the other tenant has one; belongings.py says how it is made."""
    kinds = {operation.kind for operation in operations(document) if operation.variables}
    assert kinds - set(other.ids) == LIVE and set(SPECIAL) <= kinds
    assert not own.taken["users"] & other.taken["users"]


def test_the_tries_are_good(document, own, other):
    """What is asked for below would be done for whom it belongs to: it is not refused for its form."""
    refused = set()
    for operation in operations(document):
        if "dry_run" in operation.names("query") and own.has(operation):
            reply = own.api.ask(**request(operation, OWN, own.values(operation),
                                          body_of(operation, own), {"dry_run": "true"}))
            in_use = operation.method == "DELETE" and reply.status == 409
            if reply.status >= 300 and not in_use:
                refused.add((operation.name, reply))
    assert {name for name, _ in refused} <= PLATFORM | MORE, refused


def test_everything(document, own, other, platform):
    """Nothing is shown, nothing is changed, and nothing is told apart from what is not there."""
    before = everything(platform.db, OTHER)
    wanted = list(tries(document, own, other))
    assert len(wanted) > 1600
    assert not list(leaks(wanted, own, other))
    assert everything(platform.db, OTHER) == before


# Tables that the API reads, and what shows it when their policy is gone: kinds of ids.
GUARDED = {
    "announcements": "announcements", "api_keys": "api-keys", "audit_log": "audit-log", "cdr": "cdrs",
    "cdr_legs": "cdrs", "conferences": "conferences", "domains": "domains", "extensions": "extensions",
    "inbound_numbers": "inbound-numbers", "ivr_entries": "ivr-menus/entries", "ivr_menus": "ivr-menus",
    "operators": "operators", "outbound_route_trunks": "outbound-routes/trunks",
    "outbound_routes": "outbound-routes", "prompts": "prompts", "queue_members": "queues/members",
    "queues": "queues", "recording_policies": "recording-policies",
    "recordings": "recordings", "ring_group_members": "ring-groups/members",
    "ring_groups": "ring-groups", "schedule_holidays": "schedules/holidays",
    "schedule_hours": "schedules/hours", "schedules": "schedules", "sessions": "sessions",
    "trunk_gateways": "trunks/gateways",
    "trunks": "trunks", "users": "users", "voicemail_boxes": "voicemail-boxes", "webhooks": "webhooks",
}
# Those of which the API shows nothing, or nothing that is not of a row above: an agent's status is that
# of a user, and an answer that is kept is looked for by the key that has asked, as settings are by the
# tenant.
UNSEEN = {"cdr_dead", "cdr_raw", "edge_boots", "edge_calls", "idempotency_keys", "login_devices",
          "login_failures", "outbound_usage", "premium_prefixes", "queue_agents", "recording_keys",
          "recording_recounts", "recording_settings", "voicemail_counts", "webhook_deliveries"}


def test_every_table_is_known(platform):
    rows = platform.db.rows("SELECT tablename AS t FROM pg_policies WHERE schemaname = 'voip'"
                            " AND policyname = 'tenant'")
    assert {row["t"] for row in rows} == set(GUARDED) | UNSEEN


@pytest.mark.parametrize("table", GUARDED)
def test_it_is_the_policy(table, document, own, other, platform):
    """The tries see it when a table's policy lets all rows through: nothing else keeps them apart."""
    reads = [one for one in tries(document, own, other, GUARDED[table]) if one.operation.method == "GET"]
    assert reads and not list(leaks(reads, own, other))
    policy, = platform.db.rows("SELECT qual FROM pg_policies WHERE schemaname = 'voip'"
                               " AND tablename = %s AND policyname = 'tenant'", table)
    platform.db.rows(f"ALTER POLICY tenant ON voip.{table} USING (true)")
    try:
        assert next(leaks(reads, own, other), None)
    finally:
        platform.db.rows(f"ALTER POLICY tenant ON voip.{table} USING ({policy['qual']})")
