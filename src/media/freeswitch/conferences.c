#include "media/freeswitch/conferences.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/callcenter.h"

/* A command to a conference; that it is over by now is no error. */
#define TELL(sync, name, err, ...)                                                                 \
    cc_unless("not found", ESL_API((sync)->esl, NULL, err, "conference", name, __VA_ARGS__), err)

/* mod_conference has no word for "no moderator's PIN any more", and asks everybody for a PIN as
 * long as there is one of the two: it becomes empty. */
static int put_pins(const struct fs_sync *sync, const char *name,
                    const struct snapshot_conference *wanted, struct err *err)
{
    const char *moderator = wanted->moderator_pin ? wanted->moderator_pin : esl_nothing;
    int res;

    if (wanted->pin)
        res = TELL(sync, name, err, "pin", wanted->pin);
    else
        res = TELL(sync, name, err, "nopin");
    return res ? res : TELL(sync, name, err, "pin", "mod", moderator);
}

static int put(const struct fs_sync *sync, const char *name, const char *domain, int64_t id,
               struct err *err)
{
    const struct snapshot_conference *wanted;
    struct snapshot *snapshot;
    char size[CC_NUMBER_SIZE];
    int res = cc_tenant(sync, domain, &snapshot, err);

    if (res || !snapshot)
        return res;
    wanted = snapshot_conference(snapshot, id);
    if (wanted) {
        snprintf(size, sizeof(size), "%d", wanted->max_members);
        res = put_pins(sync, name, wanted, err);
        if (!res)
            res = TELL(sync, name, err, "set", "max_members", size);
    }
    snapshot_unref(snapshot);
    return res;
}

/* "<domain>/<id>", as conf/freeswitch names them. */
static int parse_name(const char *name, char domain[STR_DOMAIN_MAX + 1], int64_t *id)
{
    const char *slash = strchr(name, '/');
    uint64_t number;

    if (!slash || str_printf(domain, STR_DOMAIN_MAX + 1, "%.*s", (int)(slash - name), name) ||
        !str_is_domain(domain) || str_to_u64(slash + 1, 1, INT64_MAX, &number))
        return -EINVAL;
    *id = (int64_t)number;
    return 0;
}

/* A line of the list: "+OK Conference <name> (2 members …". */
static int put_line(const struct fs_sync *sync, const char *line, struct err *err)
{
    char name[STR_DOMAIN_MAX + CC_NUMBER_SIZE], domain[STR_DOMAIN_MAX + 1];
    const char *begin = line + strlen("+OK Conference ");
    int64_t id;

    if (!str_starts_with(line, "+OK Conference ") ||
        str_printf(name, sizeof(name), "%.*s", (int)strcspn(begin, " "), begin) ||
        parse_name(name, domain, &id))
        return 0;
    return put(sync, name, domain, id, err);
}

static int put_all(const struct fs_sync *sync, struct err *err)
{
    struct err reason;
    struct buf list;
    char *next, *line;
    int res, first = 0;

    buf_init(&list, ESL_BODY_MAX);
    res = ESL_API(sync->esl, &list, err, "conference", "list", "summary");
    if (!res) {
        for (line = strtok_r(list.data, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
            res = put_line(sync, line, &reason);
            if (!cc_go_on(res, &reason, &first, err))
                break;
        }
        res = first;
    }
    buf_free(&list);
    return res;
}

int fs_conferences_sync(const struct fs_sync *sync, const char *domain, int64_t id, struct err *err)
{
    char name[STR_DOMAIN_MAX + CC_NUMBER_SIZE];

    if (!domain)
        return put_all(sync, err);
    if (str_printf(name, sizeof(name), "%s/%lld", domain, (long long)id))
        return 0;
    return put(sync, name, domain, id, err);
}
