#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/model/json.h"

static const char TEXT[] = "{\"text\":\"a\\u0000b\",\"number\":7,\"minus\":-7,\"real\":1.5,"
                           "\"huge\":18446744073709551615,\"yes\":true,\"no\":false,\"nil\":null,"
                           "\"map\":{\"x\":\"y\"},\"list\":[\"p\",1,\"\",null,\"q\",[]],"
                           "\"empty\":[]}";

static int setup(void **state)
{
    struct error err;
    *state = json_read(str_from(TEXT), &err);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    yyjson_doc_free(*state);
    return 0;
}

static void test_text(void **state)
{
    yyjson_val *root = yyjson_doc_get_root(*state);
    assert_true(str_eq(json_str(root, "text"), (struct str){"a\0b", 3}));
    assert_true(str_is_empty(json_str(root, "number")));
    assert_true(str_is_empty(json_str(root, "missing")));
    assert_true(str_is_empty(json_str(NULL, "text")));
    assert_true(str_is_empty(json_str(json_array(root, "list"), "text")));
}

static void test_containers(void **state)
{
    yyjson_val *root = yyjson_doc_get_root(*state);
    assert_true(str_eq(json_str(json_object(root, "map"), "x"), STR("y")));
    assert_null(json_object(root, "list"));
    assert_null(json_object(root, "nil"));
    assert_int_equal(yyjson_arr_size(json_array(root, "list")), 6);
    assert_null(json_array(root, "map"));
    assert_null(json_array(NULL, "list"));
}

static void test_scalars(void **state)
{
    yyjson_val *root = yyjson_doc_get_root(*state);
    assert_true(json_bool(root, "yes"));
    assert_false(json_bool(root, "no"));
    assert_false(json_bool(root, "number"));
    assert_false(json_bool(root, "missing"));
    assert_int_equal(json_int(root, "number", -1), 7);
    assert_int_equal(json_int(root, "minus", -1), -7);
    assert_int_equal(json_int(root, "real", -1), -1);
    assert_int_equal(json_int(root, "huge", -1), -1);
    assert_int_equal(json_int(root, "text", -1), -1);
    assert_int_equal(json_int(root, "missing", -1), -1);
}

static void test_strs_leaves_others_out(void **state)
{
    yyjson_val *root = yyjson_doc_get_root(*state);
    cleanup_arena struct arena arena;
    arena_init(&arena);
    uint32_t count = 99;
    const struct str *strs = json_strs(root, "list", &arena, &count);
    assert_int_equal(count, 3);
    assert_true(str_eq(strs[0], STR("p")));
    assert_true(str_is_empty(strs[1]));
    assert_true(str_eq(strs[2], STR("q")));
    assert_null(json_strs(root, "empty", &arena, &count));
    assert_int_equal(count, 0);
    assert_null(json_strs(root, "map", &arena, &count));
    assert_int_equal(count, 0);
}

static void test_refuses_what_is_no_json(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    " ",      "{",    "{\"a\":}", "[1,]",
                                        "1 2", "<html>", "\xff", "\"\xff\""};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct error err = {0};
        assert_null(json_read(str_from(texts[i]), &err));
        assert_int_equal(err.code, ERROR_INVALID);
        assert_true(str_starts_with(str_from(err.text), STR("not JSON: ")));
    }
    struct error err = {0};
    assert_null(json_read((struct str){NULL, 0}, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_strs_leaves_others_out),
        cmocka_unit_test(test_refuses_what_is_no_json),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
