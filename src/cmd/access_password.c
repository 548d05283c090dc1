/* A password for an operator: from a terminal, standard input or chance, and never from argv. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include "api/password.h"
#include "base/str.h"
#include "cmd/access.h"

enum { GENERATED = 20 };

static int read_line(char *out, size_t size)
{
    size_t len;

    if (!fgets(out, (int)size, stdin))
        return -ENODATA;
    len = strlen(out);
    if (len && out[len - 1] == '\n')
        out[len - 1] = '\0';
    else if (len == size - 1)
        return -ENAMETOOLONG;
    return 0;
}

static int type_once(const char *prompt, char *out, size_t size)
{
    int res;

    fputs(prompt, stderr);
    res = read_line(out, size);
    fputc('\n', stderr);
    return res;
}

static int type_twice(char *out, size_t size, struct err *err)
{
    char again[API_PASSWORD_MAX + 2];
    struct termios before, silent;
    int res;

    if (tcgetattr(STDIN_FILENO, &before))
        return err_sys(err, -errno, "terminal");
    silent = before;
    /* Without signals too: Ctrl-C in between would leave the terminal without an echo. */
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent))
        return err_sys(err, -errno, "terminal");
    res = type_once("Password: ", out, size);
    if (!res)
        res = type_once("Once more: ", again, sizeof(again));
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (res)
        err_sys(err, res, "password");
    else if (strcmp(out, again) != 0)
        res = err_set(err, -EINVAL, "these were two different passwords");
    explicit_bzero(again, sizeof(again));
    return res;
}

/* Without l, 1, o and 0: it is typed from a screen. 32 letters: 100 bits. */
static int generate(char *out, size_t size, struct err *err)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char raw[GENERATED];

    if (size <= GENERATED || getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        return err_set(err, -EIO, "random numbers");
    for (size_t i = 0; i < GENERATED; i++)
        out[i] = letters[raw[i] % (sizeof(letters) - 1)];
    out[GENERATED] = '\0';
    return 0;
}

int access_password(struct access_verb *verb, char *out, size_t size, struct err *err)
{
    size_t len;
    int res;

    if (verb->generate)
        return generate(out, size, err);
    if (isatty(STDIN_FILENO)) {
        res = type_twice(out, size, err);
    } else {
        res = read_line(out, size);
        if (res)
            err_sys(err, res, "password on standard input");
    }
    if (res)
        return res;
    len = strlen(out);
    if (len < API_PASSWORD_MIN || len > API_PASSWORD_MAX)
        return err_set(err, -EINVAL, "a password has %d characters at least", API_PASSWORD_MIN);
    return 0;
}
