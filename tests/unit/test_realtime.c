#include "media/asterisk/realtime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tenants.h"

static struct rests rests = RESTS_INIT;

static int ask(const char *operation, const char *body, const struct snapshot *snapshot,
               struct buf *out)
{
    struct realtime_request request = {.path = operation, .rests = &rests};
    struct form form;
    int res;

    buf_reset(out);
    assert_int_equal(form_parse(&form, body, strlen(body), 100), 0);
    request.form = &form;
    request.key = form_get(&form, "uniqueid");
    res = realtime_answer(&request, snapshot, out);
    form_free(&form);
    return res;
}

static void test_single(void **state)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "Übel & Söhne+=");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    assert_int_equal(ask("voicemail/single", "mailbox=1001&context=acme.test", snapshot, &out), 0);
    assert_true(strncmp(out.data, "mailbox=1001&context=acme.test&password=", 40) == 0);
    /* Neither the PIN nor its hash. */
    assert_null(strstr(out.data, "4711"));
    assert_null(strstr(out.data, snapshot_mailbox(snapshot, "1001")->pin_ha1));
    assert_non_null(strstr(out.data, "&fullname=%C3%9Cbel%20%26%20S%C3%B6hne%2B%3D&"
                                     "maxsecs=60&minsecs=2"));
    /* Mail is not Asterisk's to send. */
    assert_null(strstr(out.data, "mail=u"));
    assert_null(strchr(out.data, '\n'));
    assert_int_equal(ask("voicemail/single", "mailbox=1002&context=acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("voicemail/single", "mailbox=1001&context=beta.test", NULL, &out), 0);
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
    assert_int_equal(ask("voicemail/multi", "context=acme.test", snapshot, &out), 0);
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
    static const char *const operations[] = {"voicemail/update",  "voicemail/store",
                                             "voicemail/destroy", "voicemail/require",
                                             "queues/require",    "queue_members/require"};
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    for (size_t i = 0; i < DP_COUNT(operations); i++) {
        assert_int_equal(ask(operations[i], "&password=5678", snapshot, &out), 0);
        assert_string_equal(out.data, "0");
    }
    assert_int_equal(ask("voicemail/static", "", snapshot, &out), -ENOENT);
    assert_int_equal(ask("", "", snapshot, &out), -ENOENT);
    buf_free(&out);
    snapshot_unref(snapshot);
}

static void test_queue(void **state)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    assert_int_equal(ask("queues/single", "name=4%40acme.test", snapshot, &out), 0);
    assert_string_equal(
        out.data,
        "name=4%40acme.test&strategy=linear&timeout=15&retry=1&wrapuptime=5&"
        "autofill=yes&ringinuse=no&musicclass=4%40acme.test&autopause=all&autopausebusy=yes&"
        "autopauseunavail=yes&setinterfacevar=yes&"
        "joinempty=unavailable%2Cinvalid&leavewhenempty=unavailable%2Cinvalid");
    assert_int_equal(ask("queues/single", "name=8%40acme.test", snapshot, &out), 0);
    assert_non_null(strstr(out.data, "&musicclass=8%40acme.test&periodic_announce="
                                     "%2Fstore%2Fprompts%2Facme.test%2Fbeef"
                                     "&periodic_announce_frequency=20&announce_position=yes&"
                                     "announce_holdtime=no&announce_frequency=20"));
    assert_int_equal(ask("musiconhold/single", "name=8%40acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "name=8%40acme.test&mode=playlist");
    assert_int_equal(
        ask("musiconhold_entry/multi", "position%20%3E%3D=0&name=8%40acme.test", snapshot, &out),
        0);
    assert_string_equal(out.data, "name=8%40acme.test&position=0&entry="
                                  "%2Fstore%2Fprompts%2Facme.test%2Fcafe.wide\n");
    assert_int_equal(ask("musiconhold_entry/multi", "name=4%40acme.test", snapshot, &out), 0);
    assert_non_null(strstr(out.data, "entry=%2Fsounds%2Fen%2Fdemo%2Fmusic\n"));
    assert_int_equal(ask("musiconhold/single", "name=hold%40acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "name=hold%40acme.test&mode=playlist");
    assert_int_equal(ask("musiconhold_entry/multi", "name=hold%40acme.test", snapshot, &out), 0);
    assert_non_null(strstr(out.data, "entry=%2Fstore%2Fprompts%2Facme.test%2Fcafe.wide\n"));
    assert_int_equal(ask("musiconhold/single", "name=hold%40beta.test", NULL, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("musiconhold/single", "name=default", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("queues/single", "name=5%40acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("queues/single", "name=x", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("queues/single", "name=4%40beta.test", NULL, &out), 0);
    assert_string_equal(out.data, "");
    buf_free(&out);
    snapshot_unref(snapshot);
}

#define MEMBER(user, level, paused)                                                                \
    "interface=PJSIP%2Fedge%2Fsip%3A" user "%40acme.test&state_interface=Custom%3A" user           \
    "%40acme.test&uniqueid=" user "%40acme.test&membername=" user "&penalty=" level                \
    "&wrapuptime=5&ringinuse=no&paused=" paused "\n"

/*
 * Who cannot be dialled is no member, nor is who is logged out; who did not take a call rests, as
 * long as it takes.
 */
static void test_members(void **state)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    const char *all = "interface%20LIKE=%25&queue_name=4%40acme.test";
    struct buf out;

    (void)state;
    buf_init(&out, 10000);
    assert_int_equal(ask("queue_members/multi", all, snapshot, &out), 0);
    assert_string_equal(out.data, MEMBER("alice", "1", "0") MEMBER("1001", "2", "0"));
    assert_int_equal(ask("queue_members/update", "paused=0&uniqueid=1001%40acme.test", NULL, &out),
                     0);
    assert_int_equal(ask("queue_members/update", "paused=1&uniqueid=alice%40acme.test", NULL, &out),
                     0);
    assert_string_equal(out.data, "1");
    assert_int_equal(ask("queue_members/multi", all, snapshot, &out), 0);
    assert_string_equal(out.data, MEMBER("alice", "1", "1") MEMBER("1001", "2", "0"));
    rests = (struct rests)RESTS_INIT;
    assert_int_equal(ask("queue_members/multi", "queue_name=5%40acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, "");
    assert_int_equal(ask("queue_members/multi", "queue_name=8%40acme.test", snapshot, &out), 0);
    assert_string_equal(out.data, MEMBER("bob", "1", "1"));
    assert_int_equal(ask("queue_members/multi", "uniqueid%20LIKE=%25", NULL, &out), 0);
    assert_string_equal(out.data, "");
    buf_free(&out);
    snapshot_unref(snapshot);
}

static void test_rests(void **state)
{
    char name[RESTS_MEMBER_SIZE + 1];

    (void)state;
    rests_begin(&rests, "1001@acme.test", 1000);
    assert_true(rests_has(&rests, "1001@acme.test", 5, 5999));
    assert_false(rests_has(&rests, "1001@acme.test", 5, 6000));
    assert_false(rests_has(&rests, "1001@beta.test", 5, 1000));
    rests_begin(&rests, "1001@acme.test", 3000);
    assert_true(rests_has(&rests, "1001@acme.test", 5, 7999));
    for (int i = 0; i < RESTS_MAX; i++) {
        assert_true(rests_has(&rests, "1001@acme.test", 5, 7999));
        snprintf(name, sizeof(name), "%d@acme.test", i);
        rests_begin(&rests, name, 3000);
    }
    assert_false(rests_has(&rests, "1001@acme.test", 5, 7999));
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    rests_begin(&rests, name, 3000);
    assert_false(rests_has(&rests, name, 5, 3000));
    assert_false(rests_has(&rests, "", 5, 0));
    rests = (struct rests)RESTS_INIT;
}

static void test_domain(void **state)
{
    static const char twice[] = "context=a.test&context=b.test";
    static const char queue[] = "interface%20LIKE=%25&queue_name=7@a.test";
    struct form form;

    (void)state;
    assert_int_equal(form_parse(&form, twice, strlen(twice), 10), 0);
    assert_string_equal(realtime_domain(&form), "");
    form_free(&form);
    assert_int_equal(form_parse(&form, queue, strlen(queue), 10), 0);
    assert_string_equal(realtime_domain(&form), "a.test");
    form_free(&form);
}

UNIT_MAIN("realtime", cmocka_unit_test(test_single), cmocka_unit_test(test_multi),
          cmocka_unit_test(test_nothing_is_changed), cmocka_unit_test(test_queue),
          cmocka_unit_test(test_members), cmocka_unit_test(test_rests),
          cmocka_unit_test(test_domain))
