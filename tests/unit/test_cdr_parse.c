#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "cdr/cause.h"
#include "cdr/record.h"
#include "cdr/text.h"

#define ID "6efc7d39-a88e-4ee8-9fe4-26031afd0f46"

static struct cdr_record record; /* the last one that was read */

static int parse_bytes(struct cdr *out, const char *source, const char *body, size_t len,
                       struct err *err)
{
    int res;

    memset(&record, 0xaa, sizeof(record));
    res = cdr_parse(&record, source, "here", body, len, err);
    *out = record.cdr;
    return res;
}

static int parse(struct cdr *out, const char *source, const char *body, struct err *err)
{
    return parse_bytes(out, source, body, strlen(body), err);
}

static struct cdr good(const char *source, const char *body)
{
    struct cdr cdr;
    struct err err;

    if (parse(&cdr, source, body, &err))
        fail_msg("%s", err.text);
    return cdr;
}

/* What a record says, but for its identity and its times. */
static void assert_says(const struct cdr *cdr, const char *expected)
{
    char said[1024];

    assert_string_equal(cdr->call_id, ID);
    snprintf(said, sizeof(said), "%s > %s > %s of %s, %s %s; %d %s by %s; %s %s %s %s", cdr->caller,
             cdr->callee, cdr->reached, cdr->domain, cdr->direction, cdr->service, cdr->sip_code,
             cdr->cause, cdr->side, cdr->source, cdr->node, cdr->sip_call_id, cdr->trunk);
    assert_string_equal(said, expected);
}

/* Microseconds since 1970. */
static void assert_times(const struct cdr *cdr, int64_t started, int64_t answered, int64_t ended)
{
    assert_int_equal(cdr->started_us, started);
    assert_int_equal(cdr->answered_us, answered);
    assert_int_equal(cdr->ended_us, ended);
}

static void test_edge(void **state)
{
    struct cdr cdr =
        good("edge",
             "{\"v\":1,\"id\":\"" ID "\",\"start\":\"1795224922.352172\","
             "\"answer\":\"1795224924.000001\",\"end\":\"1795224926.5\",\"from\":\"1001\","
             "\"to\":\"1002\",\"reached\":\"1003\",\"domain\":\"acme.test\",\"dir\":\"internal\","
             "\"ext\":\"user\",\"code\":200,\"by\":\"callee\",\"sip_call_id\":\"a@b\","
             "\"node\":\"one\"}");

    (void)state;
    assert_times(&cdr, 1795224922352172, 1795224924000001, 1795224926500000);
    assert_int_equal(cdr_duration_ms(&cdr), 4147);
    assert_int_equal(cdr_billable_ms(&cdr), 2499);
    assert_says(&cdr, "1001 > 1002 > 1003 of acme.test, internal user; 200 NORMAL_CLEARING by "
                      "callee; edge one a@b ");
}

/* A line of the edge with these values changed; what is left out has no value. */
static int edge_line(struct cdr *out, const char *id, const char *start, const char *end,
                     const char *more, struct err *err)
{
    char body[1024];

    snprintf(body, sizeof(body),
             "{\"id\":\"%s\",\"start\":\"%s\",\"end\":\"%s\",\"dir\":\"internal\"%s}", id, start,
             end, more);
    return parse(out, "edge", body, err);
}

static void test_edge_without_answer(void **state)
{
    struct cdr cdr;

    (void)state;
    assert_int_equal(edge_line(&cdr, ID, "1.5", "2.25",
                               ",\"answer\":\"\",\"to\":\"9\",\"code\":486,\"by\":\"callee\"",
                               NULL),
                     0);
    assert_int_equal(cdr.answered_us, 0);
    assert_int_equal(cdr_billable_ms(&cdr), 0);
    assert_int_equal(cdr_duration_ms(&cdr), 750);
    assert_string_equal(cdr.cause, "USER_BUSY");
    assert_string_equal(cdr.reached, "9");
    assert_string_equal(cdr.service, "none");
    assert_string_equal(cdr.node, "here");
    assert_int_equal(edge_line(&cdr, ID, "1", "2", ",\"code\":480,\"cause\":\"NO_ANSWER\"", NULL),
                     0);
    assert_string_equal(cdr.cause, "NO_ANSWER");
    assert_string_equal(cdr.side, "system");
}

