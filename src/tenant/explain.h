/*
 * What would happen if A called B: the edge's decision, step by step.
 *
 * The rules are those of conf/kamailio (inbound, limits, resolve, features, failure, outbound),
 * walked over the same rows that the edge has in memory, and what a media server does then. A
 * change of either is a change here as well: tests/e2e/test_explain.py compares this with what
 * calls did.
 *
 * Whoever asks brings the rows (`explain_source`), and what is known of this moment
 * (`explain_live`).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

/* The tables of the edge, with keys of tenant and name. */
enum explain_table {
    EXPLAIN_USER,
    EXPLAIN_EXT,
    EXPLAIN_ROUTE,
    EXPLAIN_TRUNK,
    EXPLAIN_DID,     /* tenant "did" */
    EXPLAIN_LIMIT,   /* name "limits" */
    EXPLAIN_PREMIUM, /* tenant "" */
    EXPLAIN_RECORD,  /* names e.<number>, u.<user>, t.<trunk's id> and d.all */
};

/* What the edge has no row of; each is one JSON object. */
enum explain_fact {
    EXPLAIN_TENANT, /* of a tenant: zone, at (seconds since 1970), local (that time there) */
    /* Of a key of `ext`: name, members [user or outside, status], skip_busy, confirm, max_wait,
     * then, keys. */
    EXPLAIN_EXTENSION,
    EXPLAIN_SCHEDULE, /* of a schedule's id and a time: state, number */
    EXPLAIN_FEATURE,  /* of user, feature and argument: word */
    EXPLAIN_TRUNK_ID, /* of a trunk's name: id, enabled */
};

struct explain_source {
    void *arg;
    /*
     * The row of a name, name="value";…, for free(); NULL when there is none. -EIO and others when
     * it could not be asked for.
     */
    int (*row)(void *arg, enum explain_table table, const char *domain, const char *name,
               char **out, struct err *err);
    /* The fact; `values` are those named above, behind the tenant. The caller's; NULL: none. */
    int (*fact)(void *arg, enum explain_fact fact, const char *domain, const char *const values[3],
                json_t **out, struct err *err);
};

/* What is known of this moment. A member that is NULL, or that returns less than 0, does not know.
 */
struct explain_live {
    void *arg;
    /* Registered devices of a user. */
    int (*devices)(void *arg, const char *domain, const char *user);
    /* Calls in progress of a user, tenant or trunk (a profile of limits.cfg). */
    int (*calls)(void *arg, const char *profile, const char *value);
    /* Whether the edge has found this gateway silent. */
    int (*is_dead)(void *arg, const char *gateway, const char *unused);
    /* The row that the edge remembers, for free(); NULL: none. */
    char *(*remembered)(void *arg, const char *table, const char *key);
    /* The media nodes, and which of them has this service by hash (-1: unknown). */
    size_t (*nodes)(void *arg);
    const char *(*node)(void *arg, size_t index, int *up);
    int (*pick)(void *arg, const char *service);
};

struct explain_question {
    const char *from;         /* user@tenant; with a trunk a number outside */
    const char *to;           /* as dialled, with the tenant or without */
    const char *trunk;        /* name of the trunk that the call comes from; NULL: from a phone */
    const char *at;           /* YYYY-MM-DDTHH:MM[:SS] by the tenant's clock; NULL: now */
    unsigned int max_calls;   /* of any user at once, edge.max_calls */
    const char *media_server; /* its name */
    const char *(*cause_of)(unsigned int status);
    unsigned int (*status_of)(const char *cause);
};

/*
 * The answer, for json_decref():
 *   from, to, domain, at, local
 *   steps     [{step, text}]
 *   result    {number, type, target, trunk, cause, code, answered, text[, rings[, one_of]]}
 *   branches  [{when, steps, result, branches}]   what happens instead in these cases
 * with the words of voip.cdr: number is its callee, type its service, target its callee_reached.
 * `rings` are the users, numbers outside or gateways that are asked; with `one_of` the target is
 * whoever of them answers.
 *
 * -EINVAL for a question that cannot be asked (with what to do about it), -ENOENT when the tenant,
 * caller or trunk does not exist, and what the source returned.
 */
int explain_call(json_t **out, const struct explain_question *question,
                 const struct explain_source *source, const struct explain_live *live,
                 struct err *err) DP_CHECK;

/* Whether it is YYYY-MM-DDTHH:MM or YYYY-MM-DDTHH:MM:SS, of a day that exists. */
bool explain_is_time(const char *text);
