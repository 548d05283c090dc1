/* How a spool is doing, and how near it is to taking nothing more. */
#include <sys/statvfs.h>

#include "store/spool_private.h"

/* What is refused first is a large record; this much is what an ordinary one and its group take. */
enum { ORDINARY = 64 * 1024 };

uint64_t spool_bytes_behind(const struct spool *spool, struct spool_place place)
{
    uint64_t total = 0;

    for (size_t i = 0; i < spool->count; i++) {
        const struct spool_segment *segment = &spool->segments[i];

        if (segment->number > place.segment)
            total += segment->len;
        else if (segment->number == place.segment && segment->len > place.offset)
            total += segment->len - place.offset;
    }
    return total;
}

void spool_stats(struct spool *spool, struct spool_stats *out)
{
    struct statvfs st;

    pthread_mutex_lock(&spool->mutex);
    *out = (struct spool_stats){
        .bytes = spool_bytes_behind(spool, (struct spool_place){0}),
        .unread = spool_bytes_behind(spool, spool->read_place),
        .unconfirmed = spool_bytes_behind(spool, spool->checkpoint_place),
        .appended = spool->appended,
        .commits = spool->commits,
        .damaged = spool->damaged,
        .size_max = spool->options.size_max,
        .free_min = spool->options.free_min,
        .free = UINT64_MAX,
    };
    pthread_mutex_unlock(&spool->mutex);
    /* As the appending sees it. */
    if (fstatvfs(spool->folder, &st) == 0)
        out->free = (uint64_t)st.f_bavail * st.f_frsize;
}

enum spool_level spool_level(const struct spool_stats *stats)
{
    if (stats->bytes + ORDINARY > stats->size_max || stats->free < stats->free_min + ORDINARY)
        return SPOOL_FULL;
    if (stats->bytes >= stats->size_max / 4 * 3 || stats->free / 2 < stats->free_min)
        return SPOOL_HIGH;
    if (stats->bytes >= stats->size_max / 2 || stats->free / 4 < stats->free_min)
        return SPOOL_HALF;
    return SPOOL_EASY;
}

const char *spool_level_name(enum spool_level level)
{
    static const char *const names[] = {"ok", "half", "high", "full"};

    return names[level];
}
