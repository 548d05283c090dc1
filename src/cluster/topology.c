#include "cluster/topology.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "cluster/places.h"
#include "cluster/topology_check.h"
#include "cluster/topology_schema.h"

/* Of the largest deployment that the schema allows, many times over. */
enum { FILE_MAX = 256 * 1024 };

/* What libcyaml says about one load: the first message, and the innermost place of its backtrace.
 */
struct complaint {
    char message[256];
    char place[256];
};

static void DP_PRINTF(3, 0)
    keep_complaint(cyaml_log_t level, void *context, const char *format, va_list args)
{
    struct complaint *complaint = context;
    char line[256];

    (void)level;
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    if (str_starts_with(line, "  in ")) {
        if (!complaint->place[0])
            memcpy(complaint->place, line, sizeof(line));
    } else if (!complaint->message[0] && !strstr(line, "Backtrace:")) {
        memcpy(complaint->message, line, sizeof(line));
    }
}

static cyaml_config_t config_with(struct complaint *complaint)
{
    return (cyaml_config_t){
        .log_fn = keep_complaint,
        .log_ctx = complaint,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        /* An alias hides where a value stands, and nests without end. */
        .flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_STYLE_BLOCK,
    };
}

/*
 * "Load: Invalid ENUM value: x" and "  in mapping field 'y' (line: 2, column: 15)" become
 * "2:15: y: Invalid ENUM value: x".
 */
static int explain(const struct complaint *complaint, cyaml_err_t code, struct err *err)
{
    const char *message = complaint->message, *at = strstr(complaint->place, "(line: ");
    const char *name = strchr(complaint->place, '\'');
    unsigned int line = 1, column = 1;

    if (str_starts_with(message, "Load: "))
        message += strlen("Load: ");
    if (!*message)
        message = cyaml_strerror(code);
    if (at && sscanf(at, "(line: %u, column: %u", &line, &column) != 2)
        line = column = 1;
    /* Of what is missing, libcyaml names the value before it: the line helps, the name does not. */
    if (!name || code == CYAML_ERR_MAPPING_FIELD_MISSING)
        return err_set(err, -EINVAL, "%u:%u: %s", line, column, message);
    name++;
    return err_set(err, -EINVAL, "%u:%u: %.*s: %s", line, column, (int)strcspn(name, "'"), name,
                   message);
}

static int load_text(struct topology **out, const struct buf *text, struct err *err)
{
    struct complaint complaint = {0};
    cyaml_config_t config = config_with(&complaint);
    struct topology *topology = NULL;
    cyaml_data_t **data = (cyaml_data_t **)(void *)&topology;
    cyaml_err_t code;

    code = cyaml_load_data((const uint8_t *)text->data, text->len, &config, &topology_schema, data,
                           NULL);
    if (code == CYAML_ERR_OOM)
        return err_set(err, -ENOMEM, "out of memory");
    if (code != CYAML_OK)
        return explain(&complaint, code, err);
    if (!topology)
        return err_set(err, -EINVAL, "1:1: the file is empty");
    *out = topology;
    return 0;
}

/* The checks in the order in which a reader would want to hear of them; "line:column: what". */
static int load_checked(struct topology **out, const struct buf *text, struct err *err)
{
    struct topology *topology = NULL;
    struct places *places = NULL;
    int res;

    res = places_new(&places, text->data, text->len, err);
    if (!res)
        res = places_check_keys(places, &topology_schema, err);
    if (!res)
        res = load_text(&topology, text, err);
    if (!res)
        res = topology_complete(topology, places, err);
    if (!res) {
        *out = topology;
        topology = NULL;
    }
    topology_free(topology);
    places_free(places);
    return res;
}

int topology_load(struct topology **out, const char *path, struct err *err)
{
    struct err reason;
    struct buf text;
    int res;

    buf_init(&text, FILE_MAX);
    res = file_read(path, &text, err);
    if (!res) {
        res = load_checked(out, &text, &reason);
        if (res)
            err_set(err, res, "%s:%s", path, reason.text);
    }
    buf_free(&text);
    return res;
}

void topology_free(struct topology *topology)
{
    struct complaint complaint = {0};
    cyaml_config_t config = config_with(&complaint);

    if (topology)
        cyaml_free(&config, &topology_schema, topology, 0);
}

int topology_save(const struct topology *topology, const char *path, struct err *err)
{
    struct complaint complaint = {0};
    cyaml_config_t config = config_with(&complaint);
    cyaml_err_t code;
    char *text = NULL;
    size_t len = 0;
    int res;

    code = cyaml_save_data(&text, &len, &config, &topology_schema, topology, 0);
    if (code != CYAML_OK)
        return err_set(err, -EINVAL, "%s: %s", path, cyaml_strerror(code));
    res = file_write(path, text, len, 0644, err);
    config.mem_fn(config.mem_ctx, text, 0);
    return res;
}

const struct topology_node *topology_find(const struct topology *topology, const char *name)
{
    for (size_t i = 0; i < topology->nodes_count; i++)
        if (strcmp(topology->nodes[i].name, name) == 0)
            return &topology->nodes[i];
    return NULL;
}

const struct topology_node *topology_first(const struct topology *topology, enum role role)
{
    size_t i = 0;

    /* topology_check made sure that there is one. */
    while (!(topology->nodes[i].roles & role))
        i++;
    return &topology->nodes[i];
}

int topology_set_address(struct topology *topology, const char *address, struct err *err)
{
    char *copy;

    if (topology->nodes_count != 1)
        return err_set(err, -EINVAL,
                       "the address can be replaced only where there is one node, "
                       "this deployment has %u",
                       topology->nodes_count);
    /* libcyaml's strings are of the C library's allocator. */
    copy = strdup(address);
    if (!copy)
        return err_set(err, -ENOMEM, "out of memory");
    free(topology->nodes[0].address);
    topology->nodes[0].address = copy;
    return topology_check(topology, NULL, err);
}
