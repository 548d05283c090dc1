#include "tenant/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "unit.h"

#define USER(name, more)                                                                           \
    "type=\"user\";ref=\"" name "\";media=\"0\";ring=\"20\";" more                                 \
    ";dnd=\"0\";calls=\"2\";waiting=\"1\";order=\"0\""
#define NOWHERE "always=\"\";busy=\"\";noanswer=\"\";unreachable=\"\""

/* As the views of db/migrations write them. */
static const struct {
    enum explain_table table;
    const char *domain, *name, *row;
} rows[] = {
    {EXPLAIN_USER, "a.test", "1001", "ha1=\"\";box=\"1001\";calls=\"5\";cid=\"\";hide=\"0\""},
    {EXPLAIN_USER, "a.test", "1002", "ha1=\"\";box=\"\";calls=\"5\";cid=\"+49301\";hide=\"0\""},
    {EXPLAIN_LIMIT, "a.test", "limits",
     "cc=\"49\";international=\"0\";premium=\"0\";calls=\"3\";spent=\"500\""},
    {EXPLAIN_EXT, "a.test", "1001", USER("1001", NOWHERE)},
    {EXPLAIN_EXT, "a.test", "1002",
     USER("1002", "always=\"\";busy=\"1001\";noanswer=\"*1\";unreachable=\"\"")},
    {EXPLAIN_EXT, "a.test", "1003",
     "type=\"user\";ref=\"1003\";media=\"0\";ring=\"20\";always=\"\";busy=\"*1\";noanswer=\"\";"
     "unreachable=\"\";dnd=\"1\";calls=\"2\";waiting=\"1\";order=\"0\""},
    {EXPLAIN_EXT, "a.test", "1", USER("1001", "always=\"2\"")},
    {EXPLAIN_EXT, "a.test", "2", USER("1001", "always=\"1\"")},
    {EXPLAIN_EXT, "a.test", "3", USER("1001", "always=\"*78\"")},
    {EXPLAIN_EXT, "a.test", "4", USER("1001", "always=\"999\"")},
    {EXPLAIN_EXT, "a.test", "*1", "type=\"voicemail\";ref=\"7\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "*97", "type=\"voicemail\";ref=\"\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "*78", "type=\"feature\";ref=\"dnd_on\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "*72!", "type=\"feature\";ref=\"forward_always_on\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "70", "type=\"schedule\";ref=\"5\";plan=\"100=1001,900=*1,2000=1003\""},
    {EXPLAIN_EXT, "a.test", "72", "type=\"schedule\";ref=\"5\";plan=\"100=1001,900=*1\""},
    {EXPLAIN_EXT, "a.test", "71", "type=\"schedule\";ref=\"5\";plan=\"\""},
    {EXPLAIN_EXT, "a.test", "80", "type=\"announcement\";ref=\"3\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "81", "type=\"ivr\";ref=\"3\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "82", "type=\"ring_group\";ref=\"3\";media=\"1\";busy=\"*1\""},
    {EXPLAIN_EXT, "a.test", "83", "type=\"queue\";ref=\"3\";media=\"1\";noanswer=\"*1\""},
    {EXPLAIN_EXT, "a.test", "84", "type=\"paging\";ref=\"4\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "85", "type=\"park\";ref=\"\";media=\"1\";ring=\"20\";noanswer=\"*1\""},
    {EXPLAIN_EXT, "a.test", "86", "type=\"conference\";ref=\"7\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "87", "type=\"ring_group\";ref=\"5\";media=\"1\""},
    {EXPLAIN_EXT, "a.test", "88", "type=\"queue\";ref=\"6\";media=\"1\";unreachable=\"*1\""},
    {EXPLAIN_EXT, "a.test", "0!", "type=\"trunk_out\";ref=\"9\""},
    {EXPLAIN_EXT, "a.test", "00!", "type=\"trunk_out\";ref=\"10\""},
    {EXPLAIN_EXT, "a.test", "011!", "type=\"trunk_out\";ref=\"11\""},
    {EXPLAIN_ROUTE, "a.test", "9",
     "min=\"3\";max=\"20\";strip=\"1\";prepend=\"49\";trunks=\"6,1,2\""},
    {EXPLAIN_ROUTE, "a.test", "10", "min=\"3\";max=\"20\";strip=\"2\";prepend=\"\";trunks=\"1\""},
    {EXPLAIN_TRUNK, "a.test", "1",
     "calls=\"4\";cps=\"7\";gateways=\"192.0.2.1:5060/udp,192.0.2.2:5060/udp\";name=\"one\""},
    {EXPLAIN_TRUNK, "a.test", "2",
     "calls=\"\";cps=\"5\";gateways=\"192.0.2.3:5060/udp\";name=\"two\""},
    {EXPLAIN_PREMIUM, "", "49900", "1"},
    /* Internal, inbound, outbound: voip.recording_weight. */
    {EXPLAIN_RECORD, "a.test", "d.all", "1210,1100,1000"},
    {EXPLAIN_RECORD, "a.test", "e.1002", "3000,0,0"},
    {EXPLAIN_RECORD, "a.test", "t.2", "0,0,2101"},
    {EXPLAIN_RECORD, "a.test", "e.87", "3200,3200,3200"},
    {EXPLAIN_DID, "did", "+4930777", "domain=\"a.test\";to=\"1001\""},
};

