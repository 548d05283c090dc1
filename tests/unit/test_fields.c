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

/* More fields than there is room for at first, and the longest text that a JSON can hold. */
static void test_large(void **state)
{
    enum { COUNT = 5000 };
    char *text = malloc(COUNT * 16 + 16), *end = text;
    struct field *object;
    char name[16];

    (void)state;
    *end++ = '{';
    for (int i = 0; i < COUNT; i++)
        end += sprintf(end, "%s\"k%d\":%d", i ? "," : "", i, i);
    strcpy(end, "}");
    object = read_good(text);
    for (int i = 0; i < COUNT; i += 7) {
        snprintf(name, sizeof(name), "k%d", i);
        assert_int_equal(fields_integer(fields_get(object, name)), i);
    }
    fields_free(object);
    free(text);
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
          cmocka_unit_test(test_large), cmocka_unit_test(test_refused),
          cmocka_unit_test(test_odd_text))
