/* CSV as rows of one section: the first line names the fields. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_csv.h"
#include "api/csv_read.h"

/* A file that is read. */
struct reading {
    const struct code_source *source;
    const struct api_resource *resource;
    struct code_file *file;
    struct csv_record record;
    struct code_csv_field fields[CODE_FIELDS];
    size_t count;
    struct err *err;
};

static int refuse(const struct reading *reading, unsigned int line, const char *what,
                  const char *name, struct err *err)
{
    return err_set(err, -EINVAL, "%s:%u: %s%s%.64s", reading->source->name, line, what,
                   name ? ": " : "", name ? name : "");
}

static int read_head(struct reading *reading, struct csv_reader *csv)
{
    struct csv_record *record = &reading->record;
    int res = 0;

    if (csv_read(csv, record) || record->count > CODE_FIELDS)
        return refuse(reading, 1, "the first line names the fields", NULL, reading->err);
    for (size_t i = 0; !res && i < record->count; i++) {
        struct code_csv_field *field = &reading->fields[i];
        const char *name = csv_field(record, i);

        if (!name || !code_find_field(reading->resource, name, &field->column, &field->type))
            res = refuse(reading, 1, "there is no field of this name", name, reading->err);
        else
            res = str_copy(field->name, sizeof(field->name), name);
    }
    reading->count = record->count;
    return res;
}

static json_t *list_of(const char *text)
{
    json_t *list = json_array();

    while (*(text += strspn(text, "; "))) {
        size_t len = strcspn(text, "; ");

        json_array_append_new(list, json_stringn(text, len));
        text += len;
    }
    return list;
}

static json_t *value_of(const struct code_csv_field *field, const char *text)
{
    if (field->type == API_ARRAY)
        return list_of(text);
    return code_plain(text, field->type);
}

/* An empty cell says nothing. */
static int take_cell(struct code_row *row, const struct code_csv_field *field, const char *text)
{
    json_t *value = *text ? value_of(field, text) : NULL;
    int res = 0;

    if (*text && !value)
        return -EILSEQ;
    if (value && !code_is_default(field->column, value))
        res = json_object_set(row->fields, field->name, value) ? -ENOMEM : 0;
    json_decref(value);
    return res;
}

/* The first fault of a line, whose other cells are read nevertheless. */
static int spoil(const struct reading *reading, struct code_row *row, const char *what,
                 const char *name)
{
    struct err fault = {""};

    if (row->is_bad)
        return 0;
    (void)refuse(reading, row->line, what, name, &fault);
    row->is_bad = true;
    row->fault = strdup(fault.text);
    return row->fault ? 0 : -ENOMEM;
}

static int take_record(const struct reading *reading)
{
    const struct csv_record *record = &reading->record;
    struct code_row *row;
    int res = code_add(&reading->file->rows, reading->resource, NULL, &row);

    if (res)
        return res;
    row->file = reading->source->name;
    row->line = record->line;
    if (record->count != reading->count)
        res = spoil(reading, row, "this line has not as many fields as the first", NULL);
    for (size_t i = 0; !res && i < record->count && i < reading->count; i++) {
        const struct code_csv_field *field = &reading->fields[i];
        const char *text = csv_field(record, i);

        if (!text)
            res = spoil(reading, row, "there is a NUL in it", field->name);
        else if (take_cell(row, field, text))
            res = spoil(reading, row, "this is no text in UTF-8", field->name);
    }
    return res;
}

int code_csv(struct code_file *file, const struct code_source *source,
             const struct api_resource *resource, struct err *err)
{
    struct reading reading = {.source = source, .resource = resource, .file = file, .err = err};
    struct csv_reader csv;
    int res;

    csv_read_init(&csv, source->text, source->len);
    csv_record_init(&reading.record);
    res = read_head(&reading, &csv);
    while (!res && (res = csv_read(&csv, &reading.record)) == 0)
        res = take_record(&reading);
    if (res == -EINVAL && !err->text[0])
        (void)refuse(&reading, csv.line, "a quote is not closed, or a line is too long", NULL, err);
    csv_record_free(&reading.record);
    return res == -ENOENT ? 0 : res;
}
