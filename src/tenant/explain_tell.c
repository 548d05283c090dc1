/* What explain reads of rows, and what it says. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenant/explain_private.h"

enum { TEXT_MAX = 4096 };

static const char *const table_names[] = {"user", "ext",   "route",  "trunk",
                                          "did",  "limit", "premium"};

static void fail(struct explain *of, int code)
{
    if (!of->error && code)
        of->error = code;
}

const char *explain_text(struct explain *of, const char *format, ...)
{
    char text[TEXT_MAX];
    const char *copy;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    copy = arena_strdup(&of->arena, text);
    if (!copy)
        fail(of, err_set(of->err, -ENOMEM, "no memory"));
    return copy ? copy : "";
}

/* ---------------------------------------------------------------- rows */

/* A row that is not the edge's says nothing of what the edge would do: said once for each key. */
static void compare(struct walk *walk, enum explain_table table, const char *domain,
                    const char *name, const char *row)
{
    struct explain *of = walk->of;
    const struct explain_live *live = of->live;
    const char *key = explain_text(of, "%s:%s", domain, name);
    const char *said = explain_text(of, "%s %s", table_names[table], key);

    if (!live || !live->remembers || table == EXPLAIN_PREMIUM ||
        live->remembers(live->arg, table_names[table], key, row) ||
        json_object_get(of->forgotten, said))
        return;
    json_object_set_new(of->forgotten, said, json_true());
    explain_tell(walk, "edge",
                 "remembers %s %s otherwise than the database has it: see `dialplane "
                 "doctor`; what follows is true once the edge has read it again",
                 table_names[table], key);
}

const char *explain_row(struct walk *walk, enum explain_table table, const char *domain,
                        const char *name)
{
    struct explain *of = walk->of;
    const char *copy = NULL;
    char *row = NULL;

    if (of->error)
        return NULL;
    fail(of, of->source->row(of->source->arg, table, domain, name, &row, of->err));
    if (row) {
        copy = arena_strdup(&of->arena, row);
        free(row);
        if (!copy)
            fail(of, err_set(of->err, -ENOMEM, "no memory"));
    }
    if (copy)
        compare(walk, table, domain, name, copy);
    return copy;
}

json_t *explain_fact(struct explain *of, enum explain_fact fact, const char *one, const char *two,
                     const char *three)
{
    const char *const values[3] = {one, two, three};
    json_t *found = NULL;

    if (!of->error)
        fail(of, of->source->fact(of->source->arg, fact, of->domain, values, &found, of->err));
    if (found && json_array_append_new(of->facts, found)) {
        fail(of, err_set(of->err, -ENOMEM, "no memory"));
        return NULL;
    }
    return found;
}

/* As {param.value,name}: name="value" between semicolons, which no value has. */
const char *explain_param(struct explain *of, const char *row, const char *name)
{
    size_t len = strlen(name);

    while (row) {
        if (strncmp(row, name, len) == 0 && row[len] == '=' && row[len + 1] == '"') {
            row += len + 2;
            return explain_text(of, "%.*s", (int)strcspn(row, "\""), row);
        }
        row = strchr(row, ';');
        if (row)
            row++;
    }
    return "";
}

long explain_param_number(struct explain *of, const char *row, const char *name)
{
    return strtol(explain_param(of, row, name), NULL, 10);
}

const char *explain_item(struct explain *of, const char *list, int index)
{
    for (; index > 0 && *list; index--) {
        list += strcspn(list, ",");
        list += *list == ',';
    }
    return explain_text(of, "%.*s", (int)strcspn(list, ","), list);
}

int explain_calls(const struct walk *walk, const char *profile, const char *value)
{
    const struct explain_live *live = walk->of->live;

    return live && live->calls ? live->calls(live->arg, profile, value) : -1;
}

int explain_devices(const struct walk *walk, const char *user)
{
    const struct explain_live *live = walk->of->live;

    return live && live->devices ? live->devices(live->arg, walk->of->domain, user) : -1;
}

/* ---------------------------------------------------------------- what is said */

void explain_tell(struct walk *walk, const char *step, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (json_array_append_new(json_object_get(walk->node, "steps"),
                              json_pack("{s:s, s:s}", "step", step, "text", text)))
        fail(walk->of, err_set(walk->of->err, -ENOMEM, "no memory for the steps"));
}

struct walk explain_branch(const struct walk *walk, const char *when)
{
    struct walk branch = *walk;
    json_t *branches = json_object_get(walk->node, "branches");

    branch.node = json_pack("{s:s, s:[], s:{}, s:[]}", "when", when, "steps", "result", "branches");
    if (json_array_append_new(branches, branch.node))
        fail(walk->of, err_set(walk->of->err, -ENOMEM, "no memory for the cases"));
    return branch;
}

/* For people: "1002 (user): answered, NORMAL_CLEARING". */
static const char *describe(struct explain *of, const struct outcome *end)
{
    const char *trunk = *end->trunk ? explain_text(of, ", trunk \"%s\"", end->trunk) : "";
    const char *who = explain_text(of, "%s (%s%s)", end->target, end->type, trunk);

    if (end->answered)
        return explain_text(of, "%s: answered, %s", who, end->cause);
    return explain_text(of, "%s: refused with %u%s%s, %s", who, end->code, *end->reason ? " " : "",
                        end->reason, end->cause);
}

void explain_end(struct walk *walk)
{
    struct explain *of = walk->of;
    struct outcome end = walk->is_leg ? explain_merge(walk) : walk->now;
    json_t *result;

    if (!*end.cause)
        end.cause = of->question->cause_of(end.code);
    result = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:i, s:b, s:s}", "number", of->number, "type",
                       end.type, "target", end.target, "trunk", *end.trunk ? end.trunk : NULL,
                       "cause", end.cause, "code", (int)end.code, "answered", end.answered, "text",
                       describe(of, &end));
    if (result && end.members)
        json_object_set(result, "members", end.members);
    if (!result || json_object_set_new(walk->node, "result", result))
        fail(of, err_set(of->err, -ENOMEM, "no memory for the result"));
}

void explain_refuse(struct walk *walk, unsigned int code, const char *reason, const char *cause)
{
    walk->now.code = code;
    walk->now.reason = reason;
    walk->now.cause = cause;
    walk->now.answered = false;
    explain_end(walk);
}

void explain_answer(struct walk *walk)
{
    walk->now.code = 200;
    walk->now.reason = "";
    walk->now.cause = "NORMAL_CLEARING";
    walk->now.answered = true;
    explain_end(walk);
}
