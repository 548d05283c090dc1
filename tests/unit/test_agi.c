/* FastAGI: its text, its scripts, and the server as Asterisk sees it. */
#include "media/asterisk/agi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "media/asterisk/agi_protocol.h"
#include "media/asterisk/agi_scripts.h"
#include "media/ring.h"
#include "tenants.h"

#define HEAD "agi_network: yes\nagi_network_script: "
#define TAIL "\nagi_channel: PJSIP/edge-1\nagi_callerid: 1001\nagi_calleridname: x\n\n"

static int parse(const char *text, struct agi_request *out)
{
    return agi_request_parse(text, agi_request_length(text, strlen(text)), out);
}

static void test_request(void **state)
{
    struct agi_request request;

    (void)state;
    assert_int_equal(agi_request_length(HEAD "ivr\n", strlen(HEAD "ivr\n")), 0);
    assert_int_equal(parse(HEAD "ivr?domain=acme.test&id=7" TAIL, &request), 0);
    assert_string_equal(request.script, "ivr");
    assert_int_equal(request.count, 2);
    assert_string_equal(agi_argument(&request, "domain"), "acme.test");
    assert_string_equal(agi_argument(&request, "id"), "7");
    assert_null(agi_argument(&request, "pin"));
    /* One argument beside the address, before or after it. */
    assert_int_equal(parse(HEAD "x?id=7\nagi_arg_1: pin=47" TAIL, &request), 0);
    assert_string_equal(agi_argument(&request, "id"), "7");
    assert_string_equal(agi_argument(&request, "pin"), "47");
    assert_int_equal(parse("agi_arg_1: pin=\n" HEAD "x" TAIL, &request), 0);
    assert_string_equal(agi_argument(&request, "pin"), "");
    assert_int_equal(parse(HEAD "ivr" TAIL, &request), 0);
    assert_int_equal(request.count, 0);
}

static void test_bad_requests(void **state)
{
    static const char *const bad[] = {
        "\n\n",
        "agi_network: yes\n\n",
        HEAD "" TAIL,
        HEAD "?id=7" TAIL,
        HEAD "ivr?" TAIL,
        HEAD "ivr?id" TAIL,
        HEAD "ivr?id=7&id=8" TAIL,
        HEAD "ivr?id=7&" TAIL,
        HEAD "ivr?id=%37" TAIL,
        HEAD "ivr?id=7 8" TAIL,
        HEAD "ivr/../x?id=7" TAIL,
        HEAD "ivr?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1" TAIL,
        HEAD "ivr?id=7\nagi_network_script: ivr?id=8" TAIL,
        HEAD "ivr?id=7\nagi_arg_1: id=8" TAIL,
        HEAD "ivr?id=7\nagi_arg_1: 8" TAIL,
        HEAD "a-name-that-is-longer-than-any-script-of-ours?id=7" TAIL,
    };
    struct agi_request request;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_int_equal(parse(bad[i], &request), -EINVAL);
}

static void test_replies(void **state)
{
    (void)state;
    assert_int_equal(agi_reply_parse("200 result=1"), AGI_REPLY_OK);
    assert_int_equal(agi_reply_parse("100 result=0 Trying"), AGI_REPLY_MORE);
    assert_int_equal(agi_reply_parse("HANGUP"), AGI_REPLY_HANGUP);
    assert_int_equal(agi_reply_parse("510 Invalid or unknown command"), AGI_REPLY_REFUSED);
    assert_int_equal(agi_reply_parse("520-Invalid command syntax."), AGI_REPLY_REFUSED);
    assert_int_equal(agi_reply_parse(""), AGI_REPLY_REFUSED);
}

static void test_variable(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    agi_set_variable(&out, "NAME", "a \"b\" \\c");
    assert_string_equal(out.data, "SET VARIABLE NAME \"a \\\"b\\\" \\\\c\"\n");
    assert_int_equal(buf_error(&out), 0);
    agi_set_variable(&out, "NAME", "x\nHANGUP");
    assert_int_equal(buf_error(&out), -EINVAL);
    buf_free(&out);
}

/* The commands that a script answers with; `status` is what it returns. */
static void check_script(const char *script, int status, const char *commands)
{
    struct snapshot *snapshot = tenant_make(TENANT_DOMAIN, "One");
    struct agi_request request;
    char text[300];
    struct buf out;

    buf_init(&out, 10000);
    snprintf(text, sizeof(text), HEAD "%s" TAIL, script);
    assert_int_equal(parse(text, &request), 0);
    assert_int_equal(agi_script_run(&request, snapshot, &out), status);
    assert_string_equal(out.data, commands);
    buf_free(&out);
    snapshot_unref(snapshot);
}

