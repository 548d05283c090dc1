#include "media/asterisk/realtime.h"

#include <errno.h>
#include <string.h>

#include "tenants.h"

static int ask(const char *operation, const char *body, const struct snapshot *snapshot,
               struct buf *out)
{
    struct form form;
    int res;

    buf_reset(out);
    assert_int_equal(form_parse(&form, body, strlen(body), 100), 0);
    res = realtime_answer(operation, &form, snapshot, out);
    form_free(&form);
    return res;
}

static void test_single(void **state)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "Übel & Söhne+=");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    assert_int_equal(ask("single", "mailbox=1001&context=acme.test", snapshot, &out), 0);
    assert_true(strncmp(out.data, "mailbox=1001&context=acme.test&password=", 40) == 0);
    /* Neither the PIN nor its hash. */
    assert_null(strstr(out.data, "4711"));
    assert_null(strstr(out.data, snapshot_mailbox(snapshot, "1001")->pin_ha1));
    assert_non_null(strstr(out.data, "&fullname=%C3%9Cbel%20%26%20S%C3%B6hne%2B%3D&"
                                     "email=u%2B1%40acme.test&attach=yes"));
    assert_null(strchr(out.data, '\n'));
    assert_int_equal(ask("single", "mailbox=1002&context=acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("single", "mailbox=1001&context=beta.test", NULL, &out), 0);
    assert_string_equal(out.data, "");
    buf_free(&out);
    snapshot_unref(snapshot);
}

static void test_multi(void **state)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    struct buf out;
    char *second;

    (void)state;
    buf_init(&out, 10000);
    assert_int_equal(ask("multi", "context=acme.test", snapshot, &out), 0);
    second = strchr(out.data, '\n');
    assert_non_null(second);
    assert_true(strncmp(second + 1, "mailbox=2000&", 13) == 0);
    assert_int_equal(out.data[out.len - 1], '\n');
    buf_free(&out);
    snapshot_unref(snapshot);
}

/* A change of the password from the phone, as app_voicemail sends it. */
static void test_nothing_is_changed(void **state)
{
    static const char *const operations[] = {"update", "store", "destroy", "require"};
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    for (size_t i = 0; i < DP_COUNT(operations); i++) {
        assert_int_equal(ask(operations[i], "&password=5678", snapshot, &out), 0);
        assert_string_equal(out.data, "0");
    }
    assert_int_equal(ask("static", "", snapshot, &out), -ENOENT);
    assert_int_equal(ask("", "", snapshot, &out), -ENOENT);
    buf_free(&out);
    snapshot_unref(snapshot);
}

static void test_domain(void **state)
{
    static const char twice[] = "context=a.test&context=b.test";
    struct form form;

    (void)state;
    assert_int_equal(form_parse(&form, twice, strlen(twice), 10), 0);
    assert_string_equal(realtime_domain(&form), "");
    form_free(&form);
}

UNIT_MAIN("realtime", cmocka_unit_test(test_single), cmocka_unit_test(test_multi),
          cmocka_unit_test(test_nothing_is_changed), cmocka_unit_test(test_domain))
