/* From a number to what it is: resolve.cfg, and feature codes: features.cfg. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenant/explain_private.h"

/* The longest number that is a prefix of this one. */
static const char *find_prefix(struct walk *walk, const char *number)
{
    struct explain *of = walk->of;
    int length = (int)strlen(number);

    for (length = length < PREFIX_MAX ? length : PREFIX_MAX; length > 0; length--) {
        const char *key = explain_text(of, "%.*s!", length, number);
        const char *row = explain_row(walk, EXPLAIN_EXT, of->domain, key);

        if (row) {
            walk->key = key;
            walk->arg = explain_text(of, "%s", number + length);
            return row;
        }
    }
    return NULL;
}

static const char *find_extension(struct walk *walk, const char *number)
{
    const char *row = explain_row(walk, EXPLAIN_EXT, walk->of->domain, number);

    walk->key = number;
    walk->arg = "";
    return row ? row : find_prefix(walk, number);
}

static const char *kind_of(const char *type)
{
    static const struct {
        const char *type, *words;
    } kinds[] = {
        {"ivr", "the menu"},         {"ring_group", "the ring group"},
        {"voicemail", "voicemail"},  {"feature", "the feature code"},
        {"trunk_out", "the route"},  {"paging", "the paging group"},
        {"park", "a parking place"}, {"pickup", "pickup"},
    };

    for (size_t i = 0; i < DP_COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].words;
    return NULL;
}

static void tell_match(struct walk *walk, const char *number)
{
    struct explain *of = walk->of;
    json_t *fact = explain_fact(of, EXPLAIN_EXTENSION, walk->key, NULL, NULL);
    const char *name = json_string_value(json_object_get(fact, "name"));
    const char *kind = kind_of(walk->now.type);
    const char *quoted = name ? explain_text(of, " \"%s\"", name) : "";
    int len = (int)strlen(walk->key) - 1;

    if (walk->key[len] == '!')
        explain_tell(walk, "match", "%s is %s%s%s (prefix %.*s)", number, kind ? kind : "the ",
                     kind ? "" : walk->now.type, quoted, len, walk->key);
    else
        explain_tell(walk, "match", "%s is %s%s%s (extension %s)", number, kind ? kind : "the ",
                     kind ? "" : walk->now.type, quoted, walk->key);
}

const char *explain_plan(struct explain *of, const char *row)
{
    const char *plan = explain_param(of, row, "plan"), *number = "", *entry;

    for (int i = 0; *(entry = explain_item(of, plan, i)) && strtoll(entry, NULL, 10) <= of->at; i++)
        number = strchr(entry, '=') ? strchr(entry, '=') + 1 : "";
    return number;
}

/* By the plan that the edge has, or at the time that was asked for. */
static const char *schedule_number(struct walk *walk, json_t *fact)
{
    const char *number = json_string_value(json_object_get(fact, "number"));

    if (!walk->of->question->at)
        return explain_plan(walk->of, walk->ext);
    return number ? number : "";
}

static void by_schedule(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *at = explain_text(of, "%lld", (long long)of->at);
    json_t *fact =
        explain_fact(of, EXPLAIN_SCHEDULE, explain_param(of, walk->ext, "ref"), at, NULL);
    const char *state = json_string_value(json_object_get(fact, "state"));
    const char *number = schedule_number(walk, fact);

    explain_tell(walk, "schedule", "%s at %s (%s)%s%s%s", state ? state : "unknown",
                 json_string_value(json_object_get(fact, "local")),
                 json_string_value(json_object_get(fact, "zone")),
                 json_is_true(json_object_get(fact, "override")) ? ", set by hand" : "",
                 *number ? ": leads to " : ": leads nowhere", number);
    if (!*number)
        explain_refuse(walk, 480, "No Hours", "");
    else
        explain_resolve(walk, number);
}