static void test_scripts(void **state)
{
    (void)state;
    check_script("ivr?domain=acme.test&id=9", 0,
                 "SET VARIABLE IVR_GREETING \"other\"\n"
                 "SET VARIABLE IVR_INVALID \"option-is-invalid\"\n"
                 "SET VARIABLE IVR_TIMEOUT \"1.500\"\n"
                 "SET VARIABLE IVR_TRIES \"2\"\n"
                 "SET VARIABLE IVR_DIRECT \"4\"\n"
                 "SET VARIABLE IVR_ENTRY_0 \"5000\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("direct?domain=acme.test&id=9&number=6000", 0, "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("direct?domain=acme.test&id=9&number=6001", 0, "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("direct?domain=acme.test&id=9&number=*97", 0, "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("direct?domain=acme.test&id=7&number=6000", 0, "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("direct?domain=acme.test&id=9", -EINVAL, "");
    check_script("ivr?domain=acme.test&id=8", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("ivr?domain=acme.test&id=x", -EINVAL, "");
    check_script("ivr?domain=acme.test", -EINVAL, "");
    check_script("voicemail?domain=acme.test&id=1001", 0,
                 "SET VARIABLE BOX_MAX \"5\"\n"
                 "SET VARIABLE MAIL_TO \"u+1@acme.test\"\n"
                 "SET VARIABLE MAIL_OPTIONS \"--delete\"\n"
                 "SET VARIABLE MAIL_TIMEZONE \"Europe/Berlin\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    /* An address that is more than that. */
    check_script("voicemail?domain=acme.test&id=2000", 0,
                 "SET VARIABLE BOX_MAX \"10\"\n"
                 "SET VARIABLE MAIL_TO \"\"\n"
                 "SET VARIABLE MAIL_OPTIONS \"--delete\"\n"
                 "SET VARIABLE MAIL_TIMEZONE \"Europe/Berlin\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("voicemail?domain=acme.test&id=1", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("voicemail?domain=acme.test", -EINVAL, "");
    check_script("mailbox-pin?domain=acme.test&id=1001&pin=4711", 0,
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("mailbox-pin?domain=acme.test&id=1001&pin=4712", 0,
                 "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("mailbox-pin?domain=acme.test&id=1001&pin=", 0,
                 "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("mailbox-pin?domain=acme.test&id=1002&pin=4711", 0,
                 "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("mailbox-pin?domain=acme.test&id=1001", -EINVAL, "");
    check_script("announcement?domain=acme.test&id=9", 0,
                 "SET VARIABLE ANNOUNCEMENT_PROMPT \"demo/closed\"\n"
                 "SET VARIABLE ANNOUNCEMENT_THEN \"1001\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("announcement?domain=acme.test&id=10", 0,
                 "SET VARIABLE ANNOUNCEMENT_PROMPT \"/store/prompts/acme.test/cafe.wide\"\n"
                 "SET VARIABLE ANNOUNCEMENT_THEN \"\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("announcement?domain=acme.test&id=8", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("ring-group?domain=acme.test&id=5", 0,
                 "SET VARIABLE RING_MEMBER_1 \"user-0-20-1001\"\n"
                 "SET VARIABLE RING_MEMBER_2 \"confirm-5-15-+4930\"\n"
                 "SET VARIABLE RING_MEMBERS \"2\"\n"
                 "SET VARIABLE RING_TOGETHER \"1\"\n"
                 "SET VARIABLE RING_BY_IDLE \"0\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("ring-group?domain=acme.test&id=6", 0,
                 "SET VARIABLE RING_MEMBER_1 \"outside-0-9-0123\"\n"
                 "SET VARIABLE RING_MEMBERS \"1\"\n"
                 "SET VARIABLE RING_TOGETHER \"0\"\n"
                 "SET VARIABLE RING_BY_IDLE \"0\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("ring-group?domain=acme.test&id=9", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("paging?domain=acme.test&id=5", 0,
                 "SET VARIABLE PAGING_USER_1 \"1001\"\n"
                 "SET VARIABLE PAGING_USERS \"1\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("paging?domain=acme.test&id=9", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("ring-group-ended?domain=acme.test&id=5&member=1001", 0, "");
    check_script("ring-group-ended?domain=acme.test&id=5", -EINVAL, "");
    check_script("ring-group-ended?domain=acme.test&member=1001", -EINVAL, "");
    check_script("queue?domain=acme.test&id=4", 0,
                 "SET VARIABLE QUEUE_MAX_WAIT \"600\"\n"
                 "SET VARIABLE QUEUE_MUSIC \"4@acme.test\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("queue?domain=acme.test&id=5", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("queue?domain=acme.test&id=-4", -EINVAL, "");
    check_script("agent?domain=acme.test&user=1001", 0, "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("agent?domain=acme.test&user=bob", 0, "SET VARIABLE DP_RESULT \"away\"\n");
    check_script("agent?domain=acme.test&user=carol", 0, "SET VARIABLE DP_RESULT \"away\"\n");
    check_script("agent?domain=acme.test&user=dave", 0, "SET VARIABLE DP_RESULT \"away\"\n");
    check_script("agent?domain=acme.test", -EINVAL, "");
    check_script("conference?domain=acme.test&id=3", 0,
                 "SET VARIABLE CONF_MAX \"9\"\n"
                 "SET VARIABLE CONF_PIN \"yes\"\n"
                 "SET VARIABLE CONF_ANNOUNCE \"yes\"\n"
                 "SET VARIABLE CONF_WAIT \"no\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("conference?domain=acme.test&id=5", 0,
                 "SET VARIABLE CONF_MAX \"2\"\n"
                 "SET VARIABLE CONF_PIN \"yes\"\n"
                 "SET VARIABLE CONF_ANNOUNCE \"no\"\n"
                 "SET VARIABLE CONF_WAIT \"yes\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("conference?domain=acme.test&id=6", 0,
                 "SET VARIABLE CONF_MAX \"2\"\n"
                 "SET VARIABLE CONF_PIN \"no\"\n"
                 "SET VARIABLE CONF_ANNOUNCE \"no\"\n"
                 "SET VARIABLE CONF_WAIT \"no\"\n"
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("conference?domain=acme.test&id=4", 0, "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("conference?domain=acme.test", -EINVAL, "");
    check_script("conference-pin?domain=acme.test&id=3&pin=1234", 0,
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("conference-pin?domain=acme.test&id=5&pin=0815", 0,
                 "SET VARIABLE DP_RESULT \"moderator\"\n");
    check_script("conference-pin?domain=acme.test&id=5&pin=1234", 0,
                 "SET VARIABLE DP_RESULT \"ok\"\n");
    check_script("conference-pin?domain=acme.test&id=3&pin=", 0,
                 "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("conference-pin?domain=acme.test&id=3&pin=12345", 0,
                 "SET VARIABLE DP_RESULT \"bad\"\n");
    check_script("conference-pin?domain=acme.test&id=4&pin=1234", 0,
                 "SET VARIABLE DP_RESULT \"notfound\"\n");
    check_script("conference-pin?domain=acme.test&id=3", -EINVAL, "");
    check_script("other?domain=acme.test", -EINVAL, "");
}

struct served {
    struct registry *registry;
    struct peers *peers;
    struct agi *agi;
};

static int start(void **state)
{
    static struct served served;
    struct agi_options options = {.address = "127.0.0.1"};

    assert_int_equal(registry_new(&served.registry, &(struct registry_options){0}), 0);
    assert_int_equal(registry_put(served.registry, tenant_make(TENANT_DOMAIN, "One")), 0);
    assert_int_equal(peers_new(&served.peers, NULL, 0), 0);
    options.registry = served.registry;
    options.peers = served.peers;
    assert_int_equal(agi_start(&served.agi, &options, NULL), 0);
    *state = &served;
    return 0;
}

static int stop(void **state)
{
    struct served *served = *state;

    agi_stop(served->agi);
    peers_free(served->peers);
    registry_free(served->registry);
    return 0;
}

static FILE *dial(const struct served *served)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(agi_port(served->agi))};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    FILE *stream;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    stream = fdopen(fd, "r+");
    assert_non_null(stream);
    setvbuf(stream, NULL, _IONBF, 0);
    return stream;
}

/* Sends, and returns what the next line is; "" when the server has closed. */
static const char *say(FILE *stream, const char *text)
{
    static char line[1000];

    assert_true(fputs(text, stream) >= 0);
    if (!fgets(line, sizeof(line), stream))
        line[0] = '\0';
    return line;
}

static void test_server(void **state)
{
    struct served *served = *state;
    FILE *stream = dial(served);
    struct agi_counts counts;

    assert_string_equal(say(stream, HEAD "ivr?domain=acme.test&id=9" TAIL),
                        "SET VARIABLE IVR_GREETING \"other\"\n");
    assert_string_equal(say(stream, "200 result=1\n"),
                        "SET VARIABLE IVR_INVALID \"option-is-invalid\"\n");
    /* The caller hangs up meanwhile: the replies still come. */
    assert_string_equal(say(stream, "HANGUP\n200 result=1\n"),
                        "SET VARIABLE IVR_TIMEOUT \"1.500\"\n");
    fclose(stream);
    agi_counts(served->agi, &counts);
    assert_int_equal(counts.answered, 0);
}

static void test_server_to_the_end(void **state)
{
    struct served *served = *state;
    FILE *stream = dial(served);
    struct agi_counts counts;

    assert_string_equal(say(stream, HEAD "mailbox-pin?domain=acme.test&id=1001&pin=4711" TAIL),
                        "SET VARIABLE DP_RESULT \"ok\"\n");
    assert_string_equal(say(stream, "200 result=1\n"), "");
    fclose(stream);
    agi_counts(served->agi, &counts);
    assert_int_equal(counts.answered, 1);
}

static void test_server_refuses(void **state)
{
    struct served *served = *state;
    struct agi_counts counts;
    FILE *stream;

    stream = dial(served);
    assert_string_equal(say(stream, "GET / HTTP/1.1\n\n"), "");
    fclose(stream);
    stream = dial(served);
    assert_string_equal(say(stream, HEAD "ivr?domain=acme.test&id=9" TAIL),
                        "SET VARIABLE IVR_GREETING \"other\"\n");
    assert_string_equal(say(stream, "511 Command Not Permitted on a dead channel\n"), "");
    fclose(stream);
    agi_counts(served->agi, &counts);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(counts.aborted, 1);
}

/* A tenant that cannot be known now: the dialplan has to go on soon. */
static void test_server_without_database(void **state)
{
    int64_t before = clock_mono_ms();
    FILE *stream = dial(*state);

    assert_string_equal(say(stream, HEAD "ivr?domain=beta.test&id=9" TAIL), "");
    assert_true(clock_mono_ms() - before < 2000);
    fclose(stream);
}

/* Asterisk that is slow, and a request in pieces. */
static void test_server_in_pieces(void **state)
{
    static const char text[] = HEAD "mailbox-pin?domain=acme.test&id=1001&pin=1" TAIL;
    FILE *stream = dial(*state);

    for (size_t i = 0; i + 1 < strlen(text); i++)
        assert_int_equal(fputc(text[i], stream), text[i]);
    assert_string_equal(say(stream, "\n"), "SET VARIABLE DP_RESULT \"bad\"\n");
    fclose(stream);
}

static void test_server_with_too_much(void **state)
{
    FILE *stream = dial(*state);
    char line[] = "agi_arg_1: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n";
    char last[100];

    for (size_t sent = 0; sent < AGI_REQUEST_MAX; sent += strlen(line)) {
        if (send(fileno(stream), line, strlen(line), MSG_NOSIGNAL) < 0)
            break;
    }
    assert_null(fgets(last, sizeof(last), stream));
    fclose(stream);
}

/* As many members as there may be, with names as long as they may be. */
static struct snapshot *full_group(void)
{
    char name[STR_EXTENSION_MAX + 1];
    struct snapshot *snapshot = NULL;

    assert_int_equal(snapshot_new(&snapshot, "full.test", "UTC"), 0);
    snapshot_reserve(snapshot, SNAPSHOT_RING_GROUPS, 1);
    snapshot_add_ring_group(snapshot, &(struct snapshot_ring_group){.id = 1, .strategy = "all"});
    snapshot_reserve(snapshot, SNAPSHOT_GROUP_MEMBERS, RING_MEMBERS_MAX);
    for (int i = 0; i < RING_MEMBERS_MAX; i++) {
        snprintf(name, sizeof(name), "%0*d", STR_EXTENSION_MAX, i);
        snapshot_add_group_member(snapshot, 1,
                                  &(struct snapshot_group_member){name, NULL, 120, 300});
    }
    assert_int_equal(snapshot_publish(snapshot), 0);
    return snapshot;
}

static void test_server_with_a_full_group(void **state)
{
    struct served *served = *state;
    FILE *stream;
    const char *line;
    int members = 0;

    assert_int_equal(registry_put(served->registry, full_group()), 0);
    stream = dial(served);
    for (line = say(stream, HEAD "ring-group?domain=full.test&id=1" TAIL);
         strstr(line, "RING_MEMBER_"); line = say(stream, "200 result=1\n"))
        members++;
    assert_int_equal(members, RING_MEMBERS_MAX);
    assert_string_equal(line, "SET VARIABLE RING_MEMBERS \"100\"\n");
    fclose(stream);
}

UNIT_MAIN("agi", cmocka_unit_test(test_request), cmocka_unit_test(test_bad_requests),
          cmocka_unit_test(test_replies), cmocka_unit_test(test_variable),
          cmocka_unit_test(test_scripts), cmocka_unit_test_setup_teardown(test_server, start, stop),
          cmocka_unit_test_setup_teardown(test_server_to_the_end, start, stop),
          cmocka_unit_test_setup_teardown(test_server_refuses, start, stop),
          cmocka_unit_test_setup_teardown(test_server_without_database, start, stop),
          cmocka_unit_test_setup_teardown(test_server_in_pieces, start, stop),
          cmocka_unit_test_setup_teardown(test_server_with_too_much, start, stop),
          cmocka_unit_test_setup_teardown(test_server_with_a_full_group, start, stop))
