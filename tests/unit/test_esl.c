/*
 * Frames, and the client against servers that a real FreeSWITCH is not: out of step, talking
 * nonsense, silent. What FreeSWITCH itself answers is tested with FreeSWITCH
 * (tests/integration/test_esl.py).
 */
#include "media/freeswitch/esl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit.h"

#define PASSWORD "a-Password_1"
#define AUTH     "Content-Type: auth/request\n\n"
#define WELCOME  "Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
#define EVENT                                                                                      \
    "Content-Length: 83\nContent-Type: text/event-plain\n\n"                                       \
    "Event-Name: CUSTOM\nCC-Queue: 5%40acme.test\nCC-Action: member-queue-start\nBad: %zz\n\n"

/* ---------------------------------------------------------------- frames */

static void test_frames_in_pieces(void **state)
{
    static const char stream[] = AUTH EVENT "Content-Type: api/response\nContent-Length: 4\n\n+OK\n"
                                            "Content-Type: log/data\nX: 1\n\n";
    static const enum esl_type types[] = {ESL_AUTH, ESL_EVENT, ESL_API, ESL_OTHER};
    size_t at = 0, size;
    struct esl_frame frame;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(types); i++) {
        for (size = 1; esl_frame_parse(stream + at, size, &frame) == -EAGAIN; size++)
            assert_true(at + size < sizeof(stream));
        assert_int_equal(esl_frame_parse(stream + at, size, &frame), 0);
        assert_int_equal(frame.type, types[i]);
        assert_int_equal(frame.size, size);
        assert_ptr_equal(frame.body + frame.len, stream + at + size);
        at += size;
    }
    assert_int_equal(at, sizeof(stream) - 1);
}

static int parse(const char *text, struct esl_frame *frame)
{
    return esl_frame_parse(text, strlen(text), frame);
}

static void test_reply(void **state)
{
    static const char head[] = "content-type:command/reply\nReply-Text: ";
    struct esl_frame frame;
    char text[1000];

    (void)state;
    assert_int_equal(parse(WELCOME, &frame), 0);
    assert_int_equal(frame.type, ESL_REPLY);
    assert_string_equal(frame.reply, "+OK accepted");
    snprintf(text, sizeof(text), "%s%0500d\n\n", head, 0);
    assert_int_equal(parse(text, &frame), 0);
    assert_int_equal(strlen(frame.reply), ESL_REPLY_SIZE - 1);
}

static void test_hostile_frames(void **state)
{
    static const struct {
        const char *text;
        int res;
    } cases[] = {
        {"Content-Type: api/response\nContent-Length: 99999999999999999999999\n\n", -EMSGSIZE},
        {"Content-Type: api/response\nContent-Length: 18446744073709551615\n\n", -EMSGSIZE},
        {"Content-Type: api/response\nContent-Length: 16777217\n\n", -EMSGSIZE},
        {"Content-Type: api/response\nContent-Length: 16777216\n\n", -EAGAIN},
        {"Content-Type: api/response\nContent-Length: -1\n\n", -EPROTO},
        {"Content-Type: api/response\nContent-Length: 0x10\n\n", -EPROTO},
        {"Content-Type: api/response\nContent-Length:\n\n", -EPROTO},
        {"Content-Type: api/response\nContent-Length: 1\ncontent-length: 2\n\nab", -EPROTO},
        {"Content-Type: api/response\nContent-Type: command/reply\n\n", -EPROTO},
        {"Content-Length: 0\n\n", -EPROTO},
        {"Content-Type: api/response\nno colon\n\n", -EPROTO},
        {"\n\n", -EPROTO},
        {"", -EAGAIN},
    };
    struct esl_frame frame;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(cases); i++)
        assert_int_equal(parse(cases[i].text, &frame), cases[i].res);
    assert_int_equal(esl_frame_parse("Content-Type: a\0b\n\n", 19, &frame), -EPROTO);
    assert_int_equal(esl_frame_parse("A\0", 2, &frame), -EPROTO);
}

