/* What the parts of `dialplane webhook` share. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cmd/common.h"

struct webhook_verb {
    struct cmd_node node;
    PGconn *conn;
    const char *tenant, *webhook, *events, *limit;
    bool json, dead, pending;
    char **operands;
    int count;
};

/* Prints the rows of a statement as JSON, an object each by the columns' names. */
int webhook_print_json(struct webhook_verb *verb, const char *sql, int count,
                       const char *const values[], struct err *err) DP_CHECK;

/* Deliveries that match the options, the latest first (webhook_deliveries.c). */
int webhook_deliveries(struct webhook_verb *verb, struct err *err) DP_CHECK;

/* Has the deliveries of the operands, or with --dead all that match, sent once more. */
int webhook_replay(struct webhook_verb *verb, struct err *err) DP_CHECK;

/* Sends a test to the webhook, and waits for what becomes of it (webhook_test.c). */
int webhook_test(struct webhook_verb *verb, struct err *err) DP_CHECK;
