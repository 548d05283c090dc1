/*
 * Calls that a media server answers: TO_SERVICE in failure.cfg, and what the server's dialplan does
 * with the caller (conf/freeswitch/dialplan, conf/asterisk/extensions.conf).
 */
#include <string.h>

#include "base/crypto.h"
#include "tenant/explain_private.h"

/* The case `when`: on to a number, or the end with this. */
static void tell_case(const struct walk *walk, const char *when, const char *number,
                      unsigned int code, const char *cause)
{
    struct walk branch;

    if (!explain_branch(&branch, walk, when))
        return;
    branch.now.rings = NULL;
    branch.now.is_one_of = false;
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

/* How a member can be rung, for X-VOIP-Ring: phones (TO_PHONES in failure.cfg). */
static const char *state_of(struct walk *walk, const json_t *member)
{
    struct explain *of = walk->of;
    const char *user = json_string_value(json_object_get(member, "user")), *row;

    if (!user)
        return "";
    row = explain_row(walk, EXPLAIN_USER, of->domain, user);
    if (strcmp(explain_param(of, row, "dnd"), "1") == 0)
        return " (do not disturb)";
    return explain_devices(walk, user) == 0 ? " (not registered)" : "";
}

struct members {
    size_t there, busy;
};

/* Names whom it rings, and keeps those who can be for the result. */
static struct members tell_members(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    json_t *members = json_object_get(fact, "members"), *names = json_array(), *member;
    struct members found = {0};
    const char *list = "";
    size_t i;

    json_array_append_new(of->kept, names);
    json_array_foreach(members, i, member)
    {
        const char *name = name_of(member), *state = state_of(walk, member);

        list = explain_text(of, "%s%s%s%s", list, *list ? ", " : "", name, state);
        found.busy += strstr(state, "disturb") != NULL;
        found.there += !*state;
        if (!*state)
            json_array_append_new(names, json_string(name));
    }
    explain_tell(walk, "members", "%s", *list ? list : "none");
    walk->now.rings = names;
    walk->now.is_one_of = true;
    return found;
}

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

static void run_ring_group(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    struct members found;

    /* Whoever calls is answered when a member is. */
    walk->now.answered = false;
    found = tell_members(walk, fact);
    if (found.there == 0) {
        if (found.busy)
            end_ring_group(walk, "busy", 486, "USER_BUSY");
        else
            end_ring_group(walk, "unreachable", 408, absent(walk));
        return;
    }
    tell_case(walk, "no answer", explain_param(of, walk->ext, "noanswer"), 480, "NO_ANSWER");
    tell_case(walk, "busy", explain_param(of, walk->ext, "busy"), 486, "USER_BUSY");
    tell_case(walk, "unreachable", explain_param(of, walk->ext, "unreachable"), 408, absent(walk));
    explain_answer(walk);
}

static void run_queue(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    const char *empty = explain_param(of, walk->ext, "unreachable");
    json_int_t max_wait = json_integer_value(json_object_get(fact, "max_wait"));
    bool has_members = json_array_size(json_object_get(fact, "members")) > 0;

    tell_members(walk, fact);
    if (!has_members && *empty) {
        explain_tell(walk, "wait", "nobody is logged in");
        explain_reach(walk, empty);
        return;
    }
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
    {"park", true, NULL},
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

/* A parking place is its number, whose characters are not all those of an id. */
static const char *place_of(struct walk *walk)
{
    char digest[CRYPTO_MD5_HEX];

    if (crypto_md5_hex(walk->now.target, strlen(walk->now.target), digest))
        return "";
    return explain_text(walk->of, "%s", digest);
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
    if (strcmp(type, "park") == 0)
        ref = place_of(walk);
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
