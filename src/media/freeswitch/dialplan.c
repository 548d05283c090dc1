/*
 * What the static dialplan (conf/freeswitch/dialplan/from-edge.xml) does with one call, and nothing
 * else. Whatever it would refuse, and every other context, is not found here: FreeSWITCH then looks
 * there. A test compares the two.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "media/freeswitch/dialplan_private.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"

void dialplan_add_action(struct xml *xml, const char *application, const char *data)
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
    char data[DIALPLAN_DATA_SIZE];

    snprintf(data, sizeof(data), "%s=%s", name, value);
    xml_open(xml, "action");
    xml_attr(xml, "application", "set");
    xml_attr(xml, "inline", "true");
    xml_attr(xml, "data", data);
    xml_close(xml);
}

/* Music on hold, by the digest that the edge says. Where the files are, the node knows. */
static void add_music(struct xml *xml, const struct dialplan_service *service, const char *digest)
{
    char file[DIALPLAN_DATA_SIZE];

    if (strlen(digest) != CRYPTO_SHA256_HEX - 1 ||
        strspn(digest, "0123456789abcdef") != CRYPTO_SHA256_HEX - 1)
        return;
    snprintf(file, sizeof(file), "${dp_state}/store/prompts/%s/%s.wav", service->domain, digest);
    add_variable(xml, "hold_music", file);
}

static void add_variables(struct xml *xml, const struct dialplan_service *service)
{
    add_variable(xml, "process_cdr", "false");
    add_variable(xml, "dp_service", service->kind);
    add_variable(xml, "dp_id", service->id);
    add_variable(xml, "dp_domain", service->domain);
    add_variable(xml, "sip_copy_custom_headers", "false");
    add_variable(xml, "force_transfer_context", "transferred");
    add_variable(xml, "media_timeout", "120000");
    add_variable(xml, "media_hold_timeout", "3600000");
}

/* The id of the call, which is the beginning of its header. */
static void add_name(struct xml *xml, const char *call)
{
    char id[STR_UUID_LENGTH + 1];

    snprintf(id, sizeof(id), "%.*s", STR_UUID_LENGTH, call);
    add_variable(xml, "presence_data", id);
}

/* What X-VOIP-Record says is services.xml's to understand. */
static void add_recording(struct xml *xml, const char *record)
{
    char data[DIALPLAN_DATA_SIZE];
    size_t length = strspn(record, LOWER "_;=");

    if (length < 1 || length > 64 || record[length] != '\0')
        return;
    snprintf(data, sizeof(data), "recording-%s XML services", record);
    dialplan_add_action(xml, "execute_extension", data);
}

static void add_answer(struct xml *xml, const struct dialplan_kind *kind)
{
    dialplan_add_action(xml, "set", "process_cdr=true");
    dialplan_add_action(xml, "answer", NULL);
    if (kind->asks_for_pin)
        dialplan_add_action(xml, "set", "sensitive_dtmf=true");
    /* The way of the media may take a moment to open: the first word is not lost in it. */
    dialplan_add_action(xml, "sleep", "300");
}

static int write_call(const struct dialplan_kind *kind, const struct dialplan_service *service,
                      const struct fs_request *request, bool is_there, struct buf *out)
{
    struct xml xml;

    doc_open(&xml, out, "dialplan");
    xml_open(&xml, "context");
    xml_attr(&xml, "name", "from-edge");
    xml_open(&xml, "extension");
    xml_attr(&xml, "name", kind->name);
    xml_open(&xml, "condition");
    add_variables(&xml, service);
    add_name(&xml, request->call);
    add_music(&xml, service, request->music);
    add_recording(&xml, request->record);
    if (kind->recorded == WHEN_ANSWERED)
        dialplan_add_action(&xml, "set", "execute_on_answer=set process_cdr=true");
    else
        add_answer(&xml, kind);
    if (is_there)
        kind->add(&xml, service);
    else
        dialplan_add_action(&xml, "transfer", "unavailable XML services");
    return xml_finish(&xml);
}

int dialplan_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    struct dialplan_service service;

    if (strcmp(request->context, "from-edge") != 0 || !dialplan_is_call(request->call) ||
        dialplan_parse_service(request->service, &service) || !dialplan_find_kind(&service))
        return -ENOENT;
    memcpy(out, service.domain, sizeof(service.domain));
    return 0;
}

int dialplan_document(const struct fs_request *request, const struct snapshot *snapshot,
                      struct buf *out)
{
    const struct dialplan_kind *kind;
    struct dialplan_service service;

    /* dialplan_domain has looked at both: this is only for who has not called it. */
    if (!dialplan_is_call(request->call) || dialplan_parse_service(request->service, &service))
        return -EINVAL;
    kind = dialplan_find_kind(&service);
    if (!kind)
        return -ENOENT;
    return write_call(kind, &service, request, kind->is_there(snapshot, &service), out);
}
