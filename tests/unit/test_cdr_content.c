#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "cdr/codec.h"
#include "cdr/quality.h"
#include "cdr/record.h"

#define ID   "6efc7d39-a88e-4ee8-9fe4-26031afd0f46"
#define CALL ID ";start=1795224922.352172;from=1001;to=8001;reached=8001;dir=internal;ext="

static struct cdr_record record; /* the last one that was read */

static int parse(const char *source, const char *body)
{
    struct err err = {""};
    int res;

    memset(&record, 0xaa, sizeof(record));
    res = cdr_parse(&record, source, "here", body, strlen(body), &err);
    if (res && res != -ENOMSG)
        fail_msg("%s", err.text);
    return res;
}

static void good(const char *source, const char *body)
{
    assert_int_equal(parse(source, body), 0);
    assert_string_equal(record.cdr.call_id, ID);
    assert_int_equal(record.cdr.started_us, 1795224922352172);
}

/* What the n-th leg is, but for its times. */
static void assert_leg(size_t n, const char *expected)
{
    const struct cdr_leg *leg = &record.legs[n];
    char said[1024];

    assert_true(n < record.legs_count);
    snprintf(said, sizeof(said), "%s %s %s %s; %u %s %s; %d %d %d %d", leg->side, leg->leg,
             leg->number, leg->sip_call_id, leg->sip_code, leg->cause, leg->codec, leg->mos,
             leg->loss, leg->jitter, leg->packets);
    assert_string_equal(said, expected);
}

/* ---- Kamailio */

static void edge(const char *more)
{
    char body[2048];

    snprintf(body, sizeof(body),
             "{\"v\":1,\"id\":\"" ID "\",\"start\":\"1795224922.352172\",\"end\":\"1795224930\","
             "\"from\":\"1001\",\"to\":\"1002\",\"reached\":\"1003\",\"dir\":\"internal\","
             "\"sip_call_id\":\"a@b\",\"begun\":\"1795224925.5\"%s}",
             more);
    good("edge", body);
}

static void test_edge_direct(void **state)
{
    (void)state;
    edge(",\"leg\":\"0\",\"answer\":\"1795224925\",\"rang\":\"1795224923.352\",\"code\":200,"
         "\"by\":\"caller\",\"eid\":\"12\",\"codec\":\"8\",\"genesys_call_uuid\":\"G1\","
         "\"caller_quality\":\"4.3 1 0\",\"callee_quality\":\"2.75 20 3.5\"");
    assert_true(record.is_call);
    assert_int_equal(record.cdr.extension_id, 12);
    assert_int_equal(record.cdr.pdd_ms, 999);
    assert_int_equal(record.cdr.rang_us, 1795224923352000);
    assert_string_equal(record.cdr.codec, "PCMA");
    assert_string_equal(record.cdr.genesys_call_uuid, "G1");
    assert_string_equal(record.cdr.sip_call_id_callee, "a@b");
    assert_int_equal(record.legs_count, 2);
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING PCMA; 430 100 0 -1");
    assert_leg(1, "callee callee 1003 a@b; 200 NORMAL_CLEARING PCMA; 275 2000 350 -1");
    assert_int_equal(record.legs[1].begun_us, record.cdr.started_us);
}

/* Nobody was called, or a recorder, whose leg is that of the callee. */
static void test_edge_caller_only(void **state)
{
    (void)state;
    edge(",\"code\":404,\"by\":\"system\"");
    assert_int_equal(record.cdr.pdd_ms, CDR_UNKNOWN);
    assert_string_equal(record.cdr.sip_call_id_callee, "");
    assert_int_equal(record.legs_count, 1);
    assert_leg(0, "caller caller 1001 a@b; 404 UNALLOCATED_NUMBER ; -1 -1 -1 -1");
    edge(",\"answer\":\"1795224925\",\"code\":200,\"recorded\":\"1\","
         "\"sip_call_id_callee\":\"c@d\"");
    assert_true(record.is_call);
    assert_int_equal(record.legs_count, 1);
    assert_string_equal(record.cdr.sip_call_id_callee, "c@d");
    assert_int_equal(record.cdr.pdd_ms, 2647);
}

/* Of a call that a media server answers for, and of a leg that it has set up. */
static void test_edge_of_media_server(void **state)
{
    (void)state;
    edge(",\"leg\":\"0\",\"media\":\"1\",\"code\":200,\"caller_quality\":\"4.1 0 0\","
         "\"callee_quality\":\"4 0 0\"");
    assert_false(record.is_call);
    assert_int_equal(record.legs_count, 1);
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING ; 410 0 0 -1");
    edge(",\"leg\":\"2\",\"code\":487,\"by\":\"caller\",\"rang\":\"1795224926\"");
    assert_false(record.is_call);
    assert_int_equal(record.legs_count, 1);
    assert_leg(0, "callee a@b 1003 a@b; 487 ORIGINATOR_CANCEL ; -1 -1 -1 -1");
    assert_int_equal(record.legs[0].begun_us, 1795224925500000);
    assert_int_equal(record.legs[0].rang_us, 1795224926000000);
}

