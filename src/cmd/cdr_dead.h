/* What the parts of `dialplane cdr dead` share. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "cmd/common.h"

enum { DEAD_BODY_MAX = 64 * 1024 * 1024 }; /* twice the largest record that is taken */

struct cdr_dead {
    struct cmd_node node;
    PGconn *conn;
    bool json, raw, all;
    uint64_t limit;
    char **ids; /* decimal, checked */
    int count;
};

/* One dead letter, with its body. PQclear(rows) and buf_free(&body) in any case. */
struct dead_letter {
    PGresult *rows; /* one row: the columns in the order of `enum dead_column` */
    struct buf body;
};

enum dead_column {
    DEAD_ID,
    DEAD_FIRST,
    DEAD_LAST,
    DEAD_SOURCE,
    DEAD_NODE,
    DEAD_DELIVERIES,
    DEAD_BYTES,
    DEAD_REQUEUED, /* "" when it is not */
    DEAD_REASON,
    DEAD_HEX
};

/* -ENOENT when there is none of this id. */
int dead_load(PGconn *conn, const char *id, struct dead_letter *out, struct err *err) DP_CHECK;
void dead_letter_free(struct dead_letter *letter);

/* The subcommands' actions: an exit code, the reason printed. */
int dead_list(struct cdr_dead *dead);
int dead_show(struct cdr_dead *dead);
int dead_requeue(struct cdr_dead *dead);
int dead_drop(struct cdr_dead *dead);
