/* The file of a tenant, read with the place of everything in it. */
#include "api/code_csv.h"
#include "api/code_yaml.h"
#include "api/resources/resources.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct code_file *file;
    yaml_document_t *document;
    struct err *err;
};

/* Without what this is about nothing else can be said of the file. */
static int stop(const struct reading *reading, const yaml_node_t *at, const char *sentence,
                const char *name)
{
    return err_set(reading->err, -EINVAL, "%s:%zu:%zu: %s%s%s", reading->file->name,
                   at->start_mark.line + 1, at->start_mark.column + 1, name ? name : "",
                   name ? ": " : "", sentence);
}

/* The rest is read all the same, so that all that is wrong is told. `row`: whose it is, or NULL. */
static int refuse(const struct reading *reading, struct code_row *row, const yaml_node_t *at,
                  const char *sentence, const char *name)
{
    struct err err = {""};

    (void)err_set(&err, 0, "%s:%zu:%zu: %s%s%s", reading->file->name, at->start_mark.line + 1,
                  at->start_mark.column + 1, name ? name : "", name ? ": " : "", sentence);
    code_fault_add(&reading->file->faults, (unsigned int)at->start_mark.line + 1,
                   (unsigned int)at->start_mark.column + 1, err.text);
    if (row)
        row->is_bad = true;
    return 0;
}

static yaml_node_t *node_of(const struct reading *reading, int index)
{
    return yaml_document_get_node(reading->document, index);
}

bool code_find_field(const struct api_resource *resource, const char *name,
                     const struct api_column **column, enum api_type *type)
{
    char own[CODE_NAME_SIZE];

    for (const struct api_column *c = resource->columns; c->name; c++) {
        code_field(c, own);
        *column = c;
        *type = c->type == API_REFERENCE ? API_TEXT : c->type;
        if (strcmp(own, name) == 0 && (code_has(c) || c->digest))
            return true;
        *type = API_TEXT;
        if (c->digest && strcmp(c->digest, name) == 0)
            return true;
    }
    return false;
}

static const struct api_resource *find_section(const struct api_resource *parent, const char *name)
{
    char own[CODE_NAME_SIZE];

    for (size_t i = 0; api_resources[i]; i++) {
        code_section(api_resources[i], own);
        if (api_resources[i]->parent == parent && code_is_part(api_resources[i]) &&
            strcmp(own, name) == 0)
            return api_resources[i];
    }
    return NULL;
}

static int take_field(struct reading *reading, struct code_row *row, const yaml_node_t *key,
                      const yaml_node_t *node)
{
    const char *name = code_text(key);
    const struct api_column *column;
    enum api_type type;
    json_t *value;

    if (!code_find_field(row->resource, name, &column, &type))
        return refuse(reading, row, key, "there is no field of this name here", name);
    if (json_object_get(row->places, name))
        return refuse(reading, row, key, "this is here twice", name);
    value = code_yaml(reading->document, node, type);
    if (!value)
        return refuse(reading, row, node, "this is no value of a field", name);
    if (!code_is_default(column, value))
        json_object_set(row->fields, name, value);
    json_decref(value);
    json_object_set_new(
        row->places, name,
        json_pack("[i, i]", (int)node->start_mark.line + 1, (int)node->start_mark.column + 1));
    return 0;
}

static int take_rows(struct reading *reading, const struct api_resource *resource,
                     struct code_row *parent, const yaml_node_t *node);

static int take_pair(struct reading *reading, struct code_row *row, const yaml_node_pair_t *pair,
                     bool lists)
{
    const yaml_node_t *key = node_of(reading, pair->key), *value = node_of(reading, pair->value);
    const struct api_resource *section;
    const char *name = code_text(key);

    if (!name)
        return refuse(reading, row, key, "this is no name of a field", NULL);
    section = row->resource->is_platform ? NULL : find_section(row->resource, name);
    if (section)
        return lists ? take_rows(reading, section, row, value) : 0;
    return lists ? 0 : take_field(reading, row, key, value);
}

static int take_row(struct reading *reading, const struct api_resource *resource,
                    struct code_row *parent, const yaml_node_t *node)
{
    struct code_row *row;
    int res;

    if (node->type != YAML_MAPPING_NODE)
        return refuse(reading, parent, node, "this is a row, of \"field: value\"", NULL);
    res = code_add(&reading->file->rows, resource, parent, &row);
    if (res)
        return res;
    row->line = (unsigned int)node->start_mark.line + 1;
    row->column = (unsigned int)node->start_mark.column + 1;
    for (int lists = 0; !res && lists < 2; lists++) {
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
             !res && pair < node->data.mapping.pairs.top; pair++)
            res = take_pair(reading, row, pair, lists);
    }
    return res;
}

