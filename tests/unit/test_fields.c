#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdr/fields.h"

static struct field *read_good(const char *text)
{
    struct field *out = NULL;
    struct err err;

    if (fields_read(&out, text, strlen(text), &err))
        fail_msg("%s: %s", text, err.text);
    return out;
}

static void test_values(void **state)
{
    FIELDS_AUTO struct field *object =
        read_good(" {\"a\":\"1\",\"n\":-12,\"f\":1.5,\"big\":99999999999999999999,\"t\":true,"
                  "\"z\":null,\"\":\"empty\",\"u\":\"\\u00fc\\n\\\"\",\"a\":\"2\"} ");
    char copy[8];

    (void)state;
    assert_string_equal(fields_text(object, "a"), "2"); /* the later of two */
    assert_int_equal(fields_integer(fields_get(object, "n")), -12);
    assert_int_equal(fields_integer(fields_get(object, "f")), 0);
    assert_int_equal(fields_integer(fields_get(object, "big")), 0);
    assert_string_equal(fields_get(object, "big")->text, "99999999999999999999");
    assert_int_equal(fields_integer(fields_get(object, "a")), 0);
    assert_string_equal(fields_text(object, "n"), "");
    assert_string_equal(fields_text(object, "t"), "");
    assert_string_equal(fields_text(object, ""), "empty");
    assert_string_equal(fields_text(object, "u"), "\xc3\xbc\n\"");
    assert_null(fields_get(object, "b"));
    assert_null(fields_get(object, "aa"));
    fields_copy(copy, sizeof(copy), object, "z");
    assert_string_equal(copy, "");
}

static void test_nested(void **state)
{
    FIELDS_AUTO struct field *object =
        read_good("{\"o\":{\"x\":\"in\",\"o\":{}},\"l\":[{\"x\":\"1\"},[],\"2\",{\"x\":\"3\"}],"
                  "\"e\":[],\"x\":\"out\"}");
    const struct field *list = fields_get(object, "l"), *at;
    char seen[32] = "";

    (void)state;
    assert_string_equal(fields_text(object, "x"), "out");
    assert_string_equal(fields_text(fields_get(object, "o"), "x"), "in");
    assert_true(fields_is_object(fields_get(fields_get(object, "o"), "o")));
    assert_string_equal(fields_text(fields_get(object, "none"), "x"), "");
    assert_string_equal(fields_text(fields_get(object, "x"), "x"), "");
    for (at = fields_first(list); at; at = fields_next(list, at)) {
        strcat(seen, fields_is_object(at) ? fields_text(at, "x") : "-");
        strcat(seen, ",");
    }
    assert_string_equal(seen, "1,-,-,3,");
    assert_null(fields_first(fields_get(object, "e")));
    assert_null(fields_first(fields_get(object, "x")));
    assert_null(fields_first(NULL));
}

/* So many names, in an object in the object; the first and the last of them twice. */
static void check_names(int count)
{
    char *text = malloc((size_t)count * 16 + 64), *end = text;
    struct field *object;
    const struct field *names;
    char name[16];

    end += sprintf(end, "{\"a\":{\"k0\":7,\"k%d\":8", count - 1);
    for (int i = 0; i < count; i++)
        end += sprintf(end, ",\"k%d\":%d", i, i);
    strcpy(end, "},\"b\":1}");
    object = read_good(text);
    names = fields_get(object, "a");
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "k%d", i);
        assert_int_equal(fields_integer(fields_get(names, name)), i);
    }
    assert_null(fields_get(names, "k"));
    assert_null(fields_get(names, "b"));
    assert_null(fields_get(names, ""));
    assert_int_equal(fields_integer(fields_get(object, "b")), 1);
    fields_free(object);
    free(text);
}

/* More than there is room for at first; with an index and without. */
static void test_many_names(void **state)
{
    static const int counts[] = {1, 30, 31, 32, 33, 200, 1000, 4094, 4095, 4500};

    (void)state;
    for (size_t i = 0; i < DP_COUNT(counts); i++)
        check_names(counts[i]);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "",      "[]",      "7",          "\"a\"",     "null",
        "{",     "{\"a\"}", "{\"a\":1,}", "{} {}",     "{\"a\":\"\\q\"}",
        "{a:1}", "[{]}",    "{\"a\":1",   "{\"a\":01}"};
    static char deep[4096];
    struct field *out = NULL;
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++) {
        err.text[0] = '\0';
        assert_int_equal(fields_read(&out, bad[i], strlen(bad[i]), &err), -EINVAL);
        assert_true(err.text[0] && !strchr(err.text, '\n'));
    }
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    assert_int_equal(fields_read(&out, deep, sizeof(deep), &err), -EINVAL);
    assert_non_null(strstr(err.text, "nested"));
    assert_null(out);
}

/* What is no text becomes text first; a NUL and half of a character by escapes are no harm. */
static void test_odd_text(void **state)
{
    static const char body[] = "{\"a\":\"x\xffy\0z\",\"n\":\"1\\u00002\",\"s\":\"\\ud800\\udc00!\","
                               "\"h\":\"<\\ud800>\",\"l\":\"<\\udc00>\"}";
    struct field *out = NULL;
    char copy[32];
    struct err err;

    (void)state;
    assert_int_equal(fields_read(&out, body, sizeof(body) - 1, &err), 0);
    assert_string_equal(fields_text(out, "a"), "x\xef\xbf\xbdy\xef\xbf\xbdz");
    fields_copy(copy, sizeof(copy), out, "n");
    assert_string_equal(copy, "1\xef\xbf\xbd"
                              "2");
    assert_string_equal(fields_text(out, "s"), "\xf0\x90\x80\x80!");
    fields_copy(copy, sizeof(copy), out, "h");
    assert_true(copy[0] == '<' && strchr(copy, '>'));
    fields_copy(copy, sizeof(copy), out, "l");
    assert_true(copy[0] == '<' && strchr(copy, '>'));
    fields_free(out);
}

UNIT_MAIN("fields", cmocka_unit_test(test_values), cmocka_unit_test(test_nested),
          cmocka_unit_test(test_many_names), cmocka_unit_test(test_refused),
          cmocka_unit_test(test_odd_text))
