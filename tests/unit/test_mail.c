#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "mail/courier.h"
#include "mail/message.h"
#include "mail/queue.h"
#include "tmpdir.h"
#include "unit.h"

enum { WAIT_MS = 20000 };

static void write_text(const char *path, const char *text, mode_t mode)
{
    struct err err = {""};

    if (file_write(path, text, strlen(text), mode, &err))
        fail_msg("%s", err.text);
}

/* How many mails are in the folder; the name of one of them. */
static size_t count(const char *folder, char name[MAIL_NAME_SIZE])
{
    struct dirent *entry;
    DIR *dir = opendir(folder);
    size_t found = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (!mail_is_name(entry->d_name, NULL))
            continue;
        found++;
        if (name)
            snprintf(name, MAIL_NAME_SIZE, "%s", entry->d_name);
    }
    closedir(dir);
    return found;
}

static const char *folder_of(const char *dir)
{
    static char folder[512], failed[600];
    struct err err = {""};

    snprintf(folder, sizeof(folder), "%s/mail", dir);
    snprintf(failed, sizeof(failed), "%s/" MAIL_FAILED, folder);
    if (file_make_dirs(failed, 0750, &err))
        fail_msg("%s", err.text);
    return folder;
}

static void put(const char *folder, const char *text)
{
    struct err err = {""};

    if (mail_put(folder, &mail_limits, "a+b@x.test", text, strlen(text), &err))
        fail_msg("%s", err.text);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"",     "a",     "@x",    "a@",  "a@b@c",
                                      "-f@x", "a b@x", "a@x;b", "a@$x"};

    (void)state;
    assert_true(mail_is_address("a+b.c_d=e-f@x-y.test"));
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_false(mail_is_address(bad[i]));
}

static void test_names(void **state)
{
    int64_t born = 0;

    (void)state;
    assert_true(mail_is_name("1795224953123-0123456789abcdef", &born));
    assert_int_equal(born, 1795224953123);
    assert_false(mail_is_name("1795224953123-0123456789abcdef.0123456789abcdef.tmp", NULL));
    assert_false(mail_is_name("179522495312-0123456789abcdef", NULL));
    assert_false(mail_is_name("1795224953123-0123456789abcdeg", NULL));
    assert_false(mail_is_name("failed", NULL));
}

static void test_limits(void **state)
{
    const char *folder = folder_of(*state);
    struct mail_limits limits = {.count = 2, .bytes = 1000};
    char big[900] = "", failed[600], name[MAIL_NAME_SIZE];
    struct mail_state there;
    struct err err;

    memset(big, 'x', sizeof(big) - 1);
    assert_int_equal(mail_put(folder, &limits, "a@x", big, 899, &err), 0);
    assert_int_equal(mail_put(folder, &limits, "a@x", big, 200, &err), -ENOSPC);
    assert_int_equal(mail_put(folder, &limits, "-t", "x", 1, &err), -EINVAL);
    assert_int_equal(count(folder, name), 1);
    /* What was given up takes room as well. */
    snprintf(failed, sizeof(failed), "%s/" MAIL_FAILED "/%s", folder, name);
    assert_int_equal(rename(tmpdir_path(folder, name), failed), 0);
    assert_int_equal(mail_put(folder, &limits, "a@x", "x", 1, &err), 0);
    assert_int_equal(mail_put(folder, &limits, "a@x", "x", 1, &err), -ENOSPC);
    assert_int_equal(mail_look(folder, &there), 0);
    assert_int_equal(there.waiting, 1);
    assert_int_equal(there.failed, 1);
    assert_int_equal(there.bytes, 4 + 899 + 4 + 1);
    assert_true(there.oldest_ms <= clock_wall_us() / 1000);
    assert_true(there.oldest_ms > clock_wall_us() / 1000 - WAIT_MS);
}

/* A mail program that notes its arguments and what it is given, and ends as the file "status" says.
 */
static struct courier *start(const char *dir, const char *folder, int64_t give_up_ms)
{
    char program[600], text[2048];
    const struct courier_options options = {.folder = folder,
                                            .program = program,
                                            .config = "/the/config",
                                            .first_retry_ms = 50,
                                            .give_up_ms = give_up_ms};
    struct courier *courier = NULL;
    struct err err = {""};

    snprintf(program, sizeof(program), "%s/program", dir);
    snprintf(text, sizeof(text),
             "#!/bin/sh\n[ \"$(cat %s/status)\" = 0 ] || exit 75\n"
             "{ echo \"$@\"; cat; } > %s/taken.new && mv %s/taken.new %s/taken\n",
             dir, dir, dir, dir);
    write_text(program, text, 0700);
    if (courier_start(&courier, &options, &err))
        fail_msg("%s", err.text);
    return courier;
}

static void wait_for_count(const char *folder, size_t wanted)
{
    int64_t late = clock_mono_ms() + WAIT_MS;

    while (count(folder, NULL) != wanted) {
        assert_true(clock_mono_ms() < late);
        poll(NULL, 0, 5);
    }
}

