"""What changed in SQL is what `dialplane serve` says, and what a real Kamailio has in memory."""

import concurrent.futures
import os
import re
import signal
import threading

from api import Api, make_key
from lib import db as tenants
from serve import PIN_HA1, SOON, assert_live, menu_of, set_email, until

# ---------------------------------------------------------------- changes

def test_change_is_live(serve, db, record_property):
    took = []
    for number in range(50):
        address = f"new{number}@x.test"
        set_email(db, "1003", "a.test", address)
        took.append(until(lambda: serve.user("1003", "a.test").get("vm-mailto") == address))
    record_property("document_live_ms_max", round(max(took) * 1000, 1))
    assert_live(took)


def test_change_of_a_menu_is_live(serve, db):
    menu_id = menu_of(db, "b.test")
    db.rows("DELETE FROM voip.ivr_entries WHERE menu_id = %s AND digit = '3'", menu_id)
    assert until(lambda: "3" not in serve.menu(menu_id, "b.test")[1]) < SOON
    db.rows("UPDATE voip.ivr_menus SET greeting = 'vm-goodbye' WHERE id = %s", menu_id)
    assert until(lambda: serve.menu(menu_id, "b.test")[0]["greet-long"]
                 == "vm-goodbye.wav") < SOON


def test_tenant_comes_and_goes(serve, db):
    assert serve.user("1001", "new.test") is None
    tenants.add_tenant(db, "new.test")
    assert until(lambda: serve.user("1003", "new.test")) < 1
    db.rows("UPDATE voip.domains SET enabled = false WHERE name = 'new.test'")
    assert until(lambda: serve.user("1001", "new.test") is None) < SOON
    db.rows("UPDATE voip.domains SET enabled = true WHERE name = 'new.test'")
    assert until(lambda: serve.user("1001", "new.test")) < SOON


def test_emptied_table(serve, db):
    menu_id = menu_of(db, "b.test")
    db.rows("TRUNCATE voip.ivr_entries")
    assert until(lambda: serve.menu(menu_id, "b.test")[1] == {}) < 1
    for domain in tenants.DOMAINS:
        db.rows("INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id) "
                "SELECT e.domain_id, %s, right(number, 1), e.id FROM voip.extensions e "
                "JOIN voip.domains d ON d.id = e.domain_id "
                "WHERE d.name = %s AND number IN ('1001', '1002', '1003')",
                menu_of(db, domain), domain)
    assert until(lambda: len(serve.menu(menu_id, "b.test")[1]) == 3) < 1


def test_unknown_names_do_not_reach_the_database(serve):
    loads = "dialplane_serve_snapshot_loads_total"
    assert serve.user("1001", "nobody.test") is None
    before = serve.metrics()[loads]
    for _ in range(100):
        assert serve.user("1001", "nobody.test") is None
    assert serve.metrics()[loads] == before


def test_notifications_that_are_none(serve, db):
    """Anybody with a role of the database can send one."""
    for payload in ("", "x", "{}", '{"table":"users","domain":"*","key":"a:b"}', "[" * 5000):
        db.rows("SELECT pg_notify('dialplane', %s)", payload)
    set_email(db, "1003", "a.test", "after@x.test")
    until(lambda: serve.user("1003", "a.test").get("vm-mailto") == "after@x.test")


def test_answers_while_everything_changes(serve, db):
    """Every answer is whole, whatever is exchanged meanwhile."""
    stop = threading.Event()

    def ask_all_the_time():
        count = 0
        while not stop.is_set():
            assert serve.user("1001", "a.test")["vm-a1-hash"] == PIN_HA1
            count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(ask_all_the_time) for _ in range(8)]
        for number in range(200):
            set_email(db, "1003", "a.test", f"again{number}@x.test")
        stop.set()
        assert sum(reader.result() for reader in readers) > 200


# ---------------------------------------------------------------- the edge's memory

def ha1(edge, key):
    value = edge.get("user", key)
    return re.search(r'ha1="?(\w+)', value)[1] if value else None


def set_ha1(db, user, domain, value):
    db.rows("UPDATE voip.users u SET ha1 = %s FROM voip.domains d "
            "WHERE d.id = domain_id AND d.name = %s AND username = %s", value, domain, user)


def test_change_by_the_api_is_live(serve, db, record_property):
    """From the answer of a PATCH until media servers and the edge are told what it says."""
    api, edge, took = Api(serve.platform, make_key(db, "a.test"), "a.test"), serve.platform.edge, []
    box = api.get("voicemail-boxes", {"mailbox": "1003"}).json["items"][0]["id"]
    number = api.get("extensions", {"number": "1003"}).json["items"][0]
    for n in range(25):
        address, seconds = f"api{n}@x.test", 41 + n
        assert api.patch(f"voicemail-boxes/{box}", {"email": address}).status == 200
        took.append(until(lambda: serve.user("1003", "a.test").get("vm-mailto") == address))
        changed = api.patch(f"extensions/{number['id']}", {"ring_timeout_s": seconds})
        assert changed.status == 200
        took.append(until(lambda: f'ring="{seconds}"' in str(edge.get("ext", "a.test:1003"))))
    record_property("api_live_ms_max", round(max(took) * 1000, 1))
    api.patch(f"extensions/{number['id']}", {"ring_timeout_s": number["ring_timeout_s"]})
    api.close()
    assert_live(took)


