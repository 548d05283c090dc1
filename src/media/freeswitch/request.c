#include "media/freeswitch/request.h"

#include <errno.h>
#include <string.h>

/* mod_xml_curl.c, xml_url_fetch(): "hostname=%s&section=%s&tag_name=%s&key_name=%s&key_value=%s".
 */
static const char *const leading[] = {"hostname", "section", "tag_name", "key_name", "key_value"};

static int check_leading(const struct form *form)
{
    if (form->count < DP_COUNT(leading))
        return -EINVAL;
    for (size_t i = 0; i < DP_COUNT(leading); i++) {
        if (strcmp(form->pairs[i].name, leading[i]) != 0 || form_count(form, leading[i]) != 1)
            return -EINVAL;
    }
    return 0;
}

static int take(const struct form *form, const char *name, const char **out)
{
    const char *value = form_get(form, name);

    if (!value && form_count(form, name) > 0)
        return -EINVAL;
    *out = value ? value : "";
    return 0;
}

int fs_request_read(const struct form *form, struct fs_request *out)
{
    struct fs_request request;

    if (check_leading(form) || take(form, "purpose", &request.purpose) ||
        take(form, "key", &request.key) || take(form, "user", &request.user) ||
        take(form, "domain", &request.domain) || take(form, "Menu-Name", &request.menu))
        return -EINVAL;
    request.section = form->pairs[1].value;
    request.tag_name = form->pairs[2].value;
    request.key_name = form->pairs[3].value;
    request.key_value = form->pairs[4].value;
    *out = request;
    return 0;
}
