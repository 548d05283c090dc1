/* Filters of a list: name=x, name.like=ab*, created_at.ge=2026-01-01T00:00:00Z. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { FILTER_MAX = 64 * 1024 };

static int DP_PRINTF(3, 4)
    refuse(struct api_request *request, const char *name, const char *format, ...)
{
    char sentence[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    api_problem(request, 400, name, "%s", sentence);
    return -EINVAL;
}

static const struct {
    const char *word, *sql;
} comparisons[] = {
    {"eq", "="}, {"ne", "<>"}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="},
};

static bool is_number(enum api_type type)
{
    return type == API_INTEGER || type == API_ID || type == API_REFERENCE;
}

/* What PostgreSQL would refuse, too, with words that are not about the API. */
static bool is_value(const struct api_column *column, const char *text)
{
    char *end;

    if (column->type == API_BOOLEAN)
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    if (!is_number(column->type))
        return true;
    errno = 0;
    (void)strtoll(text, &end, 10);
    return *text && !*end && !errno && strspn(text, "-0123456789") == strlen(text);
}

/* "AND function(column operator $n)", the parameter being this text. */
static int add_text(struct api_query_spec *spec, const struct buf *text, const char *function,
                    const char *column, const char *operator)
{
    int number = buf_error(text) ? -E2BIG : api_spec_param(spec, text->data);

    if (number < 0)
        return number;
    return buf_printf(&spec->where, " AND %s(t.%s::text %s $%d)", function, column, operator,
                      number);
}

/*
 * '*' stands for any characters; nothing else means anything.
 *
 * LIKE is not leakproof: row-level security has PostgreSQL look at every row of the tenant before
 * it. starts_with() and = are, and an index answers them (0053). So what stands before the first
 * '*' is asked for in that way, and LIKE decides about what is left.
 */
static int add_like(struct api_query_spec *spec, const struct api_column *column,
                    const char *pattern)
{
    size_t prefix = strcspn(pattern, "*"), stars = strspn(pattern + prefix, "*");
    bool is_plain = !pattern[prefix + stars];
    struct buf text;
    int res = 0;

    buf_init(&text, FILTER_MAX);
    if (prefix || !stars) {
        buf_add(&text, pattern, prefix);
        if (stars)
            res = add_text(spec, &text, "starts_with", column->name, ",");
        else
            res = add_text(spec, &text, "", column->name, "=");
    }
    if (!res && (!is_plain || !(prefix || !stars))) {
        buf_reset(&text);
        for (; *pattern; pattern++) {
            if (*pattern == '%' || *pattern == '_' || *pattern == '\\')
                buf_add_char(&text, '\\');
            buf_add_char(&text, *pattern == '*' ? '%' : *pattern);
        }
        res = add_text(spec, &text, "", column->name, "LIKE");
    }
    buf_free(&text);
    return res;
}

/* An array of PostgreSQL: {"a","b"}. */
static int add_in(struct api_query_spec *spec, struct api_request *request,
                  const struct api_column *column, const char *list)
{
    char *words = strdup(list), *rest = words, *word;
    struct buf array;
    int number = words ? 0 : -ENOMEM;

    buf_init(&array, FILTER_MAX);
    buf_add_char(&array, '{');
    while (!number && (word = strsep(&rest, ","))) {
        if (!is_value(column, word))
            number = refuse(request, column->name, "%s is no value of this.", word);
        api_array_add(&array, word);
    }
    buf_add_char(&array, '}');
    if (!number)
        number = buf_error(&array) ? -E2BIG : api_spec_param(spec, array.data);
    buf_free(&array);
    free(words);
    if (number < 0)
        return number;
    return buf_printf(&spec->where, " AND t.%s = ANY ($%d)", column->name, number);
}

static int add_null(struct api_query_spec *spec, struct api_request *request,
                    const struct api_column *column, const char *value)
{
    bool is_null = strcmp(value, "true") == 0;

    if (!is_null && strcmp(value, "false") != 0)
        return refuse(request, column->name, "null is asked for with true or false, not %s.",
                      value);
    return buf_printf(&spec->where, " AND t.%s IS %sNULL", column->name, is_null ? "" : "NOT ");
}

static int add_comparison(struct api_query_spec *spec, struct api_request *request,
                          const struct api_column *column, const char *word, const char *value)
{
    int number;

    for (size_t i = 0; i < DP_COUNT(comparisons); i++) {
        if (strcmp(word, comparisons[i].word) != 0)
            continue;
        if (!is_value(column, value))
            return refuse(request, column->name, "%s is no value of this.", value);
        number = api_spec_param(spec, value);
        if (number < 0)
            return number;
        return buf_printf(&spec->where, " AND t.%s %s $%d", column->name, comparisons[i].sql,
                          number);
    }
    return refuse(request, column->name,
                  "%s is no way to compare: there are eq, ne, lt, le, gt, ge, like, in, null.",
                  word);
}

static int add(struct api_query_spec *spec, struct api_request *request,
               const struct api_column *column, const char *word, const char *value)
{
    if (strcmp(word, "like") == 0)
        return add_like(spec, column, value);
    if (strcmp(word, "in") == 0)
        return add_in(spec, request, column, value);
    if (strcmp(word, "null") == 0)
        return add_null(spec, request, column, value);
    return add_comparison(spec, request, column, word, value);
}

int api_filter_add(struct api_query_spec *spec, struct api_request *request, const char *name,
                   const char *value)
{
    const char *dot = strchr(name, '.');
    size_t len = dot ? (size_t)(dot - name) : strlen(name);
    const struct api_column *column = NULL;
    char text[64];
    int res;

    if (len < sizeof(text)) {
        memcpy(text, name, len);
        text[len] = '\0';
        column = api_column_find(spec->resource, text);
    }
    if (!column || !(column->flags & API_FILTER))
        return refuse(request, name, "This list cannot be filtered by %s.", name);
    res = add(spec, request, column, dot ? dot + 1 : "eq", value);
    if (res && res != -EINVAL)
        return refuse(request, name, "Too much is asked at once.");
    return res;
}
