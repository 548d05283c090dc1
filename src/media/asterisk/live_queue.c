/* Who waits in a queue of app_queue, and what its members do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/asterisk/live.h"

enum { NAME_SIZE = STR_DOMAIN_MAX + 64 };

struct queue {
    json_t *waiting, *agents;
    int64_t now_s;
    struct err *err;
};

static int64_t number_of(const struct ami_message *event, const char *name)
{
    uint64_t number = 0;

    return str_to_u64(ami_get(event, name), 0, INT64_MAX, &number) ? 0 : (int64_t)number;
}

/* "<unknown>" is a caller without a name. */
static const char *name_of(const char *text)
{
    return strcmp(text, "unknown") == 0 || strcmp(text, "<unknown>") == 0 ? "" : text;
}

static int on_queue(const struct ami_message *event, void *arg)
{
    const struct queue *queue = arg;
    const char *kind = ami_get(event, "Event");
    const struct media_waiting who = {
        .number = name_of(ami_get(event, "CallerIDNum")),
        .name = name_of(ami_get(event, "CallerIDName")),
        .joined_s = queue->now_s - number_of(event, "Wait"),
    };

    if (strcmp(kind, "QueueEntry") == 0)
        return media_live_add_waiting(queue->waiting, &who, queue->err);
    if (strcmp(kind, "QueueMember") != 0)
        return 0;
    return media_live_add_agent(
        queue->agents, ami_get(event, "Name"), number_of(event, "InCall") ? "talking" : "idle",
        number_of(event, "CallsTaken"), number_of(event, "LastCall"), queue->err);
}

int asterisk_queue(const struct media_place *place, const char *domain, int64_t id, json_t *waiting,
                   json_t *agents, struct err *err)
{
    char name[NAME_SIZE];
    const char *const lines[] = {"Action: QueueStatus", name};
    struct queue queue = {waiting, agents, clock_wall_us() / 1000000, err};
    struct ami *ami = NULL;
    int res = asterisk_connect(&ami, place, err);

    if (res)
        return res;
    snprintf(name, sizeof(name), "Queue: %" PRId64 "@%s", id, domain);
    res = ami_action(ami, lines, DP_COUNT(lines), on_queue, &queue, err);
    ami_close(ami);
    return res;
}
