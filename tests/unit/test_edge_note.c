#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cdr/edge_note.h"

#define ID   "6efc7d39-a88e-4ee8-9fe4-26031afd0f46"
#define HEAD "{\"v\":1,\"note\":"
#define CALL                                                                                       \
    "\"node\":\"one\",\"boot\":\"1795220000\",\"id\":\"" ID "\",\"start\":\"1795224922.352172\","  \
    "\"answer\":\"1795224924.5\",\"from\":\"1001\",\"to\":\"8000\",\"reached\":\"8001\","          \
    "\"domain\":\"acme.test\",\"dir\":\"inbound\",\"ext\":\"ivr\",\"media\":\"1\","                \
    "\"trunk\":\"Carrier\",\"sip_call_id\":\"a@b\",\"genesys_call_uuid\":\"G1\""

static int parse(struct edge_note *out, const char *body, struct err *err)
{
    memset(out, 0xaa, sizeof(*out));
    return edge_note_parse(out, "here", body, strlen(body), err);
}

static struct edge_note good(const char *body)
{
    struct edge_note note;
    struct err err;

    assert_true(edge_note_is(body, strlen(body)));
    if (parse(&note, body, &err))
        fail_msg("%s", err.text);
    return note;
}

static void test_answer(void **state)
{
    struct edge_note note = good(HEAD "\"answer\"," CALL "}");
    char said[512];

    (void)state;
    assert_int_equal(note.kind, EDGE_NOTE_ANSWER);
    assert_true(note.media);
    assert_int_equal(note.booted_us, INT64_C(1795220000) * 1000000);
    assert_int_equal(note.cdr.started_us, 1795224922352172);
    assert_int_equal(note.cdr.answered_us, 1795224924500000);
    assert_int_equal(note.cdr.ended_us, 0);
    snprintf(said, sizeof(said), "%s %s > %s > %s of %s, %s %s; %s %s %s by %s; %s",
             note.cdr.call_id, note.cdr.caller, note.cdr.callee, note.cdr.reached, note.cdr.domain,
             note.cdr.direction, note.cdr.service, note.cdr.trunk, note.cdr.sip_call_id,
             note.cdr.genesys_call_uuid, note.cdr.side, note.cdr.node);
    assert_string_equal(said, ID " 1001 > 8000 > 8001 of acme.test, inbound ivr; Carrier a@b G1 by "
                                 "system; one");
}

static void test_end(void **state)
{
    struct edge_note note = good(HEAD "\"end\"," CALL ",\"end\":\"1795224930\",\"by\":\"caller\","
                                      "\"code\":\"200\"}");

    (void)state;
    assert_int_equal(note.kind, EDGE_NOTE_END);
    assert_int_equal(note.cdr.ended_us, INT64_C(1795224930) * 1000000);
    assert_int_equal(note.cdr.sip_code, 200);
    assert_string_equal(note.cdr.side, "caller");
    assert_string_equal(note.cdr.cause, "NORMAL_CLEARING");
    /* The clock was set back. */
    note = good(HEAD "\"end\"," CALL ",\"end\":\"1795224900\"}");
    assert_int_equal(note.cdr.ended_us, note.cdr.answered_us);
}

static void test_boot(void **state)
{
    struct edge_note note = good(HEAD "\"boot\",\"node\":\"two\",\"boot\":\"1795220001\"}");

    (void)state;
    assert_int_equal(note.kind, EDGE_NOTE_BOOT);
    assert_string_equal(note.cdr.node, "two");
    assert_int_equal(note.booted_us, INT64_C(1795220001) * 1000000);
    note = good(HEAD "\"boot\",\"boot\":\"1795220001\"}");
    assert_string_equal(note.cdr.node, "here");
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        HEAD,
        HEAD "\"pause\"," CALL "}",
        HEAD "\"boot\",\"node\":\"two\"}",
        HEAD "\"end\"," CALL "}",
        HEAD "\"answer\",\"boot\":\"1\",\"id\":\"" ID "\",\"start\":\"1\",\"dir\":\"inbound\"}",
        HEAD "\"answer\",\"boot\":\"1\",\"id\":\"" ID "\",\"answer\":\"1\",\"dir\":\"inbound\"}",
        HEAD "\"answer\",\"boot\":\"1\",\"id\":\"1\",\"start\":\"1\",\"answer\":\"1\","
             "\"dir\":\"inbound\"}",
        HEAD "\"answer\",\"boot\":\"1\",\"id\":\"" ID "\",\"start\":\"1\",\"answer\":\"1\","
             "\"dir\":\"up\"}",
    };
    struct edge_note note;
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(parse(&note, bad[i], &err), -EINVAL);
    assert_false(edge_note_is("{\"v\":1,\"id\":", 12));
    assert_false(edge_note_is(HEAD, strlen(HEAD) - 1));
}

/* Of one call the note of its end is kept, whichever came first; of a start each. */
static void test_add(void **state)
{
    struct edge_note answer = good(HEAD "\"answer\"," CALL "}");
    struct edge_note end = good(HEAD "\"end\"," CALL ",\"end\":\"1795224930\"}");
    struct edge_note boot = good(HEAD "\"boot\",\"boot\":\"1795220001\"}");
    struct edge_note other = answer, notes[8];
    size_t count = 0;

    (void)state;
    other.cdr.started_us++;
    count = edge_notes_add(notes, count, &answer);
    count = edge_notes_add(notes, count, &boot);
    count = edge_notes_add(notes, count, &end);
    count = edge_notes_add(notes, count, &answer);
    count = edge_notes_add(notes, count, &other);
    count = edge_notes_add(notes, count, &boot);
    assert_int_equal(count, 4);
    assert_int_equal(notes[0].kind, EDGE_NOTE_END);
    assert_int_equal(notes[1].kind, EDGE_NOTE_BOOT);
    assert_int_equal(notes[2].cdr.started_us, other.cdr.started_us);
}

UNIT_MAIN("edge_note", cmocka_unit_test(test_answer), cmocka_unit_test(test_end),
          cmocka_unit_test(test_boot), cmocka_unit_test(test_refused), cmocka_unit_test(test_add))
