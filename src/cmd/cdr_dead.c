/*
 * dialplane cdr dead: call records that could not be stored (voip.cdr_dead), and what to do with
 * them. Whoever made them chose what is in them: it is printed with everything escaped that is no
 * text.
 */
#include "cmd/cdr_dead.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/cdr.h"
#include "store/pg.h"

enum { LIMIT = 100, LIMIT_MAX = 100000, QUERY_MS = 60000 };

static const struct {
    const char *name;
    int (*run)(struct cdr_dead *dead);
    bool takes_ids, takes_all;
} actions[] = {
    {"list", dead_list, false, false},
    {"show", dead_show, true, false},
    {"requeue", dead_requeue, true, true},
    {"drop", dead_drop, true, false},
};

static int usage(const char *reason)
{
    fprintf(stderr, "dialplane cdr dead: %s\nTry: dialplane cdr dead --help\n", reason);
    return CMD_USAGE;
}

/* The ids are all that are numbers. */
static bool are_ids(char **ids, int count)
{
    uint64_t id;

    for (int i = 0; i < count; i++)
        if (str_to_u64(ids[i], 1, INT64_MAX, &id))
            return false;
    return true;
}

/* CMD_OK with *action set, or CMD_USAGE. */
static int choose(struct cdr_dead *dead, const char *name, const char *limit, size_t *action)
{
    size_t n = 0;

    while (n < DP_COUNT(actions) && strcmp(actions[n].name, name) != 0)
        n++;
    if (n == DP_COUNT(actions))
        return usage("what is wanted is list, show, requeue or drop");
    if (dead->all && !actions[n].takes_all)
        return usage("--all is for requeue");
    if (dead->raw && actions[n].run != dead_show)
        return usage("--raw is for show");
    if (limit && (actions[n].run != dead_list || str_to_u64(limit, 1, LIMIT_MAX, &dead->limit)))
        return usage("--limit is for list, and takes a number from 1 to 100000");
    if (!actions[n].takes_ids && dead->count)
        return usage("list takes no id");
    if (actions[n].takes_ids && !dead->all == !dead->count)
        return usage("ids are wanted, or for requeue --all");
    if (!are_ids(dead->ids, dead->count))
        return usage("an id is a number");
    if (actions[n].run == dead_show && dead->count > 1)
        return usage("show takes one id");
    *action = n;
    return CMD_OK;
}

static int run(struct cdr_dead *dead, size_t action, struct err *err)
{
    const struct pg_target target =
        cmd_target(&dead->node, SECRET_DB_CDR, "dialplane cdr dead", QUERY_MS);
    int status;

    if (pg_connect(&dead->conn, &target, err))
        return cmd_fail("cdr dead", err);
    status = actions[action].run(dead);
    PQfinish(dead->conn);
    return status;
}

int cmd_cdr_dead(int argc, char **argv)
{
    static struct cdr_dead dead;
    const char *limit = NULL;
    const struct cmd_option options[] = {
        {"limit", "N", "of list: how many, the newest first (100)", &limit, NULL},
        {"all", NULL, "of requeue: all there are", NULL, &dead.all},
        {"raw", NULL, "of show: the record's bytes and nothing else", NULL, &dead.raw},
        {"json", NULL, "print JSON", NULL, &dead.json},
        {0},
    };
    struct cmd_args args;
    struct err err = {""};
    size_t action = 0;
    int first, status;

    dead.limit = LIMIT;
    if (!cmd_parse_operands(argc, argv,
                            "List the call records that could not be stored, show one, send some "
                            "once more, or delete some",
                            "list | show ID | requeue ID… | requeue --all | drop ID…", options,
                            &args, &first, &status))
        return status;
    dead.ids = argv + first + (first < argc);
    dead.count = first < argc ? argc - first - 1 : 0;
    status = choose(&dead, first < argc ? argv[first] : "list", limit, &action);
    if (status)
        return status;
    if (cmd_open(&dead.node, &args, &err))
        return cmd_fail("cdr dead", &err);
    status = run(&dead, action, &err);
    cmd_close(&dead.node);
    return status;
}
