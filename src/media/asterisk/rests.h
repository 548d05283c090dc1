/*
 * Members of queues who just did not take a call: busy, no answer, not registered. Asterisk pauses
 * such a member (autopause) and says so by realtime, but never lets him go on; without a pause it
 * would ring the same one for ever, and nobody of a higher level. So he rests until the time is
 * over that his queue gives him, and the next realtime answer has him back.
 *
 * In memory only: who is forgotten, by a restart or because there are too many, is rung once more.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESTS_MAX = 512,       /* at a time; the oldest is forgotten first */
    RESTS_MEMBER_SIZE = 80 /* as Asterisk's own limit of an interface */
};

struct rests {
    pthread_mutex_t lock;
    size_t next;
    struct rest {
        char member[RESTS_MEMBER_SIZE];
        int64_t since_ms; /* clock_mono_ms */
    } rows[RESTS_MAX];
};

#define RESTS_INIT {.lock = PTHREAD_MUTEX_INITIALIZER}

/* The member (<user>@<domain>) rests from now on. Names that are too long are nobody's. */
void rests_begin(struct rests *rests, const char *member, int64_t now_ms);

/* Whether he began less than `seconds` ago. */
bool rests_has(struct rests *rests, const char *member, int seconds, int64_t now_ms);
