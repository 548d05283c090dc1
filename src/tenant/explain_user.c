/* The phones of a user, and where his calls go instead: TO_USER and USER_FAILED in failure.cfg. */
#include <string.h>

#include "tenant/explain_private.h"

/* When a phone has been rung in vain. */
static void tell_case(const struct walk *walk, const char *when, const char *place,
                      unsigned int code, const char *reason, const char *cause)
{
    const char *target = explain_param(walk->of, walk->ext, place);
    struct walk branch;

    if (!explain_branch(&branch, walk, when))
        return;
    if (*target)
        explain_tell(&branch, "forward", "%s to %s", when, target);
    explain_forward(&branch, target, code, reason, cause);
}

static bool is_busy(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *user = explain_param(of, walk->ext, "ref");
    const char *key = explain_text(of, "%s:%s", of->domain, user);
    int calls = explain_calls(walk, "user", key);
    long limit = explain_param_number(of, walk->ext, "calls");
    bool waiting = strcmp(explain_param(of, walk->ext, "waiting"), "0") != 0;

    if (!waiting)
        limit = 1;
    if (calls < limit)
        return false;
    explain_tell(walk, "user", "%s is in %d call%s, which is all he may%s", user, calls,
                 calls == 1 ? "" : "s", waiting ? "" : " (no call waiting)");
    return true;
}

static void tell_devices(struct walk *walk, int devices)
{
    struct explain *of = walk->of;
    const char *user = explain_param(of, walk->ext, "ref");
    long ring = explain_param_number(of, walk->ext, "ring");
    bool in_order = strcmp(explain_param(of, walk->ext, "order"), "1") == 0;

    if (devices < 0)
        explain_tell(walk, "devices", "all that %s has registered ring%s for %ld s", user,
                     in_order ? ", one after the other," : "", ring);
    else
        explain_tell(walk, "devices", "%d of %s ring%s%s for %ld s", devices, user,
                     devices == 1 ? "s" : "", in_order && devices > 1 ? " one after the other" : "",
                     ring);
}

void explain_user(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *user = explain_param(of, walk->ext, "ref");
    const char *busy = explain_param(of, walk->ext, "busy");
    int devices;

    if (strcmp(explain_param(of, walk->ext, "dnd"), "1") == 0) {
        explain_tell(walk, "user", "%s does not want to be disturbed%s%s", user,
                     *busy ? ": busy, to " : "", busy);
        explain_forward(walk, busy, 486, "Do Not Disturb", "USER_BUSY");
        return;
    }
    if (is_busy(walk)) {
        explain_forward(walk, busy, 486, "Busy Here", "USER_BUSY");
        return;
    }
    devices = explain_devices(walk, user);
    if (devices == 0) {
        const char *target = explain_param(of, walk->ext, "unreachable");

        explain_tell(walk, "devices", "none of %s is registered%s%s", user,
                     *target ? ": unreachable, to " : "", target);
        explain_forward(walk, target, 480, "Not Registered", "SUBSCRIBER_ABSENT");
        return;
    }
    tell_devices(walk, devices);
    tell_case(walk, "busy", "busy", 486, "", "USER_BUSY");
    tell_case(walk, "no answer", "noanswer", 480, "No Answer", "NO_ANSWER");
    if (devices < 0)
        tell_case(walk, "not registered", "unreachable", 480, "Not Registered",
                  "SUBSCRIBER_ABSENT");
    tell_case(walk, "unreachable", "unreachable", 480, "Unreachable", "NO_USER_RESPONSE");
    explain_rings(walk, user);
    explain_answer(walk);
}
