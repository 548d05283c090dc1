/* Calls to the outside: outbound.cfg. */
#include <stdio.h>
#include <string.h>

#include "tenant/explain_private.h"

static bool all_digits(const char *text, size_t min, size_t max)
{
    size_t len = strspn(text, "0123456789");

    return text[len] == '\0' && len >= min && len <= max;
}

/* TO_E164: walk->outside; false when it is no number. */
static bool to_e164(struct walk *walk, const char *number)
{
    struct explain *of = walk->of;
    const char *prepend = explain_param(of, walk->way, "prepend"), *digits;
    long length = (long)strlen(number), strip = explain_param_number(of, walk->way, "strip");

    if (length < explain_param_number(of, walk->way, "min") ||
        length > explain_param_number(of, walk->way, "max") || strip >= length)
        return false;
    digits = explain_text(of, "%s%s", prepend, number + strip);
    if (!*prepend && all_digits(digits, 2, 6)) {
        walk->outside = digits;
        return true;
    }
    digits += *digits == '+';
    if (!all_digits(digits, 3, 15) || *digits == '0')
        return false;
    walk->outside = explain_text(of, "+%s", digits);
    return true;
}

static bool is_premium(struct walk *walk, const char *digits)
{
    for (int length = PREFIX_MAX; length > 0; length--) {
        const char *prefix = explain_text(walk->of, "%.*s", length, digits);

        if (explain_row(walk, EXPLAIN_PREMIUM, "", prefix))
            return true;
    }
    return false;
}

/* BAR: why the call may not be made, NULL when it may. */
static const char *bar(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *limit = explain_row(walk, EXPLAIN_LIMIT, of->domain, "limits");
    const char *cc = explain_param(of, limit, "cc");

    if (!limit)
        return "No Calls Outside";
    if (of->at < explain_param_number(of, limit, "spent"))
        return "Minutes Of The Day Are Used";
    if (*walk->outside != '+')
        return NULL;
    if (strcmp(explain_param(of, limit, "premium"), "1") != 0 &&
        is_premium(walk, walk->outside + 1))
        return "Premium Numbers Are Barred";
    if (strcmp(explain_param(of, limit, "international"), "1") != 0 &&
        strncmp(walk->outside + 1, cc, strlen(cc)) != 0)
        return "International Numbers Are Barred";
    return NULL;
}

/* "4 calls at a time, 2 now, and 5 new calls a second" */
static void tell_limits(struct walk *walk, long max, int now, long per_second)
{
    struct explain *of = walk->of;
    const char *calls = max > 0 ? explain_text(of, "%ld calls at a time", max) : "";
    const char *busy = max > 0 && now >= 0 ? explain_text(of, ", %d now", now) : "";
    const char *join = max > 0 ? ", and " : "";
    const char *rate =
        per_second > 0 ? explain_text(of, "%s%ld new calls a second", join, per_second) : "";

    if (*calls || *rate)
        explain_tell(walk, "limits", "trunk \"%s\" may have %s%s%s", walk->now.trunk, calls, busy,
                     rate);
}

/* ENTER_TRUNK, as far as it can be foreseen: calls of this second are over before one has read
 * this.
 */
static bool has_room(struct walk *walk, const char *key)
{
    struct explain *of = walk->of;
    long max = explain_param_number(of, walk->trunk, "calls");
    int now = explain_calls(walk, "trunk", key);

    tell_limits(walk, max, now, explain_param_number(of, walk->trunk, "cps"));
    if (max <= 0 || now < max)
        return true;
    explain_tell(walk, "trunk", "\"%s\" is full: %ld calls", walk->now.trunk, max);
    return false;
}

/* NEXT_TRUNK: the next one with room; false when none is left. */
static bool next_trunk(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *list = explain_param(of, walk->way, "trunks");
    const char *id = explain_item(of, list, walk->trunk_next++);
    const char *key = explain_text(of, "%s:%s", of->domain, id);

    if (!*id)
        return false;
    walk->gateway_next = 0;
    walk->trunk = explain_row(walk, EXPLAIN_TRUNK, of->domain, id);
    if (!walk->trunk)
        return true;
    walk->now.trunk = explain_param(of, walk->trunk, "name");
    if (!has_room(walk, key)) {
        walk->failure = "full";
        walk->trunk = NULL;
    }
    return true;
}

