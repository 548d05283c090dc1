/* What explain reads of rows, and what it says. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenant/explain_private.h"

enum { TEXT_MAX = 4096 };

void explain_fail(struct explain *of, int code)
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
        explain_fail(of, err_set(of->err, -ENOMEM, "no memory"));
    return copy ? copy : "";
}

/* ---------------------------------------------------------------- rows */

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
        explain_fail(walk->of, err_set(walk->of->err, -ENOMEM, "no memory for the steps"));
}

bool explain_branch(struct walk *out, const struct walk *walk, const char *when)
{
    json_t *branches = json_object_get(walk->node, "branches");

    *out = *walk;
    if (walk->depth == DEPTH_MAX || walk->of->cases == CASES_MAX) {
        json_object_set_new(walk->node, "more", json_true());
        return false;
    }
    out->depth++;
    walk->of->cases++;
    out->node = json_pack("{s:s, s:[], s:{}, s:[]}", "when", when, "steps", "result", "branches");
    if (json_array_append_new(branches, out->node))
        explain_fail(walk->of, err_set(walk->of->err, -ENOMEM, "no memory for the cases"));
    return true;
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
    if (result && end.rings)
        json_object_set(result, "rings", end.rings);
    if (result && end.is_one_of)
        json_object_set(result, "one_of", end.rings);
    if (!result || json_object_set_new(walk->node, "result", result))
        explain_fail(of, err_set(of->err, -ENOMEM, "no memory for the result"));
}

void explain_rings(struct walk *walk, const char *whom)
{
    walk->now.rings = json_pack("[s]", whom);
    walk->now.is_one_of = false;
    if (json_array_append_new(walk->of->kept, walk->now.rings))
        explain_fail(walk->of, err_set(walk->of->err, -ENOMEM, "no memory"));
}

void explain_refuse(struct walk *walk, unsigned int code, const char *reason, const char *cause)
{
    walk->now.code = code;
    walk->now.reason = reason;
    walk->now.cause = cause;
    walk->now.answered = false;
    walk->now.rings = NULL;
    walk->now.is_one_of = false;
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
