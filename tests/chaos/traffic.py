"""The calls of a run: direct, to a menu and to queues, by SIPp, and what its phones saw of them."""

from lib import load, load_types

# Kind -> (calls a second, type of extension that is called, milliseconds of the call). 20 a second.
KINDS = {"direct": (8, "user", 2000), "ivr": (6, "ivr", 3000), "queue": (6, "queue", 2500)}
# Nobody calls twice within a minute.
CALLERS = 1200
# Seconds that SIPp gets beyond its last call: its own patience with a reply, and some.
PATIENCE = 60


class Traffic:
    """Callers, and one SIPp as all the phones that are called."""

    def __init__(self, platform):
        self._platform = platform
        self._runs = {}
        port = load.free_port()
        load.start(platform, load.REGISTER, load.accounts(0, load_types.PHONES), 500,
                   port=port).finish()
        self._callee = load.serve(platform, load.QUICK_CALLEE, port)

    def begin(self, seconds):
        """Starts calling, for so long."""
        accounts = load.accounts(load_types.USERS, CALLERS)[1:]
        types = {kind.name: kind for kind in load_types.TYPES}
        for part, (name, (rate, kind, milliseconds)) in enumerate(KINDS.items()):
            lines = [accounts[(part + n * len(KINDS)) % CALLERS]
                     + types[kind].dial(n % load_types.NUMBERS) for n in range(rate * seconds)]
            self._runs[name] = load.start(self._platform, load.caller(milliseconds),
                                          ["SEQUENTIAL", *lines], rate)

    def finish(self):
        """Waits until every call has ended or was given up."""
        for run in self._runs.values():
            run.finish(PATIENCE)

    def stop(self):
        for run in [*self._runs.values(), self._callee]:
            run.stop()

    def calls(self):
        """Kind -> what its callers saw: Call-ID -> (answered, ended)."""
        return {name: seen(run.messages()) for name, run in self._runs.items()}


def seen(messages):
    """
    Of SIPp's messages, Call-ID -> (answered, ended) for every call that was begun: whether its INVITE
    got a 200, and whether its BYE, from whichever side, did.
    """
    calls = {}
    for _, direction, call, cseq, line in messages:
        answered, ended = calls.get(call, (False, False))
        if line.startswith("SIP/2.0 200 "):
            answered |= cseq.endswith("INVITE") and direction == "R"
            ended |= cseq.endswith("BYE")
        calls[call] = (answered, ended)
    return calls
