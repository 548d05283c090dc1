/* Patterns of descriptions, each compiled once: to compile one takes a hundred times as long as to
 * use it. They are as long-lived as the program, and so is what is kept of them. */
#include <pthread.h>
#include <regex.h>

#include "api/api_private.h"

enum { PATTERNS = 64 };

static struct {
    pthread_mutex_t lock;
    size_t count;
    struct {
        const char *pattern;
        regex_t regex;
    } kept[PATTERNS];
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool run(const regex_t *regex, const char *text)
{
    return regexec(regex, text, 0, NULL, 0) == 0;
}

/* One for which there is no place any more. */
static bool run_once(const char *pattern, const char *text)
{
    regex_t regex;
    bool found;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
        return false;
    found = run(&regex, text);
    regfree(&regex);
    return found;
}

/* The compiled pattern, with the lock held; NULL: it is none, or there is no place. */
static const regex_t *find(const char *pattern)
{
    for (size_t i = 0; i < known.count; i++)
        if (known.kept[i].pattern == pattern)
            return &known.kept[i].regex;
    if (known.count == PATTERNS ||
        regcomp(&known.kept[known.count].regex, pattern, REG_EXTENDED | REG_NOSUB))
        return NULL;
    known.kept[known.count].pattern = pattern;
    return &known.kept[known.count++].regex;
}

bool api_matches(const char *pattern, const char *text)
{
    const regex_t *regex;
    bool found = false;

    pthread_mutex_lock(&known.lock);
    regex = find(pattern);
    if (regex)
        found = run(regex, text);
    pthread_mutex_unlock(&known.lock);
    return regex ? found : run_once(pattern, text);
}
