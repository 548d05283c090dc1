/* Names of messages and what their callers are called; the audio of one in the spool of Asterisk.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "media/voicemail_private.h"
#include "tmpdir.h"
#include "unit.h"

static void test_ids(void **state)
{
    static const char *const good[] = {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                                       "1795295104-00000000", "1"};
    static const char *const bad[] = {"",
                                      "..",
                                      "-1",
                                      "../1",
                                      "1/2",
                                      "1 2",
                                      "1\n",
                                      "1*",
                                      "A123",
                                      ".",
                                      "1.wav",
                                      "1%2f",
                                      "f81d4fae-7dec-11d0-a765-00a0c91e6bf6-000"};

    (void)state;
    for (size_t i = 0; i < DP_COUNT(good); i++)
        assert_true(media_message_is_id(good[i]));
    for (size_t i = 0; i < DP_COUNT(bad); i++)
        assert_false(media_message_is_id(bad[i]));
}

static void check_repair(const char *text, const char *wanted)
{
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", text);
    media_repair_utf8(copy);
    assert_string_equal(copy, wanted);
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    check_repair("Söhne & 漢字 \U0001f600", "Söhne & 漢字 \U0001f600");
    check_repair("S\xf6hne", "S?hne");
    /* Cut off; too long for what it says; a half of a pair; beyond the last one. */
    check_repair("x\xe6\xbc", "x??");
    check_repair("\xc0\xaf", "??");
    check_repair("\xe0\x80\xaf", "???");
    check_repair("\xed\xa0\x80", "???");
    check_repair("\xf4\x90\x80\x80", "????");
}

/* ---------------------------------------------------------------- the spool */

#define SPOOL "media/asterisk/spool/voicemail/a.test/7800"

static const struct media_box box = {"a.test", "7800"};

static void put(const char *dir, const char *name, const char *text)
{
    char folder[256];
    struct err err;

    snprintf(folder, sizeof(folder), "%s", tmpdir_path(dir, SPOOL));
    snprintf(folder + strlen(folder), sizeof(folder) - strlen(folder), "/%s", name);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(file_make_dirs(folder, 0750, &err), 0);
    folder[strlen(folder)] = '/';
    assert_int_equal(file_write(folder, text, strlen(text), 0600, &err), 0);
}

/* What is heard of the message; "" for nothing. */
static const char *hear(const char *dir, const struct media_box *of, const char *id)
{
    static const struct media_place place = {.server = &media_asterisk, .name = "one"};
    static char audio[64];
    struct err err;
    ssize_t got;
    int fd = -1;

    if (media_message_open(&place, dir, of, id, &fd, &err))
        return "";
    got = read(fd, audio, sizeof(audio) - 1);
    close(fd);
    assert_true(got >= 0);
    audio[got] = '\0';
    return audio;
}

static void test_audio(void **state)
{
    static const struct media_box other = {"a.test", "7801"};

    put(*state, "INBOX/msg0000.txt", "[message]\ncallerid=msg_id=2-b\nmsg_id=1-a\nflag=\n");
    put(*state, "INBOX/msg0000.wav", "one");
    put(*state, "INBOX/msg0001.txt", "[message]\nmsg_id=2-b\n");
    put(*state, "INBOX/msg0001.wav", "two");
    put(*state, "Old/msg0000.txt", "[message]\nmsg_id=3-c\n");
    put(*state, "Old/msg0000.wav", "three");
    put(*state, "Deleted/msg0000.txt", "[message]\nmsg_id=4-d\n");
    put(*state, "Deleted/msg0000.wav", "four");
    put(*state, "INBOX/msg2.txt", "[message]\nmsg_id=5-e\n");
    put(*state, "INBOX/msg2.wav", "five");
    assert_string_equal(hear(*state, &box, "1-a"), "one");
    assert_string_equal(hear(*state, &box, "2-b"), "two");
    assert_string_equal(hear(*state, &box, "3-c"), "three");
    for (const char *const *id = (const char *const[]){"4-d", "5-e", "2", "1-a\nflag=", NULL}; *id;
         id++)
        assert_string_equal(hear(*state, &box, *id), "");
    assert_string_equal(hear(*state, &other, "1-a"), "");
}

/* The second half of giving a message another number. */
static void *go_on(void *dir)
{
    char from[256], to[256];

    usleep(20 * 1000);
    snprintf(from, sizeof(from), "%s/" SPOOL "/INBOX/msg0001.txt", (const char *)dir);
    snprintf(to, sizeof(to), "%s/" SPOOL "/INBOX/msg0000.txt", (const char *)dir);
    return rename(from, to) ? dir : NULL;
}

/* 1-a is gone, and 2-b is given its number: the audio has it already, the description not yet. Who
 * asks for 1-a does not hear 2-b. */
static void test_numbers_that_change(void **state)
{
    pthread_t thread;
    void *failed;

    put(*state, "INBOX/msg0000.txt", "[message]\nmsg_id=1-a\n");
    put(*state, "INBOX/msg0000.wav", "two");
    put(*state, "INBOX/msg0001.txt", "[message]\nmsg_id=2-b\n");
    assert_int_equal(pthread_create(&thread, NULL, go_on, *state), 0);
    assert_string_equal(hear(*state, &box, "1-a"), "");
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_string_equal(hear(*state, &box, "2-b"), "two");
}

static void test_links_lead_nowhere(void **state)
{
    char link[256];

    put(*state, "secret", "secret");
    put(*state, "INBOX/msg0000.txt", "[message]\nmsg_id=1-a\n");
    snprintf(link, sizeof(link), "%s/INBOX/msg0000.wav", tmpdir_path(*state, SPOOL));
    assert_int_equal(symlink("../secret", link), 0);
    assert_string_equal(hear(*state, &box, "1-a"), "");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(mkfifo(link, 0600), 0);
    assert_string_equal(hear(*state, &box, "1-a"), "");
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("voicemail", cmocka_unit_test(test_ids), cmocka_unit_test(test_bytes_that_are_no_text),
          WITH_FOLDER(test_audio), WITH_FOLDER(test_numbers_that_change),
          WITH_FOLDER(test_links_lead_nowhere))
