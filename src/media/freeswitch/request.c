#include "media/freeswitch/request.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* mod_xml_curl.c, xml_url_fetch(): "hostname=%s&section=%s&tag_name=%s&key_name=%s&key_value=%s".
 */
static const char *const leading[] = {"hostname", "section", "tag_name", "key_name", "key_value"};

/* Of the event, by the names that FreeSWITCH gives them. */
static const struct field {
    const char *name;
    size_t offset;
} fields[] = {
    {"purpose", offsetof(struct fs_request, purpose)},
    {"user", offsetof(struct fs_request, user)},
    {"domain", offsetof(struct fs_request, domain)},
    {"Hunt-Context", offsetof(struct fs_request, context)},
    {"variable_sip_h_X-VOIP-Service", offsetof(struct fs_request, service)},
    {"variable_sip_h_X-VOIP-Call", offsetof(struct fs_request, call)},
    {"Menu-Name", offsetof(struct fs_request, menu)},
    {"CC-Queue", offsetof(struct fs_request, queue)},
    {"profile_name", offsetof(struct fs_request, conference)},
};

static int check_leading(const struct form *form)
{
    if (form->count < DP_COUNT(leading))
        return -EINVAL;
    for (size_t i = 0; i < DP_COUNT(leading); i++) {
        if (strcmp(form->pairs[i].name, leading[i]) != 0)
            return -EINVAL;
    }
    if (form->count == DP_COUNT(leading))
        return 0;
    if (strcmp(form->pairs[DP_COUNT(leading)].name, "Event-Name") != 0 ||
        form_count(form, "Event-Name") != 1)
        return -EINVAL;
    return 0;
}

/* The value of the last pair of this name; "" when there is none. */
static const char *last(const struct form *form, const char *name)
{
    for (size_t i = form->count; i-- > 0;) {
        if (strcmp(form->pairs[i].name, name) == 0)
            return form->pairs[i].value;
    }
    return "";
}

/* FreeSWITCH's events may hold the same header twice. */
static int take(const struct form *form, const char *name, const char **out)
{
    const char *value = last(form, name);

    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->pairs[i].name, name) == 0 && strcmp(form->pairs[i].value, value) != 0)
            return -EINVAL;
    }
    *out = value;
    return 0;
}

int fs_request_read(const struct form *form, struct fs_request *out)
{
    struct fs_request request = {0};
    const char *again;

    if (check_leading(form))
        return -EINVAL;
    /* xml_locate says the section twice. */
    for (size_t i = 0; i < DP_COUNT(leading); i++) {
        if (take(form, leading[i], &again))
            return -EINVAL;
    }
    for (size_t i = 0; i < DP_COUNT(fields); i++) {
        if (take(form, fields[i].name, (const char **)((char *)&request + fields[i].offset)))
            return -EINVAL;
    }
    request.section = form->pairs[1].value;
    request.tag_name = form->pairs[2].value;
    request.key_name = form->pairs[3].value;
    request.key_value = form->pairs[4].value;
    /* mod_voicemail looks for the id and then for the alias, and adds the latter to the former. */
    request.key = last(form, "key");
    /* Those who ask for a group, and those who send it a message. */
    if (take(form, request.purpose[0] ? "group" : "group_name", &request.group))
        return -EINVAL;
    *out = request;
    return 0;
}
