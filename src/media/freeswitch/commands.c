#include "media/freeswitch/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "media/freeswitch/callcenter.h"
#include "media/freeswitch/conferences.h"
#include "media/waiting.h"

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
    if (!res)
        res = ESL_COMMAND(esl, err, "filter", "Event-Name", "MESSAGE_WAITING");
    return res ? res
               : ESL_COMMAND(esl, err, "event", "plain", "CHANNEL_HANGUP_COMPLETE",
                             "MESSAGE_WAITING", "CUSTOM", "callcenter::info");
}

/* "2/1 (1/0)": new and saved ones, those marked urgent in brackets. */
static int parse_counts(const char *text, char *new_messages, char *saved_messages, size_t size)
{
    unsigned int count[4];

    if (sscanf(text, "%5u/%5u (%5u/%5u)", &count[0], &count[1], &count[2], &count[3]) != 4)
        return -EINVAL;
    return str_printf(new_messages, size, "%u", count[0] + count[2]) ||
                   str_printf(saved_messages, size, "%u", count[1] + count[3])
               ? -EINVAL
               : 0;
}

void fs_event_waiting(const struct esl_frame *event)
{
    char account[STR_EXTENSION_MAX + 1 + STR_DOMAIN_MAX + 1], counts[64];
    char new_messages[16], saved_messages[16];
    char *domain;

    if (esl_event_get(event, "MWI-Message-Account", account, sizeof(account)) ||
        esl_event_get(event, "MWI-Voice-Message", counts, sizeof(counts)))
        return;
    domain = strchr(account, '@');
    if (!domain || parse_counts(counts, new_messages, saved_messages, sizeof(new_messages)))
        return;
    *domain++ = '\0';
    if (waiting_note(domain, account, new_messages, saved_messages))
        log_warning("messages waiting in \"%s\" of \"%s\" are none of ours", account, domain);
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
