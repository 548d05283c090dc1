/*
 * What the dialplan needs of things that FreeSWITCH has no configuration of: ring groups, to be
 * rung or paged, announcements, and numbers dialled in a menu. It asks for a "user" <kind>/<id> (no
 * user's name has a '/') and is given variables.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "media/freeswitch/documents_private.h"
#include "media/ring.h"
#include "tenant/direct.h"

enum {
    DIAL_MAX = 64 * 1024,
    CONFIRM_S = 15, /* for pressing 1 */
    PAGING_S = 5,   /* for answering by itself */
};

static int add_announcement(struct xml *xml, const struct snapshot *snapshot, int64_t id)
{
    const struct snapshot_announcement *announcement = snapshot_announcement(snapshot, id);
    char file[DOC_FILE_SIZE];

    if (!announcement || doc_sound(snapshot, announcement->prompt, file))
        return -ENOENT;
    doc_pair(xml, "variable", "dp_prompt", file);
    if (announcement->then_to && str_is_extension(announcement->then_to))
        doc_pair(xml, "variable", "dp_then", announcement->then_to);
    return 0;
}

/*
 * A leg to the edge: to a user's phones, or to a number as if it had been dialled. Where the edge
 * is, services.xml knows (sip_route_uri): no variable of a channel may have another one in it.
 */
static void add_leg(struct buf *dial, const char *domain, const struct snapshot_ring_group *group,
                    const struct snapshot_group_member *member)
{
    const char *number = member->username ? member->username : member->outside;

    if (dial->len)
        buf_add_char(dial, ring_together(group) ? ',' : '|');
    buf_printf(dial, "[leg_timeout=%d,dp_reached=%s,sip_invite_domain=%s", member->ring_s, number,
               domain);
    if (ring_together(group) && member->delay_s > 0)
        buf_printf(dial, ",leg_delay_start=%d", member->delay_s);
    if (member->username)
        buf_printf(dial, ",sip_h_X-VOIP-Ring=phones%s",
                   group->skip_busy ? ",sip_h_X-VOIP-Skip=busy" : "");
    else if (group->confirm)
        buf_printf(dial,
                   ",group_confirm_key=1,group_confirm_file=followme/options.wav"
                   ",group_confirm_timeout=%d",
                   CONFIRM_S);
    buf_printf(dial, "]sofia/edge/sip:%s@%s", number, domain);
}

/* Adds `dial`, which has no NUL yet, unless there is nobody in it. */
static int add_dial(struct xml *xml, struct buf *dial)
{
    int res = buf_error(dial);

    if (!res && dial->len) {
        buf_add_char(dial, '\0');
        res = buf_error(dial);
    }
    if (!res && dial->len)
        doc_pair(xml, "variable", "dp_dial", dial->data);
    return res;
}

static int add_ring_group(struct xml *xml, const struct snapshot *snapshot, int64_t id)
{
    const struct snapshot_ring_group *group = snapshot_ring_group(snapshot, id);
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];
    struct buf dial;
    size_t count;
    int res;

    if (!group)
        return -ENOENT;
    buf_init(&dial, DIAL_MAX);
    count = ring_order(snapshot_domain(snapshot), group, order);
    for (size_t i = 0; i < count; i++)
        add_leg(&dial, snapshot_domain(snapshot), group, order[i]);
    res = add_dial(xml, &dial);
    /* The end of the call is of interest (node.c). */
    if (!res && ring_by_idle(group))
        doc_pair(xml, "variable", "dp_by_idle", "true");
    buf_free(&dial);
    return res;
}

/* Phones that answer by themselves, of those who are in no call; services.xml calls each. */
static int add_paging(struct xml *xml, const struct snapshot *snapshot, int64_t id)
{
    const struct snapshot_ring_group *group = snapshot_ring_group(snapshot, id);
    const struct snapshot_group_member *users[RING_MEMBERS_MAX];
    const char *domain = snapshot_domain(snapshot);
    struct buf dial;
    size_t count;
    int res;

    if (!group)
        return -ENOENT;
    buf_init(&dial, DIAL_MAX);
    count = ring_users(group, users);
    for (size_t i = 0; i < count; i++)
        buf_printf(&dial,
                   "%s[leg_timeout=%d,sip_invite_domain=%s,sip_h_X-VOIP-Ring=answer"
                   ",sip_h_X-VOIP-Skip=busy]sofia/edge/sip:%s@%s",
                   i ? "," : "", PAGING_S, domain, users[i]->username, domain);
    res = add_dial(xml, &dial);
    buf_free(&dial);
    return res;
}

/* direct/<menu>/<number>: whether it may be dialled, and what else the caller hears how often. */
static int add_direct(struct xml *xml, const struct snapshot *snapshot, const char *name)
{
    const char *slash = strchr(name, '/');
    const struct snapshot_menu *menu;
    char id[24], tries[16] = "";
    char file[DOC_FILE_SIZE];
    uint64_t number;

    if (!slash || str_printf(id, sizeof(id), "%.*s", (int)(slash - name), name) ||
        str_to_u64(id, 1, INT64_MAX, &number))
        return -ENOENT;
    menu = snapshot_menu(snapshot, (int64_t)number);
    if (!menu || !menu->direct_dial || doc_sound(snapshot, menu->invalid, file))
        return -ENOENT;
    /* For services.xml, which can compare, not count. */
    for (int i = 0; i < menu->tries && i < (int)sizeof(tries) - 1; i++)
        tries[i] = 'x';
    doc_pair(xml, "variable", "dp_direct", direct_is_allowed(snapshot, slash + 1) ? "yes" : "no");
    doc_pair(xml, "variable", "dp_invalid", file);
    doc_pair(xml, "variable", "dp_tries", tries);
    return 0;
}

static const struct kind {
    const char *prefix;
    int (*add)(struct xml *xml, const struct snapshot *snapshot, int64_t id);
} kinds[] = {
    {"announcement/", add_announcement},
    {"ring_group/", add_ring_group},
    {"paging/", add_paging},
};

int doc_thing(struct xml *xml, const struct snapshot *snapshot, const char *name)
{
    uint64_t id;

    if (str_starts_with(name, "direct/"))
        return add_direct(xml, snapshot, name + strlen("direct/"));
    for (size_t i = 0; i < DP_COUNT(kinds); i++) {
        if (str_starts_with(name, kinds[i].prefix) &&
            !str_to_u64(name + strlen(kinds[i].prefix), 1, INT64_MAX, &id))
            return kinds[i].add(xml, snapshot, (int64_t)id);
    }
    return -ENOENT;
}
