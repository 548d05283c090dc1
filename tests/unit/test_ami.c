/*
 * The manager interface's client against servers that a real Asterisk is not: out of step, silent,
 * endless. What Asterisk itself answers is tested with Asterisk (tests/e2e/test_api_live.py).
 */
#include "media/asterisk/ami.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit.h"

#define GREETING "Asterisk Call Manager/9.0.0\r\n"
#define WELCOME  "Response: Success\r\nMessage: Authentication accepted\r\n\r\n"

/* What the server says: first, and after each request. */
static const char *says[4];
static char heard[4096];
static pthread_mutex_t hearing = PTHREAD_MUTEX_INITIALIZER;
static int listener, peer;
static struct ami *ami;
static pthread_t thread;

static bool has_heard(const char *text)
{
    bool found;

    pthread_mutex_lock(&hearing);
    found = strstr(heard, text);
    pthread_mutex_unlock(&hearing);
    return found;
}

/* Appends what comes; false at the end of it. */
static bool hear(void)
{
    char text[sizeof(heard)];
    size_t len = strlen(heard);
    ssize_t got = recv(peer, text, sizeof(heard) - 1 - len, 0);

    if (got <= 0)
        return false;
    pthread_mutex_lock(&hearing);
    memcpy(heard + len, text, (size_t)got);
    pthread_mutex_unlock(&hearing);
    return true;
}

static void *serve(void *arg)
{
    size_t at = 0;

    (void)arg;
    peer = accept(listener, NULL, NULL);
    for (int i = 0; i < 4 && says[i]; i++) {
        if (send(peer, says[i], strlen(says[i]), MSG_NOSIGNAL) < 0)
            break;
        while (!strstr(heard + at, "\r\n\r\n"))
            if (!hear())
                return NULL;
        at = (size_t)(strstr(heard + at, "\r\n\r\n") - heard) + 4;
    }
    return NULL;
}

static int open_it(const char *password)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    struct ami_options options = {
        .address = "127.0.0.1", .user = "dialplane", .password = password, .timeout_ms = 300};

    memset(heard, 0, sizeof(heard));
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    options.port = ntohs(address.sin_port);
    pthread_create(&thread, NULL, serve, NULL);
    return ami_open(&ami, &options, NULL);
}

static void close_it(void)
{
    ami_close(ami);
    ami = NULL;
    shutdown(peer, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(peer);
    close(listener);
    memset(says, 0, sizeof(says));
}

static int events;

static int on_event(const struct ami_message *event, void *arg)
{
    (void)arg;
    events++;
    return strcmp(ami_get(event, "Channel"), "x") == 0 ? 0 : -EINVAL;
}

static int run(int (*each)(const struct ami_message *, void *))
{
    static const char *const lines[] = {"Action: CoreShowChannels"};

    events = 0;
    return ami_action(ami, lines, 1, each, NULL, NULL);
}

static void test_list(void **state)
{
    (void)state;
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = "Response: Success\r\nEventList: start\r\n\r\n"
              "Event: CoreShowChannel\r\nChannel: x\r\n\r\n"
              "Event: CoreShowChannel\r\nChannel: x\r\n\r\n"
              "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\n\r\n";
    assert_int_equal(open_it("secret"), 0);
    assert_true(has_heard("Username: dialplane\r\nSecret: secret\r\nEvents: off\r\n\r\n"));
    assert_int_equal(run(on_event), 0);
    assert_int_equal(events, 2);
    close_it();
}

static void test_no_list(void **state)
{
    (void)state;
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = "Response: Success\r\nMessage: There is no such user.\r\n\r\n";
    assert_int_equal(open_it("secret"), 0);
    assert_int_equal(run(on_event), 0);
    assert_int_equal(events, 0);
    close_it();
}

static void test_refused(void **state)
{
    (void)state;
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = "Response: Error\r\nMessage: No such channel\r\n\r\n";
    says[3] = "Response: Success\r\n\r\n";
    assert_int_equal(open_it("secret"), 0);
    assert_int_equal(run(NULL), -EREMOTEIO);
    assert_int_equal(run(NULL), 0);
    close_it();
}

static void test_password(void **state)
{
    (void)state;
    says[0] = GREETING;
    says[1] = "Response: Error\r\nMessage: Authentication failed\r\n\r\n";
    assert_int_equal(open_it("wrong"), -EACCES);
    close_it();
}

/* A line end in what somebody has chosen would be a line of its own. */
static void test_line_ends(void **state)
{
    static const char *const lines[] = {"Action: Hangup", "Channel: x\r\nAction: Originate"};

    (void)state;
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = "Response: Success\r\n\r\n";
    assert_int_equal(open_it("secret"), 0);
    assert_int_equal(ami_action(ami, lines, 2, NULL, NULL, NULL), -EINVAL);
    assert_false(has_heard("Hangup"));
    assert_int_equal(run(NULL), 0);
    close_it();
}

static void test_silence_costs_the_timeout(void **state)
{
    int64_t began;

    (void)state;
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = "Response: Succ";
    assert_int_equal(open_it("secret"), 0);
    began = clock_mono_ms();
    assert_int_equal(run(NULL), -ETIMEDOUT);
    assert_in_range(clock_mono_ms() - began, 290, 5000);
    /* What comes late is no answer to the next one. */
    assert_int_equal(run(NULL), -ENOTCONN);
    close_it();
}

static void test_too_long(void **state)
{
    char *text = malloc(AMI_MESSAGE_MAX + 1000);

    (void)state;
    memset(text, 'x', AMI_MESSAGE_MAX + 999);
    text[AMI_MESSAGE_MAX + 999] = '\0';
    says[0] = GREETING;
    says[1] = WELCOME;
    says[2] = text;
    assert_int_equal(open_it("secret"), 0);
    assert_int_equal(run(NULL), -EMSGSIZE);
    close_it();
    free(text);
}

static void test_other_server(void **state)
{
    (void)state;
    says[0] = "SSH-2.0-OpenSSH\r\n";
    assert_int_equal(open_it("secret"), -EPROTO);
    close_it();
}

UNIT_MAIN("ami", cmocka_unit_test(test_list), cmocka_unit_test(test_no_list),
          cmocka_unit_test(test_refused), cmocka_unit_test(test_password),
          cmocka_unit_test(test_line_ends), cmocka_unit_test(test_too_long),
          cmocka_unit_test(test_silence_costs_the_timeout), cmocka_unit_test(test_other_server))