/* ---- FreeSWITCH */

static int freeswitch(const char *call, const char *service, const char *more)
{
    char body[4096];

    snprintf(body, sizeof(body),
             "{\"variables\":{\"sip_h_X-VOIP-Call\":\"%s\",\"sip_h_X-VOIP-Service\":\"%s\","
             "\"answer_uepoch\":\"1795224922400000\",\"end_uepoch\":\"1795224940000000\","
             "\"hangup_cause\":\"NORMAL_CLEARING\",\"sip_call_id\":\"a@b\"%s",
             call, service, more);
    return parse("freeswitch", body);
}

#define INBOUND       ",\"direction\":\"inbound\""
#define SERVICE(kind) kind ";id=7;domain=acme.test"

static void test_freeswitch_menu(void **state)
{
    (void)state;
    assert_int_equal(
        freeswitch(CALL "ivr;leg=0;eid=9;genesys=G2;trunk=in", SERVICE("ivr"),
                   INBOUND ",\"dp_key\":\"2\",\"dp_reached\":\"8010\",\"last_bridge_to\":\"u\","
                           "\"rtp_use_codec_name\":\"opus\"}}"),
        0);
    assert_true(record.is_call && record.goes_on);
    assert_string_equal(record.cdr.ivr_path, "8001:2>8010");
    assert_string_equal(record.cdr.trunk, "in");
    assert_string_equal(record.cdr.genesys_call_uuid, "G2");
    assert_string_equal(record.cdr.sip_call_id_callee, "u");
    assert_string_equal(record.cdr.codec, "OPUS");
    assert_int_equal(record.cdr.extension_id, 9);
    assert_int_equal(record.cdr.pdd_ms, 47);
    assert_int_equal(record.cdr.wait_ms, CDR_UNKNOWN);
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING OPUS; -1 -1 -1 -1");
    /* What rang afterwards was somebody else. */
    assert_int_equal(freeswitch(CALL "ivr;leg=0", SERVICE("ivr"),
                                INBOUND ",\"dp_key\":\"t\",\"progress_uepoch\":"
                                        "\"1795224930000000\"}}"),
                     0);
    assert_int_equal(record.cdr.rang_us, 0);
    assert_string_equal(record.cdr.ivr_path, "8001:t");
    assert_false(record.goes_on);
}

#define PLACE(name, made, bridged)                                                                 \
    "{\"caller_profile\":{\"destination_number\":\"" name "\"},"                                   \
    "\"times\":{\"profile_created_time\":\"" made "\",\"bridged_time\":\"" bridged "\"}}"

/* Being connected makes a place of the same name. */
static void test_freeswitch_queue(void **state)
{
    (void)state;
    assert_int_equal(
        freeswitch(
            CALL "queue;leg=0", SERVICE("queue"),
            INBOUND
            ",\"cc_agent\":\"1002@acme.test\",\"cc_queue_answered_epoch\":\"1\"},"
            "\"callflow\":[" PLACE("queue", "1795224927000000", "1795224927500000") "," PLACE(
                "queue", "1795224923000000", "0") "," PLACE("8001", "1795224922000000", "0") "]}"),
        0);
    assert_string_equal(record.cdr.queue, "8001");
    assert_string_equal(record.cdr.agent, "1002@acme.test");
    assert_string_equal(record.cdr.reached, "1002");
    assert_string_equal(record.cdr.ivr_path, "");
    assert_int_equal(record.cdr.wait_ms, 4500);
    assert_int_equal(record.cdr.talk_ms, 12500);
    /* Nobody took the call, and it went on. */
    assert_int_equal(freeswitch(CALL "queue;leg=0", SERVICE("queue"),
                                INBOUND ",\"cc_agent\":\"1002@acme.test\"},\"callflow\":[" PLACE(
                                    "to-edge-1003", "1795224929000000",
                                    "1795224930000000") "," PLACE("queue", "1795224923000000",
                                                                  "1795224926000000") "]}"),
                     0);
    assert_string_equal(record.cdr.agent, "");
    assert_int_equal(record.cdr.wait_ms, 6000);
    assert_int_equal(record.cdr.talk_ms, CDR_UNKNOWN);
    assert_int_equal(
        freeswitch(CALL "queue;leg=0", SERVICE("queue"), INBOUND "},\"callflow\":[7,{},\"x\"]}"),
        0);
    assert_int_equal(record.cdr.wait_ms, CDR_UNKNOWN);
}

