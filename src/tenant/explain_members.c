/* Those whom a media server calls for its caller: ring groups, pages and queues. */
#include <string.h>

#include "tenant/explain_private.h"

/* How many of them can be rung, are busy, and take calls of a queue at all. */
struct members {
    size_t there, busy, agents;
};

static const char *user_of(const json_t *member)
{
    return json_string_value(json_object_get(member, "user"));
}

static const char *outside_of(const json_t *member)
{
    return json_string_value(json_object_get(member, "outside"));
}

/* In as many calls as he may: TO_USER; `skip_busy`: in any, X-VOIP-Skip. */
static bool is_busy(struct walk *walk, const char *user, const char *row, bool skip_busy)
{
    struct explain *of = walk->of;
    int calls = explain_calls(walk, "user", explain_text(of, "%s:%s", of->domain, user));
    long limit = explain_param_number(of, row, "calls");

    if (skip_busy || strcmp(explain_param(of, row, "waiting"), "0") == 0)
        limit = 1;
    return calls >= limit;
}

/* Why a member is not rung, as TO_PHONES in failure.cfg finds out; "" when he can be. */
static const char *state_of(struct walk *walk, const json_t *member, bool skip_busy)
{
    const char *user = user_of(member), *row;
    const char *status = json_string_value(json_object_get(member, "status"));

    if (!user)
        return "";
    if (status)
        return strcmp(status, "paused") == 0 ? " (has a pause)" : " (logged out)";
    row = explain_row(walk, EXPLAIN_USER, walk->of->domain, user);
    if (strcmp(explain_param(walk->of, row, "dnd"), "1") == 0)
        return " (do not disturb)";
    if (is_busy(walk, user, row, skip_busy))
        return " (in a call)";
    return explain_devices(walk, user) == 0 ? " (not registered)" : "";
}

static void count(struct members *found, const char *state)
{
    found->there += !*state;
    found->busy += strstr(state, "disturb") || strstr(state, "in a call");
    found->agents += !strstr(state, "logged out");
}

/* Names whom it rings, and keeps those who can be for the result. */
static struct members tell_members(struct walk *walk, const json_t *fact, bool users_only)
{
    struct explain *of = walk->of;
    json_t *members = json_object_get(fact, "members"), *names = json_array(), *member;
    bool skip_busy = users_only || json_is_true(json_object_get(fact, "skip_busy"));
    struct members found = {0};
    const char *list = "";
    size_t i;

    json_array_append_new(of->kept, names);
    json_array_foreach(members, i, member)
    {
        const char *name = user_of(member), *state = state_of(walk, member, skip_busy);

        if (!name && users_only)
            continue;
        name = name ? name : outside_of(member);
        list = explain_text(of, "%s%s%s%s", list, *list ? ", " : "", name, state);
        count(&found, state);
        if (!*state)
            json_array_append_new(names, json_string(name));
    }
    explain_tell(walk, "members", "%s", *list ? list : "none");
    walk->now.rings = names;
    walk->now.is_one_of = !users_only;
    return found;
}

/* ---------------------------------------------------------------- ring groups */

/*
 * Why nobody of a ring group could be rung. The media server says 408 with Q.850 18; to the edge
 * 408 means that nobody is registered (MEDIA_FAILED), another media server goes by the cause.
 */
static const char *absent(const struct walk *walk)
{
    return walk->is_leg ? "NO_USER_RESPONSE" : "SUBSCRIBER_ABSENT";
}

/* Nobody has it: on to a number, or what the edge hears. */
static void end_ring_group(struct walk *walk, const char *place, unsigned int code,
                           const char *cause)
{
    const char *number = explain_param(walk->of, walk->ext, place);

    walk->now.rings = NULL;
    walk->now.is_one_of = false;
    if (*number)
        explain_reach(walk, number);
    else
        explain_refuse(walk, code, "", cause);
}

/* What the edge does with the number of a member outside, who may be barred or busy. */
static void tell_outside(const struct walk *walk, const json_t *fact)
{
    json_t *member;
    size_t i;

    json_array_foreach(json_object_get(fact, "members"), i, member)
    {
        const char *number = outside_of(member);
        struct walk branch;

        if (!number || !explain_branch(&branch, walk, explain_text(walk->of, "%s is rung", number)))
            continue;
        branch.now.rings = NULL;
        branch.now.is_one_of = false;
        branch.is_member = true;
        /* Its own end counts, whoever has answered before the group. */
        branch.is_leg = false;
        explain_reach(&branch, number);
    }
}

void explain_ring_group(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    struct members found;

    /* Whoever calls is answered when a member is. */
    walk->now.answered = false;
    found = tell_members(walk, fact, false);
    if (json_is_true(json_object_get(fact, "confirm")))
        explain_tell(walk, "members", "who is outside has the call when he presses 1");
    if (found.there == 0) {
        if (found.busy)
            end_ring_group(walk, "busy", 486, "USER_BUSY");
        else
            end_ring_group(walk, "unreachable", 408, absent(walk));
        return;
    }
    tell_outside(walk, fact);
    explain_case(walk, "no answer", explain_param(of, walk->ext, "noanswer"), 480, "NO_ANSWER");
    explain_case(walk, "busy", explain_param(of, walk->ext, "busy"), 486, "USER_BUSY");
    /* Somebody who is busy is busy, whatever becomes of the others. */
    if (!found.busy)
        explain_case(walk, "unreachable", explain_param(of, walk->ext, "unreachable"), 408,
                     absent(walk));
    explain_answer(walk);
}

/* ---------------------------------------------------------------- pages */

/* The caller is answered first, and told when no phone has taken it. */
void explain_paging(struct walk *walk, json_t *fact)
{
    if (tell_members(walk, fact, true).there == 0) {
        walk->now.cause = "NO_ANSWER";
        walk->now.rings = NULL;
        explain_end(walk);
        return;
    }
    explain_case(walk, "nobody answers", "", 200, "NO_ANSWER");
    explain_answer(walk);
}

/* ---------------------------------------------------------------- queues */

void explain_queue(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    const char *empty = explain_param(of, walk->ext, "unreachable");
    json_int_t max_wait = json_integer_value(json_object_get(fact, "max_wait"));
    struct members found = tell_members(walk, fact, false);

    if (found.agents == 0 && *empty) {
        explain_tell(walk, "wait", "nobody is logged in");
        explain_reach(walk, empty);
        return;
    }
    if (max_wait > 0) {
        explain_tell(walk, "wait", "%lld s at most", (long long)max_wait);
        explain_case(walk, "waited too long", explain_param(of, walk->ext, "noanswer"), 200,
                     "NO_ANSWER");
    }
    if (*empty)
        explain_case(walk, "nobody logged in", empty, 200, "NO_ANSWER");
    explain_answer(walk);
}
