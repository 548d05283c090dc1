/* What the files about messages of mailboxes share. They are on media nodes (media/voicemail.h);
 * the database says only whose the mailbox is. */
#pragma once

#include "api/live.h"
#include "media/voicemail.h"

/* The mailbox of the path, as media servers know it. */
struct voicemail_box {
    char mailbox[STR_EXTENSION_MAX + 1];
    struct media_box box;
};

/*
 * Whether the caller may see the mailbox, of which an agent has his own user's. A request that
 * changes it has it alone until the end of its transaction: Asterisk gives a message that it lists
 * while it copies it another id. Negative: the response is a problem.
 */
enum voicemail_use { VOICEMAIL_READ, VOICEMAIL_CHANGE };
int voicemail_box_find(struct api_request *request, enum voicemail_use use,
                       struct voicemail_box *out) DP_CHECK;

/* The message of the path, from whichever node has it; its `about` is the caller's. Negative: the
 * response is a problem. */
int voicemail_find(struct api_request *request, const struct media_box *box,
                   struct media_message *out) DP_CHECK;

/* The response to what a media node said when it was told something. */
void voicemail_refuse(struct api_request *request, int res, const struct err *err);

/* An entry of the audit log about the message; `after` is taken over (NULL: it is gone). Negative:
 * the response is a problem. */
int voicemail_audit(struct api_request *request, const struct media_box *box,
                    const struct media_message *message, json_t *after) DP_CHECK;

/* Handlers. */
void voicemail_counts(struct api_request *request);
void voicemail_list(struct api_request *request);
void voicemail_get(struct api_request *request);
void voicemail_mark(struct api_request *request);
void voicemail_delete(struct api_request *request);
void voicemail_audio(struct api_request *request);