/* Of a call that has come by way of another media server, what became of it here. */
static void test_freeswitch_stage(void **state)
{
    (void)state;
    assert_int_equal(
        freeswitch(CALL "queue;leg=2;path=8000:1", SERVICE("queue"), INBOUND ",\"dp_key\":\"9\"}}"),
        0);
    assert_false(record.is_call);
    assert_int_equal(record.stage, 2);
    assert_int_equal(record.legs_count, 0);
    assert_string_equal(record.cdr.ivr_path, "8000:1>8001");
    assert_string_equal(record.cdr.queue, "8001");
    assert_string_equal(record.cdr.domain, "acme.test");
    assert_int_equal(freeswitch(CALL "voicemail;leg=1", SERVICE("voicemail"), INBOUND "}}"),
                     -ENOMSG);
}

#define AUDIO(packets, rate)                                                                       \
    ",\"rtp_audio_in_media_packet_count\":\"" packets                                              \
    "\",\"rtp_audio_in_mos\":\"3.21\",\"rtp_audio_in_jitter_loss_rate\":\"" rate                   \
    "\",\"rtp_audio_in_jitter_max_variance\":\"6.25\"}}"
#define OUTBOUND ",\"direction\":\"outbound\",\"sip_to_user\":\"1003\",\"dp_domain\":\"acme.test\""

static void test_freeswitch_leg(void **state)
{
    (void)state;
    assert_int_equal(freeswitch(CALL "queue;leg=0", "", OUTBOUND AUDIO("299", "0.25")), 0);
    assert_false(record.is_call);
    assert_int_equal(record.stage, 0);
    assert_string_equal(record.cdr.domain, "acme.test");
    assert_leg(0, "callee a@b 1003 a@b; 200 NORMAL_CLEARING ; 321 2000 250 299");
    assert_int_equal(freeswitch(CALL "queue;leg=0", "", OUTBOUND AUDIO("299", "0.00")), 0);
    assert_leg(0, "callee a@b 1003 a@b; 200 NORMAL_CLEARING ; 321 -1 250 299");
    assert_int_equal(freeswitch(CALL "queue;leg=0", "", OUTBOUND AUDIO("300", "0.00")), 0);
    assert_leg(0, "callee a@b 1003 a@b; 200 NORMAL_CLEARING ; 321 0 250 300");
    assert_int_equal(freeswitch(CALL "queue;leg=0", "", OUTBOUND AUDIO("0", "0.00")), 0);
    assert_leg(0, "callee a@b 1003 a@b; 200 NORMAL_CLEARING ; -1 -1 -1 -1");
    /* The caller of a call that is only recorded. */
    assert_int_equal(freeswitch(CALL "user;leg=0", SERVICE("recorder"), INBOUND AUDIO("1", "0.00")),
                     0);
    assert_false(record.is_call);
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING ; 321 -1 250 1");
}

/* ---- Asterisk */

#define LINE(call, kind, reached, key, joined, taken, left, agent, quality)                        \
    "\"2\",\"" CALL call                                                                           \
    "\",\"" SERVICE(kind) "\",\"1795224922.4\",\"1795224940\",\"" reached                          \
                          "\",\"200\",\"16\",\"caller\",\"a@b\",\"two\",\"x\",\"\"\"a\"\"\","      \
                          "\"ANSWERED\",\"1\",\"\",\"" key "\",\"" joined "\",\"" taken            \
                          "\",\"" left "\",\"" agent "\",\"u\",\"(ulaw)\",\"" quality "\""

static void test_asterisk_menu(void **state)
{
    (void)state;
    good("asterisk", LINE("ivr;leg=0;eid=9;trunk=a\"\",b", "ivr", "8010", "2", "", "", "", "",
                          "lp=0;rxjitter=0.002000;rxcount=500;rxmes=80"));
    assert_true(record.is_call && record.goes_on);
    assert_string_equal(record.cdr.ivr_path, "8001:2>8010");
    assert_string_equal(record.cdr.reached, "8010");
    assert_string_equal(record.cdr.trunk, "a\",b");
    assert_string_equal(record.cdr.node, "two");
    assert_string_equal(record.cdr.sip_call_id_callee, "u");
    assert_string_equal(record.cdr.codec, "PCMU");
    assert_int_equal(record.cdr.extension_id, 9);
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING PCMU; 400 0 200 500");
    good("asterisk", LINE("ivr;leg=0", "ivr", "", "t\"\">\n;", "", "", "", "", ""));
    assert_string_equal(record.cdr.ivr_path, "8001:t");
    assert_leg(0, "caller caller 1001 a@b; 200 NORMAL_CLEARING PCMU; -1 -1 -1 -1");
}

