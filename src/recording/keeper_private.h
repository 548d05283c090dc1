/* State of the keeper, shared by its loop (keeper.c) and its tasks. */
#pragma once

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "recording/keeper.h"

/* How far the comparison of store and database is: a day's folder or a page of rows at a time. */
struct keeper_survey {
    int64_t next_ms; /* when it begins anew */
    bool begun, rows_done;
    struct buf days;                /* the folders, see survey.c */
    size_t at;                      /* of them, the next one */
    char path[RECORDING_PATH_SIZE]; /* of the last row */
    uint64_t missing;               /* found on the way */
};

struct keeper {
    struct keeper_options options;
    struct policies *policies;
    pthread_t thread;
    int stop_fd;
    char taken_folder[PATH_MAX];
    char told[256]; /* what stands in the way, said once */
    int64_t retention_ms;
    struct keeper_survey survey;
    atomic_uint_fast64_t taken, empty, failed, deleted, adopted, missing, waiting;
};

/* Whether it is time to stop. */
bool keeper_stopping(const struct keeper *keeper);

/* Moves what is complete out of the media server's way (collect.c). */
void keeper_collect(struct keeper *keeper);

/* Deletes what is old enough, as far as it is due (retention.c). -EAGAIN: the database is away. */
int keeper_retain(struct keeper *keeper, struct err *err) DP_CHECK;

/* One step of the comparison (survey.c). -EAGAIN: the database is away. */
int keeper_survey(struct keeper *keeper, struct err *err) DP_CHECK;

/* Compares the files of the day "<yyyy>/<mm>/<dd>" (survey_day.c). */
int keeper_survey_day(struct keeper *keeper, const char *day, struct err *err) DP_CHECK;
