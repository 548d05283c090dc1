#include "media/asterisk/agi_scripts.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "media/ring.h"
#include "media/waiting.h"
#include "tenant/direct.h"
#include "tenant/prompts.h"

static void set_result(struct buf *out, const char *result)
{
    agi_set_variable(out, "DP_RESULT", result);
}

static void set_prompt(struct buf *out, const struct snapshot *snapshot, const char *name,
                       const char *prompt)
{
    char file[PROMPTS_FILE_SIZE];

    agi_set_variable(out, name, prompts_file(snapshot, prompt, true, file) ? "" : file);
}

static void set_menu(struct buf *out, const struct snapshot *snapshot,
                     const struct snapshot_menu *menu)
{
    char name[32], number[16];

    set_prompt(out, snapshot, "IVR_GREETING", menu->greeting);
    set_prompt(out, snapshot, "IVR_INVALID", menu->invalid);
    snprintf(number, sizeof(number), "%d.%03d", menu->timeout_ms / 1000, menu->timeout_ms % 1000);
    agi_set_variable(out, "IVR_TIMEOUT", number);
    snprintf(number, sizeof(number), "%d", menu->tries);
    agi_set_variable(out, "IVR_TRIES", number);
    snprintf(number, sizeof(number), "%zu", menu->direct_dial ? direct_longest(snapshot) : 0);
    agi_set_variable(out, "IVR_DIRECT", number);
    for (size_t i = 0; i < menu->entry_count; i++) {
        snprintf(name, sizeof(name), "IVR_ENTRY_%s", menu->entries[i].digit);
        agi_set_variable(out, name, menu->entries[i].number);
    }
}

/* -EINVAL when the argument "id" is none. */
static int read_id(const struct agi_request *request, int64_t *out)
{
    const char *id = agi_argument(request, "id");
    uint64_t number;

    if (!id || str_to_u64(id, 1, INT64_MAX, &number))
        return -EINVAL;
    *out = (int64_t)number;
    return 0;
}

static int run_ivr(const struct agi_request *request, const struct snapshot *snapshot,
                   struct buf *out)
{
    const struct snapshot_menu *menu;
    int64_t id;

    if (read_id(request, &id))
        return -EINVAL;
    menu = snapshot ? snapshot_menu(snapshot, id) : NULL;
    if (menu)
        set_menu(out, snapshot, menu);
    set_result(out, menu ? "ok" : "notfound");
    return buf_error(out);
}

static int run_direct(const struct agi_request *request, const struct snapshot *snapshot,
                      struct buf *out)
{
    const char *number = agi_argument(request, "number");
    const struct snapshot_menu *menu;
    int64_t id;

    if (!number || read_id(request, &id))
        return -EINVAL;
    menu = snapshot ? snapshot_menu(snapshot, id) : NULL;
    set_result(out,
               menu && menu->direct_dial && direct_is_allowed(snapshot, number) ? "ok" : "bad");
    return buf_error(out);
}

static int run_announcement(const struct agi_request *request, const struct snapshot *snapshot,
                            struct buf *out)
{
    const struct snapshot_announcement *announcement;
    int64_t id;

    if (read_id(request, &id))
        return -EINVAL;
    announcement = snapshot ? snapshot_announcement(snapshot, id) : NULL;
    if (announcement) {
        set_prompt(out, snapshot, "ANNOUNCEMENT_PROMPT", announcement->prompt);
        agi_set_variable(out, "ANNOUNCEMENT_THEN",
                         announcement->then_to ? announcement->then_to : "");
    }
    set_result(out, announcement ? "ok" : "notfound");
    return buf_error(out);
}

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

static int run_ring_group(const struct agi_request *request, const struct snapshot *snapshot,
                          struct buf *out)
{
    const struct snapshot_group_member *order[RING_MEMBERS_MAX];
    const struct snapshot_ring_group *group;
    char number[16];
    int64_t id;
    size_t count;

    if (read_id(request, &id))
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
    set_result(out, group ? "ok" : "notfound");
    return buf_error(out);
}

/* Changes nothing on the channel, which is gone. */
static int run_ring_group_ended(const struct agi_request *request, const struct snapshot *snapshot,
                                struct buf *out)
{
    const char *member = agi_argument(request, "member");
    int64_t id;

    (void)out;
    if (!member || read_id(request, &id))
        return -EINVAL;
    if (snapshot && *member)
        ring_ended(snapshot_domain(snapshot), id, member);
    return 0;
}

static int run_paging(const struct agi_request *request, const struct snapshot *snapshot,
                      struct buf *out)
{
    const struct snapshot_group_member *users[RING_MEMBERS_MAX];
    const struct snapshot_ring_group *group;
    char text[32];
    int64_t id;
    size_t count;

    if (read_id(request, &id))
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
    set_result(out, group ? "ok" : "notfound");
    return buf_error(out);
}

