/*
 * When a media node is told of changes, against a server that only notes what it is told; what
 * FreeSWITCH makes of it is tested with FreeSWITCH (tests/integration/test_esl.py). And the parts:
 * changes that wait, lists of mod_callcenter.
 */
#include "media/freeswitch/node.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/freeswitch/changes.h"
#include "media/freeswitch/esl.h"
#include "media/freeswitch/positions.h"
#include "media/freeswitch/table.h"
#include "tenants.h"

enum { WITHIN_MS = 10000, HEARD_MAX = 1 << 16 };

/* ---------------------------------------------------------------- the server */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[HEARD_MAX]; /* commands, a line each */
static atomic_int client = -1;
static atomic_bool silent;
static int listening;
static uint16_t port;
static pthread_t server;

static void note(const char *command)
{
    pthread_mutex_lock(&lock);
    strncat(heard, command, HEARD_MAX - strlen(heard) - 1);
    pthread_mutex_unlock(&lock);
}

/* How often the line was heard. */
static int count_of(const char *line)
{
    const char *at = heard;
    int count = 0;

    pthread_mutex_lock(&lock);
    while ((at = strstr(at, line))) {
        count += at == heard || at[-1] == '\n';
        at++;
    }
    pthread_mutex_unlock(&lock);
    return count;
}

static void forget(void)
{
    pthread_mutex_lock(&lock);
    heard[0] = '\0';
    pthread_mutex_unlock(&lock);
}

static void say(int fd, const char *head, const char *body)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "%sContent-Length: %zu\n\n%s", head, strlen(body), body);

    pthread_mutex_lock(&lock);
    if (!silent)
        send(fd, text, (size_t)len, MSG_NOSIGNAL);
    pthread_mutex_unlock(&lock);
}

static void answer(int fd, const char *command)
{
    static const char api[] = "Content-Type: api/response\n";

    if (strcmp(command, "api status\n") == 0)
        say(fd, api,
            "UP 0 years\n7 session(s) since startup\n3 session(s) - peak 5, last 5min 4\n");
    else if (strncmp(command, "api callcenter", 14) == 0)
        say(fd, api, "-ERR callcenter_config Command not found!\n");
    else if (strncmp(command, "api ", 4) == 0)
        say(fd, api, "+OK\n");
    else
        say(fd, "Content-Type: command/reply\nReply-Text: +OK\n", "");
}

static void converse(int fd)
{
    FILE *stream = fdopen(dup(fd), "r");
    char line[512];

    send(fd, "Content-Type: auth/request\n\n", 28, MSG_NOSIGNAL);
    while (fgets(line, sizeof(line), stream)) {
        if (line[0] == '\n')
            continue;
        note(line);
        answer(fd, line);
    }
    fclose(stream);
}

