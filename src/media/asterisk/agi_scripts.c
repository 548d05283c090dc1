#include "media/asterisk/agi_scripts.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"
#include "mail/queue.h"
#include "media/asterisk/agi_scripts_private.h"
#include "media/waiting.h"
#include "tenant/direct.h"
#include "tenant/prompts.h"

void agi_set_result(struct buf *out, const char *result)
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

int agi_read_id(const struct agi_request *request, int64_t *out)
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

    if (agi_read_id(request, &id))
        return -EINVAL;
    menu = snapshot ? snapshot_menu(snapshot, id) : NULL;
    if (menu)
        set_menu(out, snapshot, menu);
    agi_set_result(out, menu ? "ok" : "notfound");
    return buf_error(out);
}

static int run_direct(const struct agi_request *request, const struct snapshot *snapshot,
                      struct buf *out)
{
    const char *number = agi_argument(request, "number");
    const struct snapshot_menu *menu;
    int64_t id;

    if (!number || agi_read_id(request, &id))
        return -EINVAL;
    menu = snapshot ? snapshot_menu(snapshot, id) : NULL;
    agi_set_result(out,
                   menu && menu->direct_dial && direct_is_allowed(snapshot, number) ? "ok" : "bad");
    return buf_error(out);
}

static int run_announcement(const struct agi_request *request, const struct snapshot *snapshot,
                            struct buf *out)
{
    const struct snapshot_announcement *announcement;
    int64_t id;

    if (agi_read_id(request, &id))
        return -EINVAL;
    announcement = snapshot ? snapshot_announcement(snapshot, id) : NULL;
    if (announcement) {
        set_prompt(out, snapshot, "ANNOUNCEMENT_PROMPT", announcement->prompt);
        agi_set_variable(out, "ANNOUNCEMENT_THEN",
                         announcement->then_to ? announcement->then_to : "");
    }
    agi_set_result(out, announcement ? "ok" : "notfound");
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

/* The address is a word of a command line. */
static void set_mail(struct buf *out, const struct snapshot *snapshot,
                     const struct snapshot_mailbox *mailbox)
{
    const char *options = mailbox->delete_mailed ? "--delete" : "";

    agi_set_variable(out, "MAIL_TO",
                     mailbox->email && mail_is_address(mailbox->email) ? mailbox->email : "");
    agi_set_variable(out, "MAIL_OPTIONS", mailbox->mail_audio ? options : "--no-audio");
    agi_set_variable(out, "MAIL_TIMEZONE", snapshot_timezone(snapshot));
}

static int run_voicemail(const struct agi_request *request, const struct snapshot *snapshot,
                         struct buf *out)
{
    const char *id = agi_argument(request, "id");
    const struct snapshot_mailbox *mailbox;
    char number[16];

    if (!id)
        return -EINVAL;
    mailbox = snapshot ? snapshot_mailbox(snapshot, id) : NULL;
    if (mailbox) {
        snprintf(number, sizeof(number), "%d", mailbox->max_messages);
        agi_set_variable(out, "BOX_MAX", number);
        set_mail(out, snapshot, mailbox);
    }
    agi_set_result(out, mailbox ? "ok" : "notfound");
    return buf_error(out);
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
        agi_set_result(out, "notfound");
        return buf_error(out);
    }
    res = crypto_ha1(id, snapshot_domain(snapshot), pin, ha1);
    if (res)
        return res;
    agi_set_result(out, crypto_equal(ha1, mailbox->pin_ha1) ? "ok" : "bad");
    explicit_bzero(ha1, sizeof(ha1));
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
    {"ring-group", agi_run_ring_group},
    {"queue", agi_run_queue},
    {"conference", agi_run_conference},
    {"conference-pin", agi_run_conference_pin},
    {"ring-group-ended", agi_run_ring_group_ended},
    {"agent", agi_run_agent},
    {"paging", agi_run_paging},
    {"direct", run_direct},
    {"voicemail", run_voicemail},
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
