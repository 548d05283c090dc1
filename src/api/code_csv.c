/* CSV (RFC 4180) as rows of one section: the first line names the fields. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_csv.h"

enum { CELL_MAX = 64 * 1024 };

struct csv_reader {
    const char *at, *end;
    unsigned int line; /* of what is next */
};

/* One cell; true in `last` when its record ends with it. -EINVAL: a quote that is not closed. */
static int read_cell(struct csv_reader *csv, struct buf *cell, bool *last)
{
    bool quoted = csv->at < csv->end && *csv->at == '"';

    buf_reset(cell);
    csv->at += quoted;
    for (; csv->at < csv->end; csv->at++) {
        char byte = *csv->at;

        if (quoted && byte == '"') {
            /* Two of them are one; a single one ends what is quoted. */
            if (csv->at + 1 >= csv->end || csv->at[1] != '"') {
                quoted = false;
                continue;
            }
            csv->at++;
        } else if (!quoted && (byte == ',' || byte == '\n' || byte == '\r')) {
            break;
        }
        csv->line += byte == '\n';
        buf_add_char(cell, byte);
    }
    if (quoted)
        return -EINVAL;
    *last = csv->at >= csv->end || *csv->at != ',';
    if (!*last)
        csv->at++;
    return buf_error(cell);
}

static void next_line(struct csv_reader *csv)
{
    const char *from = csv->at;

    csv->at += csv->at < csv->end && *csv->at == '\r';
    csv->at += csv->at < csv->end && *csv->at == '\n';
    csv->line += csv->at != from;
}

static int refuse(const struct code_file *file, unsigned int line, const char *what,
                  const char *name, struct err *err)
{
    return err_set(err, -EINVAL, "%s:%u: %s%s%.64s", file->name, line, what, name ? ": " : "",
                   name ? name : "");
}

static int read_head(struct csv_reader *csv, const struct code_file *file,
                     const struct api_resource *resource, struct code_csv_field fields[CODE_FIELDS],
                     size_t *count, struct err *err)
{
    struct buf cell;
    bool last = false;
    int res = 0;

    buf_init(&cell, CELL_MAX);
    if (csv->end - csv->at >= 3 && memcmp(csv->at, "\xef\xbb\xbf", 3) == 0)
        csv->at += 3;
    for (*count = 0; !res && !last; ++*count) {
        if (*count == CODE_FIELDS || read_cell(csv, &cell, &last))
            res = refuse(file, 1, "the first line names the fields", NULL, err);
        else if (!code_find_field(resource, cell.data, &fields[*count].column,
                                  &fields[*count].type))
            res = refuse(file, 1, "there is no field of this name", cell.data, err);
        else
            res = str_copy(fields[*count].name, sizeof(fields[*count].name), cell.data);
    }
    buf_free(&cell);
    next_line(csv);
    return res;
}

static json_t *list_of(char *text)
{
    json_t *list = json_array();
    char *rest = NULL;

    for (char *word = strtok_r(text, "; ", &rest); word; word = strtok_r(NULL, "; ", &rest))
        json_array_append_new(list, json_string(word));
    return list;
}

static json_t *value_of(const struct code_csv_field *field, char *text)
{
    if (field->type == API_ARRAY)
        return list_of(text);
    return code_plain(text, field->type);
}

/* An empty cell says nothing. */
static int take_cell(struct code_row *row, const struct code_csv_field *field, char *text)
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
static int spoil(struct code_row *row, const struct code_file *file, const char *what,
                 const char *name)
{
    struct err fault = {""};

    if (row->is_bad)
        return 0;
    (void)refuse(file, row->line, what, name, &fault);
    row->is_bad = true;
    row->fault = strdup(fault.text);
    return row->fault ? 0 : -ENOMEM;
}

static int read_row(struct csv_reader *csv, struct code_file *file,
                    const struct api_resource *resource, const struct code_csv_field *fields,
                    size_t count, struct err *err)
{
    struct code_row *row;
    struct buf cell;
    bool last = false;
    int res = code_add(&file->rows, resource, NULL, &row);

    if (res)
        return res;
    row->line = csv->line;
    buf_init(&cell, CELL_MAX);
    for (size_t i = 0; !res && !last; i++) {
        if (read_cell(csv, &cell, &last))
            res =
                refuse(file, row->line, "a quote is not closed, or a field is too long", NULL, err);
        else if (i >= count || (last && i + 1 != count))
            res = spoil(row, file, "this line has not as many fields as the first", NULL);
        else if (cell.len && strlen(cell.data) != cell.len)
            res = spoil(row, file, "there is a NUL in it", fields[i].name);
        else if (cell.len && take_cell(row, &fields[i], cell.data))
            res = spoil(row, file, "this is no text in UTF-8", fields[i].name);
    }
    buf_free(&cell);
    next_line(csv);
    return res;
}

int code_csv(struct code_file **out, const char *name, const char *domain,
             const struct api_resource *resource, const char *text, size_t len, struct err *err)
{
    struct csv_reader csv = {text, text + len, 1};
    struct code_csv_field fields[CODE_FIELDS];
    struct code_file *file = calloc(1, sizeof(*file));
    size_t count;
    int res;

    if (!file)
        return err_set(err, -ENOMEM, "there is no memory for the file");
    file->name = name;
    res = str_copy(file->domain, sizeof(file->domain), domain);
    if (res)
        (void)err_set(err, res, "%.64s… is no domain", domain);
    if (!res)
        res = read_head(&csv, file, resource, fields, &count, err);
    while (!res && csv.at < csv.end) {
        if (*csv.at == '\n' || *csv.at == '\r')
            next_line(&csv);
        else
            res = read_row(&csv, file, resource, fields, count, err);
    }
    if (!res && code_sort(&file->rows))
        res = err_set(err, -ENOMEM, "there is no memory for the file");
    if (res)
        code_free(file);
    else
        *out = file;
    return res;
}
