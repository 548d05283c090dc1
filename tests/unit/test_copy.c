/* Copies of tenants: what comes back is what went in, or nothing. */
#include "tenant/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "copies.h"
#include "tenant/copy_file.h"
#include "tmpdir.h"

#define DOMAIN "acme.test"

static int read_back(const struct buf *copy, const char *domain)
{
    struct snapshot *snapshot = NULL;
    struct err err;
    int res = snapshot_of_copy(copy->data, copy->len, domain, &snapshot, &err);

    snapshot_unref(snapshot);
    return res;
}

static void test_values(void **state)
{
    const char *const rows[][ROWS_COLUMNS_MAX] = {
        {"a", NULL, ""}, {"\xc3\xa9\n", "b", NULL}, {NULL}};
    PGresult *result = result_make(3, rows);
    struct copy reader;
    struct rows read;
    struct buf copy;

    (void)state;
    buf_init(&copy, 4096);
    copy_begin(&copy, "schema", DOMAIN, "UTC");
    copy_add(&copy, result);
    PQclear(result);
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(copy_open(&reader, copy.data, copy.len, "schema", DOMAIN), 0);
    assert_string_equal(reader.timezone, "UTC");
    assert_int_equal(rows_of_copy(&read, &reader, 3, 1), 0);
    assert_int_equal(read.count, 2);
    for (int row = 0; row < 2; row++) {
        assert_int_equal(rows_next(&read), 1);
        for (size_t i = 0; i < 3; i++) {
            if (rows[row][i])
                assert_string_equal(rows_text(&read, i), rows[row][i]);
            else
                assert_null(rows_text(&read, i));
        }
    }
    assert_int_equal(rows_next(&read), 0);
    assert_ptr_equal(reader.at, reader.end);
    buf_free(&copy);
}

static void test_tenant(void **state)
{
    struct buf copy = copy_right(DOMAIN, "mark");
    struct snapshot *snapshot = NULL;
    struct err err;

    (void)state;
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(snapshot_of_copy(copy.data, copy.len, DOMAIN, &snapshot, &err), 0);
    buf_free(&copy);
    assert_string_equal(snapshot_domain(snapshot), DOMAIN);
    assert_string_equal(snapshot_timezone(snapshot), "Europe/Berlin");
    assert_string_equal(snapshot_user(snapshot, "1002")->display_name, "mark");
    assert_int_equal(snapshot_extension(snapshot, "5000")->menu, 7);
    assert_null(snapshot_extension(snapshot, "5000")->username);
    assert_int_equal(snapshot_menu(snapshot, 7)->entry_count, 2);
    assert_string_equal(snapshot_menu(snapshot, 9)->entries[0].number, "mark");
    assert_string_equal(snapshot_mailbox(snapshot, "1001")->email, "mark");
    assert_int_equal(snapshot_queue(snapshot, 4)->member_count, 1);
    assert_string_equal(snapshot_conference(snapshot, 3)->name, "mark");
    snapshot_unref(snapshot);
}

static void test_every_byte_matters(void **state)
{
    static const char masks[] = {1, (char)0x80, (char)0xff};
    struct buf copy = copy_right(DOMAIN, "mark");

    (void)state;
    assert_int_equal(copy_seal(&copy), 0);
    for (size_t i = 0; i < copy.len; i++) {
        for (size_t mask = 0; mask < sizeof(masks); mask++) {
            copy.data[i] ^= masks[mask];
            assert_int_equal(read_back(&copy, DOMAIN), -EBADMSG);
            copy.data[i] ^= masks[mask];
        }
    }
    assert_int_equal(read_back(&copy, DOMAIN), 0);
    buf_free(&copy);
}

/* In memory of just that size, so that reading beyond it is found. */
static void test_every_length_but_one_is_refused(void **state)
{
    struct buf copy = copy_right(DOMAIN, "mark"), cut = {0};

    (void)state;
    assert_int_equal(copy_seal(&copy), 0);
    for (cut.len = 0; cut.len < copy.len; cut.len++) {
        cut.data = malloc(cut.len + !cut.len);
        memcpy(cut.data, copy.data, cut.len);
        assert_int_equal(read_back(&cut, DOMAIN), -EBADMSG);
        free(cut.data);
    }
    buf_add_char(&copy, '\0');
    assert_int_equal(read_back(&copy, DOMAIN), -EBADMSG);
    buf_free(&copy);
}