void explain_feature(struct walk *walk)
{
    struct explain *of = walk->of;
    json_t *fact;
    const char *word;

    if (walk->is_leg || walk->is_inbound || walk->hops > 1) {
        explain_tell(walk, "feature", "only for a user who dials it himself");
        explain_refuse(walk, 403, "Not By Forwarding", "");
        return;
    }
    fact =
        explain_fact(of, EXPLAIN_FEATURE, of->from, explain_param(of, walk->ext, "ref"), walk->arg);
    word = json_string_value(json_object_get(fact, "word"));
    explain_tell(walk, "feature", "%s%s%s for %s: %s", explain_param(of, walk->ext, "ref"),
                 *walk->arg ? " with " : "", walk->arg, of->from, word ? word : "not possible");
    if (!word || strcmp(word, "refused") == 0)
        explain_refuse(walk, 403, "Not Possible", "FACILITY_REJECTED");
    else if (explain_media(walk, explain_text(of, "announcement;id=%s;domain=%s", word, of->domain),
                           EXPLAIN_IN_TURN))
        explain_answer(walk);
}

/* PICK_UP: who rings at the number behind it, or in the caller's group, as far as the edge says. */
static void pick_up(struct walk *walk)
{
    struct explain *of = walk->of;
    const struct explain_live *live = of->live;
    const char *own = explain_param(of, walk->caller, "pick"), *rings, *group;
    const char *key = explain_text(of, "%s:%s%s", of->domain, *walk->arg ? "" : "@",
                                   *walk->arg ? walk->arg : own);
    char *found = live && live->remembered ? live->remembered(live->arg, "ringing", key) : NULL;

    rings = explain_text(of, "%s", found ? found : "");
    free(found);
    if (walk->is_leg || walk->is_inbound || walk->hops > 1) {
        explain_refuse(walk, 403, "Not By Forwarding", "");
        return;
    }
    explain_tell(walk, "pickup", "%s: %s", *walk->arg ? walk->arg : "the caller's group",
                 *rings ? "somebody rings" : "nobody rings");
    if (!*rings) {
        explain_refuse(walk, 480, "Nothing Rings There", "");
        return;
    }
    group = strchr(rings, ' ') ? strchr(rings, ' ') + 1 : "-";
    group = explain_text(of, "%.*s", (int)strcspn(group, " "), group);
    if (strcmp(group, "-") != 0 && strcmp(group, own) != 0) {
        explain_refuse(walk, 403, "Not Of The Group", "FACILITY_REJECTED");
        return;
    }
    explain_record(walk, true);
    if (explain_media(walk, explain_text(of, "pickup;domain=%s", of->domain), EXPLAIN_BY_TOKEN))
        explain_answer(walk);
}

void explain_forward(struct walk *walk, const char *target, unsigned int code, const char *reason,
                     const char *cause)
{
    if (!*target) {
        explain_refuse(walk, code, reason, cause);
        return;
    }
    explain_resolve(walk, target);
}

static void take_extension(struct walk *walk, const char *number)
{
    struct explain *of = walk->of;
    const char *type = explain_param(of, walk->ext, "type");
    const char *always = explain_param(of, walk->ext, "always");

    walk->now.target = number;
    walk->now.type = type;
    walk->now.rings = NULL;
    walk->now.is_one_of = false;
    walk->places = explain_text(of, "%s%.*s,", walk->places,
                                (int)(strlen(number) - strlen(walk->arg)), number);
    tell_match(walk, number);
    if (*always) {
        explain_tell(walk, "forward", "always to %s", always);
        explain_resolve(walk, always);
    } else if (strcmp(type, "user") == 0) {
        if (explain_recorder(walk))
            explain_user(walk);
    } else if (strcmp(type, "schedule") == 0) {
        by_schedule(walk);
    } else if (strcmp(type, "feature") == 0) {
        explain_feature(walk);
    } else if (strcmp(type, "pickup") == 0) {
        pick_up(walk);
    } else if (strcmp(type, "trunk_out") == 0) {
        explain_trunks(walk);
    } else {
        explain_service(walk);
    }
}

void explain_resolve(struct walk *walk, const char *number)
{
    if (++walk->hops > HOPS_MAX) {
        explain_tell(walk, "match", "%s would be the %dth number in turn: %d are allowed", number,
                     walk->hops, HOPS_MAX);
        explain_refuse(walk, 482, "Loop Detected", "");
        return;
    }
    walk->ext = find_extension(walk, number);
    if (!walk->ext) {
        explain_tell(walk, "match", "%s is no number of %s", number, walk->of->domain);
        explain_refuse(walk, 404, "Not Found", "");
        return;
    }
    take_extension(walk, number);
}
