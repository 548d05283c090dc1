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

/* A hundred nodes are about 10 KiB; more than this is not a deployment file. */
enum { FILE_MAX = 256 * 1024, NODES_MAX = 100, STRING_MAX = 1024 };

static const cyaml_strval_t media_servers[] = {
    {"auto", MEDIA_SERVER_AUTO},
    {"freeswitch", MEDIA_SERVER_FREESWITCH},
    {"asterisk", MEDIA_SERVER_ASTERISK},
};

static const cyaml_strval_t dialplans[] = {
    {"static", DIALPLAN_STATIC},
    {"dynamic", DIALPLAN_DYNAMIC},
};

static const cyaml_strval_t anchors[] = {
    {"auto", ANCHOR_MEDIA_AUTO},
    {"always", ANCHOR_MEDIA_ALWAYS},
};

static const cyaml_strval_t roles[] = {
    {"edge", ROLE_EDGE},   {"media", ROLE_MEDIA}, {"control", ROLE_CONTROL},
    {"queue", ROLE_QUEUE}, {"db", ROLE_DB},
};

/* libcyaml's field macros want named structures; the parts of struct topology have no names. */
#define OFFSET(name, part)                                                                         \
    (uint32_t)(offsetof(struct topology, part.name) - offsetof(struct topology, part))
#define NUMBER(name, part)                                                                         \
    {                                                                                              \
        .key = #name,                                                                              \
        .data_offset = OFFSET(name, part),                                                         \
        .value = {CYAML_VALUE_UINT(CYAML_FLAG_OPTIONAL, uint16_t)},                                \
    }
/* What is empty is written so that YAML reads it as null: not the word "null". */
#define STRING(name, part)                                                                         \
    {                                                                                              \
        .key = #name,                                                                              \
        .data_offset = OFFSET(name, part),                                                         \
        .value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER_NULL_STR | CYAML_FLAG_OPTIONAL, char, 0,   \
                                     STRING_MAX)},                                                 \
    }
#define CHOICE(name, part, words)                                                                  \
    {                                                                                              \
        .key = #name,                                                                              \
        .data_offset = OFFSET(name, part),                                                         \
        .value = {CYAML_VALUE_ENUM(CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, int, words,            \
                                   DP_COUNT(words))},                                              \
    }
#define SECTION(name)                                                                              \
    {                                                                                              \
        .key = #name,                                                                              \
        .data_offset = offsetof(struct topology, name),                                            \
        .value =                                                                                   \
            {                                                                                      \
                .type = CYAML_MAPPING,                                                             \
                .flags = CYAML_FLAG_OPTIONAL,                                                      \
                .data_size = sizeof(((struct topology *)NULL)->name),                              \
                .mapping = {.fields = name##_fields},                                              \
            },                                                                                     \
    }

static const cyaml_schema_field_t edge_fields[] = {
    NUMBER(sip_port, edge),
    NUMBER(tls_port, edge),
    STRING(tls_certificate, edge),
    STRING(tls_key, edge),
    STRING(tls_ca, edge),
    NUMBER(inside_port, edge),
    NUMBER(rpc_port, edge),
    NUMBER(rtpengine_port, edge),
    NUMBER(rtp_first, edge),
    NUMBER(rtp_last, edge),
    NUMBER(workers, edge),
    NUMBER(max_requests, edge),
    NUMBER(max_calls, edge),
    CHOICE(anchor_media, edge, anchors),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t media_fields[] = {
    NUMBER(sip_port, media), NUMBER(event_port, media),          NUMBER(rtp_first, media),
    NUMBER(rtp_last, media), CHOICE(dialplan, media, dialplans), CYAML_FIELD_END,
};
static const cyaml_schema_field_t control_fields[] = {
    NUMBER(documents_port, control),
    NUMBER(agi_port, control),
    NUMBER(api_port, control),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t collector_fields[] = {NUMBER(port, collector), CYAML_FIELD_END};
static const cyaml_schema_field_t queue_fields[] = {NUMBER(port, queue), CYAML_FIELD_END};
static const cyaml_schema_field_t db_fields[] = {
    NUMBER(port, db),
    STRING(name, db),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mail_fields[] = {
    STRING(host, mail),
    NUMBER(port, mail),
    STRING(from, mail),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t node_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct topology_node, name, 0, STRING_MAX),
    CYAML_FIELD_STRING_PTR("address", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                           struct topology_node, address, 0, STRING_MAX),
    CYAML_FIELD_STRING_PTR("inside", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct topology_node,
                           inside, 0, STRING_MAX),
    CYAML_FIELD_FLAGS("roles", CYAML_FLAG_STRICT, struct topology_node, roles, roles,
                      DP_COUNT(roles)),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t node_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct topology_node, node_fields),
};

static const cyaml_schema_field_t topology_fields[] = {
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct topology, version),
    CYAML_FIELD_ENUM("media_server", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, struct topology,
                     media_server, media_servers, DP_COUNT(media_servers)),
    CYAML_FIELD_STRING_PTR("freeswitch", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct topology,
                           freeswitch, 0, STRING_MAX),
    CYAML_FIELD_SEQUENCE("nodes", CYAML_FLAG_POINTER, struct topology, nodes, &node_schema, 1,
                         NODES_MAX),
    SECTION(edge),
    SECTION(media),
    SECTION(control),
    SECTION(collector),
    SECTION(queue),
    SECTION(db),
    SECTION(mail),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t topology_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct topology, topology_fields),
};

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

const char *media_server_name(enum media_server server)
{
    return media_servers[server].str;
}
