#include "cdr/follow_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"

enum { CHECKPOINT_MAX = 128 };

bool follow_same(const struct follow_id *a, const struct follow_id *b)
{
    return a->inode == b->inode && a->born_ns == b->born_ns;
}

static int identify(int fd, const char *path, int flags, struct follow_id *id, uint64_t *size)
{
    struct statx st;

    if (statx(fd, path, flags, STATX_INO | STATX_SIZE | STATX_BTIME, &st))
        return -errno;
    *id = (struct follow_id){.inode = st.stx_ino};
    if (st.stx_mask & STATX_BTIME)
        id->born_ns = (uint64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
    if (size)
        *size = st.stx_size;
    return 0;
}

int follow_identify(int fd, struct follow_id *id, uint64_t *size)
{
    return identify(fd, "", AT_EMPTY_PATH, id, size);
}

int follow_identify_path(const char *path, struct follow_id *id)
{
    return identify(AT_FDCWD, path, 0, id, NULL);
}

/* "inode birth offset" in decimal, and "inside" where it is. */
static bool parse(const char *text, struct follow_mark *out)
{
    int end = -1;

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &out->id.inode, &out->id.born_ns,
               &out->offset, &end) != 3 ||
        end < 0)
        return false;
    out->inside = strcmp(text + end, "inside\n") == 0;
    return out->inside || text[end] == '\0';
}

int follow_load(const char *path, struct follow_mark *out, struct err *err)
{
    struct follow_mark mark = {0};
    struct buf text;
    int res;

    buf_init(&text, CHECKPOINT_MAX);
    res = file_read(path, &text, err);
    if (res == -ENOENT)
        res = 0;
    else if (!res && !parse(text.data, &mark))
        res = err_set(err, -EINVAL, "%s is no checkpoint", path);
    if (!res)
        *out = mark;
    buf_free(&text);
    return res;
}

int follow_save(const char *path, const struct follow_mark *mark, struct err *err)
{
    char text[CHECKPOINT_MAX];

    snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %" PRIu64 "%s\n", mark->id.inode,
             mark->id.born_ns, mark->offset, mark->inside ? " inside" : "");
    return file_write(path, text, strlen(text), 0600, err);
}
