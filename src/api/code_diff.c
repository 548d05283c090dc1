/* What the file wants otherwise than it is, and how people are told. */
#include <stdlib.h>
#include <string.h>

#include "api/code_private.h"

bool code_differs(const struct code_row *wanted, const struct api_column *column)
{
    json_t *made[2] = {NULL, NULL};
    bool differs;

    if (!code_has(column))
        return false;
    differs = !json_equal(code_value(wanted, column, &made[0]),
                          code_value(wanted->twin, column, &made[1]));
    json_decref(made[0]);
    json_decref(made[1]);
    return differs;
}

bool code_digest_differs(const struct code_row *wanted, const struct api_column *column)
{
    json_t *digest = column->digest ? json_object_get(wanted->fields, column->digest) : NULL;

    return digest && !json_equal(digest, json_object_get(wanted->twin->fields, column->digest));
}

static void add_value(struct buf *out, const struct code_row *row, const struct api_column *column)
{
    json_t *made = NULL;
    char *text = json_dumps(code_value(row, column, &made), JSON_ENCODE_ANY | JSON_COMPACT);

    buf_add_str(out, text ? text : "?");
    free(text);
    json_decref(made);
}

static void tell_fields(struct buf *out, const struct code_row *wanted)
{
    char name[CODE_NAME_SIZE];

    for (const struct api_column *c = wanted->resource->columns; c->name; c++) {
        if (code_digest_differs(wanted, c))
            buf_printf(out, "    %s: another one\n", c->name);
        if (!code_differs(wanted, c))
            continue;
        code_field(c, name);
        buf_printf(out, "    %s: ", name);
        add_value(out, wanted->twin, c);
        buf_add_str(out, " -> ");
        add_value(out, wanted, c);
        buf_add_char(out, '\n');
    }
}

void code_tell(struct buf *out, char sign, const struct code_row *row)
{
    buf_printf(out, "%c ", sign);
    code_title(row, out);
    buf_add_char(out, '\n');
    if (sign == '~')
        tell_fields(out, row);
}
