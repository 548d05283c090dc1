/*
 * Files that another product has exported, as rows. They are read twice: first for the names of
 * what they make, because ways and references of any line may lead to any other, or to what is
 * there.
 */
#include "api/code_from_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 64 * 1024 };

static bool is_there(void *arg, const struct api_resource *resource, const char *name)
{
    const struct from_work *work = arg;
    struct buf key;
    bool found = code_by_name(work->current, resource, name) != NULL;

    if (found)
        return true;
    found = !from_key(resource, name, &key) && json_object_get(work->to_come, key.data);
    buf_free(&key);
    return found;
}

static int note(struct from_work *work, unsigned int line, const char *sentence)
{
    struct from_notes *notes = work->notes;
    struct from_text *more = reallocarray(notes->list, notes->count + 1, sizeof(*more));
    char *text = NULL;

    if (!more)
        return -ENOMEM;
    notes->list = more;
    if (asprintf(&text, "%s:%u: %s", work->source->name, line, sentence) < 0)
        return -ENOMEM;
    more[notes->count++] = (struct from_text){work->source->name, line, text};
    return 0;
}

void from_notes_free(struct from_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->list[i].text);
    free(notes->list);
    buf_free(&notes->columns);
}

/* -------------------------------------------------------------- lines */

/* Cells of the line without the space around them: 1; 0: it cannot be read, which is told. */
static int take_cells(struct from_work *work)
{
    struct csv_record *record = &work->record;

    if (record->count != work->line.columns)
        return work->is_first
                   ? 0
                   : note(work, record->line, "this line has not as many fields as the first");
    for (size_t i = 0; i < record->count; i++) {
        char *cell = record->text.data + record->begin[i], *end;

        if (!csv_field(record, i))
            return work->is_first ? 0 : note(work, record->line, "there is a NUL in it");
        end = cell + record->len[i];
        cell += strspn(cell, " \t\r\n");
        while (end > cell && strchr(" \t\r\n", end[-1]))
            *--end = '\0';
        work->cells[i] = cell;
        work->filled[i] = work->filled[i] || *cell;
    }
    return 1;
}

static int take_notes(struct from_work *work)
{
    int res = 0;

    for (const struct from_note *one = work->line.export->notes; !res && one->when; one++)
        if (from_holds(&work->line, one->when))
            res = note(work, work->record.line, one->sentence);
    return res;
}

/* What a line makes, or the names of that. */
static int take_line(struct from_work *work)
{
    int made = 0, res = take_cells(work);

    if (res <= 0) {
        work->notes->bad += !work->is_first;
        return res;
    }
    res = 0;
    for (const struct from_row *spec = work->line.export->rows; !res && spec->name; spec++) {
        struct code_row *row;

        if (spec->resource->parent || (spec->when && !from_holds(&work->line, spec->when)) ||
            (spec->unless && from_holds(&work->line, spec->unless)))
            continue;
        made++;
        if (work->is_first) {
            res = from_note_name(work, spec);
            continue;
        }
        res = from_add_row(work, spec, NULL, &row);
        if (!res)
            res = from_fill(work, spec, row);
    }
    if (work->is_first || res)
        return res;
    work->notes->left += !made;
    return take_notes(work);
}

/* -------------------------------------------------------------- files */

static int refuse(const struct from_work *work, const char *what, const char *name)
{
    return err_set(work->err, -EINVAL, "%s:%u: %s%s%.64s", work->source->name, work->record.line,
                   what, name ? ": " : "", name ? name : "");
}

/* Also of a rule that says nothing of any line. */
static void mark_used(struct from_work *work)
{
    for (const struct from_rule *rule = work->line.export->rules; rule->row; rule++)
        for (const char *at = rule->value; (at = strchr(at, '{')); at++)
            (void)from_cell(&work->line, at + 1, strcspn(at + 1, "|}"));
}

static bool has_column(const struct from_work *work, const char *name)
{
    for (size_t i = 0; i < work->line.columns; i++)
        if (strcmp(work->names[i], name) == 0)
            return true;
    return false;
}

