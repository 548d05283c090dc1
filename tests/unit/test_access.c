/* What access to the API is made of, as far as it needs neither network nor database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/bucket.h"
#include "api/origin.h"
#include "api/password.h"
#include "api/scope.h"
#include "api/token.h"
#include "api/totp.h"
#include "base/crypto.h"
#include "unit.h"

static void test_key(void **state)
{
    struct api_key_text made, again, read;
    char header[256], digest[CRYPTO_SHA256_HEX];

    (void)state;
    assert_int_equal(api_key_make(&made), 0);
    assert_int_equal(api_key_make(&again), 0);
    assert_string_not_equal(made.key, again.key);
    assert_int_equal(strlen(made.key), API_KEY_SIZE - 1);
    snprintf(header, sizeof(header), "bearer %s", made.key);
    assert_int_equal(api_key_read(header, &read), 0);
    assert_string_equal(read.public_id, made.public_id);
    assert_string_equal(read.digest, made.digest);
    /* Of the secret, and not of what is shown of the key. */
    assert_int_equal(crypto_sha256_hex(made.key + 4 + 16 + 1, 64, digest), 0);
    assert_string_equal(read.digest + 2, digest);
    assert_int_equal(strncmp(read.digest, "\\x", 2), 0);
}

static void test_what_is_no_key(void **state)
{
    struct api_key_text made;
    char header[256];

    (void)state;
    assert_int_equal(api_key_make(&made), 0);
    snprintf(header, sizeof(header), "Basic %s", made.key);
    assert_int_equal(api_key_read(header, &made), -EINVAL);
    snprintf(header, sizeof(header), "Bearer %sa", made.key);
    assert_int_equal(api_key_read(header, &made), -EINVAL);
    snprintf(header, sizeof(header), "Bearer %s", made.key);
    header[strlen(header) - 1] = 'g';
    assert_int_equal(api_key_read(header, &made), -EINVAL);
    header[7 + 4 + 16] = '0';
    assert_int_equal(api_key_read(header, &made), -EINVAL);
    assert_int_equal(api_key_read("", &made), -EINVAL);
    assert_int_equal(api_key_read("Bearer ", &made), -EINVAL);
}

static void test_cookie(void **state)
{
    char token[API_TOKEN + 1], found[API_TOKEN + 1], header[256];

    (void)state;
    assert_int_equal(api_token_make(token), 0);
    snprintf(header, sizeof(header), "a=b; xdialplane=1; dialplane=%s; c=d", token);
    assert_int_equal(api_token_cookie(header, "dialplane", found), 0);
    assert_string_equal(found, token);
    assert_int_equal(api_token_cookie(header, "dialplane-device", found), -ENOENT);
    snprintf(header, sizeof(header), "dialplane=%sa", token);
    assert_int_equal(api_token_cookie(header, "dialplane", found), -ENOENT);
    snprintf(header, sizeof(header), "not-dialplane=%s", token);
    assert_int_equal(api_token_cookie(header, "dialplane", found), -ENOENT);
    assert_int_equal(api_token_cookie("", "dialplane", found), -ENOENT);
    assert_int_equal(api_token_csrf(token, found), 0);
    assert_string_not_equal(found, token);
}

static void test_scopes(void **state)
{
    struct api_caller caller = {.kind = API_KEY};
    uint32_t found = 7;

    (void)state;
    assert_int_equal(api_scopes_read("{cdr:read,audit:read}", &found), 0);
    assert_int_equal(found, API_CDR_READ | API_AUDIT_READ);
    assert_int_equal(api_scopes_read("{cdr:reader}", &found), -EINVAL);
    assert_int_equal(api_scopes_read("cdr", &found), -EINVAL);
    assert_int_equal(api_scopes_read("{}", &found), 0);
    assert_int_equal(found, 0);
    for (unsigned int i = 0; i < API_SCOPES; i++) {
        assert_int_equal(api_scopes_read(api_scope_name((enum api_scope)(1u << i)), &found), 0);
        assert_int_equal(found, 1u << i);
    }
    caller.scopes = API_CDR_READ;
    assert_true(api_caller_may(&caller, API_CDR_READ));
    assert_true(api_caller_may(&caller, API_SCOPE_NONE));
    assert_false(api_caller_may(&caller, API_CONFIG_READ));
    assert_false(api_caller_may(&caller, API_CDR_READ | API_CONFIG_READ));
    caller.kind = API_NOBODY;
    assert_false(api_caller_may(&caller, API_SCOPE_NONE));
}

