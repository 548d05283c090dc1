#include "cdr/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/clock.h"

enum { QUIET_US = 5000000 };

static bool is_quiet(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 &&
           clock_wall_us() - (int64_t)st.st_mtim.tv_sec * 1000000 >= QUIET_US;
}

/*
 * A read lease (fcntl(2)) is granted only while nobody has the file open for writing: the one
 * answer to this question that the kernel gives without a look at every process. (A write lease
 * would also be refused because of a reader, say somebody's `tail -f`.)
 */
bool writers_gone(int fd)
{
    /* Somebody who opens the file while we have the lease breaks it, which is told by a signal:
     * one that is ignored by default, instead of SIGIO, which kills. */
    if (fcntl(fd, F_SETSIG, SIGURG))
        return is_quiet(fd);
    if (fcntl(fd, F_SETLEASE, F_RDLCK))
        return errno == EAGAIN ? false : is_quiet(fd);
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return true;
}
