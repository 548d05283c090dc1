/*
 * Stands in for libFuzzer in an ordinary build: gives its target each file of the folders named on
 * the command line, as it is, cut off at many places, and with single bytes changed. Always the
 * same inputs.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "fuzz.h"

enum { INPUT_MAX = 1 << 20, CUTS = 100, CHANGES = 300 };

/* In memory of exactly its size, so that a sanitizer sees the first byte too many. */
static void give(const char *data, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);

    FUZZ_CHECK(exact);
    memcpy(exact, data, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

/* Marsaglia's xorshift: numbers that look random, and are the same everywhere. */
static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void give_changed(struct buf *input)
{
    /* What means something to one of the parsers, and what is no text. */
    static const char bytes[] = "\"\\,;={}[]:%&+.-0\n\r\x80\xff\xc3\xe2";
    uint32_t seed = 1;

    for (int i = 0; input->len && i < CHANGES; i++) {
        char *at = &input->data[next(&seed) % input->len];
        char was = *at;

        *at = bytes[next(&seed) % sizeof(bytes)];
        give(input->data, input->len);
        *at = was;
    }
}

static int replay_file(const char *path)
{
    struct buf input;
    struct err err;
    int res;

    buf_init(&input, INPUT_MAX);
    res = file_read(path, &input, &err);
    if (res)
        fprintf(stderr, "%s\n", err.text);
    if (!res) {
        give(input.data, input.len);
        for (size_t i = 0; i < CUTS; i++)
            give(input.data, input.len * i / CUTS);
        give_changed(&input);
    }
    buf_free(&input);
    return res;
}

/* The number of files, or -1. */
static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char path[PATH_MAX];
    int count = 0;

    if (!dir) {
        perror(folder);
        return -1;
    }
    while (count >= 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        count = replay_file(path) ? -1 : count + 1;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);

        if (count <= 0)
            return 1;
        printf("%s: %d inputs\n", argv[i], count);
    }
    return argc < 2;
}