static void test_edge_odd(void **state)
{
    struct cdr cdr;

    (void)state;
    /* The clock was set back. */
    assert_int_equal(edge_line(&cdr, ID, "5", "2", ",\"answer\":\"4\"", NULL), 0);
    assert_int_equal(cdr_duration_ms(&cdr), 0);
    assert_int_equal(cdr_billable_ms(&cdr), 0);
    /* More milliseconds than the column takes. */
    assert_int_equal(edge_line(&cdr, ID, "1", "9999999999", "", NULL), 0);
    assert_int_equal(cdr_duration_ms(&cdr), INT32_MAX);
    /* What a phone may have as its name. */
    assert_int_equal(edge_line(&cdr, ID, "1", "2",
                               ",\"from\":\"a\\\"\\t\\u0000b\xff\xc3\xbc\",\"code\":-1", NULL),
                     0);
    assert_string_equal(cdr.caller, "a\"\t\xef\xbf\xbd"
                                    "b\xef\xbf\xbd\xc3\xbc");
    assert_int_equal(cdr.sip_code, 0);
    assert_string_equal(cdr.cause, "NORMAL_UNSPECIFIED");
}

static void test_edge_refused(void **state)
{
    struct cdr cdr;
    struct err err;

    (void)state;
    assert_int_equal(edge_line(&cdr, "", "1", "2", "", &err), -EINVAL);
    assert_int_equal(edge_line(&cdr, ID "0", "1", "2", "", &err), -EINVAL);
    assert_int_equal(edge_line(&cdr, ID, "", "2", "", &err), -EINVAL);
    assert_int_equal(edge_line(&cdr, ID, "1", "", "", &err), -EINVAL);
    assert_int_equal(edge_line(&cdr, ID, "x", "2", "", &err), -EINVAL);
    assert_int_equal(edge_line(&cdr, ID, "1", "2", ",\"dir\":\"up\"", &err), -EINVAL);
    assert_int_equal(parse(&cdr, "edge", "", &err), -EINVAL);
    assert_int_equal(parse(&cdr, "edge", "[]", &err), -EINVAL);
    assert_int_equal(parse(&cdr, "edge", "{\"id\":", &err), -EINVAL);
    assert_int_equal(parse(&cdr, "phone", "{}", &err), -EINVAL);
}

#define HEADER                                                                                     \
    ID ";start=1795224922.352172;from=1001;to=8001;reached=8001;dir=internal;ext=ivr;leg=0"

static struct cdr freeswitch(const char *more)
{
    char body[2048];

    snprintf(body, sizeof(body),
             "{\"variables\":{\"direction\":\"inbound\",\"sip_h_X-VOIP-Call\":\"" HEADER "\","
             "\"sip_h_X-VOIP-Service\":\"ivr;id=3;domain=acme.test\",\"sip_call_id\":\"c@d\","
             "\"answer_uepoch\":\"1795224922400000\",\"end_uepoch\":\"1795224924352174\","
             "\"hangup_cause\":\"NORMAL_CLEARING\"%s}}",
             more);
    return good("freeswitch", body);
}

static void test_freeswitch(void **state)
{
    struct cdr cdr = freeswitch(",\"sip_hangup_disposition\":\"recv_bye\"");

    (void)state;
    assert_times(&cdr, 1795224922352172, 1795224922400000, 1795224924352174);
    assert_says(&cdr, "1001 > 8001 > 8001 of acme.test, internal ivr; 200 NORMAL_CLEARING by "
                      "caller; freeswitch here c@d ");
}

static void test_freeswitch_side(void **state)
{
    struct cdr cdr = freeswitch(",\"sip_hangup_disposition\":\"send_bye\"");

    (void)state;
    assert_string_equal(cdr.side, "system");
    cdr = freeswitch(",\"sip_hangup_disposition\":\"send_bye\",\"dp_by\":\"callee\","
                     "\"dp_reached\":\"1002\"");
    assert_string_equal(cdr.side, "callee");
    assert_string_equal(cdr.reached, "1002");
    cdr = freeswitch(",\"sip_hangup_disposition\":\"recv_bye\",\"dp_by\":\"callee\"");
    assert_string_equal(cdr.side, "caller");
}

static void test_freeswitch_not_answered(void **state)
{
    struct cdr cdr;

    (void)state;
    /* Of two values of one name the later counts. */
    cdr = freeswitch(",\"answer_uepoch\":\"0\",\"hangup_cause\":\"ORIGINATOR_CANCEL\","
                     "\"sip_hangup_disposition\":\"recv_cancel\"");
    assert_int_equal(cdr.answered_us, 0);
    assert_int_equal(cdr.sip_code, 487);
    assert_string_equal(cdr.side, "caller");
    cdr = freeswitch(",\"answer_uepoch\":\"0\",\"hangup_cause\":\"NO_ROUTE_DESTINATION\"");
    assert_int_equal(cdr.sip_code, 404);
    cdr = freeswitch(",\"answer_uepoch\":\"0\",\"sip_term_status\":\"603\"");
    assert_int_equal(cdr.sip_code, 603);
}

