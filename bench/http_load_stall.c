/*
 * When the machine stood still (a virtual one that its host did not run, say), seen by a thread on
 * each processor that sleeps a millisecond at a time: what was late because of that is not the
 * server's.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http_load.h"

enum {
    NAP_US = 1000,
    /* A nap so much too long is a stall; of a thread that does not go before all others, which a
     * busy processor makes wait too. */
    STALL_US = 2000,
    STALL_UNPRIVILEGED_US = 10000,
    SETTLES_TIMES = 3,   /* what has piled up takes so many times as long as it stood still */
    STALLS_MAX = 100000, /* no more are excused */
    CPUS_MAX = 256,
};

struct span {
    int64_t from_us, until_us;
};

static struct watcher {
    pthread_t thread;
    int cpu;
} watchers[CPUS_MAX];
static int watcher_count;
static atomic_bool is_over;

static pthread_mutex_t stall_lock = PTHREAD_MUTEX_INITIALIZER;
static struct span stalls[STALLS_MAX];
static size_t stall_count;

static struct span *late;
static size_t late_count, late_size;

static void note_stall(int64_t from_us, int64_t until_us)
{
    pthread_mutex_lock(&stall_lock);
    if (stall_count < STALLS_MAX)
        stalls[stall_count++] = (struct span){from_us, until_us};
    pthread_mutex_unlock(&stall_lock);
}

static void *watch(void *arg)
{
    const struct timespec nap = {.tv_nsec = NAP_US * 1000};
    const struct watcher *watcher = arg;
    const struct sched_param lowest = {.sched_priority = 1};
    int64_t before, now, allowed_us = NAP_US + STALL_US;
    cpu_set_t cpu;

    CPU_ZERO(&cpu);
    CPU_SET(watcher->cpu, &cpu);
    /* Where it may not be on that one, it is on another. */
    sched_setaffinity(0, sizeof(cpu), &cpu);
    if (sched_setscheduler(0, SCHED_FIFO, &lowest))
        allowed_us = NAP_US + STALL_UNPRIVILEGED_US;
    while (!is_over) {
        before = clock_mono_us();
        nanosleep(&nap, NULL);
        now = clock_mono_us();
        if (now - before > allowed_us)
            note_stall(before, now);
    }
    return NULL;
}

void stall_watch(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    for (; watcher_count < count && watcher_count < CPUS_MAX; watcher_count++) {
        struct watcher *watcher = &watchers[watcher_count];

        watcher->cpu = watcher_count;
        if (pthread_create(&watcher->thread, NULL, watch, watcher))
            die("a thread that watches a processor");
    }
}

void stall_note_late(int64_t due_us, int64_t done_us)
{
    if (late_count == late_size) {
        late_size = late_size ? late_size * 2 : 1024;
        late = reallocarray(late, late_size, sizeof(*late));
        if (!late)
            die("memory");
    }
    late[late_count++] = (struct span){due_us, done_us};
}

static int compare(const void *a, const void *b)
{
    const struct span *left = a, *right = b;

    return (left->from_us > right->from_us) - (left->from_us < right->from_us);
}

/* Makes one of those that overlap, whichever processor's they are; the sum of all. */
static int64_t merge_stalls(void)
{
    int64_t sum_us = 0;
    size_t kept = 0;

    qsort(stalls, stall_count, sizeof(*stalls), compare);
    for (size_t i = 0; i < stall_count; i++) {
        struct span *last = kept ? &stalls[kept - 1] : NULL;

        if (!last || stalls[i].from_us > last->until_us)
            stalls[kept++] = stalls[i];
        else if (stalls[i].until_us > last->until_us)
            last->until_us = stalls[i].until_us;
    }
    stall_count = kept;
    for (size_t i = 0; i < kept; i++)
        sum_us += stalls[i].until_us - stalls[i].from_us;
    return sum_us;
}

static void add_settling(void)
{
    for (size_t i = 0; i < stall_count; i++)
        stalls[i].until_us += SETTLES_TIMES * (stalls[i].until_us - stalls[i].from_us);
    merge_stalls();
}

/* How much of its time it was not the server's. */
static int64_t excused_us(const struct span *request)
{
    int64_t sum_us = 0;

    for (size_t i = 0; i < stall_count; i++) {
        int64_t from_us = stalls[i].from_us, until_us = stalls[i].until_us;

        from_us = from_us > request->from_us ? from_us : request->from_us;
        until_us = until_us < request->until_us ? until_us : request->until_us;
        sum_us += until_us > from_us ? until_us - from_us : 0;
    }
    return sum_us;
}

void stall_report(struct stall_report *out)
{
    is_over = true;
    for (int i = 0; i < watcher_count; i++)
        pthread_join(watchers[i].thread, NULL);
    *out = (struct stall_report){.late = late_count, .stalled_us = merge_stalls()};
    add_settling();
    for (size_t i = 0; i < late_count; i++)
        out->servers += late[i].until_us - late[i].from_us - excused_us(&late[i]) > LATE_AFTER_US;
    free(late);
}
