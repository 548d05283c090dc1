/*
 * Queues of app_queue. It has no other way to be told of a queue than its files or realtime, and
 * asks for the queue and its members whenever a caller comes, and for the members again each time
 * that nobody took a call. So a change counts at once, and there is nothing to be told when a row
 * changes.
 *
 * While `dialplane serve` is away a query finds nothing, which app_queue takes for a queue without
 * members: those who wait go on waiting until it is back (or go to no_agent_to), and no caller gets
 * that far (conf/asterisk/extensions.conf).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/asterisk/realtime_private.h"
#include "tenant/prompts.h"

enum {
    /* Seconds until the members are asked for again, and the next one rung. Who did not take the
     * call rests longer than that: or it would be the same one again, whatever the others' level.
     */
    RETRY_S = 1,
};

#define INTERFACE "PJSIP/edge/sip:"

/* voip.queues.strategy, and what app_queue calls it. It knows no talk times. */
static const struct {
    const char *ours, *theirs;
} strategies[] = {
    {"ring_all", "ringall"},       {"longest_idle", "leastrecent"},
    {"round_robin", "rrmemory"},   {"top_down", "linear"},
    {"random", "random"},          {"fewest_calls", "fewestcalls"},
    {"least_talk", "leastrecent"},
};

static const char *strategy_name(const char *strategy)
{
    for (size_t i = 0; i < DP_COUNT(strategies); i++) {
        if (strcmp(strategies[i].ours, strategy) == 0)
            return strategies[i].theirs;
    }
    return "leastrecent";
}

/* NULL when the name is no queue of the tenant's. */
static const struct snapshot_queue *find_queue(const struct snapshot *snapshot, const char *name)
{
    size_t digits = strcspn(name, "@");
    char id[24];
    uint64_t number;

    if (!snapshot || digits >= sizeof(id))
        return NULL;
    memcpy(id, name, digits);
    id[digits] = '\0';
    return str_to_u64(id, 1, INT64_MAX, &number) ? NULL : snapshot_queue(snapshot, (int64_t)number);
}

bool realtime_has_music(const struct snapshot *snapshot, const struct snapshot_queue *queue,
                        char name[REALTIME_NAME_SIZE])
{
    return queue->music && str_printf(name, REALTIME_NAME_SIZE, "%" PRId64 "@%s", queue->id,
                                      snapshot_domain(snapshot)) == 0;
}

/* A queue's own music is a class of the queue's name: realtime_music. */
static void add_sounds(struct buf *out, const struct snapshot *snapshot,
                       const struct snapshot_queue *queue)
{
    char file[PROMPTS_FILE_SIZE], music[REALTIME_NAME_SIZE];

    if (realtime_has_music(snapshot, queue, music))
        realtime_pair(out, "musicclass", music);
    if (queue->announcement && !prompts_file(snapshot, queue->announcement, true, file)) {
        realtime_pair(out, "periodic_announce", file);
        realtime_number(out, "periodic_announce_frequency", queue->announce_every_s);
    }
    if (queue->announce_position) {
        realtime_pair(out, "announce_position", "yes");
        realtime_pair(out, "announce_holdtime", "no");
        realtime_number(out, "announce_frequency",
                        queue->announce_every_s > SNAPSHOT_POSITION_MIN_S
                            ? queue->announce_every_s
                            : SNAPSHOT_POSITION_MIN_S);
        realtime_number(out, "min_announce_frequency", 5);
    }
}

static int find_music(const struct snapshot *snapshot, const char *name,
                      char file[PROMPTS_FILE_SIZE])
{
    const struct snapshot_queue *queue = find_queue(snapshot, name);

    if (snapshot && str_starts_with(name, "hold@"))
        return prompts_music(snapshot, true, file);
    return queue ? prompts_path(snapshot, queue->music, true, file) : -ENOENT;
}

