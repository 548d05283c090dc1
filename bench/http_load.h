/* What the parts of http_load share: see http_load.c. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ANSWER_MAX = 64 * 1024,
    STAMPED_MAX = 16 * 1024, /* bytes of a request with --stamp */
    LATE_AFTER_US = 50000,
};

struct slice {
    const char *data;
    size_t len;
};

struct request {
    struct slice text, expected;
    struct marks *marks; /* with --stamp */
};

struct connection {
    struct connection *next; /* in the list of free ones */
    int fd;
    const struct request *request;
    int64_t due_us;
    struct slice text; /* what is sent: the request's, or its stamped copy */
    size_t sent, received;
    char *stamped; /* STAMPED_MAX bytes, once they are needed */
    char answer[ANSWER_MAX];
};

struct load {
    double rate;
    size_t connections;
    int seconds;
    bool keepalive, stamp;
    struct sockaddr_in server;
    struct request *requests;
    size_t request_count, next_request;

    int epoll;
    struct connection *free;
    struct connection *all;
    size_t count, under_way;
    uint64_t done, failed;
    uint32_t *times_us; /* of those done */
    size_t times_size;
    int64_t slowest_us, slowest_at_us; /* its time, and when it was due */
    char first_failure[256];
};

extern struct load load;

/* Says what failed, with errno, and leaves the program. */
_Noreturn void die(const char *what);

/* Notes where a request has marks, and writes a copy of it with their values: `out` has
 * STAMPED_MAX bytes. */
void stamp_prepare(struct request *request);
void stamp_write(const struct request *request, char *out);

/* Starts the next request, which was due at that time; there is a free connection, or it fails. */
void connection_start(int64_t due_us);

/* Goes on with what epoll says of it. */
void connection_go_on(struct connection *connection, uint32_t events);

/* A request that is under way has failed. */
void connection_give_up(struct connection *connection, const char *why);

/* Watches whether the machine stands still, from now until stall_report. */
void stall_watch(void);

/* A request that took longer than LATE_AFTER_US. */
void stall_note_late(int64_t due_us, int64_t done_us);

struct stall_report {
    size_t late;        /* requests */
    size_t servers;     /* those of them that were late because of the server */
    int64_t stalled_us; /* for how long the machine stood still */
};

/* Once, at the end. */
void stall_report(struct stall_report *out);
