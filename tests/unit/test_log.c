#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

/* Runs one log call with standard error in a file, and reads what it wrote. */
static void capture(void (*call)(const char *, ...), const char *value, char *out, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t len;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    call("value=%s", value);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    len = fread(out, 1, size - 1, file);
    out[len] = '\0';
    fclose(file);
}

static void test_line_has_time_program_level(void **state)
{
    char line[5000];
    unsigned int year;

    (void)state;
    log_init("tester");
    capture(log_warning, "x", line, sizeof(line));
    assert_int_equal(sscanf(line, "%4u-", &year), 1);
    assert_true(year >= 2024);
    assert_int_equal(line[23], 'Z');
    assert_string_equal(line + 24, " tester warning: value=x\n");
}

static void test_hostile_value_stays_on_its_line(void **state)
{
    char line[5000];

    (void)state;
    capture(log_error, "a\n2025-01-01 forged\r\033[31m\tb\\n\x7f\xc2\x9b", line, sizeof(line));
    assert_non_null(strstr(line, "a\\n2025-01-01 forged\\r\\x1b[31m\\tb\\\\n\\x7f\\x9b\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_text_beyond_ascii_is_kept(void **state)
{
    char line[5000];

    (void)state;
    capture(log_info, "Zoë Å 電話", line, sizeof(line));
    assert_non_null(strstr(line, "value=Zoë Å 電話\n"));
}

static void test_long_text_is_one_line_of_a_pipe_write(void **state)
{
    char text[9000], line[9000];

    (void)state;
    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    capture(log_error, text, line, sizeof(line));
    assert_true(strlen(line) <= 4096);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void test_escape_does_not_cut_an_escape(void **state)
{
    char out[4];

    (void)state;
    assert_int_equal(log_escape(out, sizeof(out), "ab\n"), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(log_escape(out, sizeof(out), "a\n"), 3);
    assert_string_equal(out, "a\\n");
}

static void test_escape_of_what_turns_a_line_round(void **state)
{
    char out[64];

    (void)state;
    log_escape(out, sizeof(out),
               "a\xe2\x80\xae"
               "b\xe2\x81\xa6"
               "c\xe2\x80\x8f\xe2\x82\xac\xe2\x80\x93");
    assert_string_equal(out, "a\\u202eb\\u2066c\\u200f\xe2\x82\xac\xe2\x80\x93");
    log_escape(out, sizeof(out), "\xe2\x80");
    assert_string_equal(out, "\xe2\x80");
}

UNIT_MAIN("log", cmocka_unit_test(test_line_has_time_program_level),
          cmocka_unit_test(test_hostile_value_stays_on_its_line),
          cmocka_unit_test(test_text_beyond_ascii_is_kept),
          cmocka_unit_test(test_long_text_is_one_line_of_a_pipe_write),
          cmocka_unit_test(test_escape_does_not_cut_an_escape),
          cmocka_unit_test(test_escape_of_what_turns_a_line_round))
