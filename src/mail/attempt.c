#include "mail/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "mail/queue.h"

extern char **environ;

enum { LOOK_MS = 20 };

/* The recipient; the file is at the mail's first byte afterwards. */
static int read_recipient(int fd, char out[MAIL_RECIPIENT_SIZE])
{
    ssize_t got = pread(fd, out, MAIL_RECIPIENT_SIZE - 1, 0);
    char *end;

    if (got < 0)
        return -errno;
    out[got] = '\0';
    end = strchr(out, '\n');
    if (!end)
        return -EBADMSG;
    *end = '\0';
    if (!mail_is_address(out))
        return -EBADMSG;
    return lseek(fd, end + 1 - out, SEEK_SET) < 0 ? -errno : 0;
}

/* What it says to people is in its own log (render_mail.c). SIGPIPE is ignored here, not there. */
static int start(const struct mail_attempt *attempt, const char *recipient, int mail, pid_t *pid)
{
    const char *const argv[] = {attempt->program, "-C", attempt->config, "--", recipient, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t set;
    int res;

    sigemptyset(&set);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigaddset(&set, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    res = posix_spawn_file_actions_adddup2(&files, mail, STDIN_FILENO);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && !res; fd++)
        res = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_WRONLY, 0);
    if (!res)
        res = posix_spawn(pid, attempt->program, &files, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return -res;
}

static int wait_for(const struct mail_attempt *attempt, pid_t pid)
{
    struct pollfd stop = {.fd = attempt->stop_fd, .events = POLLIN};
    int64_t late = clock_mono_ms() + attempt->timeout_ms;
    int status, res = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_ms() > late)
            res = -ETIMEDOUT;
        else if (poll(&stop, 1, LOOK_MS) > 0)
            res = -ECANCELED;
        if (!res)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return res;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

int mail_attempt(const struct mail_attempt *attempt, const char *name)
{
    char recipient[MAIL_RECIPIENT_SIZE];
    int fd = openat(attempt->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    pid_t pid = -1;
    int res;

    if (fd < 0)
        return -errno;
    res = read_recipient(fd, recipient);
    if (!res)
        res = start(attempt, recipient, fd, &pid);
    close(fd);
    return res ? res : wait_for(attempt, pid);
}
