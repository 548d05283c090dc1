/* A notification of the database: what passes may become a key in the edge's memory. */
#include "base/str.h"
#include "fuzz.h"
#include "tenant/change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *payload = fuzz_string(data, size);
    struct change change;
    struct err err;

    if (change_parse(payload, &change, &err) == 0 && !change.every_domain) {
        FUZZ_CHECK(str_is_domain(change.domain));
        FUZZ_CHECK(change.table == CHANGE_DOMAINS || str_is_extension(change.key));
    }
    free(payload);
    return 0;
}
