/* What a kind of media server has behind media/live.h, which has checked every name. */
#pragma once

#include <stdbool.h>

#include "media/live.h"

struct media_voicemail; /* media/voicemail_private.h */

struct media_live {
    int (*info)(const struct media_place *, struct media_info *, struct err *);
    int (*listen)(const struct media_place *, const struct media_call *, const char *,
                  struct err *);
    int (*transfer)(const struct media_place *, const struct media_call *, enum media_side,
                    const char *, struct err *);
    int (*hangup)(const struct media_place *, const struct media_call *, struct err *);
    int (*queue)(const struct media_place *, const char *, int64_t, json_t *, json_t *,
                 struct err *);
    const struct media_voicemail *voicemail;
};

/* X-VOIP-Call of a leg that belongs to the call, and is nothing but that. -ENAMETOOLONG. */
enum { MEDIA_LIVE_HEADER_SIZE = 160 };
int media_live_header(const struct media_call *call, char out[MEDIA_LIVE_HEADER_SIZE]) DP_CHECK;

/* Whether the text is not empty and has no characters but these. */
bool media_live_is_made_of(const char *text, const char *allowed);

/* Whoever waits, as media_queue tells it. -ENOMEM. */
struct media_waiting {
    const char *number, *name;
    int64_t joined_s;
};
int media_live_add_waiting(json_t *waiting, const struct media_waiting *who,
                           struct err *err) DP_CHECK;
int media_live_add_agent(json_t *agents, const char *username, const char *state, int64_t calls,
                         int64_t last_call_s, struct err *err) DP_CHECK;
