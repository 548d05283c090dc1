/* What the verbs share: their options, the deployment they act on, and how they are stopped. */
#pragma once

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cluster/secrets.h"
#include "cluster/topology.h"
#include "store/pg.h"

/* Exit codes of every verb. */
enum { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

/* A verb's own options; the shared ones (-c, -s, --node, -h) are added to them. */
struct cmd_option {
    const char *name;  /* without "--" */
    const char *value; /* what it takes, for the help; NULL when it takes nothing */
    const char *help;
    /* Where the value goes: a string, or a flag that becomes true. One of the two is set. */
    const char **text;
    bool *flag;
};

struct cmd_verb {
    const char *name;
    const char *summary; /* one line, without a full stop */
    int (*run)(int argc, char **argv);
};

struct cmd_args {
    const char *config; /* NULL: not given */
    const char *state;  /* as given, or from $DIALPLANE_STATE, or "var" */
    const char *node;   /* NULL: not given */
};

/*
 * Reads the command line of a verb; argv[0] is the verb. `options` ends with a nameless one and
 * may be NULL. Returns true to go on; false with *status set when help was printed (CMD_OK) or
 * the line is wrong (CMD_USAGE; the reason was printed). Verbs take no operands.
 */
bool cmd_parse(int argc, char **argv, const char *summary, const struct cmd_option *options,
               struct cmd_args *args, int *status);

/* As cmd_parse, for a verb that takes operands, `what` in the help: argv[*first] to the last. */
bool cmd_parse_operands(int argc, char **argv, const char *summary, const char *what,
                        const struct cmd_option *options, struct cmd_args *args, int *first,
                        int *status);

/* One node's view of the deployment. */
struct cmd_node {
    char config[PATH_MAX]; /* the deployment file that was read */
    char state[PATH_MAX];  /* absolute */
    struct topology *topology;
    const struct topology_node *node;
    struct secrets secrets;
};

/*
 * Opens what `args` name: the deployment file (default: $DIALPLANE_CONFIG, else
 * STATE/etc/deploy.yaml, which `render` writes, else deploy/single.yaml), the node (default: what
 * `render` wrote for, else the only one) and the secrets. Also points libpq to the passfile of
 * STATE. Closed with cmd_close.
 */
int cmd_open(struct cmd_node *out, const struct cmd_args *args, struct err *err) DP_CHECK;
void cmd_close(struct cmd_node *node);

/* The deployment's database, as this role. What it points at belongs to the node; `application`,
 * and milliseconds, as in struct pg_target. */
struct pg_target cmd_target(const struct cmd_node *node, enum secret role, const char *application,
                            unsigned int statement_timeout_ms);

/* The node named by `name`, or the only one when it is NULL; NULL (with `err` set) otherwise. */
const struct topology_node *cmd_pick_node(const struct topology *topology, const char *name,
                                          struct err *err);

/* Where the migrations are: `given`, or STATE/share/migrations (left by `render`), or
 * db/migrations. */
int cmd_migrations_folder(const struct cmd_node *node, const char *given, char out[PATH_MAX],
                          struct err *err) DP_CHECK;

/*
 * From here on SIGTERM and SIGINT stop the program in good order, and SIGPIPE is ignored. Returns
 * a file descriptor that becomes readable when it is time to stop (never read it: it stays
 * readable, for every thread that polls it), or a negative errno. To be called before threads
 * start.
 */
int cmd_stop_fd(void) DP_CHECK;

/* Whether it is time to stop. */
bool cmd_stopping(void);

/* Prints "dialplane VERB: text" to standard error; returns CMD_FAILED. */
int cmd_fail(const char *verb, const struct err *err);