void realtime_music(struct buf *out, const struct snapshot *snapshot, const char *name,
                    bool entries)
{
    char file[PROMPTS_FILE_SIZE];

    if (find_music(snapshot, name, file))
        return;
    realtime_pair(out, "name", name);
    if (entries) {
        realtime_pair(out, "position", "0");
        realtime_pair(out, "entry", file);
        buf_add_char(out, '\n');
    } else {
        realtime_pair(out, "mode", "playlist");
    }
}

void realtime_queue(struct buf *out, const struct snapshot *snapshot, const char *name)
{
    const struct snapshot_queue *queue = find_queue(snapshot, name);
    const char *empty;

    if (!queue)
        return;
    realtime_pair(out, "name", name);
    realtime_pair(out, "strategy", strategy_name(queue->strategy));
    realtime_number(out, "timeout", queue->ring_s);
    realtime_number(out, "retry", RETRY_S);
    realtime_number(out, "wrapuptime", queue->wrap_up_s);
    realtime_pair(out, "autofill", "yes");
    realtime_pair(out, "ringinuse", "no");
    add_sounds(out, snapshot, queue);
    /* Who did not take a call rests (rests.h), in all of his queues. */
    realtime_pair(out, "autopause", "all");
    realtime_pair(out, "autopausebusy", "yes");
    realtime_pair(out, "autopauseunavail", "yes");
    /* The dialplan is told who took the call: MEMBERNAME. */
    realtime_pair(out, "setinterfacevar", "yes");
    /* Whoever rests or talks is there all the same. */
    empty = queue->no_agent_to ? "unavailable,invalid" : NULL;
    realtime_pair(out, "joinempty", empty ? empty : "yes");
    realtime_pair(out, "leavewhenempty", empty ? empty : "no");
}

/*
 * Rung by way of the edge. What the platform's one SIP endpoint is doing says nothing about a
 * member, so his state is one that nobody ever sets: app_queue knows by itself whom it rings and
 * who talks to a caller of his queues, and whoever else is busy says so.
 */
static void add_member(struct buf *out, const struct snapshot_queue *queue,
                       const struct snapshot_member *member, const char *who, bool paused)
{
    char text[REALTIME_NAME_SIZE];

    snprintf(text, sizeof(text), INTERFACE "%s", who);
    realtime_pair(out, "interface", text);
    snprintf(text, sizeof(text), "Custom:%s", who);
    realtime_pair(out, "state_interface", text);
    realtime_pair(out, "uniqueid", who);
    realtime_pair(out, "membername", member->username);
    realtime_number(out, "penalty", member->level);
    realtime_number(out, "wrapuptime", queue->wrap_up_s);
    realtime_pair(out, "ringinuse", "no");
    realtime_pair(out, "paused", paused ? "1" : "0");
    buf_add_char(out, '\n');
}

/* "<user>@<domain>"; false for one that a SIP address or app_queue's names cannot hold. */
static bool name_member(const struct snapshot *snapshot, const struct snapshot_member *member,
                        char who[REALTIME_NAME_SIZE])
{
    return member->username[0] &&
           strspn(member->username, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789.-_+*") == strlen(member->username) &&
           str_printf(who, REALTIME_NAME_SIZE - strlen(INTERFACE), "%s@%s", member->username,
                      snapshot_domain(snapshot)) == 0;
}

void realtime_members(struct buf *out, const struct snapshot *snapshot, const char *name,
                      struct rests *rests, int64_t now_ms)
{
    const struct snapshot_queue *queue = find_queue(snapshot, name);
    char who[REALTIME_NAME_SIZE];

    for (size_t i = 0; queue && i < queue->member_count; i++) {
        const struct snapshot_member *member = &queue->members[i];

        if (member->status != SNAPSHOT_LOGGED_OUT && name_member(snapshot, member, who))
            add_member(out, queue, member, who,
                       member->status == SNAPSHOT_PAUSED ||
                           rests_has(rests, who, queue->wrap_up_s + RETRY_S, now_ms));
    }
}