static void test_sent_when_the_server_is_back(void **state)
{
    const char *folder = folder_of(*state);
    struct courier *courier;
    struct err err = {""};
    struct buf taken;
    struct stat st;
    char name[MAIL_NAME_SIZE];

    write_text(tmpdir_path(*state, "status"), "75", 0600);
    put(folder, "Subject: x\n\nText\n");
    assert_int_equal(count(folder, name), 1);
    courier = start(*state, folder, 0);
    /* Tried, and to be tried again: a time to come. */
    do {
        assert_int_equal(stat(tmpdir_path(folder, name), &st), 0);
        poll(NULL, 0, 5);
    } while (st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 <= clock_wall_us() / 1000);
    write_text(tmpdir_path(*state, "status"), "0", 0600);
    wait_for_count(folder, 0);
    buf_init(&taken, 1000);
    assert_int_equal(file_read(tmpdir_path(*state, "taken"), &taken, &err), 0);
    assert_string_equal(taken.data, "-C /the/config -- a+b@x.test\nSubject: x\n\nText\n");
    buf_free(&taken);
    /* One that comes while it waits is not seen late. */
    put(folder, "Subject: y\n\n");
    wait_for_count(folder, 0);
    courier_stop(courier);
}

static void test_given_up(void **state)
{
    const char *folder = folder_of(*state);
    struct courier *courier;
    char failed[600];

    write_text(tmpdir_path(*state, "status"), "75", 0600);
    put(folder, "Subject: x\n\n");
    /* No recipient: nothing of ours has written that. */
    write_text(tmpdir_path(folder, "1795224953123-0123456789abcdef"), "Subject: x\n", 0600);
    courier = start(*state, folder, 200);
    snprintf(failed, sizeof(failed), "%s/" MAIL_FAILED, folder);
    wait_for_count(folder, 0);
    wait_for_count(failed, 2);
    courier_stop(courier);
}

static const struct mail_message *message_of(const char *dir, const char *callerid, bool audio)
{
    static char file[600];
    static struct mail_message message = {.file = file,
                                          .mailbox = "1001",
                                          .from = "v@x.test",
                                          .to = "a@x.test",
                                          .timezone = "Europe/Berlin"};
    char text[1024];

    message.audio = audio;
    snprintf(file, sizeof(file), "%s/msg0003", dir);
    snprintf(text, sizeof(text),
             ";\n[message]\norigmailbox=1001\ncallerid=%s\norigtime=1767225600\nduration=3725\n",
             callerid);
    write_text(tmpdir_path(dir, "msg0003.txt"), text, 0600);
    write_text(tmpdir_path(dir, "msg0003.wav"), "RIFF", 0600);
    return &message;
}

static void check_text(const char *dir, const char *callerid, const char *wanted)
{
    struct err err = {""};
    struct buf out;

    buf_init(&out, 10000);
    assert_int_equal(mail_message(message_of(dir, callerid, false), &out, &err), 0);
    if (!strstr(out.data, wanted))
        fail_msg("no '%s' in %s", wanted, out.data);
    assert_null(strstr(out.data, "base64"));
    buf_free(&out);
}

static void test_message(void **state)
{
    const struct mail_message *message = message_of(*state, "\"Ann \\\"A\\\"\" <+4930>", true);
    struct err err = {""};
    struct buf out;

    buf_init(&out, 10000);
    assert_int_equal(mail_message(message, &out, &err), 0);
    assert_non_null(strstr(out.data, "From: v@x.test\nTo: a@x.test\n"
                                     "Subject: New message in mailbox 1001\n\n--"));
    assert_non_null(strstr(out.data, "A new message is in mailbox 1001.\n\nLength: 01:02:05\n"
                                     "Time: 2026-01-01 01:00\nFrom: Ann \"A\" (+4930)\n"));
    assert_non_null(strstr(out.data, "filename=\"msg0003.wav\"\n\nUklGRg==\n\n--"));
    buf_free(&out);
    check_text(*state, "+4930", "\nFrom: +4930 (+4930)\n");
    check_text(*state, "", "\nFrom: unknown\n");
    check_text(*state, "\"\" <1>", "\nFrom: 1 (1)\n");
    check_text(*state, "\"x\x01\x7f\" <1>", "\nFrom: x?? (1)\n");
    /* As Asterisk writes a name that has ; \ and " in it. */
    check_text(*state, "\"a\\\\;b\\\\c\\\"\" <1>", "\nFrom: a;b\\c\" (1)\n");
    check_text(*state, "<", "\nFrom: < (<)\n");
    check_text(*state, "\"a\" <1> <2>", "\nFrom: \"a\" <1> (2)\n");
}

static void test_message_is_deleted(void **state)
{
    const struct mail_message *message = message_of(*state, "x", true);
    struct err err;
    struct buf out;

    assert_int_equal(mail_message_delete(message, &err), 0);
    assert_int_equal(access(tmpdir_path(*state, "msg0003.wav"), F_OK), -1);
    assert_int_equal(access(tmpdir_path(*state, "msg0003.txt"), F_OK), -1);
    assert_int_equal(access(tmpdir_path(*state, ".lock"), F_OK), -1);
    buf_init(&out, 10000);
    assert_int_equal(mail_message(message, &out, &err), -ENOENT);
    buf_free(&out);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("mail", cmocka_unit_test(test_addresses), cmocka_unit_test(test_names),
          WITH_FOLDER(test_limits), WITH_FOLDER(test_sent_when_the_server_is_back),
          WITH_FOLDER(test_given_up), WITH_FOLDER(test_message),
          WITH_FOLDER(test_message_is_deleted))
