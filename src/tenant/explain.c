/* The beginning of a call: who calls, from where, and what he may. */
#include "tenant/explain.h"

#include <errno.h>
#include <string.h>

#include "tenant/explain_private.h"

/* The tenant, and the moment by its clock. */
static int find_tenant(struct explain *of, json_t *document)
{
    const struct explain_question *question = of->question;
    json_t *tenant, *local;

    tenant = explain_fact(of, EXPLAIN_TENANT, question->at, NULL, NULL);
    if (of->error)
        return of->error;
    if (!tenant)
        return err_set(of->err, -ENOENT,
                       "no tenant '%s': there is none of that name, or it is disabled", of->domain);
    of->at = json_integer_value(json_object_get(tenant, "at"));
    local = json_object_get(tenant, "local");
    json_object_set_new(document, "domain", json_string(of->domain));
    json_object_set(document, "at", json_object_get(tenant, "at"));
    json_object_set(document, "local", local);
    json_object_set(document, "zone", json_object_get(tenant, "zone"));
    return 0;
}

/* ---------------------------------------------------------------- limits.cfg */

/* "2 now" where that is known. */
static const char *in_progress(struct walk *walk, int calls)
{
    return calls < 0 ? "" : explain_text(walk->of, ", %d now", calls);
}

/* Refuses when the next call would be one too many; true: it was refused. */
static bool is_full(struct walk *walk, const char *profile, const char *value, long max,
                    const char *reason, const char *cause)
{
    int calls = explain_calls(walk, profile, value);

    if (max <= 0 || calls < max)
        return false;
    explain_refuse(walk, 503, reason, cause);
    return true;
}

static bool limit_caller(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *key = explain_text(of, "%s:%s", of->domain, of->from);
    long limit = explain_param_number(of, walk->caller, "calls");

    if (limit > (long)of->question->max_calls)
        limit = of->question->max_calls;
    explain_tell(walk, "limits", "%s may have %ld calls at a time%s", of->from, limit,
                 in_progress(walk, explain_calls(walk, "user", key)));
    return is_full(walk, "user", key, limit, "Too Many Calls", "");
}

static bool limit_tenant(struct walk *walk)
{
    struct explain *of = walk->of;
    const char *row = explain_row(walk, EXPLAIN_LIMIT, of->domain, "limits");
    long max = explain_param_number(of, row, "calls");
    const char *now = in_progress(walk, explain_calls(walk, "tenant", of->domain));

    if (max > 0)
        explain_tell(walk, "limits", "the tenant may have %ld calls at a time%s", max, now);
    else
        explain_tell(walk, "limits", "the tenant's calls are not limited%s", now);
    return is_full(walk, "tenant", of->domain, max, "Too Many Calls", "SWITCH_CONGESTION");
}

/* ---------------------------------------------------------------- from a phone */

static int call_of_user(struct walk *walk, const char *tenant)
{
    struct explain *of = walk->of;

    walk->caller = explain_row(walk, EXPLAIN_USER, of->domain, of->from);
    if (of->error)
        return of->error;
    if (!walk->caller)
        return err_set(of->err, -ENOENT,
                       "no user '%s' in %s: there is none of that name, or he is disabled",
                       of->from, of->domain);
    explain_tell(walk, "caller", "%s is a user of %s", of->from, of->domain);
    if (limit_caller(walk) || limit_tenant(walk))
        return 0;
    if (tenant && strcmp(tenant, of->domain) != 0)
        explain_refuse(walk, 403, "Relaying Forbidden", "");
    else
        explain_resolve(walk, of->number);
    return 0;
}

/* ---------------------------------------------------------------- inbound.cfg */

/* The tenant whose number it is. */
static int find_number(struct walk *walk, const char **to)
{
    struct explain *of = walk->of;
    const char *number = *of->number == '+' ? of->number : explain_text(of, "+%s", of->number);
    const char *row = explain_row(walk, EXPLAIN_DID, "did", number);

    *to = "";
    if (!row)
        return of->error;
    of->domain = explain_param(of, row, "domain");
    *to = explain_param(of, row, "to");
    return of->error;
}

