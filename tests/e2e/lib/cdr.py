"""A call's record and those of its legs, column by column."""

import time

# Seconds until a record is whole: one of a leg, or of a second media server, may come after the call's.
WITHIN = 20
# Milliseconds by which what the platform notes may differ from what a phone did: each wakes up in its own
# time, on a machine that others use as well.
TOLERANCE = 1500
OPTIONAL = ("rang_at", "pdd_ms", "queue", "agent", "wait_ms", "talk_ms", "ivr_path",
            "sip_call_id_callee", "codec", "genesys_call_uuid", "trunk", "reconciled")
MEASURED = ("mos", "loss_pct", "jitter_ms", "packets")


def legs_of(platform, row):
    """In order of their beginning, the caller's first."""
    return platform.db.rows("SELECT * FROM voip.cdr_legs WHERE call_id = %s AND started_at = %s "
                            "ORDER BY side = 'callee', begun_at, leg", row["call_id"], row["started_at"])


def wait_for(platform, call, is_whole=lambda row, legs: True, within=WITHIN):
    """The record of the call and its legs, when they are whole."""
    row = platform.db.wait_for_cdr(call.call_id, within)
    deadline = time.monotonic() + within
    while True:
        row = platform.db.cdrs(call.call_id)[0]
        legs = legs_of(platform, row)
        if is_whole(row, legs):
            return row, legs
        assert time.monotonic() < deadline, f"not whole after {within} s: {row}, {legs}"
        time.sleep(0.05)


def has_legs(count, *measured):
    """A condition: so many legs, of which these, by number, have the measurements of a media server."""
    def is_whole(row, legs):
        return len(legs) == count and all(
            any(leg["number"] == number and leg["packets"] for leg in legs) for number in measured)
    return is_whole


def check(row, /, **expected):
    """
    What the row says; of columns that not every call has, those that are not given are null. `...`: anything
    but null. A pair: from and to.
    """
    said, wanted = {}, {}
    for column in (*OPTIONAL, *expected):
        value, want = row[column], expected.get(column)
        if want is ... and value is not None:
            want = value
        elif isinstance(want, tuple) and value is not None and want[0] <= value <= want[1]:
            want = value
        said[column], wanted[column] = value, want
    assert said == wanted, _differing(said, wanted)


def check_leg(leg, /, **expected):
    """As check(), of a leg; those of MEASURED that are not given are as they may be."""
    said = {column: leg[column] for column in expected}
    for column, want in expected.items():
        if want is ... and leg[column] is not None:
            said[column] = ...
        elif isinstance(want, tuple) and leg[column] is not None \
                and want[0] <= leg[column] <= want[1]:
            said[column] = want
    assert said == expected, _differing(said, expected)


def _differing(said, wanted):
    return {name: (said[name], wanted[name]) for name in said if said[name] != wanted[name]}


def is_heard_well(leg, packets=None):
    """Nothing was lost on the way but, perhaps, what a busy machine has."""
    check_leg(leg, mos=(3.5, 5), loss_pct=(0, 4), jitter_ms=...)
    if packets:
        check_leg(leg, packets=packets)


def is_heard_badly(leg, of):
    """One of `of` packets was lost in a part of the call, which the MOS shows; both media servers say what was
    until up to five seconds before the end."""
    check_leg(leg, mos=(1, 3.4), loss_pct=(3, 100 / of * 1.5))


def after(ms):
    """What takes so long at least, in ms, and not much longer."""
    return ms - 50, ms + TOLERANCE