/* Who of a queue took the call, unless it went on from there. */
static void test_freeswitch_queue(void **state)
{
    struct cdr cdr = freeswitch(",\"cc_agent\":\"1002@acme.test\"");

    (void)state;
    assert_string_equal(cdr.callee, "8001");
    assert_string_equal(cdr.reached, "1002");
    cdr = freeswitch(",\"cc_agent\":\"1002@acme.test\",\"dp_reached\":\"1003\"");
    assert_string_equal(cdr.reached, "1003");
}

/* Its clock goes in steps, the start is of the edge's clock. */
static void test_freeswitch_times_in_order(void **state)
{
    struct cdr cdr;

    (void)state;
    cdr = freeswitch(",\"answer_uepoch\":\"1795224922350000\"");
    assert_int_equal(cdr.answered_us, 1795224922352172);
    assert_int_equal(cdr.ended_us, 1795224924352174);
    cdr = freeswitch(",\"end_uepoch\":\"1795224922350000\",\"answer_uepoch\":\"0\"");
    assert_int_equal(cdr.answered_us, 0);
    assert_int_equal(cdr.ended_us, 1795224922352172);
}

/* Legs that have no row of their own are not errors. */
static void test_freeswitch_legs(void **state)
{
    static const char *const bodies[] = {
        "{\"variables\":{\"direction\":\"inbound\"}}",
        "{\"variables\":{\"direction\":\"outbound\",\"sip_h_X-VOIP-Call\":\"" HEADER "\"}}",
        "{\"variables\":{\"direction\":\"inbound\",\"sip_h_X-VOIP-Call\":\"" ID
        ";start=1;leg=1\"}}",
        "{\"variables\":{\"direction\":\"inbound\",\"sip_h_X-VOIP-Call\":\"" ID
        ";start=1;leg=2;trunk=in\"}}",
    };
    struct cdr cdr;
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++)
        assert_int_equal(parse(&cdr, "freeswitch", bodies[i], &err), -ENOMSG);
    assert_int_equal(parse(&cdr, "freeswitch", "{}", &err), -EINVAL);
    assert_int_equal(parse(&cdr, "freeswitch",
                           "{\"variables\":{\"direction\":\"inbound\","
                           "\"sip_h_X-VOIP-Call\":\"" ID ";dir=internal\"}}",
                           &err),
                     -EINVAL);
    /* The year 10000. */
    assert_int_equal(parse(&cdr, "freeswitch",
                           "{\"variables\":{\"direction\":\"inbound\",\"end_uepoch\":"
                           "\"253402300800000000\",\"sip_h_X-VOIP-Call\":\"" HEADER "\"}}",
                           &err),
                     -EINVAL);
}

static const char hostile[] =
    "\"" ID "\",\"1795237232.460891\",\"1795237232.466894\",\"1795237233.586392\","
    "\"a\"\"b,${SHELL(x)}\\\",\"8001\",\"1002\",\"acme.test\",\"internal\",\"ivr\",\"200\",\"17\","
    "\"caller\",\"709917d7e7053d89@edge\",\"one\",\"one-1.23\",\"\"\"Alice\"\" <1001>\",\"BUSY\","
    "\"1\",\"north\"";

static void test_asterisk(void **state)
{
    struct cdr cdr = good("asterisk", hostile);

    (void)state;
    assert_times(&cdr, 1795237232460891, 1795237232466894, 1795237233586392);
    assert_says(&cdr, "a\"b,${SHELL(x)}\\ > 8001 > 1002 of acme.test, internal ivr; 200 USER_BUSY "
                      "by caller; asterisk one 709917d7e7053d89@edge north");
}

static void test_asterisk_forms(void **state)
{
    static const char plain[] = ID ",1,,3,a,b,,d,inbound,user,,,,,,,,,";
    static const char *const bad[] = {
        "",
        ID,
        ID ",1,,3,a,b,,d,inbound,user,,,,,,,,",
        ID ",1,,3,a,b,,d,inbound,user,,,,,,,,,,,",
        "\"" ID ",1,,3,a,b,,d,inbound,user,,,,,,,,,",
        "\"" ID "\"x,1,,3,a,b,,d,inbound,user,,,,,,,,,",
        ID ",1,,3,a,b,,d,inbound,user,,,,,,,,,\"",
        ID ",yesterday,,3,a,b,,d,inbound,user,,,,,,,,,",
    };
    struct cdr cdr = good("asterisk", plain);
    struct err err;

    (void)state;
    assert_int_equal(cdr.answered_us, 0);
    assert_string_equal(cdr.reached, "b");
    assert_string_equal(cdr.cause, "NORMAL_UNSPECIFIED");
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(parse(&cdr, "asterisk", bad[i], &err), -EINVAL);
    assert_int_equal(parse_bytes(&cdr, "asterisk", "a\0b", 3, &err), -EINVAL);
}

