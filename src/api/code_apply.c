/*
 * From a file to the tenant, in one transaction. What is to be done is found by comparing rows by
 * their keys. Then: what will lead elsewhere lets go; what nobody needs is deleted, so that its
 * place is free; what is new is made, after what it leads to; what is there is changed; the rest is
 * deleted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_write.h"
#include "api/resources/resources.h"

struct deletions {
    struct code_row **rows;
    size_t count;
};

bool code_is_changed(const struct code_row *row)
{
    for (const struct api_column *c = row->resource->columns; row->twin && c->name; c++)
        if (code_differs(row, c) || code_digest_differs(row, c))
            return true;
    return false;
}

static void pair(const struct code_work *work)
{
    struct code_rows *rows = &work->file->rows;

    for (size_t i = 0; i < rows->count; i++) {
        struct code_row *twin = code_by_key(work->current, rows->rows[i]->key);

        rows->rows[i]->twin = twin;
        if (twin)
            twin->twin = rows->rows[i];
    }
}

/* A row that could not be read was told already. */
static int each(const struct code_work *work,
                int (*one)(const struct code_work *, struct code_row *))
{
    struct code_rows *rows = &work->file->rows;
    int res = 0;

    for (size_t i = 0; i < rows->count && (!res || res == -EINVAL); i++) {
        int more = rows->rows[i]->is_bad ? 0 : one(work, rows->rows[i]);

        res = more ? more : res;
    }
    return res;
}

/* Whatever is wrong, all of it is told. */
static int prepare(const struct code_work *work)
{
    int res = each(work, code_digests);

    if (res && res != -EINVAL)
        return res;
    pair(work);
    res = each(work, code_check);
    return res ? res : work->session->faults->count ? -EINVAL : 0;
}

static void tell(const struct code_work *work, const struct deletions *deletions)
{
    struct code_apply *apply = work->apply;
    const struct code_rows *rows = &work->file->rows;

    for (size_t i = 0; i < rows->count; i++) {
        const struct code_row *row = rows->rows[i];
        bool changed = code_is_changed(row);
        bool added = !row->twin || (changed && code_is_nothing(row->twin));

        /* The tenant itself was made, and told, just now. */
        if (row->id)
            continue;
        apply->added += added;
        apply->changed += changed && !added;
        if (added || changed)
            code_tell(&apply->plan, added ? '+' : '~', row);
    }
    apply->deleted = (unsigned int)deletions->count;
    for (size_t i = 0; i < deletions->count; i++)
        code_tell(&apply->plan, '-', deletions->rows[i]);
}

static int stop(void *arg, struct code_row *row)
{
    (void)arg;
    (void)row;
    return -EINVAL;
}

/* Prompts come first: they are led to by texts, custom/NAME. */
static int create_all(const struct code_work *work)
{
    const struct code_many many = {.work = work, .refused = stop};
    struct code_rows *rows = &work->file->rows;
    int res = 0;

    for (size_t i = 0; !res && i < rows->count; i++)
        if (rows->rows[i]->resource == &api_prompts && !rows->rows[i]->twin)
            res = code_create(work, rows->rows[i]);
    return res ? res : code_create_many(&many, rows->rows, rows->count);
}

static int delete_all(const struct code_work *work, const struct deletions *deletions, bool late)
{
    int res = 0;

    for (size_t i = 0; !res && i < deletions->count; i++)
        if (code_is_late(deletions->rows[i]) == late)
            res = code_delete(work, deletions->rows[i]);
    return res;
}

/* `before` has a place for each row of the file. */
static int let_go_all(const struct code_work *work, struct api_row *before)
{
    struct code_rows *rows = &work->file->rows;
    int res = 0;

    for (size_t i = 0; !res && i < rows->count; i++) {
        if (!code_is_changed(rows->rows[i]))
            continue;
        res = code_lock(work, rows->rows[i], &before[i]);
        if (!res)
            res = code_let_go(work, rows->rows[i]);
    }
    return res;
}

