#include "cluster/topology_schema.h"

#include "base/compiler.h"
#include "cluster/topology.h"

/* A hundred nodes are about 10 KiB. */
enum { NODES_MAX = 100, STRING_MAX = 1024 };

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
#define FLAG(name, part)                                                                           \
    {                                                                                              \
        .key = #name,                                                                              \
        .data_offset = OFFSET(name, part),                                                         \
        .value = {CYAML_VALUE_BOOL(CYAML_FLAG_OPTIONAL, bool)},                                    \
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
    FLAG(turn, edge),
    NUMBER(turn_port, edge),
    NUMBER(turn_first, edge),
    NUMBER(turn_last, edge),
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
static const cyaml_schema_field_t collector_fields[] = {
    NUMBER(port, collector),
    NUMBER(spool_mib, collector),
    NUMBER(reserve_mib, collector),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t queue_fields[] = {NUMBER(port, queue), CYAML_FIELD_END};
static const cyaml_schema_field_t db_fields[] = {
    NUMBER(port, db),
    STRING(name, db),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t cdr_fields[] = {
    NUMBER(writers, cdr),
    NUMBER(keep_months, cdr),
    NUMBER(keep_raw_days, cdr),
    NUMBER(keep_note_days, cdr),
    NUMBER(reconcile_every, cdr),
    NUMBER(reconcile_grace, cdr),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t audit_fields[] = {NUMBER(keep_days, audit), CYAML_FIELD_END};

static const cyaml_schema_field_t recordings_fields[] = {
    STRING(folder, recordings),
    STRING(peer, recordings),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t webhooks_fields[] = {
    FLAG(allow_private, webhooks), NUMBER(timeout_s, webhooks), NUMBER(retry_s, webhooks),
    NUMBER(dead_hours, webhooks),  NUMBER(keep_days, webhooks), CYAML_FIELD_END,
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
    SECTION(cdr),
    SECTION(mail),
    SECTION(recordings),
    SECTION(audit),
    SECTION(webhooks),
    CYAML_FIELD_END,
};
const cyaml_schema_value_t topology_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct topology, topology_fields),
};

const char *media_server_name(enum media_server server)
{
    return media_servers[server].str;
}
