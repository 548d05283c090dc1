/* What the files about messages of app_voicemail share. */
#pragma once

#include "media/asterisk/live.h"
#include "media/voicemail_private.h"

/* What a summary of the mailbox is read for: all messages, or one. */
struct asterisk_summary {
    struct media_messages *all;
    const char *id;
    struct media_message *one;
    char folder[16];
    bool is_urgent;
    struct err *err;
};

/* Whether messages of the folder are new ones. */
bool asterisk_is_new(const char *folder);

/* The message with the summary's id, and in the summary where it is. -ENOENT. */
int asterisk_find_message(struct ami *ami, const struct media_box *box,
                          struct asterisk_summary *summary, struct media_message *out,
                          struct err *err) DP_CHECK;

/* As media_message_mark, _delete and _open. */
int asterisk_mark_message(const struct media_place *place, const struct media_box *box,
                          const char *id, bool is_read, struct err *err) DP_CHECK;
int asterisk_remove_message(const struct media_place *place, const struct media_box *box,
                            const char *id, struct err *err) DP_CHECK;
int asterisk_open_message(const struct media_place *place, const char *state,
                          const struct media_box *box, const char *id, int *fd,
                          struct err *err) DP_CHECK;
