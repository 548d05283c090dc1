/*
 * Calls that a media server answers: TO_SERVICE in failure.cfg, and what the server's dialplan does
 * with the caller (conf/freeswitch/dialplan, conf/asterisk/extensions.conf).
 */
#include <string.h>

#include "base/crypto.h"
#include "tenant/explain_private.h"

void explain_case(const struct walk *walk, const char *when, const char *number, unsigned int code,
                  const char *cause)
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

static void run_menu(struct walk *walk, json_t *fact)
{
    json_t *keys = json_object_get(fact, "keys"), *number;
    const char *key;

    json_object_foreach(keys, key, number) explain_case(walk, explain_text(walk->of, "key %s", key),
                                                        json_string_value(number), 200, "");
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

/* Who waits there already is joined with whoever comes. */
static void run_park(struct walk *walk, json_t *fact)
{
    struct explain *of = walk->of;
    const char *place = explain_text(of, "%s:%s", of->domain, walk->now.target);

    (void)fact;
    if (explain_calls(walk, "number", place) > 0) {
        explain_tell(walk, "place", "somebody waits there, and is fetched");
    } else {
        explain_tell(walk, "place", "waits for %ld s to be fetched",
                     explain_param_number(of, walk->ext, "ring"));
        explain_case(walk, "nobody fetches it", explain_param(of, walk->ext, "noanswer"), 200,
                     "NO_ANSWER");
    }
    explain_answer(walk);
}

/* A type that is not here is answered, and is over when the caller hangs up. */
static const struct kind {
    const char *type;
    bool by_hash;   /* all who call it meet on one node */
    bool by_demand; /* somebody is there who may demand a recording */
    void (*run)(struct walk *walk, json_t *fact);
} kinds[] = {
    {"announcement", false, false, run_announcement},
    {"conference", true, true, NULL},
    {"ivr", false, false, run_menu},
    {"paging", false, false, explain_paging},
    {"park", true, true, run_park},
    {"queue", true, true, explain_queue},
    {"ring_group", false, true, explain_ring_group},
    {"voicemail", false, false, NULL},
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

/* Heard by who is parked, waits or is put on hold. */
static void tell_music(struct walk *walk)
{
    const char *row = explain_row(walk, EXPLAIN_LIMIT, walk->of->domain, "limits");
    const char *music = row ? explain_param(walk->of, row, "music") : "";

    if (*music)
        explain_tell(walk, "music", "on hold the tenant's own, %.8s…", music);
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
    /* Listening to one's own messages is nobody's conversation. */
    if (strcmp(type, "mailbox") != 0)
        explain_record(walk, kind && kind->by_demand);
    if (!explain_media(walk, explain_text(of, "%s;id=%s;domain=%s", type, ref, of->domain),
                       kind && kind->by_hash ? EXPLAIN_BY_HASH : EXPLAIN_IN_TURN))
        return;
    tell_music(walk);
    walk->now.answered = true;
    walk->now.code = 200;
    if (kind && kind->run)
        kind->run(walk, fact);
    else
        explain_answer(walk);
}