static void test_long_heads(void **state)
{
    char text[ESL_HEAD_MAX + 100] = "Content-Type: api/response\n";
    struct esl_frame frame;
    size_t len;

    (void)state;
    for (int i = 1; i < ESL_HEADERS_MAX; i++)
        strcat(text, "A: b\n");
    len = strlen(text);
    text[len] = '\n';
    assert_int_equal(esl_frame_parse(text, len + 1, &frame), 0);
    memcpy(text + len, "A: b\n\n", 6);
    assert_int_equal(esl_frame_parse(text, len + 6, &frame), -EMSGSIZE);
    memset(text, 'x', sizeof(text));
    assert_int_equal(esl_frame_parse(text, ESL_HEAD_MAX - 1, &frame), -EAGAIN);
    assert_int_equal(esl_frame_parse(text, ESL_HEAD_MAX, &frame), -EMSGSIZE);
}

static void test_event(void **state)
{
    struct esl_frame frame;
    char value[64];

    (void)state;
    assert_int_equal(parse(EVENT, &frame), 0);
    assert_int_equal(esl_event_get(&frame, "CC-Queue", value, sizeof(value)), 0);
    assert_string_equal(value, "5@acme.test");
    assert_int_equal(esl_event_get(&frame, "CC-Queue", value, 12), 0);
    assert_int_equal(esl_event_get(&frame, "CC-Queue", value, 11), -ENAMETOOLONG);
    assert_int_equal(esl_event_get(&frame, "CC-Queu", value, sizeof(value)), -ENOENT);
    assert_int_equal(esl_event_get(&frame, "Bad", value, sizeof(value)), -EINVAL);
    frame = (struct esl_frame){.body = "A: 1%00\nB: %4\n\nC: 1\n", .len = 20};
    assert_int_equal(esl_event_get(&frame, "A", value, sizeof(value)), -EINVAL);
    assert_int_equal(esl_event_get(&frame, "B", value, sizeof(value)), -EINVAL);
    assert_int_equal(esl_event_get(&frame, "C", value, sizeof(value)), -ENOENT);
}

/* ---------------------------------------------------------------- a server that follows a script
 */

/* What it says at once and after each command; NULL ends the script, and the connection. */
static const char *const *script;
static size_t step_size; /* bytes sent at a time; 0: all */
static bool keep_open;   /* at the end of the script */
static char heard[2000];
static int listening;
static pthread_t server;

static void say(int fd, const char *text)
{
    size_t len = strlen(text), step = step_size ? step_size : len;

    for (size_t at = 0; at < len; at += step)
        if (send(fd, text + at, len - at < step ? len - at : step, MSG_NOSIGNAL) < 0)
            return;
}

/* Reads up to the empty line that ends a command; false when the client is gone. */
static bool hear(int fd)
{
    size_t len = strlen(heard);
    ssize_t got = 1;

    do {
        got = recv(fd, heard + len, 1, 0);
        len += got > 0;
        assert_true(len < sizeof(heard));
        heard[len] = '\0';
    } while (got > 0 && !(len > 1 && strcmp(heard + len - 2, "\n\n") == 0));
    return got > 0;
}

static void *serve(void *arg)
{
    int fd = accept(listening, NULL, NULL);

    for (const char *const *line = script; *line; line++) {
        say(fd, *line);
        if ((line[1] || keep_open) && !hear(fd))
            break;
    }
    close(fd);
    return arg;
}

static uint16_t start(const char *const *lines)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);

    script = lines;
    heard[0] = '\0';
    listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
    return ntohs(address.sin_port);
}

/* After the client has closed its side. */
static void stop(void)
{
    pthread_join(server, NULL);
    close(listening);
    step_size = 0;
    keep_open = false;
}

static char events[200];

static void on_event(const struct esl_frame *event, void *arg)
{
    char queue[64];

    assert_ptr_equal(arg, events);
    if (esl_event_get(event, "CC-Queue", queue, sizeof(queue)))
        strcpy(queue, "none");
    strcat(strcat(events, queue), " ");
}

static int open_port(struct esl **esl, uint16_t port, int timeout_ms, int cancel_fd,
                     struct err *err)
{
    const struct esl_options options = {
        .address = "127.0.0.1",
        .port = port,
        .password = PASSWORD,
        .timeout_ms = timeout_ms,
        .cancel_fd = cancel_fd,
        .event = on_event,
        .arg = events,
    };

    events[0] = '\0';
    return esl_open(esl, &options, err);
}

static struct esl *open_script(const char *const *lines)
{
    struct esl *esl = NULL;
    struct err err;

    assert_int_equal(open_port(&esl, start(lines), 2000, -1, &err), 0);
    return esl;
}

