/* dialplane apply: a tenant is made as a file says. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/code.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/access.h"
#include "cmd/verbs.h"

enum {
    STATEMENT_MS = 60000,
    PLAN_MAX = 64 * 1024 * 1024,
    TOLD_MAX = 1024 * 1024,
    WRONG_MAX = 256 * 1024,
};

struct options {
    bool yes, dry_run, prune;
    const char *path, *prompts;
};

static int read_file(const char *path, struct buf *out, struct err *err)
{
    return file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, out, err);
}

/* What a name in the file would do to a terminal, it does not do; lines stay lines. */
static void print_lines(FILE *out, const char *before, const struct buf *lines)
{
    bool begins = true;

    for (size_t i = 0; i < lines->len; i++) {
        unsigned char byte = (unsigned char)lines->data[i];

        if (begins)
            fputs(before, out);
        begins = byte == '\n';
        if (begins || (byte >= ' ' && byte != 0x7f))
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

static void print_plan(const struct code_apply *apply)
{
    print_lines(stdout, "", &apply->plan);
    if (apply->added || apply->changed || apply->deleted)
        printf("%u to add, %u to change, %u to delete.\n", apply->added, apply->changed,
               apply->deleted);
    else
        printf("Nothing to change.\n");
}

static int apply_once(const struct options *options, const struct buf *text,
                      struct code_apply *apply, struct err *err)
{
    struct code_file *file = NULL;
    int res = code_read(&file, options->path, text->data ? text->data : "", text->len, err);

    if (!res)
        res = code_apply(file, apply, err);
    if (res && apply->wrong.len) {
        print_lines(stderr, "dialplane apply: ", &apply->wrong);
        (void)err_set(err, res, "nothing was done");
    }
    code_free(file);
    return res;
}

static bool says_yes(void)
{
    char answer[16] = "";

    printf("Apply this? [y/N] ");
    fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static void init(struct code_apply *apply, const struct options *options, PGconn *conn,
                 const char *actor)
{
    *apply = (struct code_apply){
        .conn = conn, .actor = actor, .prune = options->prune, .prompts = options->prompts};
    buf_init(&apply->plan, PLAN_MAX);
    buf_init(&apply->told, TOLD_MAX);
    buf_init(&apply->wrong, WRONG_MAX);
}

static void clear(struct code_apply *apply)
{
    buf_free(&apply->plan);
    if (apply->told.cap)
        explicit_bzero(apply->told.data, apply->told.cap);
    buf_free(&apply->told);
    buf_free(&apply->wrong);
}

/* The same again, kept, unless it is not the same any more. */
static int keep(const struct options *options, const struct buf *text, struct code_apply *shown,
                struct err *err)
{
    struct code_apply apply;
    int res;

    init(&apply, options, shown->conn, shown->actor);
    apply.keep = true;
    apply.expected = &shown->plan;
    res = apply_once(options, text, &apply, err);
    if (!res)
        printf("Done.\n%s", apply.told.len ? apply.told.data : "");
    clear(&apply);
    return res;
}

static int run(const struct options *options, const struct buf *text, PGconn *conn, struct err *err)
{
    struct code_apply apply;
    char actor[API_CALLER_NAME_SIZE];
    int res;

    access_shell_name(actor);
    init(&apply, options, conn, actor);
    apply.keep = options->yes && !options->dry_run;
    res = apply_once(options, text, &apply, err);
    if (!res)
        print_plan(&apply);
    if (!res && apply.keep && apply.told.len)
        printf("%s", apply.told.data);
    if (!res && !options->yes && !options->dry_run &&
        (apply.added || apply.changed || apply.deleted)) {
        if (!isatty(STDIN_FILENO))
            res =
                err_set(err, -EPERM, "nobody can be asked here: nothing was done (--yes does it)");
        else if (!says_yes())
            res = err_set(err, -ECANCELED, "nothing was done");
        else
            res = keep(options, text, &apply, err);
    }
    clear(&apply);
    return res;
}

static int connect_and_run(const struct options *options, const struct cmd_args *args,
                           const struct buf *text, struct err *err)
{
    struct pg_target target;
    struct cmd_node node;
    PGconn *conn = NULL;
    int res = cmd_open(&node, args, err);

    if (res)
        return res;
    target = cmd_target(&node, SECRET_DB_API, "dialplane apply", STATEMENT_MS);
    res = pg_connect(&conn, &target, err);
    if (!res)
        res = run(options, text, conn, err);
    PQfinish(conn);
    cmd_close(&node);
    return res;
}

int cmd_apply(int argc, char **argv)
{
    struct options chosen = {0};
    const struct cmd_option options[] = {
        {"yes", NULL, "do not ask", NULL, &chosen.yes},
        {"dry-run", NULL, "check everything and show the plan, keep nothing", NULL,
         &chosen.dry_run},
        {"prune", NULL, "delete what the file does not name", NULL, &chosen.prune},
        {"prompts", "FOLDER", "where the audio of new prompts is: FOLDER/NAME.wav", &chosen.prompts,
         NULL},
        {0},
    };
    struct cmd_args args;
    struct err err = {""};
    struct buf text;
    int status, res, first;

    if (!cmd_parse_operands(argc, argv,
                            "Make a tenant as a file says (`dialplane export` writes such files)",
                            "FILE", options, &args, &first, &status))
        return status;
    if (argc - first != 1) {
        fprintf(stderr, "dialplane apply: FILE is wanted (-: standard input)\n");
        return CMD_USAGE;
    }
    chosen.path = argv[first];
    buf_init(&text, CODE_FILE_MAX);
    res = read_file(chosen.path, &text, &err);
    if (!res)
        res = connect_and_run(&chosen, &args, &text, &err);
    /* Passwords may be in it. */
    if (text.cap)
        explicit_bzero(text.data, text.cap);
    buf_free(&text);
    return res ? cmd_fail("apply", &err) : CMD_OK;
}
