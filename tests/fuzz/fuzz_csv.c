/* Files that `dialplane import` is given: CSV as records, as rows of a section, and as exports of
 * other products. */
#include <errno.h>
#include <string.h>

#include "api/code_csv.h"
#include "api/code_from.h"
#include "api/csv.h"
#include "api/csv_read.h"
#include "api/resources/resources.h"
#include "fuzz.h"

#define NAME "rows.csv"

/* What was read can be written, and is then read as the same. */
static void write_again(const struct csv_record *record)
{
    struct csv_record again;
    struct csv_reader csv;
    struct buf text;

    buf_init(&text, 8 * 1024 * 1024);
    for (size_t i = 0; i < record->count; i++) {
        if (!csv_field(record, i))
            goto out;
        csv_add(&text, i == 0, csv_field(record, i));
    }
    csv_end(&text);
    csv_read_init(&csv, text.data, text.len);
    csv_record_init(&again);
    FUZZ_CHECK(!csv_read(&csv, &again) && again.count == record->count);
    for (size_t i = 0; i < record->count; i++)
        FUZZ_CHECK(strcmp(csv_field(&again, i), csv_field(record, i)) == 0);
    FUZZ_CHECK(csv_read(&csv, &again) == -ENOENT);
    csv_record_free(&again);
out:
    buf_free(&text);
}

static void try_records(const char *text, size_t len, bool backslash)
{
    struct csv_reader csv;
    struct csv_record record;
    unsigned int line = 0;
    int res;

    csv_read_init(&csv, text, len);
    csv.backslash = backslash;
    csv_record_init(&record);
    while ((res = csv_read(&csv, &record)) == 0) {
        FUZZ_CHECK(record.line > line && record.count > 0);
        line = record.line;
        for (size_t i = 0; i < record.count && i < CSV_FIELDS; i++)
            FUZZ_CHECK(record.text.data[record.begin[i] + record.len[i]] == '\0');
        if (record.count <= CSV_FIELDS)
            write_again(&record);
    }
    FUZZ_CHECK(res == -ENOENT || res == -EINVAL);
    FUZZ_CHECK(res == -EINVAL || csv.at == csv.end);
    csv_record_free(&record);
}

static void look_at(struct code_file *file)
{
    FUZZ_CHECK(!code_sort(&file->rows));
    for (size_t i = 0; i < file->rows.count; i++) {
        const struct code_row *row = file->rows.rows[i];

        FUZZ_CHECK(row->line && row->key && strcmp(row->file, NAME) == 0);
        FUZZ_CHECK(row->is_bad == (row->fault != NULL));
        FUZZ_CHECK(!row->fault || str_starts_with(row->fault, NAME ":"));
    }
}

static void try_section(const struct api_resource *resource, const char *text, size_t len)
{
    const struct code_source source = {resource->name, NAME, text, len};
    struct code_file *file = calloc(1, sizeof(*file));
    struct err err = {""};
    int res;

    FUZZ_CHECK(file);
    res = code_csv(file, &source, resource, &err);
    FUZZ_CHECK(res == 0 || (res == -EINVAL && err.text[0]));
    if (!res)
        look_at(file);
    code_free(file);
}

static void try_export(const struct from_export *export, const char *text, size_t len)
{
    const struct code_source source = {export->name, NAME, text, len};
    const struct code_import told = {.from = export->product, .country = len % 2 ? "49" : NULL};
    struct code_file *file = calloc(1, sizeof(*file));
    struct code_rows nothing = {0};
    struct from_notes notes = {0};
    struct err err = {""};
    int res;

    FUZZ_CHECK(file);
    res = code_from(file, &nothing, &source, 1, &told, &notes, &err);
    FUZZ_CHECK(res == 0 || (res == -EINVAL && err.text[0]));
    if (!res)
        look_at(file);
    for (size_t i = 0; i < notes.count; i++)
        FUZZ_CHECK(notes.list[i].line && str_starts_with(notes.list[i].text, NAME ":"));
    from_notes_free(&notes);
    code_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    try_records(text, size, false);
    try_records(text, size, true);
    try_section(&api_users, text, size);
    try_section(&api_extensions, text, size);
    try_section(&api_trunks, text, size);
    for (size_t i = 0; from_exports[i]; i++)
        try_export(from_exports[i], text, size);
    return 0;
}