static void test_commands(void **state)
{
    static const char *const lines[] = {
        AUTH,
        WELCOME,
        EVENT "Content-Type: api/response\nContent-Length: 5\n\n+OK 1" EVENT,
        "Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n",
        "Content-Type: api/response\nContent-Length: 14\n\n-ERR no reply\n",
        "Content-Type: command/reply\nReply-Text: -ERR no\n\n",
        "Content-Type: api/response\nContent-Length: 4\n\nmore",
        NULL,
    };
    struct buf reply;
    struct err err;
    struct esl *esl;

    (void)state;
    for (size_t step = 0; step < 3; step++) {
        step_size = step;
        buf_init(&reply, 3);
        esl = open_script(lines);
        assert_int_equal(ESL_API(esl, &reply, &err, "status"), -ENOBUFS);
        buf_free(&reply);
        buf_init(&reply, 100);
        assert_string_equal(events, "5@acme.test ");
        assert_int_equal(ESL_COMMAND(esl, &err, "event", "plain", "CUSTOM"), 0);
        assert_string_equal(events, "5@acme.test 5@acme.test ");
        assert_int_equal(ESL_API(esl, &reply, &err, "none"), -EREMOTEIO);
        assert_string_equal(err.text, "-ERR no reply");
        assert_int_equal(ESL_COMMAND(esl, &err, "exit"), -EREMOTEIO);
        assert_int_equal(ESL_API(esl, &reply, &err, "show", "channels"), 0);
        assert_string_equal(reply.data, "more");
        assert_int_equal(ESL_API(esl, &reply, &err, "status"), -ECONNRESET);
        assert_int_equal(ESL_API(esl, &reply, &err, "status"), -ENOTCONN);
        esl_close(esl);
        stop();
        buf_free(&reply);
        assert_string_equal(heard, "auth " PASSWORD "\n\napi status\n\nevent plain CUSTOM\n\n"
                                   "api none\n\nexit\n\napi show channels\n\n");
    }
}

static void test_words(void **state)
{
    static const char *const lines[] = {
        AUTH, WELCOME, "Content-Type: api/response\nContent-Length: 3\n\n+OK", NULL};
    static const char *const bad[] = {"",    "a 1",   "a\nb",  "a\n\napi shutdown", "a\rb", "a\tb",
                                      "'a'", "\"a\"", "a\\sb", "${hash(x)}",        "a|b",  "a&b",
                                      "a`b", "a%0ab", "\x01",  "\xc3\xa4"};
    char longest[ESL_WORD_MAX + 2];
    struct esl *esl = open_script(lines);
    struct err err;

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bad); i++) {
        assert_false(esl_is_word(bad[i]));
        assert_int_equal(ESL_API(esl, NULL, &err, "uuid_kill", bad[i]), -EINVAL);
        assert_int_equal(ESL_API(esl, NULL, &err, bad[i]), -EINVAL);
        assert_int_equal(ESL_COMMAND(esl, &err, "event", bad[i]), -EINVAL);
    }
    memset(longest, 'a', sizeof(longest));
    longest[ESL_WORD_MAX + 1] = '\0';
    assert_false(esl_is_word(longest));
    longest[ESL_WORD_MAX] = '\0';
    assert_true(esl_is_word(longest));
    assert_true(
        esl_is_word("{x=1}[leg_timeout=20]sofia/edge/sip:*1#+_-.@a.test;fs_path=sip:[::1]:5"));
    /* Nothing of all that was sent, and the connection is in step. */
    assert_false(esl_is_word("On Break"));
    assert_int_equal(ESL_API(esl, NULL, &err, "status", "On Break", esl_nothing), 0);
    esl_close(esl);
    stop();
    assert_string_equal(heard, "auth " PASSWORD "\n\napi status 'On Break' ''\n\n");
}

static int refusal_of(const char *const *lines, struct err *err)
{
    struct esl *esl = NULL;
    int res = open_port(&esl, start(lines), 200, -1, err);

    stop();
    assert_null(esl);
    assert_null(strstr(err->text, PASSWORD));
    return res;
}

