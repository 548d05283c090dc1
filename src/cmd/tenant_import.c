/* dialplane import: many rows of one kind from CSV. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/code.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/access.h"
#include "cmd/verbs.h"

enum { STATEMENT_MS = 60000, LINES_MAX = 64 * 1024 * 1024, SHOWN_MAX = 4096, PROGRESS_MS = 300 };

struct options {
    const char *domain, *section, *path;
    bool dry_run;
};

/* What a line of the file would do to a terminal, it does not do. */
static void print_lines(const struct buf *lines)
{
    char shown[SHOWN_MAX];
    char *rest = NULL;

    if (!lines->len)
        return;
    for (char *line = strtok_r(lines->data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        log_escape(shown, sizeof(shown), line);
        fprintf(stderr, "%s\n", shown);
    }
}

/* Of a long import at a terminal: how far it is, a few times a second. */
static void show_progress(void *arg, unsigned int rows)
{
    int64_t *next = arg;

    if (clock_mono_ms() < *next)
        return;
    *next = clock_mono_ms() + PROGRESS_MS;
    fprintf(stderr, "\r%u lines", rows);
}

static int run(const struct options *options, const struct cmd_args *args, const struct buf *text,
               struct code_import *told, struct err *err)
{
    struct pg_target target;
    struct cmd_node node;
    PGconn *conn = NULL;
    int res = cmd_open(&node, args, err);

    if (res)
        return res;
    target = cmd_target(&node, SECRET_DB_API, "dialplane import", STATEMENT_MS);
    res = pg_connect(&conn, &target, err);
    if (!res)
        res = code_import(conn, options->domain, options->section, options->path,
                          text->data ? text->data : "", text->len, told, err);
    PQfinish(conn);
    cmd_close(&node);
    return res;
}

static int import(const struct options *options, const struct cmd_args *args)
{
    char actor[API_CALLER_NAME_SIZE];
    int64_t next = clock_mono_ms() + PROGRESS_MS, never = next;
    struct code_import told = {.actor = actor, .dry_run = options->dry_run, .arg = &next};
    struct err err = {""};
    struct buf text;
    int res;

    access_shell_name(actor);
    buf_init(&told.lines, LINES_MAX);
    buf_init(&text, CODE_FILE_MAX);
    if (isatty(STDERR_FILENO))
        told.progress = show_progress;
    res = file_read(options->path, &text, &err);
    if (!res)
        res = run(options, args, &text, &told, &err);
    if (next != never)
        fputs("\r\033[K", stderr);
    print_lines(&told.lines);
    if (!res)
        printf("%u %s, %u were there, %u are wrong.\n", told.added,
               options->dry_run ? "would be added" : "added", told.same, told.bad);
    /* Passwords may be in it. */
    if (text.cap)
        explicit_bzero(text.data, text.cap);
    buf_free(&text);
    buf_free(&told.lines);
    if (res)
        return cmd_fail("import", &err);
    return told.bad ? CMD_FAILED : CMD_OK;
}

int cmd_import(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"dry-run", NULL, "check everything, keep nothing", NULL, &chosen.dry_run},
        {0},
    };
    struct cmd_args args;
    int status, first;

    if (!cmd_parse_operands(
            argc, argv,
            "Add rows of a SECTION (users, extensions, queues, inbound_numbers …) "
            "from CSV, whose first line names the fields as `dialplane export` does",
            "DOMAIN SECTION FILE", options, &args, &first, &status))
        return status;
    if (argc - first != 3) {
        fprintf(stderr, "dialplane import: DOMAIN SECTION FILE are wanted\n");
        return CMD_USAGE;
    }
    chosen.domain = argv[first];
    chosen.section = argv[first + 1];
    chosen.path = argv[first + 2];
    return import(&chosen, &args);
}
