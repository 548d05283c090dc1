/*
 * The messages of a mailbox as a media node has them: the same for FreeSWITCH (mod_voicemail, by
 * the event socket) and Asterisk (app_voicemail, by the manager interface). A message that is still
 * being left is none yet. What is changed here is counted and told as if it were done by phone
 * (media/waiting.h).
 *
 * Errors of all of them: -ENOENT, the node has no such message; -EBUSY, the mailbox is open by
 * phone or a message is on its way into it: later; and those of media/live.h.
 */
#pragma once

#include <stdbool.h>

#include "media/live.h"

enum {
    MEDIA_MESSAGE_ID_SIZE = 40,
    MEDIA_MESSAGES_MAX = 50000,
    /* A node that answers at all may take so long: Asterisk reads a file per message. */
    MEDIA_MESSAGES_MS = 10000,
};

/* A mailbox; its names are checked here. */
struct media_box {
    const char *domain; /* of the tenant */
    const char *mailbox;
};

struct media_message {
    char id[MEDIA_MESSAGE_ID_SIZE];
    int64_t received_s; /* since 1970 */
    bool is_read;
    const struct media_place *place;
    /* {id, caller, caller_name, received_at, length_s, read, urgent}; NULL until it is told. */
    json_t *about;
};

struct media_messages {
    struct media_message *of;
    size_t count, size;
};

/* Whether a message can have this id: nothing that leads anywhere in a file system or a command. */
bool media_message_is_id(const char *text);

/* Appends what the node has in the mailbox, in any order. Freed with media_messages_free. */
int media_messages_list(const struct media_place *place, const struct media_box *box,
                        struct media_messages *out, struct err *err) DP_CHECK;
void media_messages_free(struct media_messages *messages);

/* Fills `about` of the messages of this node among these; it stays NULL of those that are gone. */
int media_messages_tell(const struct media_place *place, const struct media_box *box,
                        struct media_message *const of[], size_t count, struct err *err) DP_CHECK;

/* One message with its `about`, whose reference is the caller's. */
int media_message_find(const struct media_place *place, const struct media_box *box, const char *id,
                       struct media_message *out, struct err *err) DP_CHECK;

/* Marks it as heard, or as new. */
int media_message_mark(const struct media_place *place, const struct media_box *box, const char *id,
                       bool is_read, struct err *err) DP_CHECK;

int media_message_delete(const struct media_place *place, const struct media_box *box,
                         const char *id, struct err *err) DP_CHECK;

/*
 * Opens the audio (WAV) for reading: a file below `state`, the state folder, so this is for the
 * node's own machine. `fd` is the caller's.
 */
int media_message_open(const struct media_place *place, const char *state,
                       const struct media_box *box, const char *id, int *fd,
                       struct err *err) DP_CHECK;
