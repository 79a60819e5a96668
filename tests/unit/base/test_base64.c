#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "base/must.h"
#include "base/random.h"

static void test_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct str want;
    } cases[] = {
        {"", {"", 0}},
        {"Zg==", {"f", 1}},
        {"Zm8=", {"fo", 2}},
        {"Zm9v", {"foo", 3}},
        {"Zm9vYg==", {"foob", 4}},
        {"Zm9vYmE=", {"fooba", 5}},
        {"Zm9vYmFy", {"foobar", 6}},
        {"AAAA", {"\0\0\0", 3}},
        {"////", {"\xFF\xFF\xFF", 3}},
        {"+/+/", {"\xFB\xFF\xBF", 3}},
        {"/w==", {"\xFF", 1}},
        {" Zm\n9v\r\n\tYmFy \n", {"foobar", 6}},
        {"Zg=\n=\n", {"f", 1}},
        {" \n", {"", 0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_free char *data = NULL;
        size_t size_bytes = 99;
        struct error err = {0};
        if (!base64_decode(str_from(cases[i].text), &data, &size_bytes, &err))
            fail_msg("\"%s\": %s", cases[i].text, err.text);
        if (!str_eq((struct str){data, size_bytes}, cases[i].want) || data[size_bytes] != '\0')
            fail_msg("\"%s\": wrong bytes", cases[i].text);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *want; /* part of the error */
    } cases[] = {
        {{"Z", 1}, "ends in the middle"},
        {{"Zm", 2}, "ends in the middle"},
        {{"Zm9", 3}, "ends in the middle"},
        {{"Zm9vY", 5}, "ends in the middle"},
        {{"Zg=", 3}, "ends in the middle"},
        {{"=", 1}, "padding in the wrong place, at 0"},
        {{"====", 4}, "padding in the wrong place"},
        {{"Z===", 4}, "padding in the wrong place, at 1"},
        {{"Zg===", 5}, "padding in the wrong place, at 4"},
        {{"Zg==Zg==", 8}, "more after the padding, at 4"},
        {{"Zg=v", 4}, "more after the padding, at 3"},
        {{"Zm8=Zm8=", 8}, "more after the padding"},
        {{"Zm9-", 4}, "byte 0x2d at 3"},
        {{"Zm9_", 4}, "byte 0x5f at 3"},
        {{"Zm9\0", 4}, "byte 0x00 at 3"},
        {{"Zm9\xC3", 4}, "byte 0xc3 at 3"},
        {{"-----BEGIN", 10}, "byte 0x2d at 0"},
        {{"Zh==", 4}, "stray bits"},
        {{"Zm9=", 4}, "stray bits"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *data = NULL;
        size_t size_bytes = 99;
        struct error err = {0};
        if (base64_decode(cases[i].text, &data, &size_bytes, &err))
            fail_msg("\"" STR_FMT "\" was taken", STR_ARG(cases[i].text));
        assert_null(data);
        assert_int_equal(size_bytes, 99);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, cases[i].want) || !strstr(err.text, "base64"))
            fail_msg("case %zu: %s", i, err.text);
    }
}

static char *encode(const unsigned char *data, size_t size_bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = mem_alloc_zero(size_bytes * 2 + 8);
    size_t len = 0;
    for (size_t bit = 0; bit < size_bytes * 8; bit += 6) {
        unsigned pair = data[bit / 8] << 8u | (bit / 8 + 1 < size_bytes ? data[bit / 8 + 1] : 0u);
        text[len++] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    while (len % 4 != 0)
        text[len++] = '=';
    return text;
}

static void test_any_bytes_come_back(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 5);
    for (size_t size = 0; size < 400; size++) {
        unsigned char data[400];
        for (size_t i = 0; i < size; i++)
            data[i] = (unsigned char)random_next(&random);
        cleanup_free char *text = encode(data, size);
        cleanup_free char *decoded = NULL;
        size_t decoded_size = 0;
        struct error err = {0};
        assert_true(base64_decode(str_from(text), &decoded, &decoded_size, &err));
        assert_int_equal(decoded_size, size);
        assert_memory_equal(decoded, data, size);
        cleanup_strbuf struct strbuf encoded = {0};
        base64_encode((struct str){(const char *)data, size}, &encoded);
        assert_int_equal(encoded.len, strlen(text));
        assert_memory_equal(encoded.data ? encoded.data : "", text, encoded.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_any_bytes_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
