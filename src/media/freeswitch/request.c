#include "media/freeswitch/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A name with its length: a dialplan request has 200 pairs, and each is looked at for every name.
 */
struct name {
    const char *text;
    size_t len;
};
#define NAME(literal) {literal, sizeof(literal) - 1}

/* mod_xml_curl.c, xml_url_fetch(): "hostname=%s&section=%s&tag_name=%s&key_name=%s&key_value=%s".
 */
static const struct name leading[] = {
    NAME("hostname"), NAME("section"), NAME("tag_name"), NAME("key_name"), NAME("key_value"),
};
static const struct name event_name = NAME("Event-Name");
static const struct name key = NAME("key"), group = NAME("group"), group_name = NAME("group_name");

/* Of the event, by the names that FreeSWITCH gives them. */
static const struct field {
    struct name name;
    size_t offset;
} fields[] = {
    {NAME("purpose"), offsetof(struct fs_request, purpose)},
    {NAME("user"), offsetof(struct fs_request, user)},
    {NAME("domain"), offsetof(struct fs_request, domain)},
    {NAME("Hunt-Context"), offsetof(struct fs_request, context)},
    {NAME("variable_sip_h_X-VOIP-Service"), offsetof(struct fs_request, service)},
    {NAME("variable_sip_h_X-VOIP-Call"), offsetof(struct fs_request, call)},
    {NAME("variable_sip_h_X-VOIP-Record"), offsetof(struct fs_request, record)},
    {NAME("variable_sip_h_X-VOIP-Music"), offsetof(struct fs_request, music)},
    {NAME("Menu-Name"), offsetof(struct fs_request, menu)},
    {NAME("CC-Queue"), offsetof(struct fs_request, queue)},
    {NAME("profile_name"), offsetof(struct fs_request, conference)},
    {NAME("Conf-Profile"), offsetof(struct fs_request, controls)},
};

static bool is_named(const struct form_pair *pair, const struct name *name)
{
    return pair->name_len == name->len && memcmp(pair->name, name->text, name->len) == 0;
}

static int check_leading(const struct form *form)
{
    if (form->count < DP_COUNT(leading))
        return -EINVAL;
    for (size_t i = 0; i < DP_COUNT(leading); i++) {
        if (!is_named(&form->pairs[i], &leading[i]))
            return -EINVAL;
    }
    for (size_t i = DP_COUNT(leading); i < form->count; i++) {
        if (is_named(&form->pairs[i], &event_name) != (i == DP_COUNT(leading)))
            return -EINVAL;
    }
    return 0;
}

/* The value of the last pair of this name; "" when there is none. */
static const char *last(const struct form *form, const struct name *name)
{
    for (size_t i = form->count; i-- > 0;) {
        if (is_named(&form->pairs[i], name))
            return form->pairs[i].value;
    }
    return "";
}

/* FreeSWITCH's events may hold the same header twice. */
static int take(const struct form *form, const struct name *name, const char **out)
{
    const char *value = last(form, name);

    for (size_t i = 0; i < form->count; i++) {
        if (is_named(&form->pairs[i], name) && strcmp(form->pairs[i].value, value) != 0)
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
        if (take(form, &leading[i], &again))
            return -EINVAL;
    }
    for (size_t i = 0; i < DP_COUNT(fields); i++) {
        if (take(form, &fields[i].name, (const char **)((char *)&request + fields[i].offset)))
            return -EINVAL;
    }
    request.section = form->pairs[1].value;
    request.tag_name = form->pairs[2].value;
    request.key_name = form->pairs[3].value;
    request.key_value = form->pairs[4].value;
    /* mod_voicemail looks for the id and then for the alias, and adds the latter to the former. */
    request.key = last(form, &key);
    /* Those who ask for a group, and those who send it a message. */
    if (take(form, request.purpose[0] ? &group : &group_name, &request.group))
        return -EINVAL;
    *out = request;
    return 0;
}
