/* Whether anybody has a file open for writing. */
#pragma once

enum writers {
    WRITERS_NONE,
    WRITERS_SOME,
    WRITERS_UNKNOWN, /* a file system without leases, or somebody else's file */
};

/*
 * `fd` is open for reading only. "None" holds for good when the file has no name under which a
 * writer would look for it any more.
 */
enum writers writers_of(int fd);
