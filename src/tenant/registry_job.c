#include "tenant/registry_job.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "tenant/copy.h"
#include "tenant/copy_file.h"
#include "tenant/load.h"
#include "tenant/registry_private.h"

/* From the rows at hand if there are any: they are newer than the file. */
static int read_copy(int folder, struct registry_job *job)
{
    struct buf file;
    int res;

    if (job->rows.len)
        return snapshot_of_copy(job->rows.data, job->rows.len, job->domain, &job->snapshot,
                                &job->err);
    buf_init(&file, REGISTRY_COPY_MAX);
    res = copy_file_read(folder, job->domain, &file);
    if (res)
        err_sys(&job->err, res, "reading it");
    else
        res = snapshot_of_copy(file.data, file.len, job->domain, &job->snapshot, &job->err);
    buf_free(&file);
    return res;
}

void registry_job_do(int folder, struct registry_job *job)
{
    if (job->rows.len)
        job->write_res = copy_seal(&job->rows);
    if (job->read && !job->write_res)
        job->read_res = read_copy(folder, job);
    if (job->rows.len && !job->write_res)
        job->write_res = copy_file_write(folder, job->domain, &job->rows, &job->written);
    /* What is damaged goes: a file that looks like the right one would not be replaced. */
    if (job->remove || job->read_res == -EBADMSG)
        job->remove_res = copy_file_remove(folder, job->domain);
}

void registry_job_report(const struct registry_job *job, bool *failing)
{
    bool fails = job->write_res;

    if (job->read_res)
        log_warning("the copy of tenant %s is not used: %s", job->domain, job->err.text);
    if (job->remove_res)
        log_warning("the copy of tenant %s cannot be removed: %s", job->domain,
                    strerror(-job->remove_res));
    if (!job->rows.len || fails == *failing)
        return;
    *failing = fails;
    if (fails)
        log_warning("the copy of tenant %s cannot be written: %s (trying again)", job->domain,
                    strerror(-job->write_res));
    else
        log_info("copies of tenants are written again");
}
