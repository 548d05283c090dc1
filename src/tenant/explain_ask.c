/* What explain asks of its source and of this moment: each thing once, whatever leads there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tenant/explain_private.h"

static const char *const table_names[] = {"user", "ext",   "route",   "trunk",
                                          "did",  "limit", "premium", "record"};

static void out_of_memory(struct explain *of)
{
    explain_fail(of, err_set(of->err, -ENOMEM, "no memory"));
}

/* Up to the plan of a schedule, which begins with the minute in which it was read. */
static size_t length_without_plan(const char *row)
{
    const char *plan = strstr(row, ";plan=");

    return plan ? (size_t)(plan - row) : strlen(row);
}

/* Whether two rows mean the same now. */
static bool is_same(struct explain *of, const char *row, const char *other)
{
    size_t len = length_without_plan(row);

    return len == length_without_plan(other) && strncmp(row, other, len) == 0 &&
           strcmp(explain_plan(of, row), explain_plan(of, other)) == 0;
}

/* A row that is not the edge's says nothing of what the edge would do. */
static void compare(struct walk *walk, enum explain_table table, const char *domain,
                    const char *name, const char *row)
{
    struct explain *of = walk->of;
    const struct explain_live *live = of->live;
    const char *key = explain_text(of, "%s:%s", domain, name);
    char *other;

    if (!live || !live->remembered || table == EXPLAIN_PREMIUM)
        return;
    other = live->remembered(live->arg, table_names[table], key);
    if (!other || !is_same(of, row, other))
        explain_tell(walk, "edge",
                     "remembers %s %s otherwise than the database has it: see `dialplane "
                     "doctor`; what follows is true once the edge has read it again",
                     table_names[table], key);
    free(other);
}

const char *explain_row(struct walk *walk, enum explain_table table, const char *domain,
                        const char *name)
{
    struct explain *of = walk->of;
    const char *key = explain_text(of, "%s %s:%s", table_names[table], domain, name);
    json_t *known = json_object_get(of->known, key);
    char *row = NULL;

    if (of->error)
        return NULL;
    if (known)
        return json_string_value(known);
    explain_fail(of, of->source->row(of->source->arg, table, domain, name, &row, of->err));
    if (json_object_set_new(of->known, key, row ? json_string(row) : json_null()))
        out_of_memory(of);
    free(row);
    known = json_object_get(of->known, key);
    if (json_is_string(known))
        compare(walk, table, domain, name, json_string_value(known));
    return json_string_value(known);
}

json_t *explain_fact(struct explain *of, enum explain_fact fact, const char *one, const char *two,
                     const char *three)
{
    const char *const values[3] = {one, two, three};
    const char *key = explain_text(of, "fact %d %s|%s|%s|%s", fact, of->domain, one ? one : "",
                                   two ? two : "", three ? three : "");
    json_t *found = json_object_get(of->known, key);

    if (found || of->error)
        return json_is_null(found) ? NULL : found;
    explain_fail(of, of->source->fact(of->source->arg, fact, of->domain, values, &found, of->err));
    if (json_object_set_new(of->known, key, found ? found : json_null())) {
        out_of_memory(of);
        return NULL;
    }
    return found;
}

/* ---------------------------------------------------------------- this moment */

/* Known from before, or asked now and known from now on. */
static int ask_once(struct explain *of, int (*ask)(void *arg, const char *one, const char *two),
                    const char *what, const char *one, const char *two)
{
    const char *key = explain_text(of, "%s %s %s", what, one, two);
    json_t *known = json_object_get(of->known, key);

    if (!ask)
        return -1;
    if (!known) {
        known = json_integer(ask(of->live->arg, one, two));
        if (json_object_set_new(of->known, key, known)) {
            out_of_memory(of);
            return -1;
        }
    }
    return (int)json_integer_value(known);
}

int explain_calls(const struct walk *walk, const char *profile, const char *value)
{
    struct explain *of = walk->of;

    return ask_once(of, of->live ? of->live->calls : NULL, "calls", profile, value);
}

bool explain_is_dead(const struct walk *walk, const char *gateway)
{
    struct explain *of = walk->of;

    return ask_once(of, of->live ? of->live->is_dead : NULL, "dead", gateway, "") > 0;
}

int explain_devices(const struct walk *walk, const char *user)
{
    struct explain *of = walk->of;

    return ask_once(of, of->live ? of->live->devices : NULL, "devices", of->domain, user);
}