static void test_roles(void **state)
{
    struct api_caller agent = {.kind = API_OPERATOR, .role = API_AGENT};

    (void)state;
    assert_int_equal(api_role_find("tenant-admin"), API_TENANT_ADMIN);
    assert_int_equal(api_role_find("root"), API_ROLE_NONE);
    assert_int_equal(api_role_find(""), API_ROLE_NONE);
    assert_int_equal(api_role_scopes(API_TENANT_ADMIN), (1u << API_SCOPES) - 1);
    assert_false(api_role_scopes(API_SUPERVISOR) & (API_CONFIG_WRITE | API_ACCESS_WRITE));
    /* What is an agent's is no right to what is everybody's. */
    agent.scopes = api_role_scopes(API_AGENT);
    assert_false(api_caller_may(&agent, API_LIVE_READ));
    assert_true(api_caller_may_own(&agent, API_LIVE_READ));
    assert_false(api_caller_may_own(&agent, API_CDR_READ));
}

static void test_bucket(void **state)
{
    struct api_buckets *buckets;
    int64_t now = 1000000000;

    (void)state;
    assert_int_equal(api_buckets_new(&buckets), 0);
    /* 600 a minute: 60 at once, then ten a second. */
    for (int i = 0; i < 60; i++)
        assert_int_equal(api_bucket_take(buckets, 1, 600, now), 0);
    assert_int_equal(api_bucket_take(buckets, 1, 600, now), 1);
    assert_int_equal(api_bucket_take(buckets, 2, 600, now), 0);
    assert_int_equal(api_bucket_take(buckets, 1, 600, now + 99999), 1);
    assert_int_equal(api_bucket_take(buckets, 1, 600, now + 100000), 0);
    assert_int_equal(api_bucket_take(buckets, 1, 600, now + 100000), 1);
    /* One a minute. */
    assert_int_equal(api_bucket_take(buckets, 3, 1, now), 0);
    assert_int_equal(api_bucket_take(buckets, 3, 1, now + 1), 60);
    assert_int_equal(api_bucket_take(buckets, 3, 1, now + 60000000), 0);
    /* Many callers; those with a full bucket leave memory. */
    for (int64_t id = 10; id < 10010; id++)
        assert_int_equal(api_bucket_take(buckets, id, 600, now + id * 1000000), 0);
    api_buckets_free(buckets);
}

static void test_origin(void **state)
{
    static const struct {
        const char *peer, *forwarded, *proto, *address;
        bool is_tls;
    } cases[] = {
        {"192.0.2.1", NULL, NULL, "192.0.2.1", false},
        {"127.0.0.1", NULL, NULL, "127.0.0.1", false},
        {"127.0.0.1", "192.0.2.7", "https", "192.0.2.7", true},
        /* Only what nginx itself has added. */
        {"127.0.0.1", "10.0.0.1, 2001:db8::1", "https", "2001:db8::1", true},
        {"::1", "10.0.0.1,192.0.2.9", "http", "192.0.2.9", false},
        {"127.0.0.1", "192.0.2.7, nonsense", NULL, "127.0.0.1", false},
        {"127.0.0.1", "", NULL, "127.0.0.1", false},
        /* Whoever else says so is not believed. */
        {"192.0.2.1", "10.0.0.1", "https", "192.0.2.1", false},
        {"::ffff:192.0.2.1", "10.0.0.1", NULL, "192.0.2.1", false},
        {"::ffff:127.0.0.1", "::ffff:192.0.2.3", "https", "192.0.2.3", true},
        {"127.0.0.1", "::ffff:0:192.0.2.3", NULL, "::ffff:0:192.0.2.3", false},
        /* Machines of the platform are. */
        {"10.0.0.2", "192.0.2.7", "https", "192.0.2.7", true},
        {"fd00::2", "192.0.2.7", "https", "192.0.2.7", true},
        {"10.0.0.20", "192.0.2.7", "https", "10.0.0.20", false},
    };
    char machines[][INET6_ADDRSTRLEN] = {"10.0.0.2", "fd00::2"};
    const struct api_proxies proxies = {machines, DP_COUNT(machines)};

    (void)state;
    for (size_t i = 0; i < DP_COUNT(cases); i++) {
        struct api_origin origin;

        api_origin_of(&proxies, cases[i].peer, cases[i].forwarded, cases[i].proto, &origin);
        assert_string_equal(origin.address, cases[i].address);
        assert_int_equal(origin.is_tls, cases[i].is_tls);
    }
}

static void test_proxies(void **state)
{
    struct api_access *access;

    (void)state;
    assert_int_equal(api_access_new(&access, (const char *const[]){"10.0.0.1", "fd00:0:0::1"}, 2),
                     0);
    api_access_free(access);
    assert_int_equal(api_access_new(&access, (const char *const[]){"nginx"}, 1), -EINVAL);
    api_access_free(NULL);
}

static void test_block(void **state)
{
    char block[INET6_ADDRSTRLEN];

    (void)state;
    api_origin_block("2001:db8:1:2:3:4:5:6", block);
    assert_string_equal(block, "2001:db8:1:2::");
    api_origin_block("192.0.2.1", block);
    assert_string_equal(block, "192.0.2.1");
}