static int take_rows(struct reading *reading, const struct api_resource *resource,
                     struct code_row *parent, const yaml_node_t *node)
{
    const char *text = code_text(node);
    int res = 0;

    if (text && (!*text || strcmp(text, "null") == 0))
        return 0;
    if (resource->is_single)
        return take_row(reading, resource, parent, node);
    if (node->type != YAML_SEQUENCE_NODE)
        return refuse(reading, parent, node, "this is a list", NULL);
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         !res && item < node->data.sequence.items.top; item++)
        res = take_row(reading, resource, parent, node_of(reading, *item));
    return res;
}

/* Finds a member of the file itself. */
static const yaml_node_t *member(const struct reading *reading, const yaml_node_t *root,
                                 const char *name)
{
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const char *own = code_text(node_of(reading, pair->key));

        if (own && strcmp(own, name) == 0)
            return node_of(reading, pair->value);
    }
    return NULL;
}

/* What the file is, and whose. */
static int take_head(struct reading *reading, const yaml_node_t *root)
{
    const yaml_node_t *version, *domain;
    const char *text;
    int res;

    if (!root || root->type != YAML_MAPPING_NODE)
        return err_set(reading->err, -EINVAL, "%s: this is no file of a tenant",
                       reading->file->name);
    version = member(reading, root, "version");
    text = version ? code_text(version) : NULL;
    if (!text || strcmp(text, "1") != 0)
        return stop(reading, version ? version : root, "this has to be 1", "version");
    domain = member(reading, root, "domain");
    if (!domain)
        return stop(reading, root, "this is missing: whose file it is", "domain");
    if (domain->type != YAML_MAPPING_NODE)
        return stop(reading, domain, "this is a row, of \"field: value\"", "domain");
    res = take_row(reading, &api_domains, NULL, domain);
    if (res)
        return res;
    text = json_string_value(json_object_get(reading->file->rows.rows[0]->fields, "name"));
    if (!text || !str_is_domain(text) ||
        str_copy(reading->file->domain, sizeof(reading->file->domain), text))
        return stop(reading, domain, "the name of a tenant is a host name in lower case", "name");
    return 0;
}

static int take_sections(struct reading *reading, const yaml_node_t *root)
{
    bool seen[128] = {false};
    int res = 0;

    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         !res && pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_of(reading, pair->key);
        const char *name = code_text(key);
        const struct api_resource *section = name ? find_section(NULL, name) : NULL;
        size_t index = section ? code_index(section) : DP_COUNT(seen) - 1;

        if (name && (strcmp(name, "version") == 0 || strcmp(name, "domain") == 0))
            continue;
        if (!section || index >= DP_COUNT(seen))
            res = refuse(reading, NULL, key, "there is no section of this name", name);
        else if (seen[index])
            res = refuse(reading, NULL, key, "this is here twice", name);
        else
            res = take_rows(reading, section, NULL, node_of(reading, pair->value));
        seen[index] = true;
    }
    return res;
}

static int parse(struct reading *reading, const char *text, size_t len)
{
    yaml_document_t document;
    yaml_parser_t parser;
    int res;

    if (!yaml_parser_initialize(&parser))
        return err_set(reading->err, -ENOMEM, "there is no memory for the file");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (!yaml_parser_load(&parser, &document)) {
        res = err_set(reading->err, -EINVAL, "%s:%zu:%zu: this is no YAML: %s", reading->file->name,
                      parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                      parser.problem ? parser.problem : "it cannot be read");
        yaml_parser_delete(&parser);
        return res;
    }
    reading->document = &document;
    res = take_head(reading, yaml_document_get_root_node(&document));
    if (!res)
        res = take_sections(reading, yaml_document_get_root_node(&document));
    if (!res)
        res = code_sort(&reading->file->rows);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return res;
}

int code_read(struct code_file **out, const char *name, const char *text, size_t len,
              struct err *err)
{
    struct code_file *file = calloc(1, sizeof(*file));
    struct reading reading = {.file = file, .err = err};
    int res;

    if (!file)
        return err_set(err, -ENOMEM, "there is no memory for the file");
    file->name = name;
    res = parse(&reading, text, len);
    if (res == -ENOMEM)
        (void)err_set(err, res, "there is no memory for the file");
    if (res) {
        code_free(file);
        return res;
    }
    *out = file;
    return 0;
}

void code_free(struct code_file *file)
{
    if (!file)
        return;
    code_rows_free(&file->rows);
    code_faults_free(&file->faults);
    free(file);
}