static void *serve(void *arg)
{
    int fd;

    while ((fd = accept(listening, NULL, NULL)) >= 0) {
        client = fd;
        converse(fd);
        pthread_mutex_lock(&lock);
        client = -1;
        close(fd);
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

/* ---------------------------------------------------------------- the node */

static struct registry *registry;
static struct fs_node *node;

static struct fs_node_state look(void)
{
    struct fs_node_state state;

    fs_node_state(node, &state);
    return state;
}

static void until_current(void)
{
    int64_t deadline = clock_mono_ms() + WITHIN_MS;

    while (!look().current || !look().reachable) {
        assert_true(clock_mono_ms() < deadline);
        usleep(1000);
    }
}

static void until_heard(const char *line)
{
    int64_t deadline = clock_mono_ms() + WITHIN_MS;

    while (!count_of(line)) {
        assert_true(clock_mono_ms() < deadline);
        usleep(1000);
    }
}

static int start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct fs_node_options options = {.name = "one", .address = "127.0.0.1", .password = "secret"};
    socklen_t size = sizeof(address);

    (void)state;
    forget();
    silent = false;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listening, 4), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
    assert_int_equal(registry_new(&registry, &(struct registry_options){0}), 0);
    assert_int_equal(registry_put(registry, tenant_make(TENANT_DOMAIN, "One")), 0);
    options.event_port = port;
    options.registry = registry;
    assert_int_equal(fs_node_start(&node, &options, NULL), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fs_node_stop(node);
    registry_stop(registry);
    registry_free(registry);
    shutdown(listening, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listening);
    return 0;
}

static void change(enum change_table table, const char *domain, const char *key)
{
    struct change one = {.table = table};

    snprintf(one.domain, sizeof(one.domain), "%s", domain);
    snprintf(one.key, sizeof(one.key), "%s", key);
    fs_node_changed(node, &one);
}

static void test_everything_is_compared_once_it_can_be(void **state)
{
    (void)state;
    /* The status is asked for at the beginning. */
    until_heard("api status\n");
    assert_int_equal(count_of("api xml_flush_cache\n"), 0);
    assert_false(look().current);
    fs_node_settled(node);
    until_current();
    assert_int_equal(count_of("api xml_flush_cache\n"), 1);
    assert_int_equal(count_of("api callcenter_config queue list\n"), 1);
    assert_int_equal(count_of("api callcenter_config agent list\n"), 1);
    assert_int_equal(look().sessions, 3);
    assert_int_equal(look().failures, 0);
    assert_true(look().commands >= 7);
    fs_node_settled(node);
    fs_node_missed(node);
    assert_false(look().current);
    usleep(50000);
    assert_int_equal(count_of("api xml_flush_cache\n"), 1);
    fs_node_settled(node);
    until_current();
    assert_int_equal(count_of("api xml_flush_cache\n"), 2);
}

static void test_change_is_held_until_the_tenant_is_loaded(void **state)
{
    (void)state;
    fs_node_settled(node);
    until_current();
    change(CHANGE_USERS, "acme.test", "1001");
    change(CHANGE_USERS, "acme.test", "1001");
    change(CHANGE_VOICEMAIL_BOXES, "other.test", "1001");
    change(CHANGE_EXTENSIONS, "acme.test", "5000");
    fs_node_loaded(node, "other.test");
    until_heard("api xml_flush_cache id 1001 other.test\n");
    usleep(50000);
    assert_int_equal(count_of("api xml_flush_cache id 1001 acme.test\n"), 0);
    fs_node_loaded(node, "acme.test");
    until_current();
    assert_int_equal(count_of("api xml_flush_cache id 1001 acme.test\n"), 1);
    assert_int_equal(count_of("api callcenter_config queue list\n"), 1);
}

static void test_queues(void **state)
{
    (void)state;
    fs_node_settled(node);
    until_current();
    forget();
    change(CHANGE_QUEUES, "acme.test", "7");
    assert_int_equal(count_of("api callcenter_config queue list\n"), 0);
    fs_node_loaded(node, "acme.test");
    until_current();
    assert_int_equal(count_of("api callcenter_config queue list\n"), 1);
    change(CHANGE_DOMAINS, "acme.test", "acme.test");
    fs_node_loaded(node, "acme.test");
    until_current();
    assert_int_equal(count_of("api callcenter_config queue list\n"), 2);
    /* A node that asks has the current snapshot's document: no need to wait. */
    fs_node_asked(node, "x@acme.test");
    fs_node_asked(node, "7");
    fs_node_asked(node, "7@acme.test");
    until_current();
    assert_int_equal(count_of("api callcenter_config queue list\n"), 3);
}

/* A caller is in the queue whose members it has to be told. */
static void test_queue_that_is_asked_for_goes_first(void **state)
{
    const char *queue, *everything, *change_at;

    (void)state;
    fs_node_settled(node);
    until_current();
    forget();
    /* The first command is answered when the others are waiting. */
    pthread_mutex_lock(&lock);
    change(CHANGE_USERS, "acme.test", "1001");
    fs_node_loaded(node, "acme.test");
    usleep(50000);
    fs_node_missed(node);
    fs_node_settled(node);
    change(CHANGE_USERS, "acme.test", "1002");
    fs_node_loaded(node, "acme.test");
    fs_node_asked(node, "7@acme.test");
    pthread_mutex_unlock(&lock);
    until_current();
    queue = strstr(heard, "api callcenter_config queue list\n");
    everything = strstr(heard, "api xml_flush_cache\n");
    change_at = strstr(heard, "api xml_flush_cache id 1002 acme.test\n");
    assert_true(queue && everything && change_at);
    assert_true(queue < everything && everything < change_at);
}

static void test_event(void **state)
{
    static const char head[] = "Content-Type: text/event-plain\n";

    (void)state;
    fs_node_settled(node);
    until_current();
    assert_int_equal(count_of("filter CC-Action member-queue-start\n"), 1);
    assert_int_equal(count_of("filter variable_dp_by_idle true\n"), 1);
    assert_int_equal(count_of("filter Event-Name MESSAGE_WAITING\n"), 1);
    assert_int_equal(count_of("event plain CHANNEL_HANGUP_COMPLETE "
                              "MESSAGE_WAITING CUSTOM callcenter::info\n"),
                     1);
    forget();
    say(client, head, "CC-Action: member-queue-start\nCC-Queue: 7%40acme.test\n\n");
    until_heard("api callcenter_config queue list\n");
    say(client, head, "CC-Queue: support%40default\n\n");
    say(client, head, "\n");
    until_current();
    assert_int_equal(count_of("api callcenter_config queue list\n"), 1);
}

static void test_too_many_changes(void **state)
{
    char user[24];

    (void)state;
    fs_node_settled(node);
    until_current();
    forget();
    for (int i = 0; i <= FS_CHANGES_MAX; i++) {
        snprintf(user, sizeof(user), "u%d", i);
        change(CHANGE_USERS, "acme.test", user);
    }
    fs_node_loaded(node, "acme.test");
    fs_node_settled(node);
    until_current();
    assert_int_equal(count_of("api xml_flush_cache\n"), 1);
    assert_int_equal(count_of("api xml_flush_cache id"), 0);
}

static void test_connection_is_lost(void **state)
{
    (void)state;
    fs_node_settled(node);
    until_current();
    forget();
    pthread_mutex_lock(&lock);
    shutdown(client, SHUT_RDWR);
    pthread_mutex_unlock(&lock);
    until_heard("auth secret\n");
    until_heard("api xml_flush_cache\n");
    until_current();
    assert_int_equal(look().failures, 1);
}

/* As a frozen FreeSWITCH: whoever stops does not wait for it, and nobody else does. */
static void test_silence(void **state)
{
    int64_t began;

    (void)state;
    fs_node_settled(node);
    until_current();
    silent = true;
    forget();
    change(CHANGE_USERS, "acme.test", "1001");
    fs_node_loaded(node, "acme.test");
    until_heard("api xml_flush_cache id 1001 acme.test\n");
    began = clock_mono_ms();
    for (int i = 0; i < 1000; i++) {
        change(CHANGE_USERS, "acme.test", "1002");
        fs_node_loaded(node, "acme.test");
        look();
    }
    /* stop() comes next. */
    assert_true(clock_mono_ms() - began < 2000);
}

static int stop_quickly(void **state)
{
    int64_t began = clock_mono_ms();

    stop(state);
    assert_true(clock_mono_ms() - began < 2000);
    return 0;
}

/* ---------------------------------------------------------------- the parts */

static void test_changes(void **state)
{
    struct change one = {.table = CHANGE_USERS, .domain = "a.test", .key = "1"}, out;
    struct fs_changes changes = {0};

    (void)state;
    assert_int_equal(fs_changes_add(&changes, &one, false), 0);
    /* The same again has to wait for the next snapshot. */
    assert_int_equal(fs_changes_add(&changes, &one, true), 0);
    assert_int_equal(changes.count, 1);
    assert_false(fs_changes_take(&changes, &out));
    assert_int_equal(fs_changes_add(&changes, &one, false), 0);
    assert_false(fs_changes_take(&changes, &out));
    one.key[0] = '2';
    assert_int_equal(fs_changes_add(&changes, &one, false), 0);
    assert_true(fs_changes_take(&changes, &out));
    assert_string_equal(out.key, "2");
    fs_changes_release(&changes, "b.test");
    assert_false(fs_changes_take(&changes, &out));
    fs_changes_release(&changes, "a.test");
    assert_true(fs_changes_take(&changes, &out));
    assert_string_equal(out.key, "1");
    assert_int_equal(changes.count, 0);
    for (int i = 0; i < FS_CHANGES_MAX; i++) {
        snprintf(one.key, sizeof(one.key), "%d", i);
        assert_int_equal(fs_changes_add(&changes, &one, true), 0);
    }
    one.table = CHANGE_QUEUES;
    assert_int_equal(fs_changes_add(&changes, &one, true), -ENOBUFS);
    fs_changes_clear(&changes);
    assert_int_equal(changes.count, 0);
}

/* As app_queue says it. */
static void test_positions(void **state)
{
    char words[POSITIONS_WORDS_SIZE];

    (void)state;
    assert_int_equal(fs_positions_words(1, words), 0);
    assert_string_equal(words, "queue-youarenext.wav");
    assert_int_equal(fs_positions_words(13, words), 0);
    assert_string_equal(words,
                        "file_string://queue-thereare.wav!digits/13.wav!queue-callswaiting.wav");
    assert_int_equal(fs_positions_words(30, words), 0);
    assert_non_null(strstr(words, "!digits/30.wav!queue"));
    assert_int_equal(fs_positions_words(99, words), 0);
    assert_non_null(strstr(words, "!digits/90.wav!digits/9.wav!"));
    assert_true(esl_is_word(words));
    assert_int_equal(fs_positions_words(100, words), -ERANGE);
    assert_int_equal(fs_positions_words(0, words), -ERANGE);
    /* Joined at 100, every 20 s. */
    assert_false(fs_positions_due(100, 20, 98, 119));
    assert_true(fs_positions_due(100, 20, 118, 120));
    assert_false(fs_positions_due(100, 20, 120, 122));
    assert_true(fs_positions_due(100, 20, 139, 141));
    assert_true(fs_positions_due(100, 20, 90, 120));
    assert_false(fs_positions_due(100, 20, 141, 90));
    /* Not as often as that. */
    assert_false(fs_positions_due(100, 5, 103, 105));
    assert_true(fs_positions_due(100, 5, 108, 110));
}

static void test_table(void **state)
{
    char text[] =
        "name|strategy|moh\n1@a.test|random|\nshort|row\n2@a.test|top-down|x.wav\n\n+OK\n";
    char nothing[] = "+OK\n", empty[] = "", name[] = "name";
    struct fs_table table;

    (void)state;
    assert_int_equal(fs_table_parse(&table, text), 0);
    assert_int_equal(table.rows, 2);
    assert_string_equal(fs_table_get(&table, 0, "name"), "1@a.test");
    assert_string_equal(fs_table_get(&table, 0, "moh"), "");
    assert_string_equal(fs_table_get(&table, 1, "moh"), "x.wav");
    assert_string_equal(fs_table_get(&table, 1, "none"), "");
    assert_string_equal(fs_table_get(&table, 2, "name"), "");
    assert_int_equal(fs_table_find(&table, "strategy", "top-down"), 1);
    assert_int_equal(fs_table_find(&table, "strategy", "none"), 2);
    fs_table_free(&table);
    assert_int_equal(fs_table_parse(&table, nothing), 0);
    assert_int_equal(table.rows, 0);
    fs_table_free(&table);
    assert_int_equal(fs_table_parse(&table, empty), 0);
    assert_int_equal(table.rows, 0);
    fs_table_free(&table);
    assert_int_equal(fs_table_parse(&table, name), 0);
    assert_int_equal(table.rows, 0);
    fs_table_free(&table);
}

UNIT_MAIN("fs_node", cmocka_unit_test(test_changes), cmocka_unit_test(test_table),
          cmocka_unit_test(test_positions),
          cmocka_unit_test_setup_teardown(test_everything_is_compared_once_it_can_be, start, stop),
          cmocka_unit_test_setup_teardown(test_change_is_held_until_the_tenant_is_loaded, start,
                                          stop),
          cmocka_unit_test_setup_teardown(test_queues, start, stop),
          cmocka_unit_test_setup_teardown(test_queue_that_is_asked_for_goes_first, start, stop),
          cmocka_unit_test_setup_teardown(test_event, start, stop),
          cmocka_unit_test_setup_teardown(test_too_many_changes, start, stop),
          cmocka_unit_test_setup_teardown(test_connection_is_lost, start, stop),
          cmocka_unit_test_setup_teardown(test_silence, start, stop_quickly))
