/* What is wrong with a file, with the place in it. */
#include <errno.h>
#include <string.h>

#include "api/code_write.h"

enum { LINE_MAX = 4096 };

/* What a field of a problem is called in the file. */
static void field_of(const struct code_row *row, const char *pointer, char out[CODE_NAME_SIZE])
{
    const char *name = pointer + (*pointer == '/');
    const struct api_column *column = api_column_find(row->resource, name);

    if (column)
        code_field(column, out);
    else
        (void)!str_copy(out, CODE_NAME_SIZE, name);
}

static void add_uses(struct buf *out, json_t *uses)
{
    json_t *use;
    size_t i;

    json_array_foreach(uses, i, use)
    {
        const char *resource = json_string_value(json_object_get(use, "resource"));
        const char *name = json_string_value(json_object_get(use, "name"));

        buf_printf(out, "%s%s %s", i ? ", " : " It is used by: ", resource ? resource : "?",
                   name ? name : "?");
    }
}

/* "acme.yaml:14:11: queues support: ring_s: is from 5 to 300." */
static void tell(const struct code_work *work, const struct code_row *row, const char *field,
                 const char *sentence, struct buf *out)
{
    json_t *place = field ? json_object_get(row->places, field) : NULL;
    const char *file = row->file ? row->file : work->file->name;
    unsigned int line = row->line, column = row->column;
    size_t begin = out->len;

    work->session->refused = row;
    if (place) {
        line = (unsigned int)json_integer_value(json_array_get(place, 0));
        column = (unsigned int)json_integer_value(json_array_get(place, 1));
    }
    if (line && column)
        buf_printf(out, "%s:%u:%u: ", file, line, column);
    else if (line)
        buf_printf(out, "%s:%u: ", file, line);
    code_title(row, out);
    /* What is not in the file has no fields there. */
    if (field && line)
        buf_printf(out, ": %s", field);
    buf_printf(out, ": %s", sentence);
    if (work->session->faults && !buf_error(out))
        code_fault_add(work->session->faults, line, column, out->data + begin);
}

int code_refuse(const struct code_work *work, const struct code_row *row, const char *field,
                const char *sentence)
{
    struct buf line;

    buf_init(&line, LINE_MAX);
    tell(work, row, field, sentence, &line);
    (void)err_set(work->err, -EINVAL, "%s", line.len ? line.data : "?");
    buf_free(&line);
    return -EINVAL;
}

/* One fault of a problem: of a field, or of the row. */
static void tell_fault(const struct code_work *work, const struct code_row *row, json_t *fault,
                       json_t *uses, struct buf *out)
{
    const char *pointer = json_string_value(json_object_get(fault, "pointer"));
    const char *detail = json_string_value(json_object_get(fault, "detail"));
    char field[CODE_NAME_SIZE] = "";
    struct buf sentence;

    buf_init(&sentence, LINE_MAX);
    if (pointer)
        field_of(row, pointer, field);
    if (detail && pointer && str_starts_with(detail, pointer + 1) &&
        str_starts_with(detail + strlen(pointer + 1), ": "))
        detail += strlen(pointer + 1) + 2;
    buf_add_str(&sentence, detail ? detail : "there is no memory for this");
    add_uses(&sentence, uses);
    if (out->len)
        buf_add_char(out, '\n');
    tell(work, row, *field ? field : NULL, sentence.data, out);
    buf_free(&sentence);
}

int code_refuse_row(const struct code_work *work, const struct code_row *row)
{
    json_t *problem = json_loads(work->request->response->body.data, 0, NULL);
    json_t *uses = json_object_get(problem, "used_by"), *fault;
    json_t *faults = json_object_get(problem, "errors");
    struct buf lines;
    size_t i;

    buf_init(&lines, 50 * LINE_MAX);
    json_array_foreach(faults, i, fault) tell_fault(work, row, fault, uses, &lines);
    if (!lines.len)
        tell_fault(work, row, problem, uses, &lines);
    (void)err_set(work->err, -EINVAL, "%s", lines.len ? lines.data : "?");
    buf_free(&lines);
    json_decref(problem);
    /* The next row has its own. */
    json_decref(work->request->faults);
    work->request->faults = NULL;
    return -EINVAL;
}