def test_row_is_read_again_by_the_edge(serve, db, record_property):
    edge, took = serve.platform.edge, []
    for number in range(50):
        edge.call("htable.sets", "user", "b.test:1001", f'ha1="old{number}"')
        value = tenants.md5(str(number))
        set_ha1(db, "1001", "b.test", value)
        took.append(until(lambda: ha1(edge, "b.test:1001") == value))
    record_property("edge_live_ms_max", round(max(took) * 1000, 1))
    assert_live(took)


def test_row_is_read_once_more(serve, db):
    """A worker of the edge may have read the old row before the change and stored it just after."""
    edge, value = serve.platform.edge, tenants.md5("new")
    set_ha1(db, "1001", "b.test", value)
    until(lambda: ha1(edge, "b.test:1001") == value)
    edge.call("htable.sets", "user", "b.test:1001", 'ha1="stale"')
    assert until(lambda: ha1(edge, "b.test:1001") == value) < 2


def test_row_that_is_gone(serve, db):
    edge = serve.platform.edge
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT id, '1888', md5('x') FROM voip.domains WHERE name = 'b.test'")
    until(lambda: ha1(edge, "b.test:1888") == tenants.md5("x"))
    db.rows("DELETE FROM voip.users WHERE username = '1888'")
    assert until(lambda: edge.get("user", "b.test:1888") is None) < SOON


def test_miss_is_deleted(serve, db):
    edge = serve.platform.edge
    edge.call("htable.seti", "ext_miss", "b.test:1777", "1")
    assert edge.get("ext_miss", "b.test:1777") is not None
    db.rows("INSERT INTO voip.extensions (domain_id, number, type) "
            "SELECT id, '1777', 'voicemail' FROM voip.domains WHERE name = 'b.test'")
    assert until(lambda: edge.get("ext_miss", "b.test:1777") is None) < SOON


def kamailio_processes(platform):
    pid = platform.supervisor.processes()["kamailio"]["pid"]
    group = os.getpgid(pid)
    return [int(entry) for entry in os.listdir("/proc")
            if entry.isdigit() and os.path.exists(f"/proc/{entry}/stat")
            and os.getpgid(int(entry)) == group]


def test_edge_that_was_not_reachable(serve, db):
    """What changed meanwhile, and even what serve was never told, is right afterwards."""
    edge = serve.platform.edge
    reloads = 'dialplane_serve_edge_reloads_total{edge="one"}'
    before = serve.metrics()[reloads]
    edge.call("htable.sets", "user", "a.test:1003", 'ha1="stale"')
    stopped = kamailio_processes(serve.platform)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        set_ha1(db, "1002", "a.test", tenants.md5("while away"))
        until(lambda: not serve.health()[1]["edges"][0]["reachable"])
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    until(lambda: serve.metrics()[reloads] > before)
    until(lambda: ha1(edge, "a.test:1002") in (None, tenants.md5("while away")))
    assert ha1(edge, "a.test:1003") == tenants.md5("1003", "a.test",
                                                   tenants.password("1003", "a.test"))


def test_more_changes_than_single_calls_are_worth(serve, db):
    edge = serve.platform.edge
    reloads = 'dialplane_serve_edge_reloads_total{edge="one"}'
    before = serve.metrics()[reloads]
    domain_id = db.value("INSERT INTO voip.domains (name) VALUES ('many.test') RETURNING id")
    # A new tenant is one reload; the second is what this is about.
    until(lambda: serve.metrics()[reloads] > before)
    before = serve.metrics()[reloads]
    db.rows("INSERT INTO voip.users (domain_id, username, ha1) "
            "SELECT %s, n, md5(n::text) FROM generate_series(1, 5000) n", domain_id)
    until(lambda: serve.metrics()[reloads] > before)
    until(lambda: serve.health()[1]["edges"][0]["current"])
    for user in ("1", "2500", "5000"):
        assert ha1(edge, f"many.test:{user}") in (None, tenants.md5(user))
    until(lambda: serve.user("5000", "many.test"))


def test_refresh_as_the_edge_answers(serve):
    """What serve relies on is what this Kamailio answers."""
    edge = serve.platform.edge
    assert edge.call("dialplane.refresh", "user", "a.test:nobody") == "ok"
    assert edge.get("user", "a.test:nobody") is None
    assert edge.call("dialplane.refresh", "ext", "a.test:' OR true --") == "ok"
    assert edge.call("dialplane.refresh", "location", "x") is None
