/*
 * The folder of copies (tenant/copy.h): one file per tenant, named as its domain. They hold HA1s:
 * the folder has mode 0700, the files 0600. One thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

/* Creates the folder if needed; a file descriptor for the others, and for close(2) and fsync(2). */
int copy_folder_open(const char *path, struct err *err) DP_CHECK;

/* Calls `each` with every domain that has a copy, in no order, until one is not 0. */
int copy_folder_list(int folder, int (*each)(const char *domain, void *arg), void *arg) DP_CHECK;

/* Appends the file to `out`. -ENOENT, -ENOBUFS, or what open(2) and read(2) say. */
int copy_file_read(int folder, const char *domain, struct buf *out) DP_CHECK;

/*
 * Replaces the file by `sealed` and has its bytes on disk before its name; `changed` says whether
 * that was needed. The name is durable after fsync(2) of the folder.
 */
int copy_file_write(int folder, const char *domain, const struct buf *sealed,
                    bool *changed) DP_CHECK;

/* 0 as well when there is none. */
int copy_file_remove(int folder, const char *domain) DP_CHECK;
