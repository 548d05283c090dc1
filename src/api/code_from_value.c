/* One line of another product's export: its cells, conditions and templates, and what rules say. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/code_from_private.h"

enum { VALUE_MAX = 64 * 1024 };

const char *from_cell(const struct from_line *line, const char *name, size_t len)
{
    for (size_t i = 0; i < line->columns; i++) {
        if (strncmp(line->names[i], name, len) == 0 && !line->names[i][len]) {
            line->used[i] = true;
            return line->cells[i];
        }
    }
    return NULL;
}

/* -------------------------------------------------------------- conditions */

static bool is_word(const char *words, const char *text, size_t len)
{
    for (; *words; words += *words == '|') {
        size_t size = strcspn(words, "| ");

        if (size == len && strncasecmp(words, text, len) == 0)
            return true;
        words += size;
        if (*words == ' ')
            break;
    }
    return false;
}

static bool is_on(const char *text)
{
    return is_word("true|t|yes|y|1|on|enabled|checked", text, strlen(text));
}

static bool is_off(const char *text)
{
    return is_word("false|f|no|n|0|off|disabled", text, strlen(text));
}

static bool holds(const struct from_line *line, const char *condition)
{
    bool wants_off = *condition == '!';
    size_t len = strcspn(condition += wants_off, "= ");
    const char *cell = from_cell(line, condition, len), *words = condition + len + 1;

    if (!cell)
        return false;
    if (condition[len] != '=')
        return is_on(cell) != wants_off;
    return *words == '*' ? *cell : *cell && is_word(words, cell, strlen(cell));
}

bool from_holds(const struct from_line *line, const char *condition)
{
    while (*condition) {
        if (holds(line, condition))
            return true;
        condition += strcspn(condition, " ");
        condition += strspn(condition, " ");
    }
    return false;
}

/* -------------------------------------------------------------- templates */

/* Of "a=1|key=2|b=3". */
static bool add_option(const char *cell, const char *key, size_t len, struct buf *out)
{
    for (; *cell; cell += *cell == '|') {
        size_t size = strcspn(cell, "|");

        if (size > len && cell[len] == '=' && strncasecmp(cell, key, len) == 0) {
            buf_add(out, cell + len + 1, size - len - 1);
            return size > len + 1;
        }
        cell += size;
    }
    return false;
}

static bool add_column(const struct from_line *line, const char *name, size_t len, struct buf *out)
{
    size_t own = strcspn(name, "|}");
    const char *cell = from_cell(line, name, own);

    if (!cell || !*cell)
        return false;
    if (own < len)
        return add_option(cell, name + own + 1, len - own - 1, out);
    buf_add_str(out, cell);
    return true;
}

bool from_expand(const struct from_line *line, const char *value, struct buf *out)
{
    bool whole = true;

    while (*value && whole) {
        size_t len = strcspn(value, "{");

        buf_add(out, value, len);
        value += len;
        if (!*value)
            break;
        len = strcspn(value, "}");
        whole = add_column(line, value + 1, len - 1, out);
        value += len + 1;
    }
    return whole && !buf_error(out);
}

/* -------------------------------------------------------------- rules */

/* The way that --from knows is known by a file's columns as two. */
static bool is_said(const json_t *fields, const char *field)
{
    char to[CODE_NAME_SIZE], outside[CODE_NAME_SIZE];

    return json_object_get(fields, field) ||
           (!str_printf(to, sizeof(to), "%s_to", field) && json_object_get(fields, to)) ||
           (!str_printf(outside, sizeof(outside), "%s_outside", field) &&
            json_object_get(fields, outside));
}

static int set_flag(json_t *fields, const char *name, bool on)
{
    return json_object_set_new(fields, name, json_boolean(on)) ? -ENOMEM : 0;
}

static int take_number(const struct from_rule *rule, const char *text, json_t *fields)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (*end || errno)
        return from_set(fields, rule->field, text);
    return number ? json_object_set_new(fields, rule->field, json_integer(number)) : 0;
}

static int take(const struct from_line *line, const struct from_rule *rule,
                const struct api_resource *to, const char *text, json_t *fields, struct err *why)
{
    switch (rule->how) {
    case FROM_NUMBER:
        return take_number(rule, text, fields);
    case FROM_ON:
        return set_flag(fields, rule->field, is_on(text));
    case FROM_NOT:
        return is_off(text) ? set_flag(fields, rule->field, true) : 0;
    case FROM_CALLER_ID:
        return from_caller_id(rule, text, fields, why);
    case FROM_E164:
        return from_e164(line, rule, text, fields, why);
    case FROM_IF_THERE:
        return line->is_there(line->arg, to, text) ? from_set(fields, rule->field, text) : 0;
    case FROM_WAY:
    case FROM_WAY_IF:
        return from_way(line, rule, text, fields, why);
    case FROM_DESTINATION:
    case FROM_WAY_OF:
        return from_destination_of(line, rule, text, fields, why);
    case FROM_STRATEGY:
        return from_strategy(rule, text, fields, why);
    default:
        return from_set(fields, rule->field, text);
    }
}

/* What a reference of the row refers to; the other fields are of no such thing. */
static const struct api_resource *refers_to(const struct api_resource *resource, const char *field)
{
    char name[CODE_NAME_SIZE];

    for (const struct api_column *c = resource->columns; c->name; c++) {
        code_field(c, name);
        if (c->type == API_REFERENCE && strcmp(name, field) == 0)
            return c->refers_to;
    }
    return resource;
}

int from_apply(const struct from_line *line, const struct from_rule *rule,
               const struct api_resource *resource, json_t *fields, struct err *why)
{
    struct buf value;
    bool whole;
    int res = 0;

    if (is_said(fields, rule->field) || (rule->when && !from_holds(line, rule->when)))
        return 0;
    buf_init(&value, VALUE_MAX);
    whole = from_expand(line, rule->value, &value);
    /* A flag's column that is there and empty is off; of anything else it says nothing. */
    if (!whole && rule->how == FROM_ON && *rule->value == '{' &&
        from_cell(line, rule->value + 1, strcspn(rule->value + 1, "|}")) &&
        !strchr(rule->value, '|')) {
        buf_reset(&value);
        buf_add_char(&value, '0');
        whole = true;
    }
    if (whole && value.len)
        res = take(line, rule, refers_to(resource, rule->field), value.data, fields, why);
    if (res == -EILSEQ)
        (void)err_set(why, res, "%s: this is no text in UTF-8", rule->field);
    if (value.cap)
        explicit_bzero(value.data, value.cap);
    buf_free(&value);
    return res == -EILSEQ ? -EINVAL : res;
}
