/* Rows as YAML. Texts that another reader could take for something else are quoted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "api/code_private.h"

#define HEADER                                                                                     \
    "# A tenant as `dialplane export` writes it and `dialplane apply` reads it: what is not "      \
    "here\n"                                                                                       \
    "# has its default.\n"

static int write_to(void *arg, unsigned char *data, size_t size)
{
    return buf_add(arg, data, size) == 0;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    /* An error stays in the emitter, and is asked for at the end. */
    if (made)
        (void)yaml_emitter_emit(emitter, event);
}

static void put_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *)text, (int)strlen(text), 1,
                                      1, style));
}

static void begin_map(yaml_emitter_t *emitter)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

static void end_map(yaml_emitter_t *emitter)
{
    yaml_event_t event;

    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void begin_list(yaml_emitter_t *emitter, yaml_sequence_style_t style)
{
    yaml_event_t event;

    emit(emitter, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
}

static void end_list(yaml_emitter_t *emitter)
{
    yaml_event_t event;

    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* Letters first, then nothing that means something in YAML; and no word of YAML 1.1's. */
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    static const char *const words[] = {"y",   "n",    "yes",   "no",  "on",
                                        "off", "true", "false", "null"};

    if (!strspn(text, letters) || text[strspn(text, others)])
        return false;
    for (size_t i = 0; i < DP_COUNT(words); i++)
        if (strcasecmp(words[i], text) == 0)
            return false;
    return true;
}

static void put_text(yaml_emitter_t *emitter, const char *text)
{
    put_scalar(emitter, text,
               is_plain(text) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void put_value(yaml_emitter_t *emitter, json_t *value)
{
    char number[32];
    json_t *one;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_STRING:
        put_text(emitter, json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        put_scalar(emitter, number, YAML_PLAIN_SCALAR_STYLE);
        break;
    case JSON_ARRAY:
        begin_list(emitter, YAML_FLOW_SEQUENCE_STYLE);
        json_array_foreach(value, i, one) put_value(emitter, one);
        end_list(emitter);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        put_scalar(emitter, json_is_true(value) ? "true" : "false", YAML_PLAIN_SCALAR_STYLE);
        break;
    default:
        put_scalar(emitter, "null", YAML_PLAIN_SCALAR_STYLE);
    }
}

static void put_field(yaml_emitter_t *emitter, const struct code_row *row, const char *name)
{
    json_t *value = json_object_get(row->fields, name);

    if (!value)
        return;
    put_scalar(emitter, name, YAML_PLAIN_SCALAR_STYLE);
    put_value(emitter, value);
}

/* A row and, in it, its lists. */
static void put_row(yaml_emitter_t *emitter, const struct code_row *row)
{
    const struct api_resource *list = NULL;
    char name[CODE_NAME_SIZE];

    begin_map(emitter);
    for (const struct api_column *c = row->resource->columns; c->name; c++) {
        code_field(c, name);
        if (code_has(c))
            put_field(emitter, row, name);
        else if (c->digest)
            put_field(emitter, row, c->digest);
    }
    for (const struct code_row *child = row->child; child; child = child->next) {
        if (child->resource != list) {
            if (list)
                end_list(emitter);
            list = child->resource;
            code_section(list, name);
            put_scalar(emitter, name, YAML_PLAIN_SCALAR_STYLE);
            begin_list(emitter, YAML_BLOCK_SEQUENCE_STYLE);
        }
        put_row(emitter, child);
    }
    if (list)
        end_list(emitter);
    end_map(emitter);
}

static void put_tenant(yaml_emitter_t *emitter, const struct code_rows *rows)
{
    const struct api_resource *list = NULL;
    char name[CODE_NAME_SIZE];

    for (size_t i = 0; i < rows->count; i++) {
        const struct code_row *row = rows->rows[i];

        if (row->parent || code_is_nothing(row))
            continue;
        if (row->resource != list) {
            if (list && code_is_list(list))
                end_list(emitter);
            list = row->resource;
            code_section(list, name);
            put_scalar(emitter, name, YAML_PLAIN_SCALAR_STYLE);
            if (code_is_list(list))
                begin_list(emitter, YAML_BLOCK_SEQUENCE_STYLE);
        }
        put_row(emitter, row);
    }
    if (list && code_is_list(list))
        end_list(emitter);
}

int code_emit(struct code_rows *rows, struct buf *out)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    bool failed;

    if (!yaml_emitter_initialize(&emitter))
        return -ENOMEM;
    buf_add_str(out, HEADER);
    yaml_emitter_set_output(&emitter, write_to, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    begin_map(&emitter);
    put_scalar(&emitter, "version", YAML_PLAIN_SCALAR_STYLE);
    put_scalar(&emitter, "1", YAML_PLAIN_SCALAR_STYLE);
    put_tenant(&emitter, rows);
    end_map(&emitter);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    failed = !yaml_emitter_flush(&emitter) || emitter.error != YAML_NO_ERROR;
    yaml_emitter_delete(&emitter);
    return failed ? -EIO : buf_error(out);
}