static void test_password(void **state)
{
    char hash[API_PASSWORD_HASH], other[API_PASSWORD_HASH];

    (void)state;
    assert_int_equal(api_password_hash("short", hash), -EINVAL);
    assert_int_equal(api_password_hash("correct horse", hash), 0);
    assert_int_equal(api_password_hash("correct horse", other), 0);
    assert_string_not_equal(hash, other);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(api_password_is(hash, "correct horse"));
    assert_false(api_password_is(hash, "correct horse "));
    assert_false(api_password_is(hash, ""));
    assert_false(api_password_is(NULL, "correct horse"));
}

/* Nobody's password costs what somebody's does: so much memory that it is seen in the time. */
static void test_nobody_takes_as_long(void **state)
{
    struct timespec before, between, after;
    char hash[API_PASSWORD_HASH];
    double somebody, nobody;

    (void)state;
    assert_int_equal(api_password_hash("correct horse", hash), 0);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (int i = 0; i < 5; i++)
        assert_false(api_password_is(hash, "wrong password"));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &between);
    for (int i = 0; i < 5; i++)
        assert_false(api_password_is(NULL, "wrong password"));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    somebody =
        (double)(between.tv_sec - before.tv_sec) + (double)(between.tv_nsec - before.tv_nsec) / 1e9;
    nobody =
        (double)(after.tv_sec - between.tv_sec) + (double)(after.tv_nsec - between.tv_nsec) / 1e9;
    assert_true(nobody > somebody / 3 && nobody < somebody * 3);
}

static void test_places(void **state)
{
    (void)state;
    assert_int_equal(api_password_enter(false), 0);
    /* Who is known does not wait for strangers. */
    assert_int_equal(api_password_enter(true), 0);
    api_password_leave(true);
    api_password_leave(false);
    assert_int_equal(api_password_enter(false), 0);
    api_password_leave(false);
}

/* RFC 6238, appendix B, of the eight digits the last six. */
static void test_totp_codes(void **state)
{
    static const struct {
        int64_t at;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    static const unsigned char secret[] = "12345678901234567890";
    char code[TOTP_CODE];

    (void)state;
    for (size_t i = 0; i < DP_COUNT(vectors); i++) {
        assert_int_equal(totp_code(secret, vectors[i].at / TOTP_STEP_S, code), 0);
        assert_string_equal(code, vectors[i].code);
    }
}

static void test_totp_window(void **state)
{
    static const unsigned char secret[] = "12345678901234567890";
    int64_t step = 0;

    (void)state;
    assert_int_equal(totp_check(secret, "081804", 1111111109, 0, &step), 0);
    assert_int_equal(step, 1111111109 / 30);
    /* A phone that is half a minute late or early, and no more. */
    assert_int_equal(totp_check(secret, "081804", 1111111109 + 30, 0, &step), 0);
    assert_int_equal(totp_check(secret, "081804", 1111111109 - 30, 0, &step), 0);
    assert_int_equal(totp_check(secret, "081804", 1111111109 + 61, 0, &step), -EINVAL);
    assert_int_equal(totp_check(secret, "081804", 1111111109 - 61, 0, &step), -EINVAL);
    /* Not twice, and none from before it. */
    assert_int_equal(totp_check(secret, "081804", 1111111109, 1111111109 / 30, &step), -EINVAL);
    assert_int_equal(totp_check(secret, "050471", 1111111111, 1111111109 / 30, &step), 0);
    assert_int_equal(totp_check(secret, "081804", 1111111111, 1111111111 / 30, &step), -EINVAL);
    assert_int_equal(totp_check(secret, "", 1111111109, 0, &step), -EINVAL);
}

static void test_totp_uri(void **state)
{
    static const unsigned char secret[] = "12345678901234567890";
    struct buf uri;

    (void)state;
    buf_init(&uri, 1024);
    totp_uri(&uri, secret, "anna@a.test");
    assert_string_equal(
        uri.data, "otpauth://totp/Dialplane:anna@a.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                  "&issuer=Dialplane&algorithm=SHA1&digits=6&period=30");
    buf_reset(&uri);
    totp_uri(&uri, secret, "a b?&");
    assert_non_null(strstr(uri.data, "Dialplane:a%20b%3F%26?secret"));
    buf_free(&uri);
}

UNIT_MAIN("access", cmocka_unit_test(test_key), cmocka_unit_test(test_what_is_no_key),
          cmocka_unit_test(test_cookie), cmocka_unit_test(test_scopes),
          cmocka_unit_test(test_roles), cmocka_unit_test(test_bucket),
          cmocka_unit_test(test_origin), cmocka_unit_test(test_proxies),
          cmocka_unit_test(test_block), cmocka_unit_test(test_password),
          cmocka_unit_test(test_nobody_takes_as_long), cmocka_unit_test(test_places),
          cmocka_unit_test(test_totp_codes), cmocka_unit_test(test_totp_window),
          cmocka_unit_test(test_totp_uri))
