#include "store/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/spool_private.h"

static int write_all(int fd, const char *data, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t written = pwrite(fd, data, len, (off_t)offset);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        offset += (uint64_t)written;
        len -= (size_t)written;
    }
    return 0;
}

/* A disk that is full to the last byte stops more than this spool: the database is on it too. */
static int check_disk(const struct spool *spool, size_t more, struct err *err)
{
    struct statvfs st;

    if (fstatvfs(spool->folder, &st))
        return err_sys(err, -errno, "free space for the spool");
    if ((uint64_t)st.f_bavail * st.f_frsize >= spool->options.free_min + more)
        return 0;
    return err_set(err, -ENOSPC, "the disk of the spool has less than %" PRIu64 " bytes left",
                   spool->options.free_min);
}

/*
 * After a failed write or flush nobody knows what of the pages reached the disk, and a second
 * flush would not tell (it reports an error once). So the segment ends where it was good, and the
 * next group begins another one.
 */
static void abandon_segment(struct spool *spool, uint64_t good)
{
    /* What cannot be cut off will be skipped by the reader, or come out although it was refused. */
    if (ftruncate(spool->active, (off_t)good) == 0)
        (void)fdatasync(spool->active);
    close(spool->active);
    spool->active = -1;
}

/* Writes one group to the active segment. As the leader, without the mutex. */
static int write_group(struct spool *spool, const struct spool_group *group, struct err *err)
{
    struct spool_segment last;
    int res;

    pthread_mutex_lock(&spool->mutex);
    last = spool->count ? spool->segments[spool->count - 1] : (struct spool_segment){0};
    pthread_mutex_unlock(&spool->mutex);
    if (spool->active >= 0 && last.len >= spool->options.segment_bytes)
        spool_end_segment(spool, last.len);
    if (spool->active < 0) {
        res = spool_begin_segment(spool, err);
        if (res)
            return res;
        last = (struct spool_segment){.number = spool->next - 1};
    }
    buf_reset(&spool->scratch);
    for (size_t i = 0; i < group->count; i++)
        spool_encode(&spool->scratch,
                     (struct spool_place){last.number, last.len + spool->scratch.len},
                     group->list[i]);
    res = buf_error(&spool->scratch);
    if (res)
        return err_sys(err, res, "records for the spool");
    res = check_disk(spool, spool->scratch.len, err);
    if (res)
        return res;
    res = write_all(spool->active, spool->scratch.data, spool->scratch.len, last.len);
    if (!res && fdatasync(spool->active))
        res = -errno;
    if (res) {
        abandon_segment(spool, last.len);
        return err_sys(err, res, "writing to the spool");
    }
    pthread_mutex_lock(&spool->mutex);
    spool->segments[spool->count - 1].len += spool->scratch.len;
    pthread_mutex_unlock(&spool->mutex);
    return 0;
}

/* The caller becomes the leader and writes what has gathered. With the mutex. */
static void lead(struct spool *spool)
{
    struct spool_group *group = spool->gathering;

    spool->gathering = NULL;
    spool->writing = true;
    pthread_mutex_unlock(&spool->mutex);
    group->result = write_group(spool, group, &group->err);
    pthread_mutex_lock(&spool->mutex);
    spool->writing = false;
    group->done = true;
    spool->commits++;
    if (!group->result)
        spool->appended += group->count;
    /* Its waiters are done, and of those that have gathered meanwhile one goes on: if all woke up
     * to look, each record would cost two switches more. */
    pthread_cond_broadcast(&group->written);
    if (spool->gathering)
        pthread_cond_signal(&spool->gathering->written);
    pthread_cond_broadcast(&spool->readable);
}

/* Puts the records into the group that gathers now. With the mutex. */
static int join(struct spool *spool, const struct spool_record *records, size_t count,
                struct spool_group **out)
{
    struct spool_group *group = spool->gathering;

    if (!group) {
        group = calloc(1, sizeof(*group));
        if (!group)
            return -ENOMEM;
        pthread_cond_init(&group->written, NULL);
        spool->gathering = group;
    }
    if (group->room - group->count < count) {
        size_t room = (group->count + count) * 2;
        const struct spool_record **list = realloc(group->list, room * sizeof(*list));

        if (!list && group->waiters == 0) {
            spool->gathering = NULL;
            pthread_cond_destroy(&group->written);
            free(group);
        }
        if (!list)
            return -ENOMEM;
        group->list = list;
        group->room = room;
    }
    for (size_t i = 0; i < count; i++)
        group->list[group->count++] = &records[i];
    group->waiters++;
    *out = group;
    return 0;
}

static int leave(struct spool_group *group, struct err *err)
{
    int res = group->result;

    if (res)
        err_set(err, res, "%s", group->err.text);
    if (--group->waiters == 0) {
        pthread_cond_destroy(&group->written);
        free(group->list);
        free(group);
    }
    return res;
}

static int check_sizes(const struct spool *spool, const struct spool_record *records, size_t count,
                       uint64_t *bytes, struct err *err)
{
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (records[i].len > spool->options.record_max)
            return err_set(err, -EMSGSIZE, "a record of %zu bytes; at most %zu", records[i].len,
                           spool->options.record_max);
        *bytes += SPOOL_HEADER + records[i].len;
    }
    return 0;
}

int spool_append(struct spool *spool, const struct spool_record *records, size_t count,
                 struct err *err)
{
    struct spool_group *group;
    uint64_t bytes;
    int res = check_sizes(spool, records, count, &bytes, err);

    if (res || count == 0)
        return res;
    pthread_mutex_lock(&spool->mutex);
    if (spool_bytes_behind(spool, (struct spool_place){0}) + bytes > spool->options.size_max) {
        res =
            err_set(err, -ENOSPC, "the spool is full: %" PRIu64 " bytes", spool->options.size_max);
        goto out;
    }
    res = join(spool, records, count, &group);
    if (res) {
        err_sys(err, res, "records for the spool");
        goto out;
    }
    /* While somebody writes, `group` gathers; when it is still not done after that, it is the one
     * that gathers, and whoever wakes up first writes it for all. */
    while (!group->done) {
        if (spool->writing)
            pthread_cond_wait(&group->written, &spool->mutex);
        else
            lead(spool);
    }
    res = leave(group, err);
out:
    pthread_mutex_unlock(&spool->mutex);
    return res;
}
