/* Scripts of where callers meet: queues and conferences. */
#include <errno.h>
#include <stdio.h>

#include "base/crypto.h"
#include "media/asterisk/agi_scripts_private.h"
#include "media/asterisk/realtime_private.h"

int agi_run_queue(const struct agi_request *request, const struct snapshot *snapshot,
                  struct buf *out)
{
    const struct snapshot_queue *queue;
    char number[16] = "", name[REALTIME_NAME_SIZE];
    int64_t id;

    if (agi_read_id(request, &id))
        return -EINVAL;
    queue = snapshot ? snapshot_queue(snapshot, id) : NULL;
    if (queue && queue->max_wait_s > 0)
        snprintf(number, sizeof(number), "%d", queue->max_wait_s);
    if (queue) {
        agi_set_variable(out, "QUEUE_MAX_WAIT", number);
        agi_set_variable(out, "QUEUE_MUSIC", realtime_has_music(snapshot, queue, name) ? name : "");
    }
    agi_set_result(out, queue ? "ok" : "notfound");
    return buf_error(out);
}

int agi_run_agent(const struct agi_request *request, const struct snapshot *snapshot,
                  struct buf *out)
{
    const char *user = agi_argument(request, "user");
    const struct snapshot_member *member;

    if (!user)
        return -EINVAL;
    member = snapshot ? snapshot_agent(snapshot, user) : NULL;
    agi_set_result(out, member && member->status == SNAPSHOT_AVAILABLE ? "ok" : "away");
    return buf_error(out);
}

int agi_run_conference(const struct agi_request *request, const struct snapshot *snapshot,
                       struct buf *out)
{
    const struct snapshot_conference *conference;
    char number[16];
    int64_t id;

    if (agi_read_id(request, &id))
        return -EINVAL;
    conference = snapshot ? snapshot_conference(snapshot, id) : NULL;
    if (conference) {
        snprintf(number, sizeof(number), "%d", conference->max_members);
        agi_set_variable(out, "CONF_MAX", number);
        agi_set_variable(out, "CONF_PIN", conference->pin ? "yes" : "no");
        agi_set_variable(out, "CONF_ANNOUNCE", conference->announce ? "yes" : "no");
        agi_set_variable(out, "CONF_WAIT", conference->wait ? "yes" : "no");
    }
    agi_set_result(out, conference ? "ok" : "notfound");
    return buf_error(out);
}

static const char *compare_pin(const struct snapshot_conference *conference, const char *pin)
{
    if (conference->moderator_pin && crypto_equal(pin, conference->moderator_pin))
        return "moderator";
    return !conference->pin || crypto_equal(pin, conference->pin) ? "ok" : "bad";
}

int agi_run_conference_pin(const struct agi_request *request, const struct snapshot *snapshot,
                           struct buf *out)
{
    const char *pin = agi_argument(request, "pin");
    const struct snapshot_conference *conference;
    int64_t id;

    if (!pin || agi_read_id(request, &id))
        return -EINVAL;
    conference = snapshot ? snapshot_conference(snapshot, id) : NULL;
    agi_set_result(out, conference ? compare_pin(conference, pin) : "notfound");
    return buf_error(out);
}
