/* Values of the file: what a scalar of YAML is to a column. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_csv.h"
#include "api/code_yaml.h"

const char *code_text(const yaml_node_t *node)
{
    bool has_nul;

    if (node->type != YAML_SCALAR_NODE)
        return NULL;
    has_nul = strlen((const char *)node->data.scalar.value) != node->data.scalar.length;
    return has_nul ? NULL : (const char *)node->data.scalar.value;
}

json_t *code_plain(const char *text, enum api_type type)
{
    char *end;

    if (type == API_BOOLEAN && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return json_boolean(*text == 't');
    if (type == API_INTEGER) {
        long long number;

        errno = 0;
        number = strtoll(text, &end, 10);
        if (*text && !*end && !errno)
            return json_integer(number);
    }
    return json_string(text);
}

static json_t *scalar(const yaml_node_t *node, enum api_type type)
{
    const char *text = code_text(node);

    if (!text)
        return NULL;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_string(text);
    if (!*text || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
        return json_null();
    return code_plain(text, type);
}

json_t *code_yaml(yaml_document_t *document, const yaml_node_t *node, enum api_type type)
{
    json_t *list, *one;

    if (node->type != YAML_SEQUENCE_NODE)
        return scalar(node, type);
    list = json_array();
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        one = type == API_ARRAY ? scalar(yaml_document_get_node(document, *item), API_TEXT) : NULL;
        if (!one || json_array_append_new(list, one)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* What says the default is the same as nothing. */
bool code_is_default(const struct api_column *column, json_t *value)
{
    json_t *initial = column->initial ? json_loads(column->initial, JSON_DECODE_ANY, NULL) : NULL;
    bool same = initial ? json_equal(initial, value)
                        : json_is_null(value) && (column->flags & API_NULLABLE);

    json_decref(initial);
    return same;
}
