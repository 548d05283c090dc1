#include "cluster/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/str.h"

enum { HINT_MAX = 400 };

struct places {
    yaml_document_t document;
};

int places_new(struct places **out, const char *text, size_t len, struct err *err)
{
    struct places *places;
    yaml_parser_t parser;
    int res = 0;

    places = calloc(1, sizeof(*places));
    if (!places || !yaml_parser_initialize(&parser)) {
        free(places);
        return err_set(err, -ENOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &places->document)) {
        res = err_set(err, -EINVAL, "%zu:%zu: %s", parser.problem_mark.line + 1,
                      parser.problem_mark.column + 1,
                      parser.problem ? parser.problem : "not valid YAML");
        free(places);
    } else if (!yaml_document_get_root_node(&places->document)) {
        res = err_set(err, -EINVAL, "1:1: the file is empty");
        places_free(places);
    } else {
        *out = places;
    }
    yaml_parser_delete(&parser);
    return res;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    yaml_document_delete(&places->document);
    free(places);
}

/* libyaml takes no const document, though it only reads. */
static yaml_node_t *node_of(const struct places *places, int index)
{
    return yaml_document_get_node((yaml_document_t *)&places->document, index);
}

static const char *scalar_of(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static yaml_node_t *child_of_mapping(const struct places *places, const yaml_node_t *node,
                                     const char *key, size_t len)
{
    const yaml_node_pair_t *pair;

    for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const char *name = scalar_of(node_of(places, pair->key));

        if (strlen(name) == len && memcmp(name, key, len) == 0)
            return node_of(places, pair->value);
    }
    return NULL;
}

static yaml_node_t *child_of(const struct places *places, const yaml_node_t *node, const char *key,
                             size_t len)
{
    if (node->type == YAML_MAPPING_NODE)
        return child_of_mapping(places, node, key, len);
    if (node->type == YAML_SEQUENCE_NODE) {
        const yaml_node_item_t *item = node->data.sequence.items.start + strtoul(key, NULL, 10);

        return item < node->data.sequence.items.top ? node_of(places, *item) : NULL;
    }
    return NULL;
}

/* Follows the path as far as it exists; *rest is what is left of it. */
static const yaml_node_t *follow(const struct places *places, const char *path, const char **rest)
{
    const yaml_node_t *node = node_of(places, 1), *next; /* the root is number 1 */

    while (*path) {
        size_t len = strcspn(path, ".");

        next = child_of(places, node, path, len);
        if (!next)
            break;
        node = next;
        path += len + (path[len] == '.');
    }
    *rest = path;
    return node;
}

size_t places_line(const struct places *places, const char *path)
{
    return follow(places, path, &path)->start_mark.line + 1;
}

int places_has(const struct places *places, const char *path)
{
    follow(places, path, &path);
    return *path == '\0';
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_value_t *schema, const char *key)
{
    const cyaml_schema_field_t *field;

    for (field = schema->mapping.fields; field->key; field++)
        if (strcmp(field->key, key) == 0)
            return field;
    return NULL;
}

static int unknown_key(const yaml_node_t *key, const cyaml_schema_value_t *schema, struct err *err)
{
    const cyaml_schema_field_t *field;
    struct buf known;
    int res;

    buf_init(&known, HINT_MAX);
    for (field = schema->mapping.fields; field->key; field++)
        buf_printf(&known, "%s%s", known.len ? ", " : "", field->key);
    res = err_set(err, -EINVAL, "%zu:%zu: unknown key '%.64s'; known here: %s",
                  key->start_mark.line + 1, key->start_mark.column + 1, scalar_of(key), known.data);
    buf_free(&known);
    return res;
}

static int check_node(const struct places *places, const yaml_node_t *node,
                      const cyaml_schema_value_t *schema, struct err *err);

static int repeated_key(const yaml_node_t *key, struct err *err)
{
    return err_set(err, -EINVAL, "%zu:%zu: key '%.64s' is there twice", key->start_mark.line + 1,
                   key->start_mark.column + 1, scalar_of(key));
}

static int check_mapping(const struct places *places, const yaml_node_t *node,
                         const cyaml_schema_value_t *schema, struct err *err)
{
    const yaml_node_pair_t *pair;
    int res = 0;

    for (pair = node->data.mapping.pairs.start; !res && pair < node->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *key = node_of(places, pair->key);
        const cyaml_schema_field_t *field = find_field(schema, scalar_of(key));

        if (!field)
            return unknown_key(key, schema, err);
        /* Looked up by name, the first of two equal keys is found. */
        if (child_of_mapping(places, node, field->key, strlen(field->key)) !=
            node_of(places, pair->value))
            return repeated_key(key, err);
        res = check_node(places, node_of(places, pair->value), &field->value, err);
    }
    return res;
}

/* A node of another type than the schema's is left to libcyaml, which says what it expected. */
static int check_node(const struct places *places, const yaml_node_t *node,
                      const cyaml_schema_value_t *schema, struct err *err)
{
    const yaml_node_item_t *item;
    int res = 0;

    if (schema->type == CYAML_MAPPING && node->type == YAML_MAPPING_NODE)
        return check_mapping(places, node, schema, err);
    if (schema->type != CYAML_SEQUENCE || node->type != YAML_SEQUENCE_NODE)
        return 0;
    for (item = node->data.sequence.items.start; !res && item < node->data.sequence.items.top;
         item++)
        res = check_node(places, node_of(places, *item), schema->sequence.entry, err);
    return res;
}

int places_check_keys(const struct places *places, const cyaml_schema_value_t *schema,
                      struct err *err)
{
    return check_node(places, node_of(places, 1), schema, err);
}
