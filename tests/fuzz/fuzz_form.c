/* application/x-www-form-urlencoded: whatever comes in, what comes out is made of whole strings. */
#include <string.h>

#include "fuzz.h"
#include "http/form.h"

enum { PAIRS_MAX = 64 };

static size_t count(const struct form *form, const char *name)
{
    size_t found = 0;

    for (size_t i = 0; i < form->count; i++)
        found += strcmp(form->pairs[i].name, name) == 0;
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct form form;

    if (form_parse(&form, (const char *)data, size, PAIRS_MAX))
        return 0;
    FUZZ_CHECK(form.count <= PAIRS_MAX);
    for (size_t i = 0; i < form.count; i++) {
        const struct form_pair *pair = &form.pairs[i];

        FUZZ_CHECK(strlen(pair->name) == pair->name_len);
        FUZZ_CHECK(strlen(pair->value) == pair->value_len);
        FUZZ_CHECK(pair->name_len + pair->value_len <= size);
        FUZZ_CHECK((count(&form, pair->name) == 1) == (form_get(&form, pair->name) != NULL));
    }
    form_free(&form);
    return 0;
}