static int take_head(struct from_work *work, struct csv_reader *csv)
{
    struct csv_record *head = &work->head;

    work->record.line = 1;
    if (csv_read(csv, head) || head->count > CSV_FIELDS)
        return refuse(work, "the first line names the columns", NULL);
    for (size_t i = 0; i < head->count; i++) {
        char *name = head->text.data + head->begin[i], *end = name + head->len[i];

        if (!csv_field(head, i))
            return refuse(work, "the first line names the columns", NULL);
        while (end > name && end[-1] == ' ')
            *--end = '\0';
        for (char *at = name; *at; at++)
            *at = (char)tolower((unsigned char)*at);
        work->names[i] = name;
    }
    work->line.columns = head->count;
    mark_used(work);
    for (const char *const *need = work->line.export->needs; *need; need++)
        if (!has_column(work, *need))
            return refuse(work, "this is no such export: it has no column of this name", *need);
    return 0;
}

/* What stands there and nobody has looked at. */
static void tell_columns(struct from_work *work)
{
    struct buf *out = &work->notes->columns;
    bool any = false;

    for (size_t i = 0; i < work->line.columns; i++) {
        if (work->used[i] || !work->filled[i])
            continue;
        if (!any)
            buf_printf(out, "%s: not taken", work->source->name);
        buf_printf(out, "%s%s", any ? ", " : ": ", work->names[i]);
        any = true;
    }
    if (any)
        buf_add_char(out, '\n');
}

static const struct from_export *find_export(const char *product, const char *name)
{
    for (size_t i = 0; from_exports[i]; i++)
        if (strcmp(from_exports[i]->product, product) == 0 &&
            strcmp(from_exports[i]->name, name) == 0)
            return from_exports[i];
    return NULL;
}

bool code_import_knows(const char *product)
{
    for (size_t i = 0; from_exports[i]; i++)
        if (strcmp(from_exports[i]->product, product) == 0)
            return true;
    return false;
}

static int take_file(struct from_work *work, const struct code_import *told)
{
    struct csv_reader csv;
    int res;

    work->line.export = find_export(told->from, work->source->section);
    if (!work->line.export)
        return err_set(work->err, -EINVAL, "%.64s: there is no such export of %.64s",
                       work->source->section, told->from);
    memset(work->used, 0, sizeof(work->used));
    memset(work->filled, 0, sizeof(work->filled));
    csv_read_init(&csv, work->source->text, work->source->len);
    csv.backslash = true;
    res = take_head(work, &csv);
    while (!res && (res = csv_read(&csv, &work->record)) == 0)
        res = take_line(work);
    if (res == -EINVAL && !work->err->text[0])
        (void)refuse(work, "a quote is not closed, or a line is too long", NULL);
    if (res == -ENOENT && !work->is_first)
        tell_columns(work);
    return res == -ENOENT ? 0 : res;
}

int code_from(struct code_file *file, const struct code_rows *current,
              const struct code_source *sources, size_t count, const struct code_import *told,
              struct from_notes *notes, struct err *err)
{
    struct from_work *work = calloc(1, sizeof(*work));
    int res = 0;

    if (!work)
        return -ENOMEM;
    work->file = file;
    work->current = current;
    work->notes = notes;
    work->to_come = json_object();
    work->err = err;
    work->line = (struct from_line){.country = told->country,
                                    .names = work->names,
                                    .cells = work->cells,
                                    .used = work->used,
                                    .is_there = is_there,
                                    .arg = work};
    buf_init(&notes->columns, COLUMNS_MAX);
    csv_record_init(&work->head);
    csv_record_init(&work->record);
    for (int pass = 0; !res && pass < 2; pass++) {
        work->is_first = pass == 0;
        for (size_t i = 0; !res && i < count; i++) {
            work->source = &sources[i];
            res = take_file(work, told);
        }
    }
    csv_record_free(&work->head);
    csv_record_free(&work->record);
    json_decref(work->to_come);
    free(work);
    return res;
}
