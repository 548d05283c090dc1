/* A tenant's copy on disk: as it is, and as tables in a copy that is sealed rightly. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "tenant/copy.h"
#include "tenant/load.h"

enum { COPY_MAX = 1 << 20 };

#define DOMAIN "acme.test"

/* What can be looked up leads somewhere. */
static void look_at(const struct snapshot *snapshot)
{
    size_t count;
    const struct snapshot_user *users = snapshot_users(snapshot, &count);

    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(snapshot_user(snapshot, users[i].username) == &users[i] && users[i].ha1);
    FUZZ_CHECK(strcmp(snapshot_domain(snapshot), DOMAIN) == 0);
    (void)snapshot_mailboxes(snapshot, &count);
}

static void read_copy(const char *data, size_t size)
{
    struct snapshot *snapshot = NULL;
    struct err err;
    int res = snapshot_of_copy(data, size, DOMAIN, &snapshot, &err);

    FUZZ_CHECK(res == 0 || res == -EBADMSG || res == -ESTALE);
    FUZZ_CHECK(!res == (snapshot != NULL));
    if (snapshot)
        look_at(snapshot);
    snapshot_unref(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char schema[CRYPTO_SHA256_HEX];
    struct buf copy;

    read_copy((const char *)data, size);
    FUZZ_CHECK(snapshot_schema(schema) == 0);
    buf_init(&copy, COPY_MAX);
    copy_begin(&copy, schema, DOMAIN, "UTC");
    buf_add(&copy, data, size);
    if (copy_seal(&copy) == 0)
        read_copy(copy.data, copy.len);
    buf_free(&copy);
    return 0;
}