/* Changes nothing on the channel, which is gone. */
static int run_mailbox_counts(const struct agi_request *request, const struct snapshot *snapshot,
                              struct buf *out)
{
    const char *id = agi_argument(request, "id");
    const char *new_messages = agi_argument(request, "new");
    const char *saved_messages = agi_argument(request, "saved");

    (void)out;
    if (!id || !new_messages || !saved_messages)
        return -EINVAL;
    if (!snapshot || !snapshot_mailbox(snapshot, id))
        return 0;
    return waiting_note(snapshot_domain(snapshot), id, new_messages, saved_messages);
}

static int run_mailbox_pin(const struct agi_request *request, const struct snapshot *snapshot,
                           struct buf *out)
{
    const char *id = agi_argument(request, "id");
    const char *pin = agi_argument(request, "pin");
    const struct snapshot_mailbox *mailbox;
    char ha1[CRYPTO_MD5_HEX];
    int res;

    if (!id || !pin)
        return -EINVAL;
    mailbox = snapshot ? snapshot_mailbox(snapshot, id) : NULL;
    if (!mailbox) {
        set_result(out, "notfound");
        return buf_error(out);
    }
    res = crypto_ha1(id, snapshot_domain(snapshot), pin, ha1);
    if (res)
        return res;
    set_result(out, crypto_equal(ha1, mailbox->pin_ha1) ? "ok" : "bad");
    explicit_bzero(ha1, sizeof(ha1));
    return buf_error(out);
}

static int run_queue(const struct agi_request *request, const struct snapshot *snapshot,
                     struct buf *out)
{
    const struct snapshot_queue *queue;
    char number[16] = "";
    int64_t id;

    if (read_id(request, &id))
        return -EINVAL;
    queue = snapshot ? snapshot_queue(snapshot, id) : NULL;
    if (queue && queue->max_wait_s > 0)
        snprintf(number, sizeof(number), "%d", queue->max_wait_s);
    if (queue)
        agi_set_variable(out, "QUEUE_MAX_WAIT", number);
    set_result(out, queue ? "ok" : "notfound");
    return buf_error(out);
}

static int run_agent(const struct agi_request *request, const struct snapshot *snapshot,
                     struct buf *out)
{
    const char *user = agi_argument(request, "user");
    const struct snapshot_member *member;

    if (!user)
        return -EINVAL;
    member = snapshot ? snapshot_agent(snapshot, user) : NULL;
    set_result(out, member && member->status == SNAPSHOT_AVAILABLE ? "ok" : "away");
    return buf_error(out);
}

static int run_conference(const struct agi_request *request, const struct snapshot *snapshot,
                          struct buf *out)
{
    const struct snapshot_conference *conference;
    char number[16];
    int64_t id;

    if (read_id(request, &id))
        return -EINVAL;
    conference = snapshot ? snapshot_conference(snapshot, id) : NULL;
    if (conference) {
        snprintf(number, sizeof(number), "%d", conference->max_members);
        agi_set_variable(out, "CONF_MAX", number);
        agi_set_variable(out, "CONF_PIN", conference->pin ? "yes" : "no");
        agi_set_variable(out, "CONF_ANNOUNCE", conference->announce ? "yes" : "no");
        agi_set_variable(out, "CONF_WAIT", conference->wait ? "yes" : "no");
    }
    set_result(out, conference ? "ok" : "notfound");
    return buf_error(out);
}

static const char *compare_pin(const struct snapshot_conference *conference, const char *pin)
{
    if (conference->moderator_pin && crypto_equal(pin, conference->moderator_pin))
        return "moderator";
    return !conference->pin || crypto_equal(pin, conference->pin) ? "ok" : "bad";
}

static int run_conference_pin(const struct agi_request *request, const struct snapshot *snapshot,
                              struct buf *out)
{
    const char *pin = agi_argument(request, "pin");
    const struct snapshot_conference *conference;
    int64_t id;

    if (!pin || read_id(request, &id))
        return -EINVAL;
    conference = snapshot ? snapshot_conference(snapshot, id) : NULL;
    set_result(out, conference ? compare_pin(conference, pin) : "notfound");
    return buf_error(out);
}

static const struct script {
    const char *name;
    int (*run)(const struct agi_request *request, const struct snapshot *snapshot, struct buf *out);
} scripts[] = {
    {"announcement", run_announcement},
    {"ivr", run_ivr},
    {"mailbox-counts", run_mailbox_counts},
    {"mailbox-pin", run_mailbox_pin},
    {"ring-group", run_ring_group},
    {"queue", run_queue},
    {"conference", run_conference},
    {"conference-pin", run_conference_pin},
    {"ring-group-ended", run_ring_group_ended},
    {"agent", run_agent},
    {"paging", run_paging},
    {"direct", run_direct},
};

int agi_script_run(const struct agi_request *request, const struct snapshot *snapshot,
                   struct buf *out)
{
    for (size_t i = 0; i < DP_COUNT(scripts); i++) {
        if (strcmp(request->script, scripts[i].name) == 0)
            return scripts[i].run(request, snapshot, out);
    }
    return -EINVAL;
}
