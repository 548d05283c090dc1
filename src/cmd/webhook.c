/*
 * dialplane webhook: where tenants are told of their calls, for operators. URLs are a tenant's own:
 * the database takes printable ASCII only, so they are printed as they are.
 */
#include "cmd/webhook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/verbs.h"
#include "store/pg.h"

enum { QUERY_MS = 60000, OPERANDS_MAX = 1000 };

int webhook_print_json(struct webhook_verb *verb, const char *sql, int count,
                       const char *const values[], struct err *err)
{
    PGresult *rows = NULL;
    struct buf text;
    int res;

    buf_init(&text, 64 * 1024);
    buf_printf(&text, "SELECT jsonb_pretty(coalesce(jsonb_agg(to_jsonb(t)), '[]')) FROM (%s) t",
               sql);
    res = buf_error(&text) ? err_sys(err, buf_error(&text), "statement")
                           : pg_query(verb->conn, text.data, count, values, &rows, err);
    if (!res)
        printf("%s\n", PQgetvalue(rows, 0, 0));
    PQclear(rows);
    buf_free(&text);
    return res;
}

/* What would never be delivered is better said at once. */
static int check_url(const struct webhook_verb *verb, const char *url, struct err *err)
{
    if (str_starts_with(url, "http:") && !verb->node.topology->webhooks.allow_private)
        return err_set(err, -EINVAL,
                       "https is needed (http is for addresses inside, which "
                       "`webhooks: {allow_private: true}` of the deployment file allows)");
    return 0;
}

static int add(struct webhook_verb *verb, struct err *err)
{
    static const char sql[] =
        "INSERT INTO voip.webhooks (domain_id, url, events)"
        " SELECT id, $2, string_to_array($3, ',') FROM voip.domains WHERE name = $1"
        " RETURNING id, secret";
    const char *const values[] = {verb->operands[0], verb->operands[1],
                                  verb->events ? verb->events : "call.ended"};
    PGresult *rows = NULL;
    int res = check_url(verb, verb->operands[1], err);

    if (!res)
        res = pg_query(verb->conn, sql, (int)DP_COUNT(values), values, &rows, err);
    if (!res && PQntuples(rows) == 0)
        res = err_set(err, -ENOENT, "there is no tenant %s", verb->operands[0]);
    if (!res && verb->json)
        printf("{\"id\": %s, \"secret\": \"%s\"}\n", PQgetvalue(rows, 0, 0),
               PQgetvalue(rows, 0, 1));
    else if (!res)
        printf("webhook %s\nsecret  %s\n\nThe secret is not shown again.\n", PQgetvalue(rows, 0, 0),
               PQgetvalue(rows, 0, 1));
    PQclear(rows);
    return res;
}

static int list(struct webhook_verb *verb, struct err *err)
{
    static const char sql[] =
        "SELECT w.id, d.name AS tenant, w.url, array_to_string(w.events, ',') AS events, w.active,"
        " n.pending, n.dead FROM voip.webhooks w JOIN voip.domains d ON d.id = w.domain_id,"
        " LATERAL (SELECT count(*) FILTER (WHERE delivered_at IS NULL AND dead_at IS NULL)"
        " AS pending, count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead"
        " FROM voip.webhook_deliveries x"
        " WHERE x.domain_id = w.domain_id AND x.webhook_id = w.id) n"
        " WHERE $1::text IS NULL OR d.name = $1 ORDER BY w.id";
    PGresult *rows = NULL;
    int res;

    if (verb->json)
        return webhook_print_json(verb, sql, 1, &verb->tenant, err);
    res = pg_query(verb->conn, sql, 1, &verb->tenant, &rows, err);
    for (int i = 0; !res && i < PQntuples(rows); i++)
        printf("%s  %s  %s  %s  %s  %s pending  %s dead\n", PQgetvalue(rows, i, 0),
               PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2), PQgetvalue(rows, i, 3),
               PQgetvalue(rows, i, 4)[0] == 't' ? "active" : "paused", PQgetvalue(rows, i, 5),
               PQgetvalue(rows, i, 6));
    PQclear(rows);
    return res;
}

/* A statement that does something to the webhook of the operand. */
static int change(struct webhook_verb *verb, const char *sql, struct err *err)
{
    const char *const values[] = {verb->operands[0]};
    PGresult *rows = NULL;
    int res = pg_query(verb->conn, sql, 1, values, &rows, err);

    if (!res && strcmp(PQcmdTuples(rows), "0") == 0)
        res = err_set(err, -ENOENT, "there is no webhook %s", verb->operands[0]);
    PQclear(rows);
    return res;
}

static int erase(struct webhook_verb *verb, struct err *err)
{
    return change(verb, "DELETE FROM voip.webhooks WHERE id = $1::bigint", err);
}

