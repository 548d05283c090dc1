/* Mailboxes. The PIN is kept as HA1 of mailbox and domain, as mod_voicemail compares it. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "api/resources/resources.h"
#include "base/crypto.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    {"mailbox", API_TEXT, API_REQUIRED | API_FILTER | API_SORT,
     .about = "Its number. A new one needs the PIN with it.", .max = 32, .pattern = "^[0-9]{1,32}$",
     .meaning = "has 1 to 32 digits"},
    {"user_id", API_REFERENCE, API_NULLABLE | API_FILTER,
     .about = "Whose it is; null: it is shared.", .refers_to = &api_users},
    {"pin", API_SECRET, API_WRITE_ONLY | API_REQUIRED,
     .about = "What opens it by phone. It is kept as a digest, and never told.", .max = 16,
     .pattern = "^[0-9]{4,16}$", .meaning = "has 4 to 16 digits", .digest = "pin_ha1",
     .digest_user = "mailbox"},
    {"email", API_TEXT, API_NULLABLE | API_FILTER, .about = "Where new messages are mailed.",
     .max = 254, .pattern = "^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$",
     .meaning = "is an address of e-mail"},
    {"max_messages", API_INTEGER, 0, .about = "How many messages it takes.", .min = 1, .max = 1000,
     .initial = "100"},
    {"max_message_s", API_INTEGER, 0,
     .about = "Seconds of a message at most: 10, 30, 60, 120, 180, 300 or 600.", .min = 10,
     .max = 600, .initial = "180"},
    {"min_message_s", API_INTEGER, 0, .about = "Seconds of a message at least: 1, 2, 3 or 5.",
     .min = 1, .max = 5, .initial = "1"},
    {"mail_audio", API_BOOLEAN, 0, .about = "The message is in the mail.", .initial = "true"},
    {"delete_mailed", API_BOOLEAN, 0, .about = "It does not stay in the mailbox then.",
     .initial = "false"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"voicemail_boxes_max_message_s_check", "max_message_s",
     "max_message_s: is one of 10, 30, 60, 120, 180, 300, 600."},
    {"voicemail_boxes_min_message_s_check", "min_message_s",
     "min_message_s: is one of 1, 2, 3, 5."},
    {"deleted_audio_is_mailed", "delete_mailed",
     "delete_mailed: a message that is deleted has to be in the mail (mail_audio)."},
    {NULL},
};

static int prepare(struct api_write *write)
{
    const char *pin = json_string_value(json_object_get(write->given, "pin"));
    const char *name = json_string_value(json_object_get(write->given, "mailbox"));
    const char *before = json_string_value(json_object_get(write->before, "mailbox"));
    char ha1[CRYPTO_MD5_HEX];
    int res;

    if (!pin && name && before && strcmp(name, before) != 0)
        return api_write_problem(write, 422, "/pin",
                                 "pin: a new mailbox number needs the PIN with it, because what is "
                                 "kept of it is of both.");
    if (!pin || write->is_bad)
        return 0;
    if (crypto_ha1(name ? name : before, write->request->domain, pin, ha1))
        return -EIO;
    res = api_write_set(write, "pin_ha1", ha1);
    OPENSSL_cleanse(ha1, sizeof(ha1));
    return res;
}

const struct api_resource api_voicemail_boxes = {
    .name = "voicemail-boxes",
    .one = "voicemail box",
    .tag = "Voicemail boxes",
    .table = "voip.voicemail_boxes",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "mailbox",
    .order = "mailbox",
    .columns = columns,
    .rules = rules,
    .prepare = prepare,
};
