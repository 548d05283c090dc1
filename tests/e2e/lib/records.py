"""What a call record has to say."""

# Milliseconds by which a record may differ from what the phones saw: they are asked one after the
# other, and each SIPp wakes up every 10 ms.
TOLERANCE = 500


def check(record, *, caller="1001", callee="1002", reached=None, domain="a.test", service="user",
          cause="NORMAL_CLEARING", side="caller", code=200, answered=True, source=None,
          talked_ms=None, direction="internal"):
    """Every field of the record; `talked_ms`: how long the phones heard each other at least."""
    said = {key: record[key] for key in ("caller", "callee", "callee_reached", "domain", "service",
                                         "hangup_cause", "hangup_side", "sip_code", "direction",
                                         "node")}
    assert said == {"caller": caller, "callee": callee, "callee_reached": reached or callee,
                    "domain": domain, "service": service, "hangup_cause": cause,
                    "hangup_side": side, "sip_code": code, "direction": direction, "node": "one"}
    assert record["domain_id"] is not None
    assert source is None or record["source"] == source
    _check_times(record, answered, talked_ms)


def _check_times(record, answered, talked_ms):
    started, ended = record["started_at"], record["ended_at"]
    assert started <= ended
    assert abs(record["duration_ms"] - (ended - started).total_seconds() * 1000) <= 2
    if not answered:
        assert record["answered_at"] is None and record["billable_ms"] == 0
        return
    talked = (ended - record["answered_at"]).total_seconds() * 1000
    assert started <= record["answered_at"] <= ended
    assert abs(record["billable_ms"] - talked) <= 2
    if talked_ms is not None:
        assert talked_ms - TOLERANCE <= record["billable_ms"] <= talked_ms + TOLERANCE