static int change_all(const struct code_work *work, const struct api_row *before)
{
    struct code_rows *rows = &work->file->rows;
    int res = 0;

    for (size_t i = 0; !res && i < rows->count; i++)
        if (code_is_changed(rows->rows[i]))
            res = code_change(work, rows->rows[i], &before[i]);
    return res;
}

static int write_all(const struct code_work *work, const struct deletions *deletions)
{
    size_t count = work->file->rows.count;
    struct api_row *before = calloc(count, sizeof(*before));
    int res = before ? let_go_all(work, before) : -ENOMEM;

    if (!res)
        res = delete_all(work, deletions, false);
    if (!res)
        res = create_all(work);
    if (!res)
        res = change_all(work, before);
    if (!res)
        res = delete_all(work, deletions, true);
    for (size_t i = 0; before && i < count; i++)
        api_row_free(&before[i]);
    free(before);
    return res;
}

/* Of a tenant that is new: it is made first, since everything else is in it. */
static int make_tenant(const struct code_work *work)
{
    struct code_row *row = work->file->rows.rows[0];
    int res;

    work->apply->added++;
    code_tell(&work->apply->plan, '+', row);
    res = code_create(work, row);
    if (!res)
        work->request->domain_id = strtoll(row->id, NULL, 10);
    return res ? res : code_act_for(work, row, false);
}

static int finish(const struct code_work *work)
{
    struct api_request *request = work->request;

    buf_reset(&request->response->body);
    /* What is checked at the end is checked in a trial, too. */
    if (api_query(request, "SET CONSTRAINTS ALL IMMEDIATE", 0, NULL, NULL) ||
        (work->apply->keep && api_query(request, "COMMIT", 0, NULL, NULL))) {
        code_problem(request, work->err);
        return -EIO;
    }
    return 0;
}

static int check_expected(const struct code_work *work)
{
    const struct buf *expected = work->apply->expected, *plan = &work->apply->plan;

    if (!expected || (expected->len == plan->len &&
                      (!plan->len || memcmp(expected->data, plan->data, plan->len) == 0)))
        return 0;
    return err_set(work->err, -EAGAIN,
                   "the tenant was changed meanwhile: nothing was done, ask again");
}

static int run(const struct code_work *work)
{
    struct deletions deletions = {0};
    int res = code_load(work->request, work->current, work->err);

    if (!res)
        res = prepare(work);
    if (!res && work->apply->prune)
        res = code_deletions(work->current, &deletions.rows, &deletions.count);
    if (!res) {
        tell(work, &deletions);
        res = check_expected(work);
    }
    if (!res) {
        res = write_all(work, &deletions);
    }
    free(deletions.rows);
    return res ? res : finish(work);
}

int code_apply(struct code_file *file, struct code_apply *apply, struct err *err)
{
    struct code_session session;
    struct code_rows current = {0};
    const struct code_work work = {&session, &session.request, file, &current, apply, err};
    int res = code_begin(&session, apply->conn, file->domain, err);
    bool is_new = res == -ENOENT;

    session.request.takes_digests = true;
    (void)!str_copy(session.request.caller.name, sizeof(session.request.caller.name), apply->actor);
    if (!res || is_new) {
        buf_reset(&session.response.body);
        res = api_query(&session.request, "SET CONSTRAINTS ALL DEFERRED", 0, NULL, NULL);
        if (res)
            code_problem(&session.request, err);
    }
    session.as_platform = is_new;
    session.faults = &file->faults;
    if (!res && is_new)
        res = make_tenant(&work);
    if (!res)
        res = run(&work);
    if (res == -ENOMEM)
        (void)err_set(err, res, "there is no memory for the file");
    if (res == -EINVAL)
        code_faults_tell(&file->faults, &apply->wrong);
    code_end(&session);
    code_rows_free(&current);
    return res;
}
