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

enum { SOURCES_MAX = 16 };

struct options {
    const char *domain, *from, *country;
    char *const *operands; /* SECTION FILE, again and again */
    size_t count;          /* of these pairs */
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

static int run(const struct options *options, const struct cmd_args *args,
               const struct code_source *sources, struct code_import *told, struct err *err)
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
        res = code_import(conn, options->domain, sources, options->count, told, err);
    PQfinish(conn);
    cmd_close(&node);
    return res;
}

static int read_files(const struct options *options, struct buf texts[SOURCES_MAX],
                      struct code_source sources[SOURCES_MAX], struct err *err)
{
    int res = 0;

    for (size_t i = 0; !res && i < options->count; i++) {
        const char *path = options->operands[2 * i + 1];

        res = file_read(path, &texts[i], err);
        sources[i] = (struct code_source){options->operands[2 * i], path,
                                          texts[i].data ? texts[i].data : "", texts[i].len};
    }
    return res;
}

static void print_counts(const struct options *options, const struct code_import *told)
{
    printf("%u %s, %u were there, %u are wrong", told->added,
           options->dry_run ? "would be added" : "added", told->same, told->bad);
    if (options->from)
        printf(", %u are not taken", told->left);
    printf(".\n");
}

static int import(const struct options *options, const struct cmd_args *args)
{
    char actor[API_CALLER_NAME_SIZE];
    int64_t next = clock_mono_ms() + PROGRESS_MS, never = next;
    struct code_import told = {.actor = actor,
                               .from = options->from,
                               .country = options->country,
                               .dry_run = options->dry_run,
                               .arg = &next};
    struct code_source sources[SOURCES_MAX];
    struct buf texts[SOURCES_MAX];
    struct err err = {""};
    int res;

    access_shell_name(actor);
    buf_init(&told.lines, LINES_MAX);
    for (size_t i = 0; i < SOURCES_MAX; i++)
        buf_init(&texts[i], CODE_FILE_MAX);
    if (isatty(STDERR_FILENO))
        told.progress = show_progress;
    res = read_files(options, texts, sources, &err);
    if (!res)
        res = run(options, args, sources, &told, &err);
    if (next != never)
        fputs("\r\033[K", stderr);
    print_lines(&told.lines);
    if (!res)
        print_counts(options, &told);
    /* Passwords may be in them. */
    for (size_t i = 0; i < SOURCES_MAX; i++) {
        if (texts[i].cap)
            explicit_bzero(texts[i].data, texts[i].cap);
        buf_free(&texts[i]);
    }
    buf_free(&told.lines);
    if (res)
        return cmd_fail("import", &err);
    return told.bad ? CMD_FAILED : CMD_OK;
}

static int refuse(const char *why)
{
    fprintf(stderr, "dialplane import: %s\n", why);
    return CMD_USAGE;
}

static int check(const struct options *options, int operands)
{
    if (operands < 3 || operands % 2 == 0 || operands / 2 > SOURCES_MAX)
        return refuse("DOMAIN SECTION FILE are wanted, and up to 15 more of SECTION FILE");
    if (options->from && !code_import_knows(options->from))
        return refuse("--from is fusionpbx or freepbx");
    if (options->country && !options->from)
        return refuse("--country goes with --from");
    if (options->country &&
        (strspn(options->country, "0123456789") != strlen(options->country) ||
         *options->country == '0' || !*options->country || strlen(options->country) > 3))
        return refuse("--country is 1 to 3 digits, as 49");
    return CMD_OK;
}

int cmd_import(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"from", "PRODUCT", "the files are exports of fusionpbx or freepbx", &chosen.from, NULL},
        {"country", "DIGITS", "with --from: of numbers outside that have no country",
         &chosen.country, NULL},
        {"dry-run", NULL, "check everything, keep nothing", NULL, &chosen.dry_run},
        {0},
    };
    struct cmd_args args;
    int status, first;

    if (!cmd_parse_operands(
            argc, argv,
            "Add rows of a SECTION (users, extensions, queues, inbound_numbers …) from CSV, whose "
            "first line names the fields as `dialplane export` does.\n\n"
            "With --from, a SECTION is an export of that product: of fusionpbx extensions, "
            "voicemails and destinations, of freepbx extensions and dids. Give all of them at once",
            "DOMAIN SECTION FILE [SECTION FILE …]", options, &args, &first, &status))
        return status;
    chosen.domain = argv[first];
    chosen.operands = argv + first + 1;
    chosen.count = (size_t)(argc - first - 1) / 2;
    status = check(&chosen, argc - first);
    return status ? status : import(&chosen, &args);
}
