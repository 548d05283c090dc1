/* Whether a call is recorded, and by whom: recording.cfg. */
#include <stdlib.h>
#include <string.h>

#include "tenant/explain_private.h"

enum { ANNOUNCED = 10, PAUSED = 1, DIGITS = 10, MODES = 100, ON_DEMAND = 1, ALWAYS = 2 };

/* "always, announced" of a weight (voip.recording_weight). */
static const char *words_of(struct explain *of, long weight)
{
    static const char *const modes[] = {"never", "on demand", "always"};
    long mode = weight / MODES % DIGITS;

    if (mode < ON_DEMAND || mode > ALWAYS)
        return modes[0];
    return explain_text(of, "%s%s%s", modes[mode],
                        weight / ANNOUNCED % DIGITS == 1 ? ", announced" : "",
                        weight / PAUSED % DIGITS == 1 ? ", may be interrupted" : "");
}

/* For people: whose policy it is. */
static const char *name_policy(struct walk *walk, char thing, const char *name)
{
    struct explain *of = walk->of;

    switch (thing) {
    case 'e':
        return explain_text(of, "of the number %s", name);
    case 'u':
        return explain_text(of, "of the caller, %s", name);
    case 't':
        return explain_text(
            of, "of the trunk \"%s\"",
            explain_param(of, explain_row(walk, EXPLAIN_TRUNK, of->domain, name), "name"));
    default:
        return "of the tenant";
    }
}

/* Said once, though a call that is forwarded is weighed at every place again. */
static void tell_policy(struct walk *walk, const char *key, char thing, const char *name,
                        long weight)
{
    const char *item = explain_text(walk->of, ",%s,", key);

    if (strstr(walk->policies, item))
        return;
    walk->policies = explain_text(walk->of, "%s%s", walk->policies, item);
    explain_tell(walk, "policy", "%s: %s", name_policy(walk, thing, name),
                 words_of(walk->of, weight));
}

/* WEIGH_ALL: the highest of `weight` and what is said of each of `names`, with commas behind. */
static long weigh_all(struct walk *walk, char thing, const char *names, long weight)
{
    struct explain *of = walk->of;
    int column = strcmp(walk->direction, "inbound") == 0    ? 1
                 : strcmp(walk->direction, "outbound") == 0 ? 2
                                                            : 0;
    const char *name;

    for (int i = 0; *(name = explain_item(of, names, i)); i++) {
        const char *key = explain_text(of, "%c.%s", thing, name);
        const char *row = explain_row(walk, EXPLAIN_RECORD, of->domain, key);
        long said = row ? strtol(explain_item(of, row, column), NULL, 10) : 0;

        if (said > 0)
            tell_policy(walk, key, thing, name, said);
        if (said > weight)
            weight = said;
    }
    return weight;
}

/* WEIGH_RECORDING; what is nearer to the call first, as it counts more. */
static long weigh(struct walk *walk)
{
    long weight;

    if (walk->is_recorded)
        return 0;
    weight = weigh_all(walk, 'e', walk->places, 0);
    if (!walk->is_leg && !walk->is_inbound)
        weight = weigh_all(walk, 'u', walk->of->from, weight);
    weight = weigh_all(walk, 't', walk->ways, weight);
    return weigh_all(walk, 'd', "all", weight);
}

void explain_record(struct walk *walk, bool by_demand)
{
    long weight = weigh(walk), mode = weight / MODES % DIGITS;

    if (mode == 0)
        return;
    if (mode == ON_DEMAND && !by_demand) {
        explain_tell(walk, "record", "not here, where nobody can demand it");
        return;
    }
    explain_tell(walk, "record", "%s", words_of(walk->of, weight));
    walk->is_recorded = true;
}

bool explain_recorder(struct walk *walk)
{
    struct explain *of = walk->of;
    bool was_recorded = walk->is_recorded;

    explain_record(walk, true);
    if (was_recorded || !walk->is_recorded)
        return true;
    if (!explain_media(walk, explain_text(of, "recorder;id=call;domain=%s", of->domain),
                       EXPLAIN_IN_TURN))
        return false;
    /* It calls back, and that is a new leg. */
    walk->hops = 1;
    if (++walk->legs > LEGS_MAX) {
        explain_refuse(walk, 482, "Loop Detected", "");
        return false;
    }
    return true;
}
