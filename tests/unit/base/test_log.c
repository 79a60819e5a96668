#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "base/strbuf.h"
#include <yyjson.h>

static const int64_t NOW_US = 1763933400123456; /* 2025-11-23T21:30:00.123456Z */

/* A log into a pipe, at a time that stands still. */
struct fixture {
    struct log *log;
    int ends[2];
    char text[64 << 10];
};

static int64_t fixed_wall_us(void *ctx)
{
    (void)ctx;
    return NOW_US;
}

static struct fixture *fixture_new(enum log_format format, int verbosity)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    setenv("TZ", "UTC", 1);
    tzset();
    must(pipe2(f->ends, O_NONBLOCK) == 0);
    struct log_options options = {
        .clock = {.wall_us = fixed_wall_us},
        .format = format,
        .verbosity = verbosity,
        .fd = f->ends[1],
    };
    f->log = log_new(&options);
    return f;
}

static void fixture_free(struct fixture **f)
{
    log_free((*f)->log);
    close((*f)->ends[0]);
    close((*f)->ends[1]);
    free(*f);
}
#define cleanup_fixture cleanup_with(fixture_free)

/* Everything written since the last time. */
static const char *fixture_read(struct fixture *f)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(f->ends[0], f->text + len, sizeof(f->text) - 1 - len)) > 0)
        len += (size_t)got;
    f->text[len] = '\0';
    return f->text;
}

static void test_text_line(void **state)
{
    (void)state;
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
    char want[256];
    log_write(f->log, LOG_INFO, 0, (struct log_site){"src/controllers/elfmachine.c", 88},
              "Address allocated",
              (struct log_field[]){LOG_STR("machine", STR("ns/a")), LOG_INT("device", 0),
                                   LOG_BOOL("isNew", true), LOG_BOOL("isOld", false),
                                   LOG_INT("low", INT64_MIN), LOG_CSTR("none", NULL)},
              6);
    snprintf(want, sizeof(want),
             "I1123 21:30:00.123456 %7d elfmachine.c:88] \"Address allocated\" machine=\"ns/a\" "
             "device=0 isNew=true isOld=false low=-9223372036854775808 none=\"\"\n",
             gettid());
    assert_string_equal(fixture_read(f), want);
}

static void test_text_time_is_local(void **state)
{
    (void)state;
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
    setenv("TZ", "XXX-05:45", 1);
    tzset();
    log_info(f->log, "m");
    assert_memory_equal(fixture_read(f), "I1124 03:15:00.123456 ", 22);
}

static void test_json_line(void **state)
{
    (void)state;
    cleanup_fixture struct fixture *f = fixture_new(LOG_JSON, 4);
    struct error err = {0};
    error_set(&err, ERROR_DENIED, "no \"way\"");
    log_write(
        f->log, LOG_INFO, 3, (struct log_site){"src/a.c", 7}, "Said",
        (struct log_field[]){LOG_STR("k\"", STR("a\n\xFF")), LOG_INT("n", -5), LOG_BOOL("b", true)},
        3);
    assert_string_equal(fixture_read(f),
                        "{\"ts\":1763933400123.456,\"caller\":\"a.c:7\",\"msg\":\"Said\",\"v\":3,"
                        "\"k\\\"\":\"a\\n\xEF\xBF\xBD\",\"n\":-5,\"b\":true}\n");
    log_write(f->log, LOG_ERROR, 0, (struct log_site){"a.c", 8}, "Failed",
              (struct log_field[]){LOG_ERR(&err)}, 1);
    assert_string_equal(fixture_read(f), "{\"ts\":1763933400123.456,\"caller\":\"a.c:8\","
                                         "\"msg\":\"Failed\",\"err\":\"no \\\"way\\\"\"}\n");
}

static void test_text_is_quoted_as_go_does(void **state)
{
    (void)state;
    static const struct {
        struct str given;
        const char *want;
    } cases[] = {
        {{NULL, 0}, "\"\""},
        {{"a \"b\" \\c", 8}, "\"a \\\"b\\\" \\\\c\""},
        {{"\a\b\f\n\r\t\v", 7}, "\"\\a\\b\\f\\n\\r\\t\\v\""},
        {{"\x01\x1B[31m\x7F\0", 8}, "\"\\x01\\x1b[31m\\x7f\\x00\""},
        {{"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80", 9}, "\"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {{"\xFF"
          "a\xC3",
          3},
         "\"\\xffa\\xc3\""},
        {{"\xC2\x85\xC2\x9F\xC2\xAD", 6}, "\"\\u0085\\u009f\\u00ad\""},
        {{"\xE2\x80\xA8\xE2\x80\xAE\xEF\xBB\xBF", 9}, "\"\\u2028\\u202e\\ufeff\""},
        {{"line\nline", 9}, "\"line\\nline\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
        log_info(f->log, "m", LOG_STR("k", cases[i].given));
        const char *got = strstr(fixture_read(f), " k=");
        assert_non_null(got);
        size_t len = strlen(cases[i].want);
        if (strncmp(got + 3, cases[i].want, len) != 0 || strcmp(got + 3 + len, "\n") != 0)
            fail_msg("case %zu: %s", i, got);
    }
}

static void test_severities(void **state)
{
    (void)state;
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
    log_warning(f->log, "m");
    assert_int_equal(fixture_read(f)[0], 'W');
    log_error(f->log, "m");
    assert_int_equal(fixture_read(f)[0], 'E');
    log_info(f->log, "m");
    assert_int_equal(fixture_read(f)[0], 'I');
    assert_non_null(strstr(f->text, "test_log.c:"));
}

