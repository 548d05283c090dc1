"""Last of all, over everything that the tests before did: one record for each call, no more."""

import json

import pytest

pytestmark = [pytest.mark.edge, pytest.mark.service]


def test_one_record_for_each_call(platform):
    found = {row["sip_call_id"]: row["count"] for row in platform.db.rows(
        "SELECT sip_call_id, count(*) FROM voip.cdr GROUP BY sip_call_id")}
    assert {call: found.get(call, 0) for call in platform.calls} == \
        {call: 1 for call in platform.calls}
    if not platform.excused:
        assert set(found) - set(platform.calls) == set()


def skip_after_a_failure(platform):
    if platform.excused:
        pytest.skip("a test has failed, and what it left behind would be found")


def test_edge_saw_what_records_say(platform):
    """Every call that it saw answered has its record, and the other way round; the media server was
    killed under those whose record was made up, or the edge."""
    skip_after_a_failure(platform)
    said = json.loads(platform.state.run([platform.state / "bin/dialplane", "cdr", "check", "-s",
                                          platform.state.path, "--since", "1d", "--json"]))
    assert said["agree"] and said["running"] == 0
    assert {row["sip_call_id"] for row in platform.db.rows(
        "SELECT sip_call_id FROM voip.cdr WHERE reconciled IS NOT NULL")} == set(platform.reconciled)


def test_nothing_was_given_up(platform):
    """No record is a dead letter."""
    skip_after_a_failure(platform)
    assert platform.db.rows("SELECT source, reason FROM voip.cdr_dead") == []


def test_no_call_is_left_over(platform):
    skip_after_a_failure(platform)
    assert platform.edge.dialogs() == 0


def test_logs_hold_no_secret(platform):
    names = [name for name in (platform.state / "secrets").iterdir() if name.name != "pgpass"]
    for log in (platform.state / "log").glob("**/*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        for name in names:
            assert name.read_text(encoding="ascii").strip() not in text, f"{name.name} in {log}"