static void test_refusals(void **state)
{
    static const char *const wrong[] = {
        AUTH,
        "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"
        "Content-Type: text/disconnect-notice\nContent-Length: 5\n\nBye.\n",
        NULL,
    };
    static const char *const address[] = {
        "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n", NULL};
    static const char *const web[] = {"HTTP/1.1 400 Bad Request\r\n\r\n\n\n", NULL};
    static const char *const closes[] = {"", NULL};
    static const char *const endless[] = {"Content-Type: x\nContent-Length: 16777217\n\n", NULL};
    struct err err;

    (void)state;
    assert_int_equal(refusal_of(wrong, &err), -EACCES);
    assert_non_null(strstr(err.text, "password"));
    assert_int_equal(refusal_of(address, &err), -EACCES);
    assert_non_null(strstr(err.text, "address"));
    assert_int_equal(refusal_of(web, &err), -EPROTO);
    assert_int_equal(refusal_of(closes, &err), -ECONNRESET);
    assert_int_equal(refusal_of(endless, &err), -EMSGSIZE);
}

static void test_silence(void **state)
{
    static const char *const nothing[] = {"", NULL};
    static const char *const silent[] = {AUTH, WELCOME, EVENT, NULL};
    int64_t began = clock_mono_ms();
    struct err err;
    struct esl *esl;

    (void)state;
    keep_open = true;
    assert_int_equal(refusal_of(nothing, &err), -ETIMEDOUT);
    assert_in_range(clock_mono_ms() - began, 199, 20000);
    keep_open = true;
    assert_int_equal(open_port(&esl, start(silent), 200, -1, &err), 0);
    /* An event is no answer; and the answer that may still come is nobody's. */
    assert_int_equal(ESL_API(esl, NULL, &err, "status"), -ETIMEDOUT);
    assert_string_equal(events, "5@acme.test ");
    assert_int_equal(ESL_API(esl, NULL, &err, "status"), -ENOTCONN);
    assert_int_equal(ESL_COMMAND(esl, &err, "exit"), -ENOTCONN);
    assert_int_equal(esl_receive(esl, &err), -ENOTCONN);
    esl_close(esl);
    stop();
}

static void test_nobody_there(void **state)
{
    static const char *const nothing[] = {NULL};
    uint16_t port = start(nothing);
    struct esl *esl = NULL;
    struct err err;

    (void)state;
    assert_true(open_port(&esl, port, 2000, -1, &err) < 0);
    stop();
    assert_int_equal(open_port(&esl, port, 2000, -1, &err), -ECONNREFUSED);
    assert_null(esl);
    esl_close(NULL);
}

static void *cancel_soon(void *arg)
{
    usleep(50000);
    eventfd_write(*(int *)arg, 1);
    return NULL;
}

static void test_cancel(void **state)
{
    static const char *const silent[] = {AUTH, WELCOME, "", NULL};
    int fd = eventfd(0, EFD_NONBLOCK);
    int64_t began = clock_mono_ms();
    struct esl *esl = NULL;
    pthread_t thread;
    struct err err;

    (void)state;
    keep_open = true;
    assert_int_equal(open_port(&esl, start(silent), 60000, fd, &err), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &fd), 0);
    assert_int_equal(ESL_API(esl, NULL, &err, "status"), -ECANCELED);
    assert_true(clock_mono_ms() - began < 5000);
    pthread_join(thread, NULL);
    esl_close(esl);
    stop();
    close(fd);
}

static void test_receive(void **state)
{
    static const char *const lines[] = {
        AUTH, WELCOME "Content-Length: 3\nContent-Type: text/event-pl", "ain\n\nA: ", NULL};
    static const char *const notice[] = {
        AUTH, WELCOME "Content-Type: text/disconnect-notice\n\n" EVENT, NULL};
    struct esl *esl = open_script(lines);
    struct err err;

    (void)state;
    /* Part of a frame: nothing to hand out, and no waiting for the rest. */
    assert_int_equal(esl_receive(esl, &err), 0);
    assert_string_equal(events, "");
    assert_int_equal(ESL_API(esl, NULL, &err, "status"), -ECONNRESET);
    assert_string_equal(events, "none ");
    esl_close(esl);
    stop();
    esl = open_script(notice);
    assert_int_equal(esl_receive(esl, &err), -ECONNRESET);
    assert_string_equal(events, "");
    esl_close(esl);
    stop();
}

UNIT_MAIN("esl", cmocka_unit_test(test_frames_in_pieces), cmocka_unit_test(test_reply),
          cmocka_unit_test(test_hostile_frames), cmocka_unit_test(test_long_heads),
          cmocka_unit_test(test_event), cmocka_unit_test(test_commands),
          cmocka_unit_test(test_words), cmocka_unit_test(test_refusals),
          cmocka_unit_test(test_silence), cmocka_unit_test(test_nobody_there),
          cmocka_unit_test(test_cancel), cmocka_unit_test(test_receive))
