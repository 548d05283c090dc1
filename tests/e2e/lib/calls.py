"""Whole calls, as many tests make them."""

from . import records
from . import scenario as sip
from .phone import hear_each_other

# A call that is answered, goes on until go() and is then hung up; and how it is taken.
BYE = (sip.is_answered(), sip.wait_for_go(), sip.request("BYE", 3))
TAKE = (sip.ring(), sip.answer(), sip.is_asked("BYE"))
# How a call goes on that the platform ends.
IS_SENT_AWAY = (sip.is_asked("BYE"),)


def talk(caller, callee, number):
    """A call that goes on until go() of the first leg and is then hung up: its two legs."""
    there = callee.wait_call(*TAKE)
    call = caller.call(number, *BYE)
    there.wait("answered")
    call.wait("answered")
    return call, there


def end(call, there):
    call.go().finish()
    there.finish()


def refused(platform, caller, number, code, **expected):
    """Calls and is refused, with this in the record."""
    call = caller.call(number, sip.is_refused(code)).finish()
    records.check(platform.db.wait_for_cdr(call.call_id), caller=caller.user, callee=number,
                  answered=False, code=code, side="system", **expected)


def answered_by(platform, caller, callee, number, reached):
    """Calls, and the callee answers under the number reached."""
    call, there = talk(caller, callee, number)
    end(call, there)
    records.check(platform.db.wait_for_cdr(call.call_id), caller=caller.user, callee=number,
                  reached=reached)


def served(platform, phones, legs, **expected):
    """Both phones are in the call and hear each other, the caller hangs up; what the record says."""
    hear_each_other(*phones)
    end(*legs)
    records.check(platform.db.wait_for_cdr(legs[0].call_id), **expected)


def enter(phone_, number, pin="", ending=BYE[1:]):
    """Calls a conference and, where it has a PIN, enters that."""
    call = phone_.call(number, sip.is_answered(), *ending)
    call.wait("answered")
    if pin:
        phone_.rtp.wait_for_sound(10)
        phone_.rtp.press(pin + "#")
    return call
