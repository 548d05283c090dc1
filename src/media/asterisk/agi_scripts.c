#include "media/asterisk/agi_scripts.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/str.h"

static void set_result(struct buf *out, const char *result)
{
    agi_set_variable(out, "DP_RESULT", result);
}

static void set_menu(struct buf *out, const struct snapshot_menu *menu)
{
    char name[32], number[16];

    agi_set_variable(out, "IVR_GREETING", menu->greeting);
    agi_set_variable(out, "IVR_INVALID", menu->invalid);
    snprintf(number, sizeof(number), "%d.%03d", menu->timeout_ms / 1000, menu->timeout_ms % 1000);
    agi_set_variable(out, "IVR_TIMEOUT", number);
    snprintf(number, sizeof(number), "%d", menu->tries);
    agi_set_variable(out, "IVR_TRIES", number);
    for (size_t i = 0; i < menu->entry_count; i++) {
        snprintf(name, sizeof(name), "IVR_ENTRY_%s", menu->entries[i].digit);
        agi_set_variable(out, name, menu->entries[i].number);
    }
}

static int run_ivr(const struct agi_request *request, const struct snapshot *snapshot,
                   struct buf *out)
{
    const char *id = agi_argument(request, "id");
    const struct snapshot_menu *menu;
    uint64_t number;

    if (!id || str_to_u64(id, 1, INT64_MAX, &number))
        return -EINVAL;
    menu = snapshot ? snapshot_menu(snapshot, (int64_t)number) : NULL;
    if (menu)
        set_menu(out, menu);
    set_result(out, menu ? "ok" : "notfound");
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

static const struct script {
    const char *name;
    int (*run)(const struct agi_request *request, const struct snapshot *snapshot, struct buf *out);
} scripts[] = {
    {"ivr", run_ivr},
    {"mailbox-pin", run_mailbox_pin},
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
