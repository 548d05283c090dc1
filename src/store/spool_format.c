#include "store/spool_format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/str.h"

enum {
    SLOTS = 2,
    SLOT_SPACING = 4096, /* a disk may lose a whole sector in the middle of a write */
    SLOT_TEXT = 41,      /* two numbers of 20 digits and a space between them */
    SLOT_SIZE = SLOT_TEXT + 10,
};

static const unsigned char magic[4] = {'D', 'P', 'R', 0xf1};

static void put_u32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get_u32(const unsigned char *from)
{
    uint32_t value = 0;

    for (int i = 3; i >= 0; i--)
        value = value << 8 | from[i];
    return value;
}

static uint32_t checksum(struct spool_place place, const void *data, size_t len)
{
    unsigned char where[20];
    uLong crc;

    put_u32(where, (uint32_t)place.segment);
    put_u32(where + 4, (uint32_t)(place.segment >> 32));
    put_u32(where + 8, (uint32_t)place.offset);
    put_u32(where + 12, (uint32_t)(place.offset >> 32));
    put_u32(where + 16, (uint32_t)len);
    crc = crc32(0, where, sizeof(where));
    return (uint32_t)(len ? crc32(crc, data, (uInt)len) : crc);
}

void spool_encode(struct buf *out, struct spool_place place, const struct spool_record *record)
{
    unsigned char header[SPOOL_HEADER];

    memcpy(header, magic, sizeof(magic));
    put_u32(header + 4, (uint32_t)record->len);
    put_u32(header + 8, checksum(place, record->data, record->len));
    buf_add(out, header, sizeof(header));
    buf_add(out, record->data, record->len);
}

enum found { FOUND_RECORD, FOUND_CUT, FOUND_NOTHING };

/* What begins at window->pos. */
static enum found look(struct spool_window *window, struct spool_record *out)
{
    const unsigned char *at = (const unsigned char *)window->bytes + window->pos;
    size_t left = window->len - window->pos;
    struct spool_place place = window->place;
    uint32_t len;

    if (memcmp(at, magic, left < sizeof(magic) ? left : sizeof(magic)) != 0)
        return FOUND_NOTHING;
    window->wanted = window->pos + SPOOL_HEADER;
    if (left < SPOOL_HEADER)
        return FOUND_CUT;
    len = get_u32(at + 4);
    if (len > SPOOL_RECORD_LIMIT)
        return FOUND_NOTHING;
    window->wanted += len;
    if (left - SPOOL_HEADER < len)
        return FOUND_CUT;
    place.offset += window->pos;
    if (checksum(place, at + SPOOL_HEADER, len) != get_u32(at + 8))
        return FOUND_NOTHING;
    *out = (struct spool_record){at + SPOOL_HEADER, len};
    return FOUND_RECORD;
}

/* To the next byte that a record might begin with. */
static void skip(struct spool_window *window)
{
    const char *from = window->bytes + window->pos + 1;
    const char *next = memchr(from, magic[0], window->len - window->pos - 1);
    size_t to = next ? (size_t)(next - window->bytes) : window->len;

    window->skipped += to - window->pos;
    window->pos = to;
}

bool spool_scan(struct spool_window *window, struct spool_record *out)
{
    while (window->pos < window->len) {
        enum found found = look(window, out);

        if (found == FOUND_RECORD) {
            window->pos += SPOOL_HEADER + out->len;
            return true;
        }
        if (found == FOUND_CUT && !window->last)
            return false;
        skip(window);
    }
    return false;
}

static void format_slot(char out[SLOT_SIZE + 1], struct spool_place place)
{
    uLong crc;

    snprintf(out, SLOT_TEXT + 1, "%020" PRIu64 " %020" PRIu64, place.segment, place.offset);
    crc = crc32(0, (const Bytef *)out, SLOT_TEXT);
    snprintf(out + SLOT_TEXT, SLOT_SIZE + 1 - SLOT_TEXT, " %08lx\n", crc);
}

static bool read_slot(int fd, unsigned int slot, struct spool_place *out)
{
    char text[SLOT_SIZE + 1] = "", again[SLOT_SIZE + 1];
    struct spool_place place;

    if (pread(fd, text, SLOT_SIZE, (off_t)slot * SLOT_SPACING) != SLOT_SIZE)
        return false;
    if (sscanf(text, "%20" SCNu64 " %20" SCNu64, &place.segment, &place.offset) != 2)
        return false;
    /* Written anew it has to be the same to the last digit of the checksum. */
    format_slot(again, place);
    if (memcmp(text, again, SLOT_SIZE) != 0)
        return false;
    *out = place;
    return true;
}

bool spool_is_before(struct spool_place a, struct spool_place b)
{
    return a.segment != b.segment ? a.segment < b.segment : a.offset < b.offset;
}

void spool_place_format(char out[SPOOL_PLACE_SIZE], struct spool_place place)
{
    snprintf(out, SPOOL_PLACE_SIZE, "%" PRIu64 "-%" PRIu64, place.segment, place.offset);
}

int spool_place_parse(const char *text, struct spool_place *out)
{
    char segment[SPOOL_PLACE_SIZE];
    struct spool_place place;
    size_t len = strcspn(text, "-");

    if (text[len] != '-' || len >= sizeof(segment))
        return -EINVAL;
    memcpy(segment, text, len);
    segment[len] = '\0';
    if (str_to_u64(segment, 0, UINT64_MAX, &place.segment) ||
        str_to_u64(text + len + 1, 0, UINT64_MAX, &place.offset))
        return -EINVAL;
    *out = place;
    return 0;
}

int spool_checkpoint_open(struct spool_checkpoint *checkpoint, int folder,
                          struct spool_place *place, struct err *err)
{
    struct spool_place found;

    checkpoint->fd = openat(folder, "checkpoint", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (checkpoint->fd < 0)
        return err_sys(err, -errno, "checkpoint of the spool");
    *place = (struct spool_place){0};
    checkpoint->slot = 0;
    for (unsigned int slot = 0; slot < SLOTS; slot++) {
        if (!read_slot(checkpoint->fd, slot, &found) || !spool_is_before(*place, found))
            continue;
        *place = found;
        checkpoint->slot = (slot + 1) % SLOTS;
    }
    return 0;
}

int spool_checkpoint_write(struct spool_checkpoint *checkpoint, struct spool_place place,
                           struct err *err)
{
    char text[SLOT_SIZE + 1];
    ssize_t written;

    format_slot(text, place);
    written = pwrite(checkpoint->fd, text, SLOT_SIZE, (off_t)checkpoint->slot * SLOT_SPACING);
    if (written >= 0 && written != SLOT_SIZE)
        return err_sys(err, -EIO, "checkpoint of the spool");
    if (written < 0 || fdatasync(checkpoint->fd))
        return err_sys(err, -errno, "checkpoint of the spool");
    checkpoint->slot = (checkpoint->slot + 1) % SLOTS;
    return 0;
}
