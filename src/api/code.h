/*
 * Tenants as code: a tenant's configuration as a YAML file, and a file as a tenant's
 * configuration (docs/tenants-as-code.md). What can be in it comes from the descriptions of
 * resources (api/resource.h) and from nowhere else: a column that is described is exported,
 * compared, applied and in the JSON Schema.
 *
 * Rows are told apart by what people know them by, never by ids. A column that is not in the file
 * has its default.
 */
#pragma once

#include <libpq-fe.h>

#include "api/access.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { CODE_FILE_MAX = 64 * 1024 * 1024 };

/*
 * Appends the tenant as YAML. `conn` logs in as dialplane_api. The audio of its prompts goes to
 * `prompts`, a folder that is there, as NAME.wav; NULL: nowhere. -ENOENT: there is no such tenant.
 */
int code_export(PGconn *conn, const char *domain, const char *prompts, struct buf *out,
                struct err *err) DP_CHECK;

/* Appends the JSON Schema (2020-12) of the file. */
int code_schema(struct buf *out) DP_CHECK;

struct code_file;

/*
 * Reads a file that is in memory; `name` is for messages ("acme.yaml:12:5: …") and belongs to the
 * caller. -EINVAL when it is no file of a tenant.
 */
int code_read(struct code_file **out, const char *name, const char *text, size_t len,
              struct err *err) DP_CHECK;
void code_free(struct code_file *file); /* NULL is allowed */

struct code_apply {
    PGconn *conn;        /* as dialplane_api, outside of any transaction */
    const char *actor;   /* for the audit log */
    const char *prompts; /* the folder with the audio of prompts that are not there; NULL: none */
    bool prune;          /* what the file does not name is deleted */
    bool keep;           /* otherwise everything is checked, and taken back */
    const struct buf *expected; /* NULL, or the plan that was shown: another one is refused */
    /* What happened: lines of "+ users 1001", and their counts. */
    struct buf plan;
    unsigned int added, changed, deleted;
    struct buf told; /* secrets that were made and are told once */
    /* All that is wrong with the file, a line each, when that is why it failed. */
    struct buf wrong;
};

/* CSV in memory: what it is of (a section, or an export of the product), and its name in messages.
 */
struct code_source {
    const char *section, *name, *text;
    size_t len;
};

struct code_import {
    const char *actor;   /* for the audit log */
    const char *from;    /* whose exports they are: "fusionpbx", "freepbx"; NULL: our own words */
    const char *country; /* of numbers outside that have none, with `from`: "49"; NULL: unknown */
    bool dry_run;
    unsigned int added, same, bad,
        left;         /* lines; left: nothing is taken of them, and why is told */
    struct buf lines; /* what is wrong with the bad ones, a line each */
    void (*progress)(void *arg, unsigned int rows); /* so many are done; NULL: nobody asks */
    void *arg;
};

/*
 * Makes rows from CSV, whose first line names fields as the file of a tenant does, or columns as
 * the product does that exported it. Good lines are taken whatever the others are; lines may lead
 * to others of any of the files. 0 with bad lines in `told`; -EINVAL when a file as a whole cannot
 * be read.
 */
int code_import(PGconn *conn, const char *domain, const struct code_source *sources, size_t count,
                struct code_import *told, struct err *err) DP_CHECK;

/* Whether exports of such a product are known. */
bool code_import_knows(const char *product);

/*
 * Makes the tenant as the file says, in one transaction, or leaves everything as it was. -EINVAL
 * when something in the file is wrong (with its place), -EIO otherwise.
 */
int code_apply(struct code_file *file, struct code_apply *apply, struct err *err) DP_CHECK;
