#include "media/freeswitch/callcenter.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>

enum { TENANT_MS = 1000 };

int cc_list(struct cc_list *out, const struct fs_sync *sync, const char *const words[],
            size_t count, struct err *err)
{
    int res;

    *out = (struct cc_list){0};
    buf_init(&out->text, ESL_BODY_MAX);
    res = esl_api(sync->esl, words, count, &out->text, err);
    if (!res && fs_table_parse(&out->table, out->text.data))
        res = err_set(err, -ENOMEM, "no memory for a list");
    if (res)
        cc_list_free(out);
    return res;
}

void cc_list_free(struct cc_list *list)
{
    fs_table_free(&list->table);
    buf_free(&list->text);
}

int cc_unless(const char *text, int res, const struct err *err)
{
    return res == -EREMOTEIO && strstr(err->text, text) ? 0 : res;
}

static void post(void *arg)
{
    sem_post(arg);
}

/* As registry_get, but waits for a tenant that is being read. */
static int get_tenant(struct registry *registry, const char *domain, struct snapshot **out)
{
    int res = registry_get(registry, domain, out);
    sem_t ready;

    if (res != -EINPROGRESS)
        return res;
    sem_init(&ready, 0, 0);
    res = registry_wait(registry, domain, TENANT_MS, post, &ready);
    while (!res && sem_wait(&ready) && errno == EINTR)
        continue;
    sem_destroy(&ready);
    return res ? res : registry_get(registry, domain, out);
}

int cc_tenant(const struct fs_sync *sync, const char *domain, struct snapshot **out,
              struct err *err)
{
    int res = get_tenant(sync->registry, domain, out);

    if (!res)
        return 0;
    *out = NULL;
    return res == -ENOENT ? 0
                          : err_set(err, -EAGAIN, "nothing is known of the tenant %s now", domain);
}

bool cc_go_on(int res, const struct err *reason, int *first, struct err *err)
{
    bool ends = res && res != -EREMOTEIO && res != -EAGAIN;

    if (res && (!*first || ends)) {
        *first = res;
        *err = *reason;
    }
    return !ends;
}