/* `key` is the first of the values. */
static const struct {
    enum explain_fact fact;
    const char *key, *json;
} facts[] = {
    {EXPLAIN_TENANT, "", "{\"at\": 1000, \"zone\": \"UTC\", \"local\": \"then\"}"},
    {EXPLAIN_EXTENSION, "80", "{\"name\": \"\\u001b[31mred\", \"then\": \"1002\"}"},
    {EXPLAIN_EXTENSION, "81",
     "{\"keys\": {\"1\": \"1002\", \"2\": \"999\", "
     "\"3\": \"0900123\", \"4\": \"81\"}}"},
    {EXPLAIN_EXTENSION, "82", "{\"members\": [{\"user\": \"1001\"}, {\"outside\": \"030\"}]}"},
    {EXPLAIN_EXTENSION, "84", "{\"members\": [{\"user\": \"1001\"}, {\"outside\": \"030\"}]}"},
    {EXPLAIN_EXTENSION, "87", "{\"members\": [{\"user\": \"1002\"}], \"skip_busy\": true}"},
    {EXPLAIN_EXTENSION, "88", "{\"members\": [{\"user\": \"1001\", \"status\": \"logged_out\"}]}"},
    {EXPLAIN_EXTENSION, "83", "{\"members\": [{\"user\": \"1001\"}], \"max_wait\": 9}"},
    {EXPLAIN_SCHEDULE, "5", "{\"state\": \"holiday\", \"number\": \"*1\"}"},
    {EXPLAIN_FEATURE, "1001", "{\"word\": \"activated\"}"},
    {EXPLAIN_TRUNK_ID, "one", "{\"id\": \"1\"}"},
    {EXPLAIN_TRUNK_ID, "off", "{\"id\": \"8\"}"},
};

static int broken; /* what the source answers instead */

static int read_row(void *arg, enum explain_table table, const char *domain, const char *name,
                    char **out, struct err *err)
{
    (void)arg;
    for (size_t i = 0; i < DP_COUNT(rows); i++)
        if (rows[i].table == table && !strcmp(rows[i].domain, domain) &&
            !strcmp(rows[i].name, name))
            *out = strdup(rows[i].row);
    return broken ? err_set(err, broken, "the database is away") : 0;
}

static int read_fact(void *arg, enum explain_fact fact, const char *domain,
                     const char *const values[3], json_t **out, struct err *err)
{
    (void)arg;
    (void)err;
    for (size_t i = 0; i < DP_COUNT(facts) && strcmp(domain, "a.test") == 0; i++)
        if (facts[i].fact == fact && !strcmp(facts[i].key, values[0] ? values[0] : ""))
            *out = json_loads(facts[i].json, 0, NULL);
    return 0;
}

/* ---------------------------------------------------------------- this moment */

static int registered, in_progress, parked, talking;
static size_t nodes_there;
static const char *media_server;
static const char *dead, *changed;

static int devices(void *arg, const char *domain, const char *user)
{
    (void)arg;
    assert_string_equal(domain, "a.test");
    return strcmp(user, "1001") == 0 ? registered : -1;
}

