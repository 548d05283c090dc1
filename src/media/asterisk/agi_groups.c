/* Scripts of ring groups and of paging. */
#include <errno.h>
#include <stdio.h>

#include "media/asterisk/agi_scripts_private.h"
#include "media/ring.h"

/* As an extension of the context [member]: kind, seconds until it rings and of ringing, number. */
static void set_member(struct buf *out, const struct snapshot_ring_group *group,
                       const struct snapshot_group_member *member, size_t index)
{
    const char *kind = group->confirm ? "confirm" : "outside";
    char name[32], value[128];

    if (member->username)
        kind = group->skip_busy ? "idle" : "user";
    snprintf(name, sizeof(name), "RING_MEMBER_%zu", index);
    snprintf(value, sizeof(value), "%s-%d-%d-%s", kind, ring_together(group) ? member->delay_s : 0,
             member->ring_s, member->username ? member->username : member->outside);
    agi_set_variable(out, name, value);
}

int agi_run_ring_group(const struct agi_request *request, const struct snapshot *snapshot,
                       struct buf *out)
{
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];
    const struct snapshot_ring_group *group;
    char number[16];
    int64_t id;
    size_t count;

    if (agi_read_id(request, &id))
        return -EINVAL;
    group = snapshot ? snapshot_ring_group(snapshot, id) : NULL;
    if (group) {
        count = ring_order(snapshot_domain(snapshot), group, order);
        for (size_t i = 0; i < count; i++)
            set_member(out, group, order[i], i + 1);
        snprintf(number, sizeof(number), "%zu", count);
        agi_set_variable(out, "RING_MEMBERS", number);
        agi_set_variable(out, "RING_TOGETHER", ring_together(group) ? "1" : "0");
        agi_set_variable(out, "RING_BY_IDLE", ring_by_idle(group) ? "1" : "0");
    }
    agi_set_result(out, group ? "ok" : "notfound");
    return buf_error(out);
}

/* Changes nothing on the channel, which is gone. */
int agi_run_ring_group_ended(const struct agi_request *request, const struct snapshot *snapshot,
                             struct buf *out)
{
    const char *member = agi_argument(request, "member");
    int64_t id;

    (void)out;
    if (!member || agi_read_id(request, &id))
        return -EINVAL;
    if (snapshot && *member)
        ring_ended(snapshot_domain(snapshot), id, member);
    return 0;
}

int agi_run_paging(const struct agi_request *request, const struct snapshot *snapshot,
                   struct buf *out)
{
    const struct snapshot_group_member *users[RING_MEMBERS_MAX];
    const struct snapshot_ring_group *group;
    char text[32];
    int64_t id;
    size_t count;

    if (agi_read_id(request, &id))
        return -EINVAL;
    group = snapshot ? snapshot_ring_group(snapshot, id) : NULL;
    if (group) {
        count = ring_users(group, users);
        for (size_t i = 0; i < count; i++) {
            snprintf(text, sizeof(text), "PAGING_USER_%zu", i + 1);
            agi_set_variable(out, text, users[i]->username);
        }
        snprintf(text, sizeof(text), "%zu", count);
        agi_set_variable(out, "PAGING_USERS", text);
    }
    agi_set_result(out, group ? "ok" : "notfound");
    return buf_error(out);
}