/* The row of the trunk, when the tenant has it; NULL when its calls are no carrier's. */
static const char *find_trunk(struct walk *walk, const char **id)
{
    struct explain *of = walk->of;
    json_t *fact = explain_fact(of, EXPLAIN_TRUNK_ID, of->question->trunk, NULL, NULL);

    *id = fact ? json_string_value(json_object_get(fact, "id")) : NULL;
    return *id ? explain_row(walk, EXPLAIN_TRUNK, of->domain, *id) : NULL;
}

static void enter_trunk(struct walk *walk, const char *row, const char *id, const char *to)
{
    struct explain *of = walk->of;
    const char *key = explain_text(of, "%s:%s", of->domain, id);
    long max = explain_param_number(of, row, "calls");

    walk->is_inbound = true;
    walk->direction = "inbound";
    walk->ways = explain_text(of, "%s,", id);
    walk->now.trunk = explain_param(of, row, "name");
    walk->now.target = to;
    explain_tell(walk, "caller", "%s, by trunk \"%s\" of %s", of->from, walk->now.trunk,
                 of->domain);
    explain_tell(walk, "number", "%s is a number of %s and leads to %s", of->number, of->domain,
                 to);
    if (max > 0)
        explain_tell(walk, "limits", "the trunk may have %ld calls at a time%s", max,
                     in_progress(walk, explain_calls(walk, "trunk", key)));
    if (is_full(walk, "trunk", key, max, "Trunk Full", "NORMAL_CIRCUIT_CONGESTION") ||
        limit_tenant(walk))
        return;
    explain_resolve(walk, to);
}

static int call_by_trunk(struct walk *walk, json_t *document)
{
    struct explain *of = walk->of;
    const char *row, *id, *to;
    int res;

    of->from = of->question->from;
    res = find_number(walk, &to);
    if (res)
        return res;
    if (!*to) {
        explain_tell(walk, "number", "%s is nobody's", of->number);
        explain_refuse(walk, 404, "Not Found", "");
        return 0;
    }
    res = find_tenant(of, document);
    if (res)
        return res;
    row = find_trunk(walk, &id);
    if (!of->error && !id)
        return err_set(of->err, -ENOENT,
                       "%s, whose number %s is, has no trunk '%s' (names are case-sensitive)",
                       of->domain, of->number, of->question->trunk);
    if (row) {
        enter_trunk(walk, row, id, to);
    } else {
        explain_tell(walk, "caller", "trunk \"%s\" is switched off: its carrier is a stranger",
                     of->question->trunk);
        explain_refuse(walk, 407, "Proxy Authentication Required", "");
    }
    return 0;
}

/* ---------------------------------------------------------------- all of it */

static int walk_call(struct walk *walk, json_t *document)
{
    struct explain *of = walk->of;
    const char *tenant;
    int res = explain_take_number(of, &tenant);

    if (res)
        return res;
    walk->now.target = of->number;
    if (of->question->at && !explain_is_time(of->question->at))
        return err_set(of->err, -EINVAL,
                       "--at: '%s' is no time such as 2026-12-25T10:00 (by the tenant's clock)",
                       of->question->at);
    if (of->question->trunk) {
        res = explain_check_outside(of->question, of->err);
        return res ? res : call_by_trunk(walk, document);
    }
    res = explain_take_caller(of);
    if (!res)
        res = find_tenant(of, document);
    return res ? res : call_of_user(walk, tenant);
}

int explain_call(json_t **out, const struct explain_question *question,
                 const struct explain_source *source, const struct explain_live *live,
                 struct err *err)
{
    struct explain of = {.question = question, .source = source, .live = live, .err = err};
    json_t *document = json_pack("{s:s, s:s, s:[], s:{}, s:[]}", "from", question->from, "to",
                                 question->to, "steps", "result", "branches");
    struct walk walk = {
        .of = &of,
        .node = document,
        .caller = "",
        .arg = "",
        .direction = "internal",
        .places = "",
        .ways = "",
        .policies = "",
        .now = {.type = "none", .target = "", .trunk = "", .cause = "", .reason = ""},
    };
    int res;

    of.known = json_object();
    of.kept = json_array();
    arena_init(&of.arena);
    res =
        document ? walk_call(&walk, document) : err_set(err, -EINVAL, "--from and --to are UTF-8");
    if (!res)
        res = of.error;
    arena_free(&of.arena);
    json_decref(of.kept);
    json_decref(of.known);
    if (res)
        json_decref(document);
    else
        *out = document;
    return res;
}
