/* Within explain*.c: a walk through the edge's rules. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"
#include "tenant/explain.h"

/* The last two: so many branches in all, and one within the other, are told; there is no end to
 * them where menus lead to menus. */
enum { HOPS_MAX = 6, LEGS_MAX = 9, PREFIX_MAX = 12, CASES_MAX = 5000, DEPTH_MAX = 8 };

/* One question. The first failure sticks, and everything said after it is thrown away. */
struct explain {
    const struct explain_question *question;
    const struct explain_source *source;
    const struct explain_live *live;
    struct arena arena;
    const char *domain, *number; /* the tenant, and what is dialled there */
    const char *from;            /* user, or a number outside */
    int64_t at;
    json_t *known; /* what was asked for already, by key: many ways come by the same number */
    json_t *kept;  /* made on the way, to be freed at the end */
    int cases;     /* branches so far */
    int error;
    struct err *err;
};

/* How a call ends, in the words of its record. Strings are of the arena, or literals. */
struct outcome {
    const char *type, *target, *trunk;
    const char *cause, *reason; /* "" where the status says it all */
    unsigned int code;
    bool answered;
    json_t *rings;  /* users, numbers outside or gateways that are asked; borrowed, or NULL */
    bool is_one_of; /* whoever of them answers is the target */
};

/* A call on its way through the rules, or one branch of it. Copied where it branches. */
struct walk {
    struct explain *of;
    json_t *node; /* the object that its steps, result and branches go to; borrowed */
    struct outcome now;
    const char *caller; /* row of the caller, "" when a carrier or a media server calls */
    const char *ext;    /* row of the extension in hand */
    const char *key;    /* its key, and what was dialled behind a prefix */
    const char *arg;
    int hops, legs, depth;
    bool is_inbound;
    const char *direction; /* internal, inbound or outbound */
    /* recording.cfg: numbers that it was sent to, and ids of trunks that it may come or go by, each
     * with a comma behind it; which policies were told of; whether it is recorded from here on. */
    const char *places, *ways, *policies;
    bool is_recorded;
    /* A leg of a media server, and the outcome of the call that it belongs to. */
    bool is_leg;
    bool leg_is_up;           /* another media server has answered it */
    bool ignores_early_media; /* who made the leg: a ring group */
    struct outcome call;
    bool is_member;          /* the leg is one of several that a group rings: its own end is told */
    const char *edge_target; /* what the edge has reached, as long as the call is not answered */
    /* outbound.cfg: how far the search for a gateway has come. */
    const char *way, *outside, *failure;
    const char *trunk; /* row */
    int trunk_next, gateway_next;
};

/* ---- explain_ask.c */

/* The row, or NULL; says so when the edge remembers another one. */
const char *explain_row(struct walk *walk, enum explain_table table, const char *domain,
                        const char *name);

/* The fact, borrowed until the end; NULL: there is none, or an error. */
json_t *explain_fact(struct explain *of, enum explain_fact fact, const char *one, const char *two,
                     const char *three);

/* What live says, -1 for nothing. */
int explain_calls(const struct walk *walk, const char *profile, const char *value);
int explain_devices(const struct walk *walk, const char *user);
bool explain_is_dead(const struct walk *walk, const char *gateway);

/* ---- explain_tell.c: what rows say, and what is said of them */

/* Remembers the first failure; 0 is none. */
void explain_fail(struct explain *of, int code);

/* A string of the arena; "" (and the error) without memory. */
const char *explain_text(struct explain *of, const char *format, ...) DP_PRINTF(2, 3);

/* A parameter of a row, "" when it is not there; its number. */
const char *explain_param(struct explain *of, const char *row, const char *name);
long explain_param_number(struct explain *of, const char *row, const char *name);

/* Item `index` of a list with commas, "" behind its end. */
const char *explain_item(struct explain *of, const char *list, int index);

void explain_tell(struct walk *walk, const char *step, const char *format, ...) DP_PRINTF(3, 4);

/* `out` becomes a copy of the walk that tells of a case, `when`; false when there are enough of
 * them. */
bool explain_branch(struct walk *out, const struct walk *walk, const char *when);

/* The end, with what walk->now says. */
void explain_end(struct walk *walk);

/* walk->now.rings: this one alone. */
void explain_rings(struct walk *walk, const char *whom);

/* Refused by the edge itself; `cause` "" for that of the status. */
void explain_refuse(struct walk *walk, unsigned int code, const char *reason, const char *cause);

/* Answered, and hung up when everything was said. */
void explain_answer(struct walk *walk);

/* ---- explain_question.c */

/* --from with --trunk: a number outside. */
int explain_check_outside(const struct explain_question *question, struct err *err);

/* --from without: user@tenant, to of->from and of->domain. */
int explain_take_caller(struct explain *of);

/* --to: of->number; *tenant is what stands behind it, or NULL. */
int explain_take_number(struct explain *of, const char **tenant);

/* ---- one file per concern */

/* To a number of the tenant, as RESOLVE in resolve.cfg. */
void explain_resolve(struct walk *walk, const char *number);

/* Where the plan of a schedule's row leads at the time in question; "" for nowhere. */
const char *explain_plan(struct explain *of, const char *row);

/* To `target`; with none refused: FORWARD in failure.cfg. */
void explain_forward(struct walk *walk, const char *target, unsigned int code, const char *reason,
                     const char *cause);

void explain_user(struct walk *walk);
void explain_service(struct walk *walk);
void explain_trunks(struct walk *walk);
void explain_feature(struct walk *walk);

/*
 * What is said of recording, and what becomes of it: walk->is_recorded. `by_demand`: whether
 * somebody is there who could demand it. A call that rings a user or goes to a carrier needs a
 * media server for it, explain_recorder: false when it has ended for want of one.
 */
void explain_record(struct walk *walk, bool by_demand);
bool explain_recorder(struct walk *walk);

/* What a media server does with the caller of a group of people: explain_members.c. */
void explain_ring_group(struct walk *walk, json_t *fact);
void explain_paging(struct walk *walk, json_t *fact);
void explain_queue(struct walk *walk, json_t *fact);

/* The case `when`: on to a number, or the end with this. */
void explain_case(const struct walk *walk, const char *when, const char *number, unsigned int code,
                  const char *cause);

/* How the edge chooses a media node: TO_SERVICE in failure.cfg. */
enum explain_choice {
    EXPLAIN_IN_TURN,
    EXPLAIN_BY_HASH,  /* of the service */
    EXPLAIN_BY_TOKEN, /* of what nobody knows before the call */
};

/* To the media node that has `service`; false when there is none. */
bool explain_media(struct walk *walk, const char *service, enum explain_choice choice);

/* A media server sends its caller to a number of the tenant. */
void explain_reach(struct walk *walk, const char *number);

/* What becomes of a call whose media server made a leg that ended like this. */
struct outcome explain_merge(const struct walk *leg);