static int calls(void *arg, const char *profile, const char *value)
{
    (void)arg;
    if (strcmp(profile, "number") == 0)
        return parked;
    if (strcmp(value, "a.test:1002") == 0)
        return talking;
    return strcmp(profile, "trunk") == 0 && strcmp(value, "a.test:1") == 0 ? in_progress : 0;
}

static int is_dead(void *arg, const char *gateway, const char *unused)
{
    (void)unused;
    (void)arg;
    return dead && strstr(dead, gateway);
}

/* As the tables say, but `changed`; a plan that was read earlier. */
static char *remembered(void *arg, const char *table, const char *key)
{
    const char *name = strchr(key, ':') + 1;

    (void)arg;
    if (changed && strcmp(key, changed) == 0)
        return strdup("type=\"user\"");
    if (strcmp(name, "70") == 0)
        return strdup("type=\"schedule\";ref=\"5\";plan=\"50=1001,900=*1\"");
    if (strcmp(name, "72") == 0)
        return strdup("type=\"schedule\";ref=\"5\";plan=\"50=1001\"");
    for (size_t i = 0; i < DP_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0 &&
            (rows[i].table == EXPLAIN_EXT) == !strcmp(table, "ext"))
            return strdup(rows[i].row);
    return NULL;
}

static size_t count_nodes(void *arg)
{
    (void)arg;
    return nodes_there;
}

static const char *node(void *arg, size_t index, int *up)
{
    static const char *const names[] = {"left", "right"};

    (void)arg;
    *up = 1;
    return names[index];
}

static int pick(void *arg, const char *service)
{
    (void)arg;
    return strcmp(service, "conference;id=7;domain=a.test") == 0 ? 1 : 0;
}

static struct explain_live live = {.devices = devices,
                                   .calls = calls,
                                   .is_dead = is_dead,
                                   .remembered = remembered,
                                   .nodes = count_nodes,
                                   .node = node,
                                   .pick = pick};

static const char *cause_of(unsigned int status)
{
    return status == 404 ? "UNALLOCATED_NUMBER" : "OTHER";
}

static unsigned int status_of(const char *cause)
{
    return strcmp(cause, "USER_BUSY") == 0 ? 486 : 404;
}

static int ask(json_t **out, struct explain_question question, struct err *err)
{
    const struct explain_source source = {.row = read_row, .fact = read_fact};

    question.max_calls = 10;
    question.media_server = media_server;
    question.cause_of = cause_of;
    question.status_of = status_of;
    *out = NULL;
    return explain_call(out, &question, &source, &live, err);
}

static int reset(void **state)
{
    (void)state;
    registered = 1;
    media_server = "freeswitch";
    in_progress = parked = talking = 0;
    nodes_there = 2;
    live.pick = pick;
    dead = changed = NULL;
    broken = 0;
    return 0;
}

/* ---------------------------------------------------------------- what is said */

/* The end of the case `when` ("" for the call itself) as "target type cause code", or with a trunk.
 */
static void check_end(const json_t *document, const char *when, const char *expected)
{
    json_t *branches = json_object_get(document, "branches"), *item, *result, *trunk;
    char text[200];
    size_t i;

    if (*when) {
        json_array_foreach(branches, i,
                           item) if (strcmp(json_string_value(json_object_get(item, "when")),
                                            when) == 0) document = item;
        assert_string_equal(json_string_value(json_object_get(document, "when")), when);
    }
    result = json_object_get(document, "result");
    trunk = json_object_get(result, "trunk");
    snprintf(
        text, sizeof(text), "%s %s %s %d%s%s", json_string_value(json_object_get(result, "target")),
        json_string_value(json_object_get(result, "type")),
        json_string_value(json_object_get(result, "cause")),
        (int)json_integer_value(json_object_get(result, "code")), json_is_string(trunk) ? " " : "",
        json_is_string(trunk) ? json_string_value(trunk) : "");
    assert_string_equal(text, expected);
}

static bool says(const json_t *document, const char *text)
{
    json_t *item;
    size_t i;

    json_array_foreach(
        json_object_get(document, "steps"), i,
        item) if (strstr(json_string_value(json_object_get(item, "text")), text)) return true;
    return false;
}

