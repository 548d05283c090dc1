#include "media/freeswitch/commands.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/callcenter.h"
#include "media/freeswitch/conferences.h"

enum { STATUS_SIZE = 4096 };

/* The number before these words of `status`: "3 session(s) - peak 7, last 5min 4". */
static int parse_sessions(const char *text, uint64_t *out)
{
    const char *end = strstr(text, " session(s) - peak"), *begin = end;
    char digits[24];

    while (begin && begin > text && begin[-1] != '\n')
        begin--;
    if (!begin || str_printf(digits, sizeof(digits), "%.*s", (int)(end - begin), begin))
        return -EPROTO;
    return str_to_u64(digits, 0, UINT64_MAX, out) ? -EPROTO : 0;
}

int fs_sessions(struct esl *esl, uint64_t *out, struct err *err)
{
    struct buf reply;
    int res;

    buf_init(&reply, STATUS_SIZE);
    res = ESL_API(esl, &reply, err, "status");
    if (!res && parse_sessions(reply.data, out))
        res = err_set(err, -EPROTO, "the answer to `status` has no number of sessions");
    buf_free(&reply);
    return res;
}

int fs_subscribe(struct esl *esl, struct err *err)
{
    int res = ESL_COMMAND(esl, err, "filter", "CC-Action", "member-queue-start");

    if (!res)
        res = ESL_COMMAND(esl, err, "filter", "variable_dp_by_idle", "true");
    return res ? res
               : ESL_COMMAND(esl, err, "event", "plain", "CHANNEL_HANGUP_COMPLETE", "CUSTOM",
                             "callcenter::info");
}

int fs_tell(const struct fs_sync *sync, const struct change *change, struct err *err)
{
    uint64_t id;

    switch (change->table) {
    case CHANGE_USERS:
    case CHANGE_VOICEMAIL_BOXES:
        return ESL_API(sync->esl, NULL, err, "xml_flush_cache", "id", change->key, change->domain);
    case CHANGE_QUEUES:
        if (str_to_u64(change->key, 1, INT64_MAX, &id))
            return 0;
        return fs_queues_sync(sync, change->domain, (int64_t)id, err);
    case CHANGE_CONFERENCES:
        if (str_to_u64(change->key, 1, INT64_MAX, &id))
            return 0;
        return fs_conferences_sync(sync, change->domain, (int64_t)id, err);
    case CHANGE_DOMAINS:
        return fs_queues_sync(sync, change->domain, 0, err);
    default:
        /* FreeSWITCH asks for all else at each call. */
        return 0;
    }
}

int fs_compare(const struct fs_sync *sync, struct err *err)
{
    int res = ESL_API(sync->esl, NULL, err, "xml_flush_cache");
    struct err reason;

    if (res)
        return res;
    if (cc_go_on(fs_queues_sync(sync, NULL, 0, &reason), &reason, &res, err) &&
        cc_go_on(fs_agents_sync(sync, &reason), &reason, &res, err))
        cc_go_on(fs_conferences_sync(sync, NULL, 0, &reason), &reason, &res, err);
    return res;
}
