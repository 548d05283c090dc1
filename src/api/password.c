#include "api/password.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { MEMORY = 19 * 1024 * 1024, PASSES = 2, WAIT_S = 2, THERE_MAX = 3 };

_Static_assert((int)API_PASSWORD_HASH == (int)crypto_pwhash_argon2id_STRBYTES, "libsodium's size");

/* Strangers, and those who are known: one at a time of each. */
static pthread_mutex_t places[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
/* Who computes or waits to. */
static atomic_int there[2];

int api_password_hash(const char *password, char out[API_PASSWORD_HASH])
{
    size_t len = strlen(password);

    if (len < API_PASSWORD_MIN || len > API_PASSWORD_MAX)
        return -EINVAL;
    if (sodium_init() < 0)
        return -EIO;
    return crypto_pwhash_argon2id_str(out, password, len, PASSES, MEMORY) ? -ENOMEM : 0;
}

bool api_password_is(const char *hash, const char *password)
{
    /* Of a password that nobody has: random, and forgotten. The cost is the same as above. */
    static const char nobody[] =
        "$argon2id$v=19$m=19456,t=2,p=1$"
        "R8gz0E8dMnS0uhOO6oHfHQ$v69Srv8mQyXKEqN7Y4ZyObegtQVkvyOXoQoSVFBLY1c";
    size_t len = strlen(password);

    if (sodium_init() < 0 || len > API_PASSWORD_MAX)
        return false;
    return crypto_pwhash_argon2id_str_verify(hash ? hash : nobody, password, len) == 0 && hash;
}

int api_password_enter(bool known)
{
    struct timespec until;

    /* Not pthread_mutex_clocklock, which ThreadSanitizer does not know. */
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    /* Those who wait have a thread each, of which there are few. */
    if (atomic_fetch_add(&there[known], 1) < THERE_MAX &&
        pthread_mutex_timedlock(&places[known], &until) == 0)
        return 0;
    atomic_fetch_sub(&there[known], 1);
    return -EBUSY;
}

void api_password_leave(bool known)
{
    pthread_mutex_unlock(&places[known]);
    atomic_fetch_sub(&there[known], 1);
}