static void test_verbosity(void **state)
{
    (void)state;
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 2);
    assert_true(log_shows(f->log, 0));
    assert_true(log_shows(f->log, 2));
    assert_false(log_shows(f->log, 3));
    log_debug(f->log, 3, "hidden");
    assert_string_equal(fixture_read(f), "");
    log_debug(f->log, 2, "shown");
    assert_non_null(strstr(fixture_read(f), "\"shown\"\n"));
    cleanup_fixture struct fixture *quiet = fixture_new(LOG_TEXT, -5);
    assert_true(log_shows(quiet->log, 0));
    assert_false(log_shows(quiet->log, 1));
    assert_false(log_shows(NULL, 0));
    log_error(NULL, "nobody listens");
    log_free(NULL);
}

static struct str filled(char *data, size_t len, const char *unit)
{
    for (size_t i = 0; i < len; i++)
        data[i] = unit[i % strlen(unit)];
    return (struct str){data, len};
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\n", "\x01", "\xC3\xBC", "\xFF", "\"a"};
    static const size_t sizes[] = {2000, 5000, 8000, 16000, 16250, 16300, 16384, 50000};
    static char data[50000];
    for (size_t u = 0; u < ARRAY_LEN(units) * ARRAY_LEN(sizes) * 2; u++) {
        enum log_format format = u % 2 ? LOG_JSON : LOG_TEXT;
        size_t size = sizes[u / 2 % ARRAY_LEN(sizes)];
        cleanup_fixture struct fixture *f = fixture_new(format, 0);
        log_info(f->log, "m", LOG_INT("before", 1),
                 LOG_STR("big", filled(data, size, units[u / 2 / ARRAY_LEN(sizes)])),
                 LOG_STR("after", STR("0123456789012345678901234567890123456789")));
        size_t len = strlen(fixture_read(f));
        assert_true(len > 1000 && len <= 16384);
        assert_int_equal(f->text[len - 1], '\n');
        bool is_whole = strstr(f->text, "after") != NULL;
        bool is_cut = strstr(f->text, "...\"") != NULL;
        if (size <= 2000)
            assert_true(is_whole && !is_cut);
        if (size >= 16384)
            assert_true(is_cut);
        if (format == LOG_TEXT)
            continue;
        yyjson_doc *doc = yyjson_read(f->text, len, 0);
        assert_non_null(doc);
        assert_int_equal(yyjson_get_int(yyjson_obj_get(yyjson_doc_get_root(doc), "before")), 1);
        yyjson_doc_free(doc);
    }
}

static void test_a_long_text_is_filled_to_the_limit(void **state)
{
    (void)state;
    static char data[50000];
    cleanup_fixture struct fixture *f = fixture_new(LOG_JSON, 0);
    log_info(f->log, "m", LOG_STR("big", filled(data, sizeof(data), "a")));
    assert_int_equal(strlen(fixture_read(f)), 16384);
    assert_string_equal(f->text + 16384 - 8, "aa...\"}\n");
}

static void test_a_full_pipe_loses_lines_and_says_so(void **state)
{
    (void)state;
    static char data[10000];
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
    must(fcntl(f->ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    log_info(f->log, "first", LOG_STR("big", filled(data, sizeof(data), "a")));
    struct clock clock = clock_system();
    int64_t started_ms = clock_mono_ms(&clock);
    for (int i = 0; i < 20; i++)
        log_info(f->log, "lost");
    assert_true(clock_mono_ms(&clock) - started_ms <
                1000); /* waits for no reader again and again */
    assert_non_null(strstr(fixture_read(f), "\"first\""));
    assert_null(strchr(f->text, '\n'));
    log_info(f->log, "again");
    assert_int_equal(fixture_read(f)[0], '\n'); /* ends the line that got out in part */
    assert_int_equal(f->text[1], 'I');
    assert_non_null(strstr(f->text, "\"again\" lostLines=21\n"));
    log_info(f->log, "usual");
    assert_non_null(strstr(fixture_read(f), "\"usual\"\n"));
    assert_int_equal(f->text[0], 'I');
}

/* A reader that is slow, in a process of its own. */
static void test_a_slow_reader_gets_whole_lines(void **state)
{
    (void)state;
    static char data[15000];
    cleanup_fixture struct fixture *f = fixture_new(LOG_TEXT, 0);
    must(fcntl(f->ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    int result[2];
    must(pipe(result) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        size_t lines = 0;
        fcntl(f->ends[0], F_SETFL, 0);
        close(f->ends[1]);
        for (char c; read(f->ends[0], &c, 1) == 1;)
            lines += c == '\n';
        _exit(write(result[1], &lines, sizeof(lines)) == sizeof(lines) ? 0 : 1);
    }
    for (int i = 0; i < 10; i++)
        log_info(f->log, "m", LOG_STR("big", filled(data, sizeof(data), "a")));
    close(f->ends[1]);
    f->ends[1] = dup(0); /* something for the fixture to close */
    size_t lines = 0;
    assert_int_equal(read(result[0], &lines, sizeof(lines)), sizeof(lines));
    assert_int_equal(lines, 10);
    close(result[0]);
    close(result[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_line),
        cmocka_unit_test(test_text_time_is_local),
        cmocka_unit_test(test_json_line),
        cmocka_unit_test(test_text_is_quoted_as_go_does),
        cmocka_unit_test(test_severities),
        cmocka_unit_test(test_verbosity),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_a_long_text_is_filled_to_the_limit),
        cmocka_unit_test(test_a_full_pipe_loses_lines_and_says_so),
        cmocka_unit_test(test_a_slow_reader_gets_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
