/*
 * Load on an HTTP server, as FreeSWITCH makes it: a new connection for every request (or, to
 * compare, connections that stay). One thread; every answer is looked at.
 *
 *     http_load [--rate N] [--connections N] [--seconds N] [--keepalive] [--stamp] ADDRESS PORT FILE
 *
 * With --rate, requests start at fixed times whatever became of those before, and a time counts
 * from the moment the request was due: a server that stands still is not spared. Without, as many
 * as --connections are under way at a time.
 *
 * FILE: one request after the other, each as four bytes of length (little-endian) and that many
 * bytes, then in the same form what its answer has to contain. They are sent in turn.
 *
 * With --stamp, requests are call records, and each one that is sent is another call that ends in
 * this moment: UUUUUUUU-UUUU-UUUU-UUUU-UUUUUUUUUUUU becomes a uuid, SSSSSSSSSS.SSSSSS the time 30 s
 * ago in seconds since 1970, EEEEEEEEEEEEEEEE the time in microseconds.
 *
 * The last line of the output is JSON: requests done and failed, per second, and times in ms; how
 * many took more than 50 ms, and how many still did without what the machine itself stood still.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "http_load.h"

enum {
    UNDER_WAY_MAX = 4000, /* a server this far behind fails what is above */
    EVENTS = 256,
    ANSWER_WITHIN_S = 5,
};

struct load load = {.connections = 32, .seconds = 10};

void die(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void give_up_late(int64_t now)
{
    for (size_t i = 0; i < load.count; i++) {
        if (load.all[i].request && now - load.all[i].due_us > ANSWER_WITHIN_S * 1000000LL)
            connection_give_up(&load.all[i], "no answer");
    }
}

static void wait_and_go_on(int64_t timeout_us)
{
    struct timespec timeout = {.tv_sec = timeout_us / 1000000,
                               .tv_nsec = timeout_us % 1000000 * 1000};
    struct epoll_event events[EVENTS];
    int count = epoll_pwait2(load.epoll, events, EVENTS, &timeout, NULL);

    for (int i = 0; i < count; i++)
        connection_go_on(events[i].data.ptr, events[i].events);
}

/* Starts what is due now, and returns when there is more to start. */
static int64_t start_due(int64_t began, int64_t now)
{
    static uint64_t started;
    int64_t due;

    while (load.rate <= 0 && load.free)
        connection_start(clock_mono_us());
    if (load.rate <= 0)
        return now + 100000;
    while ((due = began + (int64_t)((double)started * 1e6 / load.rate)) <= now) {
        connection_start(due);
        started++;
    }
    return due;
}

static int64_t began_us;

static void run(void)
{
    int64_t began = began_us = clock_mono_us(), now = began,
            until = began + load.seconds * 1000000LL;
    int64_t swept = began, due;

    while (now < until) {
        due = start_due(began, now);
        now = clock_mono_us();
        wait_and_go_on(due > now ? due - now : 0);
        now = clock_mono_us();
        if (now - swept > 1000000) {
            give_up_late(now);
            swept = now;
        }
    }
    /* At a rate, every answer counts. */
    while (load.rate > 0 && load.under_way && now < until + ANSWER_WITHIN_S * 1000000LL) {
        wait_and_go_on(100000);
        now = clock_mono_us();
    }
    if (load.rate > 0)
        give_up_late(INT64_MAX);
}

static const char *take_slice(const char *at, const char *end, struct slice *out)
{
    uint32_t len;

    if (end - at < 4)
        return NULL;
    memcpy(&len, at, 4);
    if ((size_t)(end - at - 4) < len)
        return NULL;
    *out = (struct slice){at + 4, len};
    return at + 4 + len;
}

/* The text of the file stays in memory to the end. */
static void read_requests(const char *path)
{
    static struct buf text;
    const char *at, *end;
    struct err err;

    buf_init(&text, SIZE_MAX / 2);
    if (file_read(path, &text, &err)) {
        fprintf(stderr, "http_load: %s\n", err.text);
        exit(1);
    }
    end = text.data + text.len;
    for (at = text.data; at && at < end; load.request_count++) {
        load.requests = reallocarray(load.requests, load.request_count + 1, sizeof(*load.requests));
        if (!load.requests)
            die("memory");
        at = take_slice(at, end, &load.requests[load.request_count].text);
        at = at ? take_slice(at, end, &load.requests[load.request_count].expected) : NULL;
        if (at && load.stamp) {
            if (load.requests[load.request_count].text.len > STAMPED_MAX)
                die("a request is too long for --stamp");
            stamp_prepare(&load.requests[load.request_count]);
        }
    }
    if (!at || !load.request_count) {
        fprintf(stderr, "http_load: %s is no file of requests\n", path);
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

static double percentile(double percent)
{
    size_t index = (size_t)((double)load.done * percent / 100);

    return load.done ? load.times_us[index < load.done ? index : load.done - 1] / 1000.0 : 0;
}

static void report(void)
{
    struct stall_report late;

    stall_report(&late);
    qsort(load.times_us, load.done, sizeof(*load.times_us), compare);
    if (load.failed)
        fprintf(stderr, "http_load: the first failure: %s\n", load.first_failure);
    printf("{\"done\": %llu, \"failed\": %llu, \"per_s\": %.1f, \"p50_ms\": %.3f, "
           "\"p99_ms\": %.3f, \"max_ms\": %.3f, \"max_at_s\": %.1f, \"over_50_ms\": %zu, "
           "\"over_50_ms_by_server\": %zu, \"machine_stood_still_ms\": %.1f}\n",
           (unsigned long long)load.done, (unsigned long long)load.failed,
           (double)load.done / load.seconds, percentile(50), percentile(99), percentile(100),
           (double)(load.slowest_at_us - began_us) / 1e6, late.late, late.servers,
           (double)late.stalled_us / 1e3);
}

static void usage(void)
{
    fputs("usage: http_load [--rate N] [--connections N] [--seconds N] [--keepalive] [--stamp] "
          "ADDRESS PORT FILE\n",
          stderr);
    exit(2);
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {{"rate", required_argument, NULL, 'r'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"keepalive", no_argument, NULL, 'k'},
                                            {"stamp", no_argument, NULL, 't'},
                                            {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (option == 'r')
            load.rate = strtod(optarg, NULL);
        else if (option == 'c')
            load.connections = strtoul(optarg, NULL, 10);
        else if (option == 's')
            load.seconds = (int)strtol(optarg, NULL, 10);
        else if (option == 'k')
            load.keepalive = true;
        else if (option == 't')
            load.stamp = true;
        else
            usage();
    }
    load.server.sin_family = AF_INET;
    if (argc - optind != 3 || inet_pton(AF_INET, argv[optind], &load.server.sin_addr) != 1)
        usage();
    load.server.sin_port = htons((uint16_t)strtoul(argv[optind + 1], NULL, 10));
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    read_requests(argv[optind + 2]);
    load.count = load.rate > 0 ? UNDER_WAY_MAX : load.connections;
    load.all = calloc(load.count, sizeof(*load.all));
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!load.all || load.epoll < 0)
        die("start");
    for (size_t i = load.count; i-- > 0;) {
        load.all[i].fd = -1;
        load.all[i].next = load.free;
        load.free = &load.all[i];
    }
    stall_watch();
    run();
    report();
    return 0;
}