static void test_causes(void **state)
{
    (void)state;
    assert_string_equal(cause_name(16), "NORMAL_CLEARING");
    assert_string_equal(cause_name(4), "NORMAL_UNSPECIFIED");
    assert_string_equal(cause_of_sip(200), "NORMAL_CLEARING");
    assert_string_equal(cause_of_sip(404), "UNALLOCATED_NUMBER");
    assert_string_equal(cause_of_sip(480), "NO_USER_RESPONSE");
    assert_string_equal(cause_of_sip(487), "ORIGINATOR_CANCEL");
    assert_string_equal(cause_of_sip(603), "CALL_REJECTED");
    assert_string_equal(cause_of_sip(499), "NORMAL_TEMPORARY_FAILURE");
    assert_string_equal(cause_of_sip(0), "NORMAL_UNSPECIFIED");
    assert_int_equal(cause_to_sip("USER_BUSY"), 486);
    assert_int_equal(cause_to_sip("CRASH"), 480);
    assert_true(cause_is_name("NO_ANSWER"));
    assert_false(cause_is_name(""));
    assert_false(cause_is_name("no answer"));
}

static void expect_clean(const char *bytes, size_t len, const char *clean)
{
    char copy[64];
    struct buf out;

    buf_init(&out, 1024);
    text_clean(&out, bytes, len);
    assert_string_equal(out.data, clean);
    assert_int_equal(out.len, strlen(clean));
    buf_free(&out);
    text_copy(copy, sizeof(copy), bytes, len);
    assert_string_equal(copy, clean);
}

#define R "\xef\xbf\xbd"

static void test_text(void **state)
{
    char small[6];

    (void)state;
    expect_clean("", 0, "");
    expect_clean("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", 10,
                 "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_clean("a\0b", 3, "a" R "b");
    expect_clean("\xff\x80", 2, R R);
    expect_clean("\xc3", 1, R);
    expect_clean("\xc0\xaf", 2, R R);             /* overlong */
    expect_clean("\xe0\x80\xaf", 3, R R R);       /* overlong */
    expect_clean("\xed\xa0\x80", 3, R R R);       /* a surrogate */
    expect_clean("\xf4\x90\x80\x80", 4, R R R R); /* beyond U+10FFFF */
    text_copy(small, sizeof(small), "abc\xe2\x82\xac", 6);
    assert_string_equal(small, "abc");
    text_copy(small, sizeof(small), "abcdefgh", 8);
    assert_string_equal(small, "abcde");
}

/* Wherever it stands among plain text, whatever steps that is looked at in. */
static void test_text_places(void **state)
{
    char text[41], clean[64];

    (void)state;
    for (size_t len = 1; len < sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', len);
            text[at] = at % 2 ? '\0' : '\xfc';
            snprintf(clean, sizeof(clean), "%.*s" R "%.*s", (int)at,
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", (int)(len - at - 1),
                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
            assert_int_equal(text_good(text, len), at);
            expect_clean(text, len, clean);
            text[at] = '\x7f';
            assert_int_equal(text_good(text, len), len);
        }
    }
}

static void test_times(void **state)
{
    static const char *const bad[] = {
        "", ".5", "-1", "1.2.3", "1e9", " 1", "1 ", "253402300800", "99999999999999999999"};
    int64_t us = 7;

    (void)state;
    assert_int_equal(text_to_us("1795224922.352172", &us), 0);
    assert_int_equal(us, 1795224922352172);
    assert_int_equal(text_to_us("1", &us), 0);
    assert_int_equal(us, 1000000);
    assert_int_equal(text_to_us("1.0000019", &us), 0);
    assert_int_equal(us, 1000001);
    assert_int_equal(text_to_us("253402300799.999999", &us), 0);
    us = 7;
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(text_to_us(bad[i], &us), -EINVAL);
    assert_int_equal(us, 7);
}

UNIT_MAIN("cdr_parse", cmocka_unit_test(test_edge), cmocka_unit_test(test_edge_without_answer),
          cmocka_unit_test(test_edge_odd), cmocka_unit_test(test_edge_refused),
          cmocka_unit_test(test_freeswitch), cmocka_unit_test(test_freeswitch_side),
          cmocka_unit_test(test_freeswitch_not_answered), cmocka_unit_test(test_freeswitch_queue),
          cmocka_unit_test(test_freeswitch_times_in_order), cmocka_unit_test(test_freeswitch_legs),
          cmocka_unit_test(test_asterisk), cmocka_unit_test(test_asterisk_forms),
          cmocka_unit_test(test_causes), cmocka_unit_test(test_text),
          cmocka_unit_test(test_text_places), cmocka_unit_test(test_times))
