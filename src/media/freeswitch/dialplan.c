/*
 * What the static dialplan (conf/freeswitch/dialplan/from-edge.xml) does with one call, and nothing
 * else. Whatever it would refuse, and every other context, is not found here: FreeSWITCH then looks
 * there. A test compares the two.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"

enum { DATA_SIZE = 512 };

/* X-VOIP-Service: <kind>;id=<id>;domain=<domain> */
struct service {
    char kind[16];
    char id[65];
    char domain[FS_DOMAIN_SIZE];
};

static int parse_service(const char *text, struct service *out)
{
    int end = 0;

    if (sscanf(text, "%15[a-z_];id=%64[0-9A-Za-z];domain=%190[a-z0-9.-]%n", out->kind, out->id,
               out->domain, &end) != 3 ||
        text[end] != '\0')
        return -EINVAL;
    return 0;
}

/* X-VOIP-Call: <uuid>;start=…;from=…;to=…;reached=…;dir=…;ext=…[;leg=0…9][;trunk=…] */
static const struct part {
    const char *before;
    const char *characters; /* NULL: any but ';' */
    size_t min, max;
} parts[] = {
    {"", DIGITS "abcdef-", 36, 36}, {";start=", DIGITS, 1, 12},  {".", DIGITS, 1, 6},
    {";from=", NULL, 0, 128},       {";to=", NULL, 0, 128},      {";reached=", NULL, 0, 128},
    {";dir=", LOWER, 1, 8},         {";ext=", LOWER "_", 1, 32},
};
static const struct part leg = {";leg=", DIGITS, 1, 1}, trunk = {";trunk=", NULL, 0, 400};

/* Takes `before` and what follows it off `*text`. */
static bool take_part(const char **text, const struct part *part)
{
    size_t length;

    if (!str_starts_with(*text, part->before))
        return false;
    *text += strlen(part->before);
    length = part->characters ? strspn(*text, part->characters) : strcspn(*text, ";");
    *text += length;
    return length >= part->min && length <= part->max;
}

static bool is_direction(const char *at)
{
    return str_starts_with(at, ";dir=internal;") || str_starts_with(at, ";dir=inbound;") ||
           str_starts_with(at, ";dir=outbound;");
}

/* Whether it is well-formed, and whether a media server set up the leg, which then has no record.
 */
static bool parse_call(const char *text, bool *is_leg)
{
    for (size_t i = 0; i < DP_COUNT(parts); i++) {
        if (strcmp(parts[i].before, ";dir=") == 0 && !is_direction(text))
            return false;
        if (!take_part(&text, &parts[i]))
            return false;
    }
    *is_leg = str_starts_with(text, leg.before) && text[strlen(leg.before)] != '0';
    if (str_starts_with(text, leg.before) && !take_part(&text, &leg))
        return false;
    return text[0] == '\0' || (take_part(&text, &trunk) && text[0] == '\0');
}

static void add_action(struct xml *xml, const char *application, const char *data)
{
    xml_open(xml, "action");
    xml_attr(xml, "application", application);
    if (data)
        xml_attr(xml, "data", data);
    xml_close(xml);
}

/* A variable that is there before the first action runs. */
static void add_variable(struct xml *xml, const char *name, const char *value)
{
    char data[DATA_SIZE];

    snprintf(data, sizeof(data), "%s=%s", name, value);
    xml_open(xml, "action");
    xml_attr(xml, "application", "set");
    xml_attr(xml, "inline", "true");
    xml_attr(xml, "data", data);
    xml_close(xml);
}

static void add_variables(struct xml *xml, const struct service *service, bool is_leg)
{
    add_variable(xml, "process_cdr", "false");
    add_variable(xml, "dp_service", service->kind);
    add_variable(xml, "dp_id", service->id);
    add_variable(xml, "dp_domain", service->domain);
    add_variable(xml, "sip_copy_custom_headers", "false");
    add_variable(xml, "force_transfer_context", "transferred");
    add_variable(xml, "media_timeout", "120000");
    add_variable(xml, "media_hold_timeout", "3600000");
    add_variable(xml, "dp_record", is_leg ? "false" : "true");
}