/* NEXT_GATEWAY: "" when there is none. */
static const char *next_gateway(struct walk *walk)
{
    struct explain *of = walk->of;

    for (;;) {
        const char *list = explain_param(of, walk->trunk, "gateways");
        const char *gateway = explain_item(of, list, walk->gateway_next++);

        if (!*gateway) {
            if (!next_trunk(walk))
                return "";
        } else if (explain_is_dead(walk, gateway)) {
            explain_tell(walk, "gateway", "%s of \"%s\" is silent: passed by", gateway,
                         walk->now.trunk);
            walk->failure = "dead";
        } else {
            return gateway;
        }
    }
}

static void no_trunk_left(struct walk *walk)
{
    explain_refuse(walk, 503, "No Trunk",
                   strcmp(walk->failure, "dead") == 0 ? "NETWORK_OUT_OF_ORDER"
                                                      : "NORMAL_CIRCUIT_CONGESTION");
}

static void try_gateways(struct walk *walk);

/* When the gateway has refused or is silent. The two differ only where nothing is left to try. */
static void tell_failover(const struct walk *walk)
{
    static const char *const words[][2] = {{"carrier refuses", "refused"},
                                           {"carrier is silent", "dead"}};
    struct walk ahead = *walk;
    json_t *unsaid = json_pack("{s:[]}", "steps");
    bool is_last;

    ahead.node = unsaid;
    is_last = !*next_gateway(&ahead);
    json_decref(unsaid);
    for (size_t i = 0; i < (is_last ? DP_COUNT(words) : 1); i++) {
        struct walk branch;

        if (!explain_branch(&branch, walk, is_last ? words[i][0] : "carrier refuses or is silent"))
            return;
        branch.failure = words[i][1];
        try_gateways(&branch);
    }
}

/* The trunk may have had too many calls in this second: then it is the next one's. */
static void tell_rate(const struct walk *walk)
{
    long rate = explain_param_number(walk->of, walk->trunk, "cps");
    struct walk branch;

    if (rate <= 0 || !explain_branch(&branch, walk,
                                     explain_text(walk->of, "more than %ld in this second", rate)))
        return;
    branch.trunk = NULL;
    branch.failure = "full";
    try_gateways(&branch);
}

static void try_gateways(struct walk *walk)
{
    int trunk_before = walk->trunk_next;
    const char *gateway = next_gateway(walk);
    struct walk branch;

    if (!*gateway) {
        no_trunk_left(walk);
        return;
    }
    explain_tell(walk, "trunk", "\"%s\" at %s calls %s", walk->now.trunk, gateway, walk->outside);
    if (walk->trunk_next != trunk_before)
        tell_rate(walk);
    if (explain_branch(&branch, walk, "busy"))
        explain_refuse(&branch, 486, "", "USER_BUSY");
    if (explain_branch(&branch, walk, "no answer"))
        explain_refuse(&branch, 480, "No Answer", "NO_ANSWER");
    tell_failover(walk);
    explain_rings(walk, gateway);
    explain_answer(walk);
}

static const char *caller_id(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *number = explain_param(of, walk->caller, "cid");

    if (strcmp(explain_param(of, walk->caller, "hide"), "1") == 0)
        return "hidden";
    return *number ? number : "that of the trunk";
}

void explain_trunks(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *ref = explain_param(of, walk->ext, "ref"), *reason;

    walk->way = explain_row(walk, EXPLAIN_ROUTE, of->domain, ref);
    if (!walk->way) {
        explain_refuse(walk, 503, "No Route", "NO_ROUTE_DESTINATION");
        return;
    }
    if (!to_e164(walk, walk->now.target)) {
        explain_tell(walk, "outside", "%s does not become a number by this route",
                     walk->now.target);
        explain_refuse(walk, 484, "Address Incomplete", "INVALID_NUMBER_FORMAT");
        return;
    }
    if (strcmp(walk->direction, "internal") == 0)
        walk->direction = "outbound";
    reason = bar(walk);
    explain_tell(walk, "outside", "%s becomes %s; shown as the caller's number: %s",
                 walk->now.target, walk->outside, caller_id(walk));
    if (reason) {
        explain_tell(walk, "barred", "%s", reason);
        explain_refuse(walk, 403, reason, "OUTGOING_CALL_BARRED");
        return;
    }
    /* Any of the trunks may get the call. */
    walk->ways = explain_text(of, "%s%s,", walk->ways, explain_param(of, walk->way, "trunks"));
    if (!explain_recorder(walk))
        return;
    walk->now.target = walk->outside;
    walk->trunk = NULL;
    walk->trunk_next = walk->gateway_next = 0;
    walk->failure = "";
    try_gateways(walk);
}