/* A call of 1001, and how it ends. */
static void check(const char *to, const char *when, const char *expected)
{
    json_t *document;
    struct err err = {""};
    int res = ask(&document, (struct explain_question){.from = "1001@a.test", .to = to}, &err);

    assert_string_equal(err.text, "");
    assert_int_equal(res, 0);
    check_end(document, when, expected);
    json_decref(document);
}

static void test_numbers(void **state)
{
    (void)state;
    check("1001", "", "1001 user NORMAL_CLEARING 200");
    check("1001@a.test", "", "1001 user NORMAL_CLEARING 200");
    check("1001@b.test", "", "1001 none OTHER 403");
    check("999", "", "999 none UNALLOCATED_NUMBER 404");
    /* The number that was reached last stays. */
    check("4", "", "4 user UNALLOCATED_NUMBER 404");
    /* The sixth in turn is the last one. */
    check("1", "", "2 user OTHER 482");
}

static void test_user(void **state)
{
    (void)state;
    check("1002", "busy", "1001 user NORMAL_CLEARING 200");
    check("1002", "no answer", "*1 voicemail NORMAL_CLEARING 200");
    check("1002", "unreachable", "1002 user NO_USER_RESPONSE 480");
    check("1001", "busy", "1001 user USER_BUSY 486");
    check("1001", "no answer", "1001 user NO_ANSWER 480");
    check("1003", "", "*1 voicemail NORMAL_CLEARING 200");
    registered = 0;
    check("1001", "", "1001 user SUBSCRIBER_ABSENT 480");
}

static void test_schedule(void **state)
{
    json_t *document;
    struct err err = {""};

    (void)state;
    /* It is 1000 now. */
    check("70", "", "*1 voicemail NORMAL_CLEARING 200");
    check("71", "", "71 schedule OTHER 480");
    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = "71"}, &err), 0);
    assert_true(says(document, "holiday"));
    json_decref(document);
}

static void test_features(void **state)
{
    (void)state;
    check("*78", "", "*78 feature NORMAL_CLEARING 200");
    check("*72999", "", "*72999 feature NORMAL_CLEARING 200");
    check("3", "", "*78 feature OTHER 403");
}

static void test_services(void **state)
{
    (void)state;
    check("*97", "", "*97 voicemail NORMAL_CLEARING 200");
    check("81", "", "81 ivr NORMAL_CLEARING 200");
    check("81", "key 1", "1002 ivr NORMAL_CLEARING 200");
    check("81", "key 2", "999 ivr UNALLOCATED_NUMBER 200");
    check("80", "", "1002 announcement NORMAL_CLEARING 200");
    check("82", "", "82 ring_group NORMAL_CLEARING 200");
    check("82", "no answer", "82 ring_group NO_ANSWER 480");
    check("82", "busy", "*1 ring_group NORMAL_CLEARING 200");
    check("83", "waited too long", "*1 queue NORMAL_CLEARING 200");
    /* Barred, in the words of each media server. */
    check("81", "key 3", "0900123 ivr OUTGOING_CALL_BARRED 200");
    media_server = "asterisk";
    check("81", "key 3", "0900123 ivr CALL_REJECTED 200");
    check("81", "key 4", "81 ivr NORMAL_CLEARING 200");
}

static void test_outside(void **state)
{
    (void)state;
    check("0301234", "", "+49301234 trunk_out NORMAL_CLEARING 200 one");
    check("0301234", "busy", "+49301234 trunk_out USER_BUSY 486 one");
    check("0900123", "", "0900123 trunk_out OUTGOING_CALL_BARRED 403");
    check("0033123456", "", "0033123456 trunk_out OUTGOING_CALL_BARRED 403");
    check("0049301234", "", "+49301234 trunk_out NORMAL_CLEARING 200 one");
    check("00110", "", "110 trunk_out NORMAL_CLEARING 200 one");
    check("01", "", "01 trunk_out INVALID_NUMBER_FORMAT 484");
    check("0a1", "", "0a1 trunk_out INVALID_NUMBER_FORMAT 484");
    check("0115", "", "0115 trunk_out NO_ROUTE_DESTINATION 503");
    in_progress = 4;
    check("0301234", "", "+49301234 trunk_out NORMAL_CLEARING 200 two");
    check("0301234", "carrier is silent", "+49301234 trunk_out NETWORK_OUT_OF_ORDER 503 two");
    check("0301234", "carrier refuses", "+49301234 trunk_out NORMAL_CIRCUIT_CONGESTION 503 two");
    dead = "192.0.2.3:5060/udp";
    check("0301234", "", "+49301234 trunk_out NETWORK_OUT_OF_ORDER 503 two");
}

