#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/random.h"
#include "unit/base/aborts.h"

static bool is_zero(const char *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    cleanup_arena struct arena arena;
    static char *pieces[COUNT];
    static size_t sizes[COUNT];
    struct random random;
    random_init(&random, 1);
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t limit = random_below(&random, 50) == 0 ? 200000 : 200;
            sizes[i] = random_below(&random, limit);
            pieces[i] = arena_alloc(&arena, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 8, 0);
            assert_true(is_zero(pieces[i], sizes[i]));
            memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                if (pieces[i][j] != (char)(i % 255 + 1))
                    fail_msg("piece %zu was overwritten", i);
        arena_reset(&arena);
    }
}

static void test_an_empty_request_gives_a_pointer(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    assert_non_null(arena_alloc(&arena, 0));
    assert_non_null(arena_new_array(&arena, int, 0));
}

static void test_texts_are_copied_and_packed(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    char source[] = "abc";
    struct str first = arena_dup_str(&arena, str_from(source));
    struct str second = arena_dup_str(&arena, (struct str){NULL, 0});
    struct str third = arena_printf(&arena, "%d/%s", 7, "x");
    source[0] = 'X';
    assert_string_equal(first.ptr, "abc");
    assert_string_equal(second.ptr, "");
    assert_int_equal(second.len, 0);
    assert_string_equal(third.ptr, "7/x");
    assert_int_equal(third.len, 3);
    assert_ptr_equal(second.ptr, first.ptr + 4);
    assert_ptr_equal(third.ptr, second.ptr + 1);
    int *number = arena_new(&arena, int);
    assert_int_equal((uintptr_t)number % 8, 0);
    assert_true((const char *)number >= third.ptr + 4);
    struct str wide = arena_printf(&arena, "%100000d", 1);
    assert_int_equal(wide.len, 100000);
    assert_int_equal(wide.ptr[99999], '1');
    assert_int_equal(wide.ptr[100000], '\0');
}

static void test_used_bytes_is_the_size_of_one_block(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    assert_int_equal(arena.used_bytes, 0);
    arena_dup_str(&arena, STR("abcd"));
    assert_int_equal(arena.used_bytes, 5);
    arena_alloc(&arena, 3);
    assert_int_equal(arena.used_bytes, 11);
    arena_alloc(&arena, 100000);
    assert_int_equal(arena.used_bytes, 100016);
    arena_reset(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

/* Anything, the same for the same seed. */
static void fill(struct arena *arena, uint64_t seed)
{
    struct random random;
    random_init(&random, seed);
    for (int i = 0; i < 500; i++) {
        if (random_below(&random, 2) == 0)
            arena_alloc(arena, random_below(&random, 3000));
        else
            arena_printf(arena, "%*d", (int)random_below(&random, 3000), i);
    }
}

static void test_a_measured_block_is_filled_exactly(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        cleanup_arena struct arena measured;
        arena_init(&measured);
        fill(&measured, seed);
        cleanup_free char *block = mem_alloc(measured.used_bytes);
        struct arena fixed;
        arena_init_fixed(&fixed, block, measured.used_bytes);
        fill(&fixed, seed);
        assert_ptr_equal(fixed.next, fixed.end);
        arena_reset(&fixed);
        assert_ptr_equal(fixed.next, block);
        fill(&fixed, seed);
        arena_fini(&fixed); /* the block is still ours */
        assert_null(fixed.next);
    }
}

static void call_alloc(void *arg)
{
    arena_alloc(arg, 17);
}

static void call_alloc_array(void *arg)
{
    arena_alloc_array(arg, SIZE_MAX / 8 + 1, 8);
}

static void call_init_unaligned(void *arg)
{
    struct arena arena;
    arena_init_fixed(&arena, (char *)arg + 1, 8);
}

static void test_contradictions_abort(void **state)
{
    (void)state;
    _Alignas(8) char block[32];
    struct arena fixed;
    arena_init_fixed(&fixed, block, sizeof(block));
    arena_alloc(&fixed, 15);
    assert_aborts(call_alloc, &fixed);
    assert_ptr_equal(arena_alloc(&fixed, 16), block + 16);
    assert_aborts(call_init_unaligned, block);
    cleanup_arena struct arena arena;
    arena_init(&arena);
    assert_aborts(call_alloc_array, &arena);
}

static void test_reset_keeps_one_chunk(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    arena_reset(&arena);
    assert_null(arena.chunks);
    arena_alloc(&arena, 1000000);
    arena_reset(&arena);
    assert_null(arena.chunks); /* a big request's chunk is not kept */
    char *first = arena_alloc(&arena, 10);
    memset(first, 'x', 10);
    arena_reset(&arena);
    assert_non_null(arena.chunks);
    char *again = arena_alloc(&arena, 10);
    assert_ptr_equal(again, first);
    assert_true(is_zero(again, 10));
}

static void test_chunks_grow(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    arena_alloc(&arena, 3000); /* too small for a chunk of its own while there is none */
    assert_int_equal(arena.end - arena.next, 4096 - 3000);
    size_t chunks = 1;
    const char *end = arena.end;
    for (int i = 0; i < 10000; i++, end = arena.end) {
        arena_alloc(&arena, 104);
        chunks += arena.end != end;
    }
    assert_in_range(chunks, 16, 22); /* a megabyte: 4, 8, 16, 32, and 64 KiB from there on */
}

static void test_a_big_request_leaves_the_rest_of_the_chunk(void **state)
{
    (void)state;
    cleanup_arena struct arena arena;
    arena_init(&arena);
    char *before = arena_alloc(&arena, 8);
    arena_alloc(&arena, 500000);
    char *after = arena_alloc(&arena, 8);
    assert_ptr_equal(after, before + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_an_empty_request_gives_a_pointer),
        cmocka_unit_test(test_texts_are_copied_and_packed),
        cmocka_unit_test(test_used_bytes_is_the_size_of_one_block),
        cmocka_unit_test(test_a_measured_block_is_filled_exactly),
        cmocka_unit_test(test_contradictions_abort),
        cmocka_unit_test(test_reset_keeps_one_chunk),
        cmocka_unit_test(test_chunks_grow),
        cmocka_unit_test(test_a_big_request_leaves_the_rest_of_the_chunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
