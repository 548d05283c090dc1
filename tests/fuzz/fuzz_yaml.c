/* The file of a tenant: what can be read can be written, and is then read as the same. */
#include <errno.h>
#include <string.h>

#include "api/code_private.h"
#include "fuzz.h"

static struct code_file *read_file(const char *text, size_t len)
{
    struct code_file *file = NULL;
    struct err err = {""};
    int res = code_read(&file, "acme.yaml", text, len, &err);

    FUZZ_CHECK(res == 0 || (res == -EINVAL && err.text[0]));
    FUZZ_CHECK(!res == (file != NULL));
    return file;
}

static void write_file(struct code_file *file, struct buf *out)
{
    buf_init(out, 16 * 1024 * 1024);
    FUZZ_CHECK(!code_emit(&file->rows, out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct code_file *file = read_file((const char *)data, size), *again;
    struct buf first, second;

    if (!file)
        return 0;
    if (!file->faults.count) {
        write_file(file, &first);
        again = read_file(first.data, first.len);
        FUZZ_CHECK(again && again->rows.count == file->rows.count);
        write_file(again, &second);
        FUZZ_CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
        code_free(again);
        buf_free(&first);
        buf_free(&second);
    }
    code_free(file);
    return 0;
}