/* All texts of a step, each with a line end. */
static void check_steps(const char *to, const char *step, const char *expected)
{
    json_t *document, *item;
    struct err err = {""};
    char text[1000] = "";
    size_t i;

    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = to}, &err), 0);
    json_array_foreach(json_object_get(document, "steps"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "step")), step) == 0) {
            strncat(text, json_string_value(json_object_get(item, "text")), 400);
            strcat(text, "\n");
        }
    }
    assert_string_equal(text, expected);
    json_decref(document);
}

static void test_limits_of_trunks(void **state)
{
    (void)state;
    in_progress = 1;
    check_steps("0301234", "limits",
                "1001 may have 5 calls at a time, 0 now\n"
                "the tenant may have 3 calls at a time, 0 now\n"
                "trunk \"one\" may have 4 calls at a time, 1 now, and 7 new calls a second\n");
    check("0301234", "more than 7 in this second", "+49301234 trunk_out NORMAL_CLEARING 200 two");
    in_progress = 4;
    check_steps("0301234", "trunk",
                "\"one\" is full: 4 calls\n\"two\" at 192.0.2.3:5060/udp calls +49301234\n");
    check("0301234", "more than 5 in this second",
          "+49301234 trunk_out NORMAL_CIRCUIT_CONGESTION 503 two");
    /* The last trunk says why. */
    in_progress = 0;
    dead = "192.0.2.1:5060/udp,192.0.2.2:5060/udp";
    check("0301234", "more than 5 in this second",
          "+49301234 trunk_out NORMAL_CIRCUIT_CONGESTION 503 two");
}

static void test_recording(void **state)
{
    (void)state;
    check_steps("1001", "policy", "of the tenant: always, announced\n");
    check_steps("1001", "record", "always, announced\n");
    check_steps("1001", "media",
                "recorder;id=call;domain=a.test, on freeswitch: node left or right, in turn\n");
    /* What is nearer to the call counts more, and is said first. */
    check_steps("1002", "policy", "of the number 1002: never\nof the tenant: always, announced\n");
    check_steps("1002", "record", "");
    /* All trunks of the route, also those that are not tried first. */
    check_steps("0301234", "policy",
                "of the trunk \"two\": on demand, may be interrupted\nof the tenant: never\n");
    check_steps("0301234", "record", "on demand, may be interrupted\n");
    check_steps("*97", "policy", "");
    nodes_there = 0;
    check("1001", "", "1001 user OTHER 503");
    check("1002", "", "1002 user NORMAL_CLEARING 200");
}

static void test_media_nodes(void **state)
{
    (void)state;
    check_steps("86", "media",
                "conference;id=7;domain=a.test, on freeswitch: node right, by the hash of the "
                "service: all meet there who call it\n");
    check_steps("81", "media",
                "ivr;id=3;domain=a.test, on freeswitch: node left or right, in turn\n");
    /* Without an edge nobody knows which of them answer. */
    live.pick = NULL;
    check_steps("86", "media",
                "conference;id=7;domain=a.test, on freeswitch: node left or right, by the hash of "
                "the service: all meet there who call it\n");
}

static void test_groups(void **state)
{
    (void)state;
    check("84", "", "84 paging NORMAL_CLEARING 200");
    check("84", "nobody answers", "84 paging NO_ANSWER 200");
    check_steps("84", "members", "1001\n");
    registered = 0;
    check("84", "", "84 paging NO_ANSWER 200");
    check("88", "", "*1 queue NORMAL_CLEARING 200");
    registered = 1;
    check("82", "030 is rung", "030 ring_group NORMAL_CLEARING 200");
    /* Its own end, and not that of the group. */
    dead = "192.0.2.1:5060/udp,192.0.2.2:5060/udp,192.0.2.3:5060/udp";
    check("82", "030 is rung", "030 ring_group NETWORK_OUT_OF_ORDER 503");
    check("82", "", "82 ring_group NORMAL_CLEARING 200");
    talking = 1;
    check_steps("87", "members", "1002 (in a call)\n");
    check("87", "", "87 ring_group USER_BUSY 486");
}

