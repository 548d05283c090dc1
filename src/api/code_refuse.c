/* What is wrong with a file, with the place in it. */
#include <errno.h>
#include <string.h>

#include "api/code_write.h"

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

int code_refuse(const struct code_work *work, const struct code_row *row, const char *field,
                const char *sentence)
{
    json_t *place = field ? json_object_get(row->places, field) : NULL;
    unsigned int line = row->line, column = row->column;
    struct buf title;

    work->session->refused = row;
    if (place) {
        line = (unsigned int)json_integer_value(json_array_get(place, 0));
        column = (unsigned int)json_integer_value(json_array_get(place, 1));
    }
    buf_init(&title, 512);
    code_title(row, &title);
    if (line && !column)
        (void)err_set(work->err, -EINVAL, "%s:%u: %s: %s%s%s", work->file->name, line,
                      title.len ? title.data : "?", field ? field : "", field ? ": " : "",
                      sentence);
    else if (line)
        (void)err_set(work->err, -EINVAL, "%s:%u:%u: %s: %s%s%s", work->file->name, line, column,
                      title.len ? title.data : "?", field ? field : "", field ? ": " : "",
                      sentence);
    else
        (void)err_set(work->err, -EINVAL, "%s: %s", title.len ? title.data : "?", sentence);
    buf_free(&title);
    return -EINVAL;
}

int code_refuse_row(const struct code_work *work, const struct code_row *row)
{
    const struct http_response *response = work->request->response;
    json_t *problem = json_loads(response->body.data, 0, NULL);
    json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
    const char *pointer = json_string_value(json_object_get(first, "pointer"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    char field[CODE_NAME_SIZE] = "";
    struct buf sentence;

    buf_init(&sentence, 1024);
    if (pointer)
        field_of(row, pointer, field);
    if (detail && pointer && str_starts_with(detail, pointer + 1) &&
        str_starts_with(detail + strlen(pointer + 1), ": "))
        detail += strlen(pointer + 1) + 2;
    buf_add_str(&sentence, detail ? detail : "there is no memory for this");
    add_uses(&sentence, json_object_get(problem, "used_by"));
    (void)code_refuse(work, row, *field ? field : NULL, sentence.data);
    buf_free(&sentence);
    json_decref(problem);
    return -EINVAL;
}
