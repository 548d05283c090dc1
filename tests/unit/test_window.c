#include "unit.h"

#include "cdr/window.h"

static struct spool_extent at(uint64_t offset, size_t len)
{
    return (struct spool_extent){{1, offset}, len};
}

static void set(struct window *window, uint64_t offset, enum window_state state)
{
    window_set(window, at(offset, 0).place, state);
}

static void expect_waiting(const struct window *window, size_t records, size_t bytes, size_t count,
                           uint64_t first)
{
    struct spool_extent found[8];

    assert_int_equal(window_waiting(window, found, records, bytes), count);
    if (count)
        assert_int_equal(found[0].place.offset, first);
}

/* Only what is done with from the beginning on leaves it, whatever is confirmed before. */
static void test_order(void **state)
{
    struct window window;

    (void)state;
    assert_int_equal(window_init(&window, 4, 1000), 0);
    assert_null(window_oldest(&window));
    for (uint64_t i = 0; i < 3; i++)
        window_push(&window, at(i * 10, 5));
    set(&window, 20, WINDOW_DONE);
    set(&window, 10, WINDOW_DONE);
    set(&window, 15, WINDOW_DONE);
    set(&window, 30, WINDOW_DONE);
    assert_int_equal(window_pop(&window), 0);
    assert_int_equal(window_oldest(&window)->at.place.offset, 0);
    set(&window, 0, WINDOW_DONE);
    assert_int_equal(window_pop(&window), 3);
    assert_null(window_oldest(&window));
    assert_int_equal(window.bytes, 0);
    assert_int_equal(window.waiting, 0);
    assert_int_equal(window.waiting_bytes, 0);
    window_free(&window);
}

/* The ring goes round many times; the limit holds, by number and by bytes. */
static void test_limits(void **state)
{
    struct window window;
    uint64_t pushed = 0, done = 0;

    (void)state;
    assert_int_equal(window_init(&window, 5, 1000), 0);
    for (int round = 0; round < 20; round++) {
        while (window_room(&window))
            window_push(&window, at(pushed++, 10));
        assert_int_equal(window.count, 5);
        for (int i = 0; i < 3; i++)
            set(&window, done++, WINDOW_DONE);
        assert_int_equal(window_pop(&window), 3);
        assert_int_equal(window_oldest(&window)->at.place.offset, done);
    }
    assert_int_equal(window_room(&window), 3);
    window_push(&window, at(pushed, 990));
    assert_int_equal(window_room(&window), 0);
    window_free(&window);
}

/* What was sent and is not found again waits again; what was confirmed does not. */
static void test_doubt(void **state)
{
    struct window window;

    (void)state;
    assert_int_equal(window_init(&window, 8, 1000), 0);
    for (uint64_t i = 0; i < 5; i++)
        window_push(&window, at(i, 10));
    expect_waiting(&window, 8, 1000, 5, 0);
    expect_waiting(&window, 2, 1000, 2, 0);
    expect_waiting(&window, 8, 25, 2, 0);
    expect_waiting(&window, 8, 1, 1, 0);
    for (uint64_t i = 0; i < 4; i++)
        set(&window, i, WINDOW_SENT);
    expect_waiting(&window, 8, 1000, 1, 4);
    assert_int_equal(window.waiting_bytes, 10);
    set(&window, 3, WINDOW_DONE);
    window_doubt(&window);
    /* Found in the stream: one that was sent, and one of which that was not known. */
    set(&window, 1, WINDOW_SENT);
    set(&window, 4, WINDOW_SENT);
    set(&window, 3, WINDOW_SENT);
    set(&window, 2, WINDOW_DONE);
    assert_int_equal(window_settle(&window), 1);
    expect_waiting(&window, 8, 1000, 1, 0);
    set(&window, 0, WINDOW_DONE);
    assert_int_equal(window_pop(&window), 1);
    set(&window, 1, WINDOW_DONE);
    assert_int_equal(window_pop(&window), 3);
    assert_int_equal(window.count, 1);
    window_free(&window);
}

UNIT_MAIN("window", cmocka_unit_test(test_order), cmocka_unit_test(test_limits),
          cmocka_unit_test(test_doubt))