static int pause_(struct webhook_verb *verb, struct err *err)
{
    return change(verb, "UPDATE voip.webhooks SET active = false WHERE id = $1::bigint", err);
}

static int resume(struct webhook_verb *verb, struct err *err)
{
    return change(verb, "UPDATE voip.webhooks SET active = true WHERE id = $1::bigint", err);
}

static const struct action {
    const char *name, *operands, *summary;
    int least, most; /* operands */
    bool by_number;  /* which are webhooks' ids */
    int (*run)(struct webhook_verb *verb, struct err *err);
} actions[] = {
    {"add", "DOMAIN URL", "Tell a tenant's URL of events; prints the secret they are signed with",
     2, 2, false, add},
    {"list", NULL, "List webhooks, what waits for them and what was given up", 0, 0, false, list},
    {"remove", "ID", "Remove a webhook, with what waits for it", 1, 1, true, erase},
    {"pause", "ID", "Deliver nothing to a webhook, and keep nothing for it", 1, 1, true, pause_},
    {"resume", "ID", "Deliver to it again", 1, 1, true, resume},
    {"deliveries", NULL, "List deliveries, the latest first", 0, 0, false, webhook_deliveries},
    {"replay", "DELIVERY… | --dead", "Send deliveries once more", 0, OPERANDS_MAX, false,
     webhook_replay},
    {"test", "ID", "Send a test to a webhook, and say what became of it", 1, 1, true, webhook_test},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: dialplane webhook ACTION [OPTION…]\n\n");
    for (size_t i = 0; i < DP_COUNT(actions); i++)
        fprintf(out, "  %-10s %s\n", actions[i].name, actions[i].summary);
    fprintf(out, "\n`dialplane webhook ACTION --help` tells the options.\n");
}

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < DP_COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static bool are_right(const struct action *action, const struct webhook_verb *verb)
{
    bool is_replay = action->run == webhook_replay;
    uint64_t number;

    if (verb->count < action->least || verb->count > action->most ||
        (is_replay && verb->dead == (verb->count > 0)))
        fprintf(stderr, "dialplane webhook %s: %s is wanted\n", action->name,
                action->operands ? action->operands : "no operand");
    else if (action->by_number && str_to_u64(verb->operands[0], 1, INT64_MAX, &number))
        fprintf(stderr, "dialplane webhook %s: ID is a number\n", action->name);
    else if ((verb->webhook && str_to_u64(verb->webhook, 1, INT64_MAX, &number)) ||
             (verb->limit && str_to_u64(verb->limit, 1, 100000, &number)))
        fprintf(stderr, "dialplane webhook %s: --webhook and --limit are numbers\n", action->name);
    else
        return true;
    return false;
}

static int run(struct webhook_verb *verb, const struct action *action, struct err *err)
{
    const struct pg_target target =
        cmd_target(&verb->node, SECRET_DB_ADMIN, "dialplane webhook", QUERY_MS);
    int res = pg_connect(&verb->conn, &target, err);

    if (!res)
        res = action->run(verb, err);
    PQfinish(verb->conn);
    return res;
}

int cmd_webhook(int argc, char **argv)
{
    const struct action *action = argc > 1 ? find_action(argv[1]) : NULL;
    struct webhook_verb verb = {0};
    const struct cmd_option options[] = {
        {"events", "A,B", "add: of which events (call.ended; there is also recording.ready)",
         &verb.events, NULL},
        {"tenant", "DOMAIN", "list, deliveries, replay --dead: of this tenant", &verb.tenant, NULL},
        {"webhook", "ID", "deliveries, replay --dead: of this webhook", &verb.webhook, NULL},
        {"dead", NULL, "deliveries, replay: all that were given up", NULL, &verb.dead},
        {"pending", NULL, "deliveries: those that are still tried", NULL, &verb.pending},
        {"limit", "N", "deliveries: how many (100)", &verb.limit, NULL},
        {"json", NULL, "print JSON (add, list, deliveries, test)", NULL, &verb.json},
        {0},
    };
    struct cmd_args args;
    struct err err = {""};
    int status, first, res;

    if (!action) {
        bool wants_help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));

        print_usage(wants_help ? stdout : stderr);
        return wants_help ? CMD_OK : CMD_USAGE;
    }
    if (!cmd_parse_operands(argc - 1, argv + 1, action->summary, action->operands, options, &args,
                            &first, &status))
        return status;
    verb.operands = argv + 1 + first;
    verb.count = argc - 1 - first;
    if (!are_right(action, &verb))
        return CMD_USAGE;
    res = cmd_open(&verb.node, &args, &err);
    if (!res) {
        res = run(&verb, action, &err);
        cmd_close(&verb.node);
    }
    return res ? cmd_fail("webhook", &err) : CMD_OK;
}
