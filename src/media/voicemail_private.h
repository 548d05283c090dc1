/* What a kind of media server has behind media/voicemail.h, which has checked every name. */
#pragma once

#include "media/voicemail.h"

struct media_voicemail {
    int (*list)(const struct media_place *, const struct media_box *, struct media_messages *,
                struct err *);
    int (*tell)(const struct media_place *, const struct media_box *, struct media_message *const[],
                size_t, struct err *);
    int (*find)(const struct media_place *, const struct media_box *, const char *,
                struct media_message *, struct err *);
    int (*mark)(const struct media_place *, const struct media_box *, const char *, bool,
                struct err *);
    int (*remove)(const struct media_place *, const struct media_box *, const char *, struct err *);
    int (*open)(const struct media_place *, const char *, const struct media_box *, const char *,
                int *, struct err *);
};

extern const struct media_voicemail media_freeswitch_voicemail, media_asterisk_voicemail;

/* What is told of a message, beside its id, time and whether it is read. Texts may be any bytes. */
struct media_message_more {
    const char *caller, *caller_name; /* "": unknown */
    uint64_t length_s;
    bool is_urgent;
};

/* Makes `about` of the message. -ENOMEM. */
int media_message_about(struct media_message *message, const struct media_message_more *more,
                        struct err *err) DP_CHECK;

/* Appends a copy of the message, whose `about` is taken over. -ENOMEM, -ENOBUFS. */
int media_messages_add(struct media_messages *messages, const struct media_message *message,
                       struct err *err) DP_CHECK;

/* Bytes that are no UTF-8 become '?', so that the rest is what was sent. */
void media_repair_utf8(char *text);

/* The regular file of the name in the folder, neither of which is followed anywhere else: 0 with
 * `fd`, -errno. */
int media_open_file(const char *folder, const char *name, int *fd) DP_CHECK;
