#include "cluster/certificate.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "tmpdir.h"
#include "unit.h"

/* What a file holds; the caller's to free. */
static char *text_of(void **state, const char *name)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    assert_int_equal(file_read(tmpdir_path(*state, name), &text, NULL), 0);
    return text.data;
}

static void test_made_once_and_private(void **state)
{
    char *first, *second;
    struct err err = {""};
    struct stat st;

    assert_int_equal(certificate_make(tmpdir_path(*state, "edge.pem"), "192.0.2.1", &err), 0);
    assert_int_equal(stat(tmpdir_path(*state, "edge.pem"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    first = text_of(state, "edge.pem");
    assert_non_null(strstr(first, "BEGIN PRIVATE KEY"));
    assert_non_null(strstr(first, "BEGIN CERTIFICATE"));
    assert_int_equal(certificate_make(tmpdir_path(*state, "edge.pem"), "192.0.2.2", &err), 0);
    second = text_of(state, "edge.pem");
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void test_key_has_to_be_that_of_the_certificate(void **state)
{
    char one[PATH_MAX], other[PATH_MAX];
    struct err err = {""};

    snprintf(one, sizeof(one), "%s", tmpdir_path(*state, "one.pem"));
    snprintf(other, sizeof(other), "%s", tmpdir_path(*state, "other.pem"));
    assert_int_equal(certificate_make(one, "192.0.2.1", &err), 0);
    assert_int_equal(certificate_make(other, "fd00::1", &err), 0);
    assert_int_equal(certificate_check(one, one, &err), 0);
    assert_int_equal(certificate_check(one, other, &err), -EINVAL);
    assert_non_null(strstr(err.text, "other.pem is not the private key of the certificate in"));
}

static void test_files_that_are_something_else(void **state)
{
    char good[PATH_MAX], empty[PATH_MAX];
    struct err err = {""};

    snprintf(good, sizeof(good), "%s", tmpdir_path(*state, "good.pem"));
    snprintf(empty, sizeof(empty), "%s", tmpdir_path(*state, "empty.pem"));
    assert_int_equal(certificate_make(good, "192.0.2.1", &err), 0);
    assert_int_equal(file_write(empty, "none\n", 5, 0600, &err), 0);
    assert_int_equal(certificate_check(empty, good, &err), -EINVAL);
    assert_non_null(strstr(err.text, "empty.pem holds no certificate"));
    assert_int_equal(certificate_check(good, empty, &err), -EINVAL);
    assert_non_null(strstr(err.text, "empty.pem holds no private key"));
    assert_int_equal(certificate_check("/nonexistent/a", good, &err), -ENOENT);
    assert_int_equal(certificate_make("/nonexistent/a", "192.0.2.1", &err), -ENOENT);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("certificate", WITH_FOLDER(test_made_once_and_private),
          WITH_FOLDER(test_key_has_to_be_that_of_the_certificate),
          WITH_FOLDER(test_files_that_are_something_else))
