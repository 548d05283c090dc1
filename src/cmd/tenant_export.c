/* dialplane export and dialplane schema: tenants as files. */
#include <stdio.h>

#include "api/code.h"
#include "base/file.h"
#include "cmd/common.h"
#include "cmd/verbs.h"

enum { QUERY_MS = 60000, SCHEMA_MAX = 1024 * 1024, FILE_MODE = 0600 };

/* The digests in it open phones, so a file is nobody else's to read. */
static int put_out(const struct buf *text, const char *path, struct err *err)
{
    if (path)
        return file_write(path, text->data, text->len, FILE_MODE, err);
    if (fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout))
        return err_set(err, -1, "standard output: it was not all written");
    return 0;
}

static int export_tenant(const struct cmd_node *node, const char *domain, const char *prompts,
                         struct buf *out, struct err *err)
{
    const struct pg_target target = cmd_target(node, SECRET_DB_API, "dialplane export", QUERY_MS);
    PGconn *conn = NULL;
    int res = pg_connect(&conn, &target, err);

    if (!res)
        res = code_export(conn, domain, prompts, out, err);
    PQfinish(conn);
    return res;
}

int cmd_export(int argc, char **argv)
{
    const char *path = NULL, *prompts = NULL;
    const struct cmd_option options[] = {
        {"output", "FILE", "write this file, for its owner alone, instead of printing", &path,
         NULL},
        {"prompts", "FOLDER", "write the audio of its prompts there, too", &prompts, NULL},
        {0},
    };
    struct cmd_node node;
    struct cmd_args args;
    struct err err = {""};
    struct buf text;
    int status, res, first;

    if (!cmd_parse_operands(argc, argv, "Print a tenant as YAML, which `dialplane apply` reads",
                            "DOMAIN", options, &args, &first, &status))
        return status;
    if (argc - first != 1) {
        fprintf(stderr, "dialplane export: DOMAIN is wanted\n");
        return CMD_USAGE;
    }
    buf_init(&text, CODE_FILE_MAX);
    res = cmd_open(&node, &args, &err);
    if (!res) {
        res = export_tenant(&node, argv[first], prompts, &text, &err);
        if (!res)
            res = put_out(&text, path, &err);
        cmd_close(&node);
    }
    buf_free(&text);
    return res ? cmd_fail("export", &err) : CMD_OK;
}

int cmd_schema(int argc, char **argv)
{
    struct cmd_args args;
    struct err err = {""};
    struct buf text;
    int status, res;

    if (!cmd_parse(argc, argv, "Print the JSON Schema of a tenant's file, for editors", NULL, &args,
                   &status))
        return status;
    buf_init(&text, SCHEMA_MAX);
    res = code_schema(&text);
    if (res)
        (void)err_sys(&err, res, "the schema");
    else
        res = put_out(&text, NULL, &err);
    buf_free(&text);
    return res ? cmd_fail("schema", &err) : CMD_OK;
}