static void test_asterisk_queue(void **state)
{
    (void)state;
    good("asterisk",
         LINE("queue;leg=0", "queue", "1002", "", "1795224923.5", "1795224925", "", "1002", ""));
    assert_string_equal(record.cdr.queue, "8001");
    assert_string_equal(record.cdr.agent, "1002@acme.test");
    assert_int_equal(record.cdr.wait_ms, 1500);
    assert_int_equal(record.cdr.talk_ms, 15000);
    assert_false(record.goes_on);
    good("asterisk",
         LINE("queue;leg=0", "queue", "1003", "", "1795224923.5", "", "1795224930", "", ""));
    assert_string_equal(record.cdr.agent, "");
    assert_int_equal(record.cdr.wait_ms, 6500);
    assert_int_equal(record.cdr.talk_ms, CDR_UNKNOWN);
    assert_true(record.goes_on);
    good("asterisk", LINE("queue;leg=1;path=8000:1", "queue", "", "", "", "", "", "", ""));
    assert_false(record.is_call);
    assert_int_equal(record.stage, 1);
    assert_string_equal(record.cdr.ivr_path, "8000:1>8001");
    assert_int_equal(parse("asterisk", LINE("user;leg=1", "voicemail", "", "", "", "", "", "", "")),
                     -ENOMSG);
}

static void test_asterisk_leg(void **state)
{
    (void)state;
    good("asterisk", "\"leg\",\"" ID ";start=1795224922.352172\",\"acme.test\",\"two\",\"callee\","
                     "\"c1\",\"(alaw|ulaw)\",\"lp=100;rxjitter=0.5;rxcount=400;rxmes=0.0\"");
    assert_false(record.is_call);
    assert_string_equal(record.cdr.domain, "acme.test");
    assert_string_equal(record.cdr.node, "two");
    assert_leg(0, "callee c1  c1; 0  PCMA; 112 2000 50000 400");
    good("asterisk", "\"leg\",\"" ID ";start=1795224922.352172\",\"\",\"\",\"caller\",\"c1\",\"\","
                     "\"lp=0;rxjitter=0.0;rxcount=299;rxmes=0.0\"");
    assert_leg(0, "caller caller  c1; 0  ; -1 -1 -1 299");
}

/* ---- both */

static void test_codecs(void **state)
{
    static const char *const names[][2] = {
        {"0", "PCMU"},
        {"opus", "OPUS"},
        {"(ulaw|alaw)", "PCMU"},
        {"g722", "G722"},
        {"telephone-event", "TELEPHONE-EVENT"},
        {"96", ""},
        {"", ""},
        {"a\"b'c", "ABC"},
        {"18", "G729"},
    };
    char out[32], small[4];

    (void)state;
    for (size_t i = 0; i < DP_COUNT(names); i++) {
        codec_name(out, sizeof(out), names[i][0]);
        assert_string_equal(out, names[i][1]);
    }
    codec_name(small, sizeof(small), "speex");
    assert_string_equal(small, "SPE");
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"", "-1", "1e3", "nan", " 1", "<null>", "99999999999999"};

    (void)state;
    assert_int_equal(quality_hundredths("4.13"), 413);
    assert_int_equal(quality_hundredths("0"), 0);
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(quality_hundredths(bad[i]), CDR_UNKNOWN);
}

/* A way that is longer than its column ends there. */
static void test_long_path(void **state)
{
    char call[1200];

    (void)state;
    snprintf(call, sizeof(call), CALL "ivr;leg=1;path=%0600d", 7);
    assert_int_equal(freeswitch(call, SERVICE("ivr"), INBOUND ",\"dp_key\":\"1\"}}"), 0);
    assert_int_equal(strlen(record.cdr.ivr_path), 512);
}

UNIT_MAIN("cdr_content", cmocka_unit_test(test_edge_direct),
          cmocka_unit_test(test_edge_caller_only), cmocka_unit_test(test_edge_of_media_server),
          cmocka_unit_test(test_freeswitch_menu), cmocka_unit_test(test_freeswitch_queue),
          cmocka_unit_test(test_freeswitch_stage), cmocka_unit_test(test_freeswitch_leg),
          cmocka_unit_test(test_asterisk_menu), cmocka_unit_test(test_asterisk_queue),
          cmocka_unit_test(test_asterisk_leg), cmocka_unit_test(test_codecs),
          cmocka_unit_test(test_numbers), cmocka_unit_test(test_long_path))
