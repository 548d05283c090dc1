/* What `dialplane key` and `dialplane operator` share: who may use the API, managed from a shell.
 */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>

#include "api/audit.h"
#include "base/compiler.h"
#include "base/err.h"
#include "cmd/common.h"

/* For the audit log: the account, and who became it with sudo. */
void access_shell_name(char out[API_CALLER_NAME_SIZE]);

struct access_verb {
    const char *name; /* "key" */
    struct cmd_node node;
    PGconn *conn; /* in a transaction, which is committed when the action returns 0 */
    const char *tenant, *scopes, *expires, *from, *rate, *role, *user;
    bool json, generate;
    char **operands;
    /* Secrets that a change made: printed when it is committed. */
    struct buf told;
};

struct access_action {
    const char *name, *operands,
        *summary; /* `operands` as in the help; NULL: none, otherwise one */
    int (*run)(struct access_verb *verb, struct err *err);
};

/* Runs the action that argv[1] names, of a list that ends with a nameless one. Exit status. */
int access_run(int argc, char **argv, const struct access_action *actions,
               const struct cmd_option *options, struct access_verb *verb);

/*
 * Runs a statement that changes one row and returns its id, its domain_id and the row as JSON,
 * before (of what was deleted) or after (of what was made). -ENOENT with `missing` when there is no
 * row. Writes the audit log. `id` may be NULL.
 */
struct access_change {
    const char *method, *resource, *missing;
    const char *sql;
    int count;
    const char *const *values;
};
int access_change(struct access_verb *verb, const struct access_change *change, int64_t *id,
                  struct err *err) DP_CHECK;

/* Prints rows, as JSON or as columns with two spaces between them. */
int access_print(struct access_verb *verb, const char *sql, int count, const char *const values[],
                 struct err *err) DP_CHECK;

/*
 * A password of at least API_PASSWORD_MIN bytes: typed twice on the terminal without being shown,
 * or else the first line of standard input. With verb->generate a random one, which is told later.
 */
int access_password(struct access_verb *verb, char *out, size_t size, struct err *err) DP_CHECK;