static void test_parks(void **state)
{
    (void)state;
    check("85", "nobody fetches it", "*1 park NORMAL_CLEARING 200");
    check_steps("85", "place", "waits for 20 s to be fetched\n");
    parked = 1;
    check_steps("85", "place", "somebody waits there, and is fetched\n");
}

static int from_outside(json_t **out, const char *trunk, const char *to, struct err *err)
{
    return ask(out, (struct explain_question){.from = "+49301", .to = to, .trunk = trunk}, err);
}

static void test_inbound(void **state)
{
    json_t *document;
    struct err err = {""};

    (void)state;
    assert_int_equal(from_outside(&document, "one", "4930777", &err), 0);
    check_end(document, "", "1001 user NORMAL_CLEARING 200 one");
    json_decref(document);
    in_progress = 4;
    assert_int_equal(from_outside(&document, "one", "+4930777", &err), 0);
    check_end(document, "", "1001 none NORMAL_CIRCUIT_CONGESTION 503 one");
    json_decref(document);
    assert_int_equal(from_outside(&document, "one", "+4930778", &err), 0);
    check_end(document, "", "+4930778 none UNALLOCATED_NUMBER 404");
    json_decref(document);
    assert_int_equal(from_outside(&document, "off", "+4930777", &err), 0);
    check_end(document, "", "+4930777 none OTHER 407");
    json_decref(document);
    assert_int_equal(from_outside(&document, "none", "+4930777", &err), -ENOENT);
}

static void test_what_the_edge_remembers(void **state)
{
    json_t *document;
    struct err err = {""};

    (void)state;
    changed = "a.test:1002";
    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = "1002"}, &err), 0);
    assert_true(says(document, "remembers ext a.test:1002 otherwise"));
    assert_false(says(document, "remembers ext a.test:1001"));
    json_decref(document);
    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = "70"}, &err), 0);
    assert_false(says(document, "remembers"));
    json_decref(document);
    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = "72"}, &err), 0);
    assert_true(says(document, "remembers ext a.test:72 otherwise"));
    json_decref(document);
}

static void test_questions(void **state)
{
    static const struct explain_question wrong[] = {
        {.from = "1001", .to = "1"},
        {.from = "1001@A_B", .to = "1"},
        {.from = "1001@a.test", .to = "1;2"},
        {.from = "1001@a.test", .to = ""},
        {.from = "1001@a.test", .to = "1@\033[31m"},
        {.from = "1001@a.test", .to = "1", .at = "tomorrow"},
        {.from = "1001@a.test", .to = "1", .at = "2026-02-30T10:00"},
        {.from = "1001@a.test", .to = "1", .trunk = "one"},
    };
    json_t *document;
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(wrong); i++)
        assert_int_equal(ask(&document, wrong[i], &err), -EINVAL);
    assert_int_equal(ask(&document, (struct explain_question){.from = "9@a.test", .to = "1"}, &err),
                     -ENOENT);
    assert_int_equal(ask(&document, (struct explain_question){.from = "1@b.test", .to = "1"}, &err),
                     -ENOENT);
    broken = -EIO;
    assert_int_equal(
        ask(&document, (struct explain_question){.from = "1001@a.test", .to = "1"}, &err), -EIO);
    assert_string_equal(err.text, "the database is away");
    assert_true(explain_is_time("2026-12-25T10:00"));
    assert_true(explain_is_time("2028-02-29T23:59:59"));
    assert_false(explain_is_time("2026-12-25T10:00Z"));
    assert_false(explain_is_time("2026-12-25T24:00"));
}

#define TEST(name) cmocka_unit_test_setup(name, reset)
UNIT_MAIN("explain", TEST(test_numbers), TEST(test_user), TEST(test_schedule), TEST(test_features),
          TEST(test_services), TEST(test_outside), TEST(test_limits_of_trunks),
          TEST(test_recording), TEST(test_media_nodes), TEST(test_groups), TEST(test_parks),
          TEST(test_inbound), TEST(test_what_the_edge_remembers), TEST(test_questions))
