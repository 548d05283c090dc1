#include "api/csv_read.h"

#include <errno.h>
#include <string.h>

enum { RECORD_MAX = 1024 * 1024 };

void csv_read_init(struct csv_reader *csv, const char *text, size_t len)
{
    *csv = (struct csv_reader){.at = text, .end = text + len, .line = 1};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        csv->at += 3;
}

void csv_record_init(struct csv_record *record)
{
    record->count = 0;
    buf_init(&record->text, RECORD_MAX);
}

void csv_record_free(struct csv_record *record)
{
    if (record->text.cap)
        explicit_bzero(record->text.data, record->text.cap);
    buf_free(&record->text);
}

static bool ends_line(const struct csv_reader *csv)
{
    return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static void next_line(struct csv_reader *csv)
{
    const char *from = csv->at;

    csv->at += csv->at < csv->end && *csv->at == '\r';
    csv->at += csv->at < csv->end && *csv->at == '\n';
    csv->line += csv->at != from;
}

static bool ends_field(const struct csv_reader *csv)
{
    return ends_line(csv) || *csv->at == ',';
}

/* At a quote within quotes: whether it is one of the text. */
static bool is_text(struct csv_reader *csv)
{
    bool after_backslash = csv->backslash && csv->at[-1] == '\\';
    struct csv_reader next = *csv;

    next.at++;
    /* Two of them are one. */
    if (next.at < next.end && *next.at == '"') {
        csv->at++;
        return true;
    }
    return after_backslash && !ends_field(&next);
}

/* Appends one field. */
static int read_field(struct csv_reader *csv, struct buf *text)
{
    bool quoted = csv->at < csv->end && *csv->at == '"';

    csv->at += quoted;
    for (; csv->at < csv->end; csv->at++) {
        char byte = *csv->at;

        if (quoted && byte == '"' && !is_text(csv)) {
            quoted = false;
            continue;
        }
        if (!quoted && ends_field(csv))
            break;
        csv->line += byte == '\n';
        buf_add_char(text, byte);
    }
    return quoted ? -EINVAL : 0;
}

int csv_read(struct csv_reader *csv, struct csv_record *record)
{
    bool more = true;

    while (csv->at < csv->end && ends_line(csv))
        next_line(csv);
    if (csv->at == csv->end)
        return -ENOENT;
    record->line = csv->line;
    buf_reset(&record->text);
    for (record->count = 0; more; record->count++) {
        size_t begin = record->text.len;

        if (read_field(csv, &record->text))
            return -EINVAL;
        if (record->count < CSV_FIELDS) {
            record->begin[record->count] = begin;
            record->len[record->count] = record->text.len - begin;
        }
        buf_add_char(&record->text, '\0');
        more = csv->at < csv->end && *csv->at == ',';
        csv->at += more;
    }
    next_line(csv);
    return buf_error(&record->text) ? -EINVAL : 0;
}

const char *csv_field(const struct csv_record *record, size_t at)
{
    const char *field = record->text.data + record->begin[at];

    return strlen(field) == record->len[at] ? field : NULL;
}
