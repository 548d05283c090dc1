/*
 * How many messages wait in mailboxes: what media servers tell, on its way into the database, whose
 * notice takes it to the edges and their phones.
 *
 * A media server tells how many there are, not what has changed, so of each mailbox only the last
 * counts are kept, and writing them twice does no harm. While the database is away they wait here.
 */
#pragma once

#include "base/compiler.h"
#include "base/err.h"
#include "store/listen.h"

/* Counts that wait, at most; whatever comes beyond is dropped and logged. */
enum { WAITING_MAX = 50000, WAITING_MESSAGES_MAX = 100000 };

/* From now on `wake` is called, from any thread, when there is something to write; NULL: no more.
 */
void waiting_start(void (*wake)(void *arg), void *arg);

/*
 * There are so many new and so many saved messages in the mailbox. From any thread; returns at
 * once. -EINVAL when a name or a number is none that there can be.
 */
int waiting_note(const char *domain, const char *mailbox, const char *new_messages,
                 const char *saved_messages) DP_CHECK;

/*
 * Writes what waits, from within a callback of `listen`. What the database refuses is dropped and
 * logged; -ENOTCONN and -ECANCELED: what was not written waits on.
 */
int waiting_write(struct listen *listen, struct err *err) DP_CHECK;

/* How many wait; forgets them all. At the end of the program. */
size_t waiting_clear(void);
