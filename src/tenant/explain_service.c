/*
 * Calls that a media server answers: TO_SERVICE in failure.cfg, and what the server's dialplan does
 * with the caller (conf/freeswitch/dialplan, conf/asterisk/extensions.conf).
 */
#include <string.h>

#include "tenant/explain_private.h"

/* ---------------------------------------------------------------- the pool */

/* "one or two, in turn" */
static const char *nodes_in_turn(struct walk *walk, bool *none)
{
    const struct explain_live *live = walk->of->live;
    const char *names = "";
    bool is_down = false;

    *none = true;
    for (size_t i = 0; i < live->nodes(live->arg); i++) {
        int up = -1;
        const char *name = live->node(live->arg, i, &up);

        if (up == 0) {
            is_down = true;
            continue;
        }
        names = explain_text(walk->of, "%s%s%s", names, *names ? " or " : "", name);
        *none = false;
    }
    return is_down ? explain_text(walk->of, "%s (others are down)", names) : names;
}

bool explain_media(struct walk *walk, const char *service, bool by_hash)
{
    const struct explain_live *live = walk->of->live;
    const char *server = walk->of->question->media_server, *names;
    int up = -1, at;
    bool none;

    if (!live || !live->nodes) {
        explain_tell(walk, "media", "%s, on %s", service, server);
        return true;
    }
    names = nodes_in_turn(walk, &none);
    if (none) {
        explain_tell(walk, "media", "%s: no media node answers", service);
        explain_refuse(walk, 503, "No Media Server", "");
        return false;
    }
    at = by_hash && live->pick ? live->pick(live->arg, service) : -1;
    if (at >= 0)
        names = live->node(live->arg, (size_t)at, &up);
    explain_tell(walk, "media", "%s, on %s: node %s%s", service, server, names,
                 at >= 0                 ? ", where all meet who call it"
                 : strstr(names, " or ") ? ", in turn"
                                         : "");
    return true;
}

/* ---------------------------------------------------------------- legs of a media server */

struct outcome explain_merge(const struct walk *leg)
{
    struct explain *of = leg->of;
    struct outcome end = leg->call;

    if (leg->now.answered || leg->leg_is_up) {
        end.answered = true;
        end.code = 200;
        end.cause = "NORMAL_CLEARING";
        return end;
    }
    end.reason = leg->now.reason;
    end.cause = *leg->now.cause ? leg->now.cause : of->question->cause_of(leg->now.code);
    if (end.answered) {
        end.code = 200;
        return end;
    }
    /* The record is the edge's, which knows of no leg: it hears a status (MEDIA_FAILED). */
    end.target = of->number;
    end.code = of->question->status_of(end.cause);
    if (end.code == 480)
        end.cause = "NO_ANSWER";
    else if (end.code == 408)
        end.cause = "SUBSCRIBER_ABSENT";
    else
        end.cause = of->question->cause_of(end.code);
    return end;
}

void explain_reach(struct walk *walk, const char *number)
{
    struct walk leg = *walk;

    explain_tell(walk, "transfer", "the media server calls %s", number);
    if (!walk->is_leg) {
        leg.call = walk->now;
        leg.call.target = number;
        leg.call.members = NULL;
        leg.is_leg = true;
    }
    leg.leg_is_up = walk->is_leg && (walk->leg_is_up || walk->now.answered);
    leg.now =
        (struct outcome){.type = "none", .target = number, .trunk = "", .cause = "", .reason = ""};
    leg.hops = 0;
    leg.caller = "";
    explain_resolve(&leg, number);
}

/* The case `when`: on to a number, or the end with this. */
static void tell_case(const struct walk *walk, const char *when, const char *number,
                      unsigned int code, const char *cause)
{
    struct walk branch = explain_branch(walk, when);

    branch.now.members = NULL;
    if (*number) {
        explain_reach(&branch, number);
        return;
    }
    branch.now.code = code;
    branch.now.cause = cause;
    explain_end(&branch);
}

/* ---------------------------------------------------------------- what it does */

static const char *name_of(const json_t *member)
{
    const char *user = json_string_value(json_object_get(member, "user"));
    const char *outside = json_string_value(json_object_get(member, "outside"));

    return user ? user : outside ? outside : "";
}

