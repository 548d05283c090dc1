"""What a trunk is counted for: calls that went on to the next one are not its own any more."""

import pytest

from lib import scenario as sip
from lib.carrier import add_trunk
from lib.outside import OUTSIDE, check_out, route_to, talk, wait_for

pytestmark = pytest.mark.edge


def calls_on(platform, trunk):
    """Calls that the edge counts for the trunk."""
    return platform.edge.call("dlg.profile_get_size", "trunk", f"a.test:{trunk}")


def wait_for_calls(platform, *expected):
    """`expected`: pairs of trunk and number of calls."""
    wait_for(lambda: [calls_on(platform, trunk) for trunk, _ in expected]
             == [calls for _, calls in expected], f"not the calls per trunk {expected}")


def begin(there, caller):
    """A call that the carrier has answered: its two legs."""
    leg = there.wait_call(sip.ring(), sip.answer(), sip.is_asked("BYE"))
    call = caller.call(OUTSIDE, sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
    leg.wait("answered")
    return call.wait("answered"), leg


def end(call, leg):
    call.go().finish()
    leg.finish()


def test_call_past_a_full_trunk(platform, phone, carrier):
    """The call that found the first trunk full is the second's only."""
    first, second = carrier(), carrier()
    trunks = [add_trunk(platform.db, "7401", first, max_calls=1),
              add_trunk(platform.db, "7402", second, max_calls=1)]
    route_to(platform, *trunks)
    one = begin(first, phone("1001"))
    other = begin(second, phone("1002"))
    wait_for_calls(platform, (trunks[0], 1), (trunks[1], 1))
    end(*one)
    wait_for_calls(platform, (trunks[0], 0), (trunks[1], 1))
    check_out(platform, talk(first, phone("1003")), "7401", caller="1003")
    end(*other)
    wait_for_calls(platform, (trunks[0], 0), (trunks[1], 0))
    check_out(platform, other[0], "7402", caller="1002")


@pytest.mark.parametrize("mode,transport", [("full", "udp"), ("gone", "udp"), ("gone", "tcp")])
def test_call_past_a_trunk_that_cannot(platform, phone, carrier, mode, transport):
    """Refused, without an answer, or without a connection: the first has room for the next call."""
    first, second = carrier(mode), carrier()
    trunks = [add_trunk(platform.db, "7403", first, transport=transport, max_calls=1),
              add_trunk(platform.db, "7404", second)]
    route_to(platform, *trunks)
    call = begin(second, phone("1001"))
    wait_for_calls(platform, (trunks[0], 0), (trunks[1], 1))
    end(*call)
    wait_for_calls(platform, (trunks[0], 0), (trunks[1], 0))
    check_out(platform, call[0], "7404")


def test_call_past_a_trunk_with_too_many_per_second(platform, phone, carrier):
    """Calls that were too many in a second are not counted as calls in progress."""
    first, second = carrier("full"), carrier("full")
    trunks = [add_trunk(platform.db, "7405", first, max_cps=1),
              add_trunk(platform.db, "7406", second)]
    route_to(platform, *trunks)
    calls = [phone(user).call(OUTSIDE, sip.is_refused(503)) for user in ("1001", "1002", "1003")]
    for call in calls:
        call.finish()
    wait_for_calls(platform, (trunks[0], 0), (trunks[1], 0))
    assert "cannot be used in request route" not in \
        (platform.state / "log/kamailio.log").read_text(encoding="utf-8", errors="replace")
