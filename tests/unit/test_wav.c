#include "base/wav.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "unit.h"

#define RIFF      "RIFF\0\0\0\0WAVE"
#define FORMAT(f) "fmt \x10\0\0\0" f
#define NARROW    "\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
#define WIDE      "\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0"
#define DATA      "data\4\0\0\0abcd"
#define PLAIN     "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0"

struct sample {
    const char *data;
    size_t len;
};

#define SAMPLE(text) {text, sizeof(text) - 1}

static int plain(const struct sample *sample, struct buf *out)
{
    struct err err = {""};
    int res;

    buf_init(out, 1000);
    res = wav_plain(sample->data, sample->len, out, &err);
    assert_int_equal(res == 0, err.text[0] == '\0');
    return res;
}

/* Titles and the like go, also those of an odd length; a length that is too long is what there is.
 */
static void test_what_is_taken(void **state)
{
    static const struct sample taken[] = {
        SAMPLE(RIFF FORMAT(NARROW) DATA),
        SAMPLE(RIFF "LIST\3\0\0\0abc\0" FORMAT(NARROW) DATA "id3 \2\0\0\0ab"),
        SAMPLE(RIFF FORMAT(NARROW) "data\xff\xff\xff\xff"
                                   "abcde"),
    };
    static const char want[] = PLAIN NARROW DATA;
    struct buf out;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(taken); i++) {
        assert_int_equal(plain(&taken[i], &out), 0);
        assert_int_equal(out.len, sizeof(want) - 1);
        assert_memory_equal(out.data, want, sizeof(want) - 1);
        buf_free(&out);
    }
}

static void test_what_is_refused(void **state)
{
    static const struct sample refused[] = {
        SAMPLE(""),
        SAMPLE("RIFF"),
        SAMPLE(RIFF),
        SAMPLE("RIFX\0\0\0\0WAVE" FORMAT(NARROW) DATA),
        SAMPLE(RIFF DATA),
        SAMPLE(RIFF FORMAT(NARROW)),
        SAMPLE(RIFF FORMAT(NARROW) "data\0\0\0\0"),
        SAMPLE(RIFF "fmt \2\0\0\0\1\0" DATA),
        /* µ-law, two channels, 44,100 Hz, eight bits. */
        SAMPLE(RIFF FORMAT("\7\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0") DATA),
        SAMPLE(RIFF FORMAT("\1\0\2\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0") DATA),
        SAMPLE(RIFF FORMAT("\1\0\1\0\x44\xac\0\0\x80\x3e\0\0\2\0\x10\0") DATA),
        SAMPLE(RIFF FORMAT("\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\1\0\x08\0") DATA),
    };
    struct buf out;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(refused); i++) {
        assert_int_equal(plain(&refused[i], &out), -EINVAL);
        assert_int_equal(out.len, 0);
        buf_free(&out);
    }
}

static void test_16_khz(void **state)
{
    static const struct sample wide = SAMPLE(RIFF FORMAT(WIDE) DATA);
    static const char want[] = PLAIN WIDE DATA;
    struct buf out;

    (void)state;
    assert_int_equal(plain(&wide, &out), 0);
    assert_memory_equal(out.data, want, sizeof(want) - 1);
    buf_free(&out);
}

UNIT_MAIN("wav", cmocka_unit_test(test_what_is_taken), cmocka_unit_test(test_what_is_refused),
          cmocka_unit_test(test_16_khz))