static void add_menu(struct xml *xml, const struct service *service)
{
    char name[DATA_SIZE];

    snprintf(name, sizeof(name), "%s/%s", service->domain, service->id);
    add_action(xml, "ivr", name);
    add_action(xml, "transfer", "menu-${ivr_menu_status} XML services");
}

/* `next`: what services.xml does when there is the mailbox. */
static void add_mailbox(struct xml *xml, const struct service *service, const char *next)
{
    char data[DATA_SIZE];

    snprintf(data, sizeof(data), "%s@%s", service->id, service->domain);
    add_action(xml, "set_user", data);
    snprintf(data, sizeof(data), "%s-${user_name} XML services", next);
    add_action(xml, "transfer", data);
}

static void add_leave(struct xml *xml, const struct service *service)
{
    add_mailbox(xml, service, "leave");
}

static void add_listen(struct xml *xml, const struct service *service)
{
    add_mailbox(xml, service, "listen");
}

/* `next`: what services.xml does when there is the thing, see things.c. */
static void add_thing(struct xml *xml, const struct service *service, const char *next)
{
    char data[DATA_SIZE];

    snprintf(data, sizeof(data), "%s/%s@%s", service->kind, service->id, service->domain);
    add_action(xml, "set_user", data);
    snprintf(data, sizeof(data), "%s-${user_name} XML services", next);
    add_action(xml, "transfer", data);
}

/* Those that a feature code ends with, and that are nobody's. */
static bool is_built_in(const struct service *service)
{
    return strcmp(service->id, "activated") == 0 || strcmp(service->id, "deactivated") == 0;
}

static void add_announcement(struct xml *xml, const struct service *service)
{
    char data[DATA_SIZE];

    if (!is_built_in(service)) {
        add_thing(xml, service, "say");
        return;
    }
    snprintf(data, sizeof(data), "%s XML services", service->id);
    add_action(xml, "transfer", data);
}

/* What X-VOIP-Record says is services.xml's to understand. */
static void add_recording(struct xml *xml, const char *record)
{
    char data[DATA_SIZE];
    size_t length = strspn(record, LOWER "_;=");

    if (length < 1 || length > 64 || record[length] != '\0')
        return;
    snprintf(data, sizeof(data), "recording-%s XML services", record);
    add_action(xml, "execute_extension", data);
}

static void add_bridge(struct xml *xml, const struct service *service)
{
    (void)service;
    add_action(xml, "transfer", "bridge XML services");
}

static void add_ring_group(struct xml *xml, const struct service *service)
{
    add_thing(xml, service, "ring");
}

static void add_paging(struct xml *xml, const struct service *service)
{
    add_thing(xml, service, "page");
}

static void add_park(struct xml *xml, const struct service *service)
{
    (void)service;
    add_action(xml, "transfer", "park XML services");
}

static void add_queue(struct xml *xml, const struct service *service)
{
    (void)service;
    add_action(xml, "transfer", "queue XML services");
}

static void add_conference(struct xml *xml, const struct service *service)
{
    (void)service;
    add_action(xml, "transfer", "conference XML services");
}

/* The id, 0 when it is no number. */
static int64_t number_of(const struct service *service)
{
    uint64_t id;

    return str_to_u64(service->id, 1, INT64_MAX, &id) ? 0 : (int64_t)id;
}

static bool has_menu(const struct snapshot *snapshot, const struct service *service)
{
    return snapshot_menu(snapshot, number_of(service));
}

static bool has_mailbox(const struct snapshot *snapshot, const struct service *service)
{
    return snapshot_mailbox(snapshot, service->id) || snapshot_user(snapshot, service->id);
}

static bool has_queue(const struct snapshot *snapshot, const struct service *service)
{
    return snapshot_queue(snapshot, number_of(service));
}

static bool has_conference(const struct snapshot *snapshot, const struct service *service)
{
    return snapshot_conference(snapshot, number_of(service));
}

static bool has_announcement(const struct snapshot *snapshot, const struct service *service)
{
    return is_built_in(service) || snapshot_announcement(snapshot, number_of(service));
}

static bool has_ring_group(const struct snapshot *snapshot, const struct service *service)
{
    return snapshot_ring_group(snapshot, number_of(service));
}