static void test_whose_it_is(void **state)
{
    struct buf copy = copy_right(DOMAIN, "mark");
    struct buf other = copy_make("another program's", DOMAIN, "mark");

    (void)state;
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(copy_seal(&other), 0);
    assert_int_equal(read_back(&copy, DOMAIN), 0);
    assert_int_equal(read_back(&copy, "beta.test"), -EBADMSG);
    assert_int_equal(read_back(&copy, "acme.tes"), -EBADMSG);
    assert_int_equal(read_back(&other, DOMAIN), -ESTALE);
    buf_free(&copy);
    buf_free(&other);
}

/* With the right digest, as only this program would make it: the parser does not lean on that. */
static void test_every_byte_without_the_digest(void **state)
{
    struct buf copy = copy_right(DOMAIN, "mark");
    unsigned int refused = 0;
    int res;

    (void)state;
    for (size_t i = COPY_HEAD; i < copy.len; i++) {
        for (int mask = 1; mask < 256; mask = mask * 2 + 1) {
            copy.data[i] ^= (char)mask;
            assert_int_equal(copy_seal(&copy), 0);
            res = read_back(&copy, DOMAIN);
            assert_true(res == 0 || res == -EBADMSG || res == -ESTALE);
            refused += res != 0;
            copy.data[i] ^= (char)mask;
        }
    }
    assert_true(refused > 1000);
    buf_free(&copy);
}

/* What only a wrong writer would make, with the right digest. */
static void test_wrong_structure(void **state)
{
    struct buf copy = copy_right(DOMAIN, "mark");
    char *behind = memmem(copy.data + COPY_HEAD, copy.len - COPY_HEAD, "h1001", sizeof("h1001"));

    (void)state;
    assert_non_null(behind);
    behind[strlen("h1001")] = 'x'; /* in place of the NUL */
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(read_back(&copy, DOMAIN), -EBADMSG);
    behind[strlen("h1001")] = '\0';
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(read_back(&copy, DOMAIN), 0);
    buf_add_char(&copy, '\0');
    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(read_back(&copy, DOMAIN), -EBADMSG);
    buf_free(&copy);
}

static int add_table(struct buf *copy, const char *const (*rows)[ROWS_COLUMNS_MAX], size_t columns)
{
    PGresult *result = result_make(columns, rows);
    struct copy reader;
    struct rows read;
    int res;

    buf_init(copy, 4096);
    copy_begin(copy, "schema", DOMAIN, "UTC");
    copy_add(copy, result);
    PQclear(result);
    assert_int_equal(copy_seal(copy), 0);
    assert_int_equal(copy_open(&reader, copy->data, copy->len, "schema", DOMAIN), 0);
    res = rows_of_copy(&read, &reader, 2, 2);
    while (!res && (res = rows_next(&read)) > 0)
        res = 0;
    buf_free(copy);
    return res;
}

static void test_rows_that_were_not_asked_for(void **state)
{
    const char *const right[][ROWS_COLUMNS_MAX] = {{"a", "b"}, {NULL}};
    const char *const null[][ROWS_COLUMNS_MAX] = {{"a", NULL}, {NULL}};
    struct buf copy;

    (void)state;
    assert_int_equal(add_table(&copy, right, 2), 0);
    assert_int_equal(add_table(&copy, null, 2), -EBADMSG);
    assert_int_equal(add_table(&copy, right, 1), -EBADMSG);
    assert_int_equal(add_table(&copy, right, 3), -EBADMSG);
}

static int open_folder(const char *dir)
{
    struct err err;
    int folder = copy_folder_open(tmpdir_path(dir, "tenants"), &err);

    assert_true(folder >= 0);
    return folder;
}