/* Names whom it rings, and keeps them for the result; how many of them could be rung. */
static size_t tell_members(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    json_t *members = json_object_get(fact, "members"), *names = json_array(), *member;
    size_t i, there = 0;
    const char *list = "";

    json_array_append_new(of->facts, names);
    json_array_foreach(members, i, member)
    {
        const char *name = name_of(member);
        bool is_user = json_object_get(member, "user") != NULL;
        int devices = is_user ? explain_devices(walk, name) : 1;

        json_array_append_new(names, json_string(name));
        there += devices != 0;
        list = explain_text(of, "%s%s%s%s", list, *list ? ", " : "", name,
                            devices == 0 ? " (not registered)" : "");
    }
    explain_tell(walk, "members", "%s", *list ? list : "none");
    walk->now.members = names;
    return there;
}

static void run_ring_group(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    const char *unreachable = explain_param(of, walk->ext, "unreachable");

    /* Who is called is told when somebody has answered. */
    walk->now.answered = false;
    if (tell_members(walk, fact) == 0) {
        walk->now.members = NULL;
        if (*unreachable) {
            explain_reach(walk, unreachable);
            return;
        }
        explain_refuse(walk, 408, "", "SUBSCRIBER_ABSENT");
        return;
    }
    tell_case(walk, "no answer", explain_param(of, walk->ext, "noanswer"), 480, "NO_ANSWER");
    tell_case(walk, "busy", explain_param(of, walk->ext, "busy"), 486, "USER_BUSY");
    tell_case(walk, "unreachable", unreachable, 408, "SUBSCRIBER_ABSENT");
    explain_answer(walk);
}

static void run_queue(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    const char *empty = explain_param(of, walk->ext, "unreachable");
    json_int_t max_wait = json_integer_value(json_object_get(fact, "max_wait"));

    tell_members(walk, fact);
    if (max_wait > 0) {
        explain_tell(walk, "wait", "%lld s at most", (long long)max_wait);
        tell_case(walk, "waited too long", explain_param(of, walk->ext, "noanswer"), 200,
                  "NO_ANSWER");
    }
    if (*empty)
        tell_case(walk, "nobody logged in", empty, 200, "NO_ANSWER");
    explain_answer(walk);
}

static void run_menu(struct walk *walk, json_t *fact)
{
    json_t *keys = json_object_get(fact, "keys"), *number;
    const char *key;

    json_object_foreach(keys, key, number)
        tell_case(walk, explain_text(walk->of, "key %s", key), json_string_value(number), 200, "");
    explain_answer(walk);
}

static void run_announcement(struct walk *walk, json_t *fact)
{
    const char *then = json_string_value(json_object_get(fact, "then"));

    if (then)
        explain_reach(walk, then);
    else
        explain_answer(walk);
}

/* A type that is not here is answered, and is over when the caller hangs up. */
static const struct kind {
    const char *type;
    bool by_hash; /* all who call it meet on one node */
    void (*run)(struct walk *walk, json_t *fact);
} kinds[] = {
    {"announcement", false, run_announcement},
    {"conference", true, NULL},
    {"ivr", false, run_menu},
    {"queue", true, run_queue},
    {"ring_group", false, run_ring_group},
};

static const struct kind *find_kind(const char *type)
{
    for (size_t i = 0; i < DP_COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return &kinds[i];
    return NULL;
}

/* "My own mailbox" is the caller's; "" when he has none. */
static const char *own_mailbox(struct walk *walk)
{
    const char *box = explain_param(walk->of, walk->caller, "box");

    explain_tell(walk, "mailbox", *box ? "the caller's own: %s" : "the caller has none%s", box);
    return box;
}

void explain_service(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *type = walk->now.type, *ref = explain_param(of, walk->ext, "ref");
    const struct kind *kind = find_kind(type);
    json_t *fact = explain_fact(of, EXPLAIN_EXTENSION, walk->key, NULL, NULL);

    if (strcmp(type, "voicemail") == 0 && !*ref) {
        type = "mailbox";
        ref = own_mailbox(walk);
        if (!*ref) {
            explain_refuse(walk, 404, "No Mailbox", "");
            return;
        }
    }
    if (!explain_media(walk, explain_text(of, "%s;id=%s;domain=%s", type, ref, of->domain),
                       kind && kind->by_hash))
        return;
    walk->now.answered = true;
    walk->now.code = 200;
    if (kind && kind->run)
        kind->run(walk, fact);
    else
        explain_answer(walk);
}
