#include "api/cdr_search.h"

#include <errno.h>
#include <string.h>

enum { NUMBER_MAX = 127 };

const struct api_param api_cdr_params[] = {
    {"number", API_TEXT, "Calls of this number: of whom called, was dialled, or was reached.",
     NULL},
    {"number.like", API_TEXT, "The same of all numbers that begin so: +4930*.", NULL},
    {0},
};

static int refuse_number(struct api_request *request, const char *name)
{
    api_problem(request, 400, name,
                "A number is 1 to %d characters of ASCII; number.like is the beginning of one and "
                "an asterisk behind it.",
                NUMBER_MAX);
    return -EINVAL;
}

/* Numbers in records are ASCII; what comes behind those that begin so, in the order of bytes, is
 * the beginning with its last byte raised by one. */
static int read_number(struct cdr_search *search, struct api_request *request, const char *name,
                       const char *given, bool is_beginning)
{
    char text[NUMBER_MAX + 2];
    size_t len = strlen(given);

    if (is_beginning && (len == 0 || given[--len] != '*'))
        return refuse_number(request, name);
    if (len < 1 || len > NUMBER_MAX)
        return refuse_number(request, name);
    for (size_t i = 0; i < len; i++)
        if (given[i] < ' ' || given[i] > '~')
            return refuse_number(request, name);
    memcpy(text, given, len);
    text[len] = '\0';
    search->number = api_spec_param(&search->spec, text);
    if (search->number > 0 && is_beginning) {
        text[len - 1]++;
        search->behind = api_spec_param(&search->spec, text);
    }
    return search->number < 0 || search->behind < 0 ? -ENOMEM : 0;
}

static int read_numbers(struct cdr_search *search, struct api_request *request)
{
    const char *whole = http_query(request->http, "number");
    const char *beginning = http_query(request->http, "number.like");

    if (whole && beginning)
        return refuse_number(request, "number.like");
    if (whole)
        return read_number(search, request, "number", whole, false);
    return beginning ? read_number(search, request, "number.like", beginning, true) : 0;
}

int cdr_search_read(struct cdr_search *out, struct api_request *request)
{
    int res;

    *out = (struct cdr_search){.number = 0};
    res = api_spec_read(&out->spec, request, &api_cdrs, true);

    if (!res)
        res = read_numbers(out, request);
    if (res && res != -EINVAL)
        api_problem(request, 400, NULL, "Too much is asked at once.");
    return res ? -EINVAL : 0;
}

void cdr_search_free(struct cdr_search *search)
{
    api_spec_free(&search->spec);
}

/* LIKE would say the same, but goes by no index here: PostgreSQL does not let it look at rows
 * before it is known that they are the tenant's (it is not leakproof). */
static void add_is(const struct cdr_search *search, const char *column, bool is_not,
                   struct buf *out)
{
    buf_add_str(out, is_not ? " AND NOT (" : " AND (");
    if (search->behind)
        buf_printf(out, "t.%s ~>=~ $%d AND t.%s ~<~ $%d)", column, search->number, column,
                   search->behind);
    else
        buf_printf(out, "t.%s = $%d)", column, search->number);
}

static void add_order(const struct cdr_search *search, unsigned int limit, struct buf *out)
{
    const char *way = search->spec.descending ? "DESC" : "ASC";

    buf_printf(out, " ORDER BY t.started_at %s, t.call_id %s", way, way);
    if (limit)
        buf_printf(out, " LIMIT %u", limit);
}

/* Calls where the number is in this column, and in none of those before it. */
static void add_branch(const struct cdr_search *search, int column, unsigned int limit,
                       struct buf *out)
{
    static const char *const columns[] = {"caller", "callee_reached", "callee"};

    buf_add_str(out, "(SELECT t.* FROM voip.cdr t WHERE true");
    buf_add_str(out, search->spec.where.data);
    add_is(search, columns[column], false, out);
    for (int i = 0; i < column; i++)
        add_is(search, columns[i], true, out);
    /* Of most calls the two are the same: the index has the others only. */
    if (column == 2)
        buf_add_str(out, " AND t.callee <> t.callee_reached");
    add_order(search, limit, out);
    buf_add_char(out, ')');
}

void cdr_search_sql(const struct cdr_search *search, const char *what, unsigned int limit,
                    struct buf *out)
{
    buf_printf(out, "SELECT %s FROM ", what);
    if (search->number) {
        for (int i = 0; i < 3; i++) {
            buf_add_str(out, i ? " UNION ALL " : "(");
            add_branch(search, i, limit, out);
        }
        buf_add_str(out, ") t");
    } else {
        buf_printf(out, "voip.cdr t WHERE true%s", search->spec.where.data);
    }
    add_order(search, limit, out);
}
