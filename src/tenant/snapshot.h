/*
 * One tenant as it was at one moment: everything that answering a media server needs, in memory.
 *
 * A snapshot never changes once it is published (see registry.h); a change makes a new one. Readers
 * hold a reference while they look, and what they are given points into it.
 *
 * The tables are arrays sorted by key and searched by bisection. They never grow, so a hash table
 * would buy nothing for its 60 bytes an entry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct snapshot;

struct snapshot_user {
    const char *username;
    const char *display_name;
    const char *ha1; /* md5(username:domain:password), 32 lower-case digits */
};

/* What a number leads to; the one that its type names is set, the others are NULL or 0. */
struct snapshot_extension {
    const char *number;
    const char *type;     /* user, ivr, voicemail, queue, conference */
    const char *username; /* NULL as well when that user is disabled */
    const char *mailbox;  /* NULL for the mailbox of whoever calls */
    int64_t menu;
    int64_t queue;
    int64_t conference;
};

struct snapshot_entry {
    const char *digit;  /* one of 0-9 * # */
    const char *number; /* of the extension it leads to */
};

/* Audio of the tenant's own. What has prompts names it "custom/<name>": prompts.h. */
struct snapshot_prompt {
    const char *name;
    const char *sha256; /* of the file: 64 lower-case digits */
    int rate;           /* samples a second: 8000 or 16000 */
    bool is_music;      /* what those hear who are on hold */
};

/* Other prompts are names relative to the sounds folder, without extension. */
struct snapshot_menu {
    int64_t id;
    const char *greeting;
    const char *invalid;
    int timeout_ms;
    int tries;
    const struct snapshot_entry *entries;
    size_t entry_count;
    bool direct_dial; /* a caller may dial a number of the tenant: direct.h */
};

struct snapshot_mailbox {
    const char *mailbox;
    const char *pin_ha1; /* md5(mailbox:domain:pin), 32 lower-case digits */
    const char *email;   /* NULL when there is none */
    const char *owner;   /* username, NULL for a shared mailbox */
    int max_messages;    /* new and saved ones */
    int max_message_s, min_message_s;
    bool mail_audio;    /* goes to `email` as well */
    bool delete_mailed; /* what has gone to `email` */
    bool full;          /* takes no more */
};

/* Whether somebody takes calls of queues; of all that he is a member of. */
enum snapshot_agent_status {
    SNAPSHOT_AVAILABLE,
    SNAPSHOT_PAUSED,    /* not rung, but there: callers wait for him */
    SNAPSHOT_LOGGED_OUT /* as if he were no member */
};

/* A user who answers calls of a queue; disabled ones are none. */
struct snapshot_member {
    const char *username;
    int level;    /* from 1; a higher one is asked when the lower ones have nobody free */
    int position; /* within the level, from 1 */
    enum snapshot_agent_status status;
};

/* Seconds: where somebody stands takes five to say, so it is not said more often. */
enum { SNAPSHOT_POSITION_MIN_S = 10 };

struct snapshot_queue {
    int64_t id;
    const char *name;
    /* ring_all, longest_idle, round_robin, top_down, random, fewest_calls, least_talk */
    const char *strategy;
    const char *music;                     /* a prompt; NULL for the default */
    int ring_s;                            /* how long one member's phone rings */
    int wrap_up_s;                         /* pause of a member after a call */
    int max_wait_s;                        /* 0: for ever */
    const char *announcement;              /* a prompt that callers hear, or NULL */
    int announce_every_s;                  /* every so many seconds */
    bool announce_position;                /* and where they stand */
    const char *timeout_to;                /* number, or NULL: after max_wait_s */
    const char *no_agent_to;               /* number, or NULL: when no member is logged in */
    const struct snapshot_member *members; /* by level and position */
    size_t member_count;
};

struct snapshot_conference {
    int64_t id;
    const char *name;
    const char *pin;           /* digits, or NULL: whoever calls is let in */
    const char *moderator_pin; /* digits, or NULL: nobody is moderator */
    int max_members;
    bool announce; /* a tone when somebody comes or goes */
    bool wait;     /* members hear music until a moderator has come */
};

/* Somebody who is rung or paged: a user, or a number outside; the other one is NULL. */
struct snapshot_group_member {
    const char *username;
    const char *outside;
    int delay_s; /* after which he starts to ring */
    int ring_s;  /* for how long */
};

struct snapshot_ring_group {
    int64_t id;
    const char *strategy; /* all, in_order, random, longest_idle */
    bool skip_busy;       /* who is in a call is not rung */
    bool confirm;         /* a member outside has the call when he has pressed 1 */
    const struct snapshot_group_member *members; /* by position */
    size_t member_count;
};

struct snapshot_announcement {
    int64_t id;
    const char *prompt;
    const char *then_to; /* number, or NULL: the call ends */
};

/* Takes a further reference, for snapshot_unref. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Drops one; the last one frees. Copes with NULL. */
void snapshot_unref(struct snapshot *snapshot);

const char *snapshot_domain(const struct snapshot *snapshot);
const char *snapshot_timezone(const struct snapshot *snapshot);

/* NULL when there is no such thing; otherwise valid as long as the caller's reference. */
const struct snapshot_user *snapshot_user(const struct snapshot *snapshot, const char *username);
const struct snapshot_extension *snapshot_extension(const struct snapshot *snapshot,
                                                    const char *number);
const struct snapshot_menu *snapshot_menu(const struct snapshot *snapshot, int64_t id);
const struct snapshot_mailbox *snapshot_mailbox(const struct snapshot *snapshot,
                                                const char *mailbox);

const struct snapshot_queue *snapshot_queue(const struct snapshot *snapshot, int64_t id);
const struct snapshot_conference *snapshot_conference(const struct snapshot *snapshot, int64_t id);

const struct snapshot_ring_group *snapshot_ring_group(const struct snapshot *snapshot, int64_t id);
const struct snapshot_announcement *snapshot_announcement(const struct snapshot *snapshot,
                                                          int64_t id);

/* All users, sorted by name. */
const struct snapshot_user *snapshot_users(const struct snapshot *snapshot, size_t *count);

const struct snapshot_prompt *snapshot_prompt(const struct snapshot *snapshot, const char *name);

/* All prompts, sorted by name. */
const struct snapshot_prompt *snapshot_prompts(const struct snapshot *snapshot, size_t *count);

/* All extensions, sorted by number. */
const struct snapshot_extension *snapshot_extensions(const struct snapshot *snapshot,
                                                     size_t *count);

/* All mailboxes, sorted by number. */
const struct snapshot_mailbox *snapshot_mailboxes(const struct snapshot *snapshot, size_t *count);

/* The first queue's member of that name, whose status is that of all; NULL when he is in none. */
const struct snapshot_member *snapshot_agent(const struct snapshot *snapshot, const char *username);

/* All queues, sorted by id. */
const struct snapshot_queue *snapshot_queues(const struct snapshot *snapshot, size_t *count);

struct snapshot_size {
    size_t users, extensions, menus, mailboxes;
    size_t bytes;
};

/* How many there are of each, and the memory they take. */
void snapshot_size(const struct snapshot *snapshot, struct snapshot_size *out);
