#include "media/freeswitch/documents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/documents_private.h"

static const struct section {
    const char *name;
    int (*domain)(const struct fs_request *request, char out[FS_DOMAIN_SIZE]);
    int (*document)(const struct fs_request *request, const struct snapshot *snapshot,
                    struct buf *out);
} sections[] = {
    {"configuration", configuration_domain, configuration_document},
    {"dialplan", dialplan_domain, dialplan_document},
    {"directory", directory_domain, directory_document},
};

bool doc_is_made_of(const char *text, const char *characters)
{
    return text[0] && text[strspn(text, characters)] == '\0';
}

void doc_open(struct xml *xml, struct buf *out, const char *section)
{
    xml_init(xml, out);
    xml_open(xml, "document");
    xml_attr(xml, "type", "freeswitch/xml");
    xml_open(xml, "section");
    xml_attr(xml, "name", section);
}

void doc_pair(struct xml *xml, const char *element, const char *name, const char *value)
{
    xml_open(xml, element);
    xml_attr(xml, "name", name);
    xml_attr(xml, "value", value);
    xml_close(xml);
}

void doc_param(struct xml *xml, const char *name, const char *value)
{
    doc_pair(xml, "param", name, value);
}

void doc_number(struct xml *xml, const char *name, long long value)
{
    xml_open(xml, "param");
    xml_attr(xml, "name", name);
    xml_attr_int(xml, "value", value);
    xml_close(xml);
}

int doc_sound(const struct snapshot *snapshot, const char *prompt, char out[DOC_FILE_SIZE])
{
    char file[PROMPTS_FILE_SIZE];
    int res = prompts_file(snapshot, prompt, false, file);

    return res ? res : str_printf(out, DOC_FILE_SIZE, "%s.wav", file);
}

int doc_dial_string(const struct snapshot *snapshot, const char *username, int ring_s,
                    char out[DOC_DIAL_SIZE])
{
    const char *domain = snapshot_domain(snapshot);
    char limit[32] = "";

    if (!doc_is_made_of(username, ALNUM "*+._-"))
        return -ENOENT;
    if (ring_s > 0)
        snprintf(limit, sizeof(limit), "leg_timeout=%d,", ring_s);
    return str_printf(out, DOC_DIAL_SIZE,
                      "[%ssip_invite_domain=%s,sip_h_X-VOIP-Ring=phones]"
                      "sofia/edge/sip:%s@%s;fs_path=sip:${dp_edge_inside}",
                      limit, domain, username, domain);
}

int fs_document_not_found(struct buf *out)
{
    struct xml xml;

    doc_open(&xml, out, "result");
    xml_open(&xml, "result");
    xml_attr(&xml, "status", "not found");
    return xml_finish(&xml);
}

static const struct section *find_section(const struct fs_request *request)
{
    for (size_t i = 0; i < DP_COUNT(sections); i++) {
        if (strcmp(sections[i].name, request->section) == 0)
            return &sections[i];
    }
    return NULL;
}

int fs_request_domain(const struct fs_request *request, char out[FS_DOMAIN_SIZE])
{
    const struct section *section = find_section(request);
    char domain[FS_DOMAIN_SIZE] = "";
    int res = section ? section->domain(request, domain) : -ENOENT;

    if (res)
        return res;
    if (!str_is_domain(domain))
        return -ENOENT;
    memcpy(out, domain, sizeof(domain));
    return 0;
}

int fs_document(const struct fs_request *request, const struct snapshot *snapshot, struct buf *out)
{
    const struct section *section = find_section(request);
    int res = section ? section->document(request, snapshot, out) : -ENOENT;

    if (res)
        buf_reset(out);
    return res;
}