/* A name is all it takes. */
static bool is_name(const struct snapshot *snapshot, const struct service *service)
{
    (void)snapshot;
    (void)service;
    return true;
}

/* Who writes the call's record: this server from the answer on, whose answer it may be, or not at
 * all. */
enum recorded { WHEN_WE_ANSWER, WHEN_ANSWERED, BY_THE_EDGE };

static const struct kind {
    const char *name;
    bool (*is_there)(const struct snapshot *snapshot, const struct service *service);
    void (*add)(struct xml *xml, const struct service *service);
    bool asks_for_pin; /* which is in no log, event or record */
    enum recorded recorded;
} kinds[] = {
    {"ivr", has_menu, add_menu, false, WHEN_WE_ANSWER},
    {"voicemail", has_mailbox, add_leave, false, WHEN_WE_ANSWER},
    {"mailbox", has_mailbox, add_listen, true, WHEN_WE_ANSWER},
    {"queue", has_queue, add_queue, false, WHEN_WE_ANSWER},
    {"conference", has_conference, add_conference, true, WHEN_WE_ANSWER},
    {"announcement", has_announcement, add_announcement, false, WHEN_WE_ANSWER},
    {"ring_group", has_ring_group, add_ring_group, false, WHEN_ANSWERED},
    {"paging", has_ring_group, add_paging, false, WHEN_WE_ANSWER},
    {"park", is_name, add_park, false, WHEN_WE_ANSWER},
    {"pickup", is_name, add_park, false, WHEN_WE_ANSWER},
    {"recorder", is_name, add_bridge, false, BY_THE_EDGE},
};

static const struct kind *find_kind(const struct service *service)
{
    for (size_t i = 0; i < DP_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, service->kind) == 0)
            return &kinds[i];
    }
    return NULL;
}

static void add_answer(struct xml *xml, const struct kind *kind, bool is_leg)
{
    add_action(xml, "set", is_leg ? "process_cdr=false" : "process_cdr=true");
    add_action(xml, "answer", NULL);
    if (kind->asks_for_pin)
        add_action(xml, "set", "sensitive_dtmf=true");
    /* The way of the media may take a moment to open: the first word is not lost in it. */
    add_action(xml, "sleep", "300");
}

static int write_call(const struct kind *kind, const struct service *service, const char *record,
                      bool is_leg, bool is_there, struct buf *out)
{
    struct xml xml;

    doc_open(&xml, out, "dialplan");
    xml_open(&xml, "context");
    xml_attr(&xml, "name", "from-edge");
    xml_open(&xml, "extension");
    xml_attr(&xml, "name", kind->name);
    xml_open(&xml, "condition");
    add_variables(&xml, service, is_leg);
    add_recording(&xml, record);
    if (kind->recorded == WHEN_ANSWERED)
        add_action(&xml, "set",
                   is_leg ? "execute_on_answer=set process_cdr=false"
                          : "execute_on_answer=set process_cdr=true");
    else if (kind->recorded == WHEN_WE_ANSWER)
        add_answer(&xml, kind, is_leg);
    if (is_there)
        kind->add(&xml, service);
    else
        add_action(&xml, "transfer", "unavailable XML services");
    return xml_finish(&xml);
}

int dialplan_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    struct service service;
    bool is_leg;

    if (strcmp(request->context, "from-edge") != 0 || !parse_call(request->call, &is_leg) ||
        parse_service(request->service, &service) || !find_kind(&service))
        return -ENOENT;
    memcpy(out, service.domain, sizeof(service.domain));
    return 0;
}

int dialplan_document(const struct fs_request *request, const struct snapshot *snapshot,
                      struct buf *out)
{
    const struct kind *kind;
    struct service service;
    bool is_leg;

    /* dialplan_domain has looked at both: this is only for who has not called it. */
    if (!parse_call(request->call, &is_leg) || parse_service(request->service, &service))
        return -EINVAL;
    kind = find_kind(&service);
    if (!kind)
        return -ENOENT;
    return write_call(kind, &service, request->record, is_leg, kind->is_there(snapshot, &service),
                      out);
}
