#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "unit.h"

static void test_pieces_are_apart(void **state)
{
    struct arena arena;
    char *text[500];
    long double *number;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < 500; i++) {
        text[i] = arena_strdup(&arena, i % 2 ? "odd" : "");
        number = arena_alloc(&arena, sizeof(*number));
        assert_non_null(number);
        assert_int_equal((uintptr_t)number % _Alignof(long double), 0);
        assert_true(*number == 0);
        *number = 1;
    }
    for (size_t i = 0; i < 500; i++)
        assert_string_equal(text[i], i % 2 ? "odd" : "");
    arena_free(&arena);
    assert_int_equal(arena.used, 0);
}

static void test_large_piece(void **state)
{
    const size_t size = 1024 * 1024;
    struct arena arena;
    char *data;

    (void)state;
    arena_init(&arena);
    data = arena_alloc(&arena, size);
    assert_non_null(data);
    memset(data, 'x', size);
    assert_true(arena.used >= size);
    assert_int_equal(arena_error(&arena), 0);
    arena_free(&arena);
}

static void test_failure_sticks(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    assert_int_equal(arena_error(&arena), -ENOMEM);
    assert_null(arena_strdup(&arena, "x"));
    arena_free(&arena);
    assert_int_equal(arena_error(&arena), 0);
}

UNIT_MAIN("arena", cmocka_unit_test(test_pieces_are_apart), cmocka_unit_test(test_large_piece),
          cmocka_unit_test(test_failure_sticks))
