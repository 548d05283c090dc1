/* Whether a file is complete, because nobody can write to it any more. */
#pragma once

#include <stdbool.h>

/*
 * Whether nobody has the file open for writing; `fd` is open for reading only. Holds for good when
 * the file has no name any more under which a writer would look for it. Where the kernel does not
 * tell (a file system without leases, somebody else's file): whether it is unchanged for 5 s.
 */
bool writers_gone(int fd);
