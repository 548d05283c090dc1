#include "cdr/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

/*
 * A read lease (fcntl(2)) is granted only while nobody has the file open for writing: the one
 * answer to this question that the kernel gives without a look at every process. (A write lease
 * would also be refused because of a reader, say somebody's `tail -f`.)
 */
enum writers writers_of(int fd)
{
    /* Somebody who opens the file while we have the lease breaks it, which is told by a signal:
     * one that is ignored by default, instead of SIGIO, which kills. */
    if (fcntl(fd, F_SETSIG, SIGURG))
        return WRITERS_UNKNOWN;
    if (fcntl(fd, F_SETLEASE, F_RDLCK))
        return errno == EAGAIN ? WRITERS_SOME : WRITERS_UNKNOWN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return WRITERS_NONE;
}