static bool write_copy(int folder, const char *domain, const char *mark)
{
    struct buf copy = copy_right(domain, mark);
    bool changed;

    assert_int_equal(copy_seal(&copy), 0);
    assert_int_equal(copy_file_write(folder, domain, &copy, &changed), 0);
    buf_free(&copy);
    return changed;
}

static int check_copy(int folder, const char *domain)
{
    struct buf copy;
    int res;

    buf_init(&copy, 1 << 20);
    res = copy_file_read(folder, domain, &copy);
    if (!res)
        res = read_back(&copy, domain);
    buf_free(&copy);
    return res;
}

static int count_domain(const char *domain, void *arg)
{
    unsigned int *count = arg;

    assert_true(str_starts_with(domain, "acme") || str_starts_with(domain, "beta"));
    ++*count;
    return 0;
}

static unsigned int count_copies(int folder)
{
    unsigned int count = 0;

    assert_int_equal(copy_folder_list(folder, count_domain, &count), 0);
    return count;
}

static void test_files(void **state)
{
    int folder = open_folder(*state);

    assert_int_equal(check_copy(folder, DOMAIN), -ENOENT);
    assert_true(write_copy(folder, DOMAIN, "one"));
    assert_false(write_copy(folder, DOMAIN, "one"));
    assert_true(write_copy(folder, DOMAIN, "two"));
    assert_true(write_copy(folder, "beta.test", "one"));
    assert_int_equal(check_copy(folder, DOMAIN), 0);
    assert_int_equal(count_copies(folder), 2);
    /* What a crash leaves behind is no copy, and in nobody's way. */
    close(openat(folder, ".unfinished", O_WRONLY | O_CREAT, 0600));
    assert_int_equal(count_copies(folder), 2);
    assert_true(write_copy(folder, DOMAIN, "three"));
    assert_int_equal(renameat(folder, "beta.test", folder, DOMAIN), 0);
    assert_int_equal(check_copy(folder, DOMAIN), -EBADMSG);
    assert_int_equal(copy_file_remove(folder, DOMAIN), 0);
    assert_int_equal(copy_file_remove(folder, DOMAIN), 0);
    assert_int_equal(count_copies(folder), 0);
    close(folder);
}

/* They hold credentials. */
static void test_modes(void **state)
{
    int folder = open_folder(*state);
    struct stat st;

    write_copy(folder, DOMAIN, "one");
    assert_int_equal(fstat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstatat(folder, DOMAIN, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(unlinkat(folder, DOMAIN, 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", folder, DOMAIN), 0);
    assert_int_equal(check_copy(folder, DOMAIN), -ELOOP);
    close(folder);
}

/* A file that was cut, or whose head is not this one, is not taken for equal. */
static void test_what_is_written_again(void **state)
{
    int fd, folder = open_folder(*state);

    assert_true(write_copy(folder, DOMAIN, "one"));
    fd = openat(folder, DOMAIN, O_WRONLY);
    assert_int_equal(ftruncate(fd, COPY_HEAD + 5), 0);
    close(fd);
    assert_true(write_copy(folder, DOMAIN, "one"));
    fd = openat(folder, DOMAIN, O_WRONLY);
    assert_int_equal(pwrite(fd, "x", 1, 30), 1);
    close(fd);
    assert_true(write_copy(folder, DOMAIN, "one"));
    assert_int_equal(check_copy(folder, DOMAIN), 0);
    close(folder);
}

UNIT_MAIN("copy", cmocka_unit_test(test_values), cmocka_unit_test(test_tenant),
          cmocka_unit_test(test_every_byte_matters),
          cmocka_unit_test(test_every_length_but_one_is_refused),
          cmocka_unit_test(test_whose_it_is), cmocka_unit_test(test_every_byte_without_the_digest),
          cmocka_unit_test(test_wrong_structure),
          cmocka_unit_test(test_rows_that_were_not_asked_for),
          cmocka_unit_test_setup_teardown(test_files, tmpdir_setup, tmpdir_teardown),
          cmocka_unit_test_setup_teardown(test_modes, tmpdir_setup, tmpdir_teardown),
          cmocka_unit_test_setup_teardown(test_what_is_written_again, tmpdir_setup,
                                          tmpdir_teardown))
