#include "base/crypto.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void test_md5_of_rfc1321(void **state)
{
    char hex[CRYPTO_MD5_HEX];

    (void)state;
    assert_int_equal(crypto_md5_hex("", 0, hex), 0);
    assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
    assert_int_equal(crypto_md5_hex("message digest", 14, hex), 0);
    assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
}

static void test_sha256_of_fips180(void **state)
{
    char hex[CRYPTO_SHA256_HEX];

    (void)state;
    assert_int_equal(crypto_sha256_hex("abc", 3, hex), 0);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* The example of RFC 2617 3.5. */
static void test_ha1_of_rfc2617(void **state)
{
    char hex[CRYPTO_MD5_HEX];

    (void)state;
    assert_int_equal(crypto_ha1("Mufasa", "testrealm@host.com", "Circle Of Life", hex), 0);
    assert_string_equal(hex, "939e7578ed9e3c518a452acee763bce9");
}

/* Test case 2, and 6: a key longer than a block. */
static void test_hmac_of_rfc4231(void **state)
{
    char hex[CRYPTO_SHA256_HEX], key[131];

    (void)state;
    assert_int_equal(crypto_hmac_sha256_hex("Jefe", 4, "what do ya want for nothing?", 28, hex), 0);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    assert_int_equal(
        crypto_hmac_sha256_hex(key, sizeof(key),
                               "Test Using Larger Than Block-Size Key - Hash Key First", 54, hex),
        0);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 2202, and RFC 4231, test case 2 of both. */
static void test_hmac_as_base64(void **state)
{
    static const char text[] = "what do ya want for nothing?";
    char out[CRYPTO_HMAC_BASE64];

    (void)state;
    assert_int_equal(crypto_hmac_base64(CRYPTO_SHA1, "Jefe", text, out), 0);
    assert_string_equal(out, "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    assert_int_equal(crypto_hmac_base64(CRYPTO_SHA256, "Jefe", text, out), 0);
    assert_string_equal(out, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

static void test_ha1_refuses_ambiguous_names(void **state)
{
    char hex[CRYPTO_MD5_HEX];

    (void)state;
    assert_int_equal(crypto_ha1("a:b", "c", "p", hex), -EINVAL);
    assert_int_equal(crypto_ha1("a", "b:c", "p", hex), -EINVAL);
    assert_int_equal(crypto_ha1("a", "b", "p:with:colons", hex), 0);
}

static void test_random_differs_and_has_the_length(void **state)
{
    char one[65], two[65];

    (void)state;
    assert_int_equal(crypto_random_hex(one, 32), 0);
    assert_int_equal(crypto_random_hex(two, 32), 0);
    assert_int_equal(strlen(one), 64);
    assert_int_equal(strspn(one, "0123456789abcdef"), 64);
    assert_string_not_equal(one, two);
    assert_int_equal(crypto_random_hex(one, 257), -EINVAL);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(crypto_equal("abc", "abc"));
    assert_true(crypto_equal("", ""));
    assert_false(crypto_equal("abc", "abd"));
    assert_false(crypto_equal("abc", "ab"));
}

UNIT_MAIN("crypto", cmocka_unit_test(test_md5_of_rfc1321), cmocka_unit_test(test_sha256_of_fips180),
          cmocka_unit_test(test_ha1_of_rfc2617), cmocka_unit_test(test_ha1_refuses_ambiguous_names),
          cmocka_unit_test(test_random_differs_and_has_the_length), cmocka_unit_test(test_equal),
          cmocka_unit_test(test_hmac_of_rfc4231), cmocka_unit_test(test_hmac_as_base64))
