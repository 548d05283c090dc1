/* Opening a spool: the lock, the segments that are there, and the repair of the last one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "store/spool_private.h"

static int open_folder(struct spool *spool, const char *folder, struct err *err)
{
    int res = file_make_dirs(folder, 0700, err);

    if (res)
        return res;
    spool->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (spool->folder < 0)
        return err_sys(err, -errno, "%s", folder);
    if (flock(spool->folder, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, -EBUSY, "%s is in use by another process", folder);
    return err_sys(err, -errno, "lock of %s", folder);
}

static int compare_segments(const void *a, const void *b)
{
    const struct spool_segment *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

/* "00000000000000000042.seg" → 42; files of other names are none of ours. */
static bool parse_name(const char *name, uint64_t *number)
{
    char again[SPOOL_NAME_SIZE], digits[SPOOL_NAME_SIZE];
    size_t len = strspn(name, "0123456789");

    if (len >= sizeof(digits))
        return false;
    memcpy(digits, name, len);
    digits[len] = '\0';
    if (str_to_u64(digits, 0, UINT64_MAX, number))
        return false;
    spool_segment_name(again, *number);
    return strcmp(again, name) == 0;
}

static int take_file(struct spool *spool, const char *name)
{
    struct spool_segment segment;
    struct spool_segment *list;
    struct stat st;

    if (!parse_name(name, &segment.number))
        return 0;
    if (fstatat(spool->folder, name, &st, AT_SYMLINK_NOFOLLOW))
        return -errno;
    segment.len = (uint64_t)st.st_size;
    list = realloc(spool->segments, (spool->count + 1) * sizeof(*list));
    if (!list)
        return -ENOMEM;
    spool->segments = list;
    spool->segments[spool->count++] = segment;
    spool->room = spool->count;
    return 0;
}

static int list_segments(struct spool *spool, struct err *err)
{
    int copy = openat(spool->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *entry;
    int res = 0;

    if (!dir) {
        res = err_sys(err, -errno, "folder of the spool");
        if (copy >= 0)
            close(copy);
        return res;
    }
    while (!res && (errno = 0, entry = readdir(dir)))
        res = take_file(spool, entry->d_name);
    if (!res && errno)
        res = -errno;
    closedir(dir);
    if (spool->count)
        qsort(spool->segments, spool->count, sizeof(*spool->segments), compare_segments);
    return res ? err_sys(err, res, "segments of the spool") : 0;
}

/* Where the last valid record of these bytes ends. */
static size_t good_end(uint64_t number, const struct buf *bytes)
{
    struct spool_window window = {
        .place = {number, 0}, .bytes = bytes->data, .len = bytes->len, .last = true};
    struct spool_record record;
    size_t end = 0;

    while (spool_scan(&window, &record))
        end = window.pos;
    return end;
}

/* Cuts off what a crash has left half written at the end of the last segment. */
static int repair_last(struct spool *spool, const char *folder, struct err *err)
{
    struct spool_segment *last = &spool->segments[spool->count - 1];
    char name[SPOOL_NAME_SIZE], path[PATH_MAX];
    struct buf bytes;
    size_t end;
    int res;

    spool_segment_name(name, last->number);
    buf_init(&bytes, SIZE_MAX / 2);
    res = str_printf(path, sizeof(path), "%s/%s", folder, name);
    res = res ? err_sys(err, res, "%s", folder) : file_read(path, &bytes, err);
    if (res)
        goto out;
    end = good_end(last->number, &bytes);
    if (end < bytes.len && truncate(path, (off_t)end)) {
        res = err_sys(err, -errno, "end of segment %s of the spool", name);
        goto out;
    }
    last->len = end;
out:
    buf_free(&bytes);
    return res;
}

/* Sets where the reader begins and which number the next segment has. */
static void place_reader(struct spool *spool, struct spool_place checkpoint)
{
    const struct spool_segment *last;

    spool->next = checkpoint.segment + 1;
    if (spool->count) {
        last = &spool->segments[spool->count - 1];
        if (last->number >= spool->next)
            spool->next = last->number + 1;
        /* A segment that was read to its end does not grow again. */
        if (last->number == checkpoint.segment && checkpoint.offset >= last->len)
            checkpoint = (struct spool_place){checkpoint.segment + 1, 0};
    }
    spool->checkpoint_place = checkpoint;
    spool->cursor = spool->read_place = checkpoint;
    spool_drop_read(spool, checkpoint);
}

static int init_threads(struct spool *spool)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&spool->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&spool->readable, &attr);
    return pthread_condattr_destroy(&attr);
}

int spool_open(struct spool **out, const struct spool_options *options, struct err *err)
{
    struct spool *spool = calloc(1, sizeof(*spool));
    struct spool_place checkpoint;
    bool fresh;
    int res;

    if (!spool)
        return err_set(err, -ENOMEM, "out of memory");
    spool->options = *options;
    spool->options.folder = NULL;
    spool->folder = spool->active = spool->checkpoint.fd = -1;
    spool->reading.fd = spool->again.fd = -1;
    buf_init(&spool->scratch, SIZE_MAX / 2);
    res = -init_threads(spool);
    if (!res)
        res = open_folder(spool, options->folder, err);
    if (!res)
        res = spool_checkpoint_open(&spool->checkpoint, spool->folder, &checkpoint, err);
    if (!res)
        res = list_segments(spool, err);
    if (!res && spool->count)
        res = repair_last(spool, options->folder, err);
    /* Neither a place nor a record of its past: places begin anew. */
    fresh = !res && spool->count == 0 && checkpoint.segment == 0;
    if (!res)
        res = spool_name(spool, options->folder, fresh, err);
    if (res) {
        spool_close(spool);
        return res;
    }
    spool_find_spare(spool, fresh);
    place_reader(spool, checkpoint);
    *out = spool;
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    close_if_open(spool->active);
    close_if_open(spool->reading.fd);
    close_if_open(spool->again.fd);
    close_if_open(spool->checkpoint.fd);
    close_if_open(spool->folder);
    pthread_cond_destroy(&spool->readable);
    pthread_mutex_destroy(&spool->mutex);
    buf_free(&spool->scratch);
    free(spool->segments);
    free(spool);
}
