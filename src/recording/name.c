#include "recording/name.h"

#include <errno.h>
#include <string.h>

enum { SECONDS_MAX = 12, FRACTION_MAX = 6 };

/* "<seconds>.<fraction>" to microseconds; moves on behind it. */
static int take_start(const char **at, int64_t *us)
{
    const char *text = *at;
    size_t whole = strspn(text, "0123456789"), fraction;
    int64_t value = 0;

    if (whole < 1 || whole > SECONDS_MAX || text[whole] != '.')
        return -EINVAL;
    fraction = strspn(text + whole + 1, "0123456789");
    if (fraction < 1 || fraction > FRACTION_MAX)
        return -EINVAL;
    for (size_t i = 0; i < whole; i++)
        value = value * 10 + (text[i] - '0');
    for (size_t i = 0; i < FRACTION_MAX; i++)
        value = value * 10 + (i < fraction ? text[whole + 1 + i] - '0' : 0);
    *at = text + whole + 1 + fraction;
    *us = value;
    return value > 0 ? 0 : -EINVAL;
}

int media_name_parse(struct media_name *out, const char *name)
{
    struct media_name found = {.raw = false};
    const char *at = name + STR_UUID_LENGTH, *ending = strrchr(name, '.');
    size_t len;

    if (strnlen(name, STR_UUID_LENGTH + 1) <= STR_UUID_LENGTH || *at++ != '_' || !ending)
        return -EINVAL;
    memcpy(found.call_id, name, STR_UUID_LENGTH);
    if (!str_is_uuid(found.call_id) || take_start(&at, &found.started_us) || *at++ != '_' ||
        at >= ending)
        return -EINVAL;
    len = (size_t)(ending - at);
    if (len > STR_DOMAIN_MAX)
        return -EINVAL;
    memcpy(found.domain, at, len);
    found.raw = strcmp(ending, ".raw") == 0;
    if (!str_is_domain(found.domain) || (!found.raw && strcmp(ending, ".wav") != 0))
        return -EINVAL;
    *out = found;
    return 0;
}
