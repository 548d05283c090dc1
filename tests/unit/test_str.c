#include "base/str.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_copy_never_cuts(void **state)
{
    char out[4] = "old";

    (void)state;
    assert_int_equal(str_copy(out, sizeof(out), "abc"), 0);
    assert_string_equal(out, "abc");
    assert_int_equal(str_copy(out, sizeof(out), "abcd"), -ENAMETOOLONG);
    assert_string_equal(out, "");
    assert_int_equal(str_copy(out, 0, ""), -ENAMETOOLONG);
    assert_int_equal(str_printf(out, sizeof(out), "%d", 123), 0);
    assert_int_equal(str_printf(out, sizeof(out), "%d", 1234), -ENAMETOOLONG);
    assert_string_equal(out, "");
}

static void test_domains(void **state)
{
    static const char *const good[] = {"acme.test", "a", "1.2", "a-b.c--d.example",
                                       "xn--bcher-kva.de"};
    static const char *const bad[] = {"",          ".",   "a.",   ".a",   "a..b",
                                      "Acme.test", "a_b", "-a.b", "a-.b", "a b",
                                      "a:b",       "a/b", "a\n",  "ä.de", "[::1]"};
    char label[66], longest[STR_DOMAIN_MAX + 2];

    (void)state;
    for (size_t i = 0; i < DP_COUNT(good); i++)
        assert_true(str_is_domain(good[i]));
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_false(str_is_domain(bad[i]));
    memset(label, 'a', sizeof(label));
    label[63] = '\0';
    assert_true(str_is_domain(label));
    label[63] = 'a';
    label[64] = '\0';
    assert_false(str_is_domain(label));
    for (size_t i = 0; i < sizeof(longest); i++)
        longest[i] = i % 2 ? '.' : 'a';
    longest[STR_DOMAIN_MAX - 1] = '\0';
    assert_true(str_is_domain(longest));
    memcpy(longest + STR_DOMAIN_MAX - 1, "bb", 3);
    assert_false(str_is_domain(longest));
}

static void test_extensions(void **state)
{
    char longest[66];

    (void)state;
    assert_true(str_is_extension("1001"));
    assert_true(str_is_extension("*97#"));
    assert_true(str_is_extension("+49.30_x-Y"));
    assert_false(str_is_extension(""));
    assert_false(str_is_extension("10 01"));
    assert_false(str_is_extension("1001@a"));
    assert_false(str_is_extension("1;x=y"));
    assert_false(str_is_extension("10:01"));
    assert_false(str_is_extension("1%30"));
    memset(longest, '1', sizeof(longest));
    longest[64] = '\0';
    assert_true(str_is_extension(longest));
    longest[64] = '1';
    longest[65] = '\0';
    assert_false(str_is_extension(longest));
}

static void test_uuids(void **state)
{
    (void)state;
    assert_true(str_is_uuid("0188a3e5-7b2c-7def-8123-456789abcdef"));
    assert_true(str_is_uuid("0188A3E5-7B2C-7DEF-8123-456789ABCDEF"));
    assert_false(str_is_uuid(""));
    assert_false(str_is_uuid("0188a3e5-7b2c-7def-8123-456789abcde"));
    assert_false(str_is_uuid("0188a3e5-7b2c-7def-8123-456789abcdeff"));
    assert_false(str_is_uuid("0188a3e5-7b2c-7def-8123-456789abcdeg"));
    assert_false(str_is_uuid("0188a3e57b2c-7def-8123-456789abcdef-"));
}

static void test_labels_and_addresses(void **state)
{
    (void)state;
    assert_true(str_is_label("edge-1"));
    assert_false(str_is_label("edge.1"));
    assert_false(str_is_label("-edge"));
    assert_true(str_is_ip("127.0.0.1"));
    assert_true(str_is_ip("::1"));
    assert_false(str_is_ip("localhost"));
    assert_false(str_is_ip("127.1"));
    assert_false(str_is_ip("[::1]"));
    assert_false(str_is_ip("127.0.0.1 "));
    assert_true(str_is_loopback("127.0.0.2"));
    assert_true(str_is_loopback("0:0:0:0:0:0:0:1"));
    assert_false(str_is_loopback("12.7.0.1"));
    assert_false(str_is_loopback("::2"));
}

static void test_numbers(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_int_equal(str_to_u64("", 0, 9, &value), -EINVAL);
    assert_int_equal(str_to_u64("-1", 0, 9, &value), -EINVAL);
    assert_int_equal(str_to_u64(" 1", 0, 9, &value), -EINVAL);
    assert_int_equal(str_to_u64("1x", 0, 9, &value), -EINVAL);
    assert_int_equal(str_to_u64("10", 0, 9, &value), -ERANGE);
    assert_int_equal(str_to_u64("1", 2, 9, &value), -ERANGE);
    assert_int_equal(str_to_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
    assert_int_equal(value, 7);
    assert_int_equal(str_to_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(str_to_u64("007", 0, 9, &value), 0);
    assert_int_equal(value, 7);
}

static void test_plain_paths(void **state)
{
    static const char *const bad[] = {"/a b",  "/a'b",  "/a\"b", "/a$b", "/a!b", "/a%b",
                                      "/a\\b", "/a\nb", "/a;b",  "/ä",   "/a:b", "/a#b"};

    (void)state;
    assert_true(str_is_plain_path("/var/lib/dial_plane-1.0+x@y,z"));
    assert_true(str_is_plain_path(""));
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_false(str_is_plain_path(bad[i]));
}

static void test_quoted_pairs(void **state)
{
    char text[] = "a\\;b\\\\\\\"c\\";

    (void)state;
    str_unescape(text);
    assert_string_equal(text, "a;b\\\"c\\");
}

static void test_prefixes(void **state)
{
    (void)state;
    assert_true(str_starts_with("abc", ""));
    assert_true(str_starts_with("abc", "ab"));
    assert_false(str_starts_with("a", "ab"));
}

UNIT_MAIN("str", cmocka_unit_test(test_copy_never_cuts), cmocka_unit_test(test_domains),
          cmocka_unit_test(test_extensions), cmocka_unit_test(test_uuids),
          cmocka_unit_test(test_labels_and_addresses), cmocka_unit_test(test_numbers),
          cmocka_unit_test(test_plain_paths), cmocka_unit_test(test_quoted_pairs),
          cmocka_unit_test(test_prefixes))
