#include "base/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/attr.h"

struct values {
    bool elect;
    int64_t count;
    double rate;
    int64_t period_ms;
    const char *name;
    int color;
    int64_t verbosity;
    bool quick;
};

static const char *const colors[] = {"red", "green", "blue", NULL};
#define FIELD(name) offsetof(struct values, name)
static const struct flag table[] = {
    {"elect-one", .heading = "First", .type = FLAG_BOOL, .offset = FIELD(elect), .initial = "true",
     .help = "choose"},
    {"count", .type = FLAG_INT, .offset = FIELD(count), .initial = "10", .min = 1, .max = 99,
     .help = "how many"},
    {"rate", .type = FLAG_NUMBER, .offset = FIELD(rate), .help = "how fast"},
    {"period", .type = FLAG_DURATION, .offset = FIELD(period_ms), .initial = "1m30s", .min = 0,
     .max = 3600000,
     .help = "a long description that does not fit beside the name of the flag and therefore "
             "goes on in the line below, in the same column"},
    {"the-name", .heading = "Second", .type = FLAG_TEXT, .offset = FIELD(name),
     .value_name = "NAME", .help = "what it is called"},
    {"color", .type = FLAG_CHOICE, .offset = FIELD(color), .initial = "green", .choices = colors,
     .help = "of the shed"},
    {"v", .letter = 'v', .type = FLAG_INT, .offset = FIELD(verbosity), .help = "how much"},
    {"quick", .letter = 'q', .type = FLAG_BOOL, .offset = FIELD(quick), .help = "hurry"},
    {"old-port", .type = FLAG_INT, .initial = "9443", .help = "nothing", .no_effect = "no ports"},
};
static const struct flag_set set = {table, ARRAY_LEN(table)};

struct parse_case {
    const char *args[6];
    const char *want; /* values that differ from the defaults; or the error */
};

static const struct parse_case good[] = {
    {{NULL}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--count=5"}, "elect count=5 rate=0 period=90000 name= color=1 v=0"},
    {{"--count", "5"}, "elect count=5 rate=0 period=90000 name= color=1 v=0"},
    {{"--count=5", "--count=+6"}, "elect count=6 rate=0 period=90000 name= color=1 v=0"},
    {{"--elect-one=false"}, "count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--elect-one=F"}, "count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--elect-one=0", "--elect-one"}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--elect-one", "false"}, "elect count=10 rate=0 period=90000 name= color=1 v=0 left=false"},
    {{"--elect_one=false"}, "count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--the_name=a_b"}, "elect count=10 rate=0 period=90000 name=a_b color=1 v=0"},
    {{"--the-name", "--count=5"}, "elect count=10 rate=0 period=90000 name=--count=5 color=1 v=0"},
    {{"--the-name=a=b"}, "elect count=10 rate=0 period=90000 name=a=b color=1 v=0"},
    {{"--the-name="}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--the-name", ""}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--rate=2.5"}, "elect count=10 rate=2.5 period=90000 name= color=1 v=0"},
    {{"--rate=-1"}, "elect count=10 rate=-1 period=90000 name= color=1 v=0"},
    {{"--rate", "1e3"}, "elect count=10 rate=1000 period=90000 name= color=1 v=0"},
    {{"--period=500ms"}, "elect count=10 rate=0 period=500 name= color=1 v=0"},
    {{"--period=0"}, "elect count=10 rate=0 period=0 name= color=1 v=0"},
    {{"--color=blue"}, "elect count=10 rate=0 period=90000 name= color=2 v=0"},
    {{"-v2"}, "elect count=10 rate=0 period=90000 name= color=1 v=2"},
    {{"-v=2"}, "elect count=10 rate=0 period=90000 name= color=1 v=2"},
    {{"-v", "2"}, "elect count=10 rate=0 period=90000 name= color=1 v=2"},
    {{"--v=2"}, "elect count=10 rate=0 period=90000 name= color=1 v=2"},
    {{"--v", "-2"}, "elect count=10 rate=0 period=90000 name= color=1 v=-2"},
    {{"-q"}, "elect quick count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"-qv2"}, "elect quick count=10 rate=0 period=90000 name= color=1 v=2"},
    {{"-q=false"}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--", "--count=5"}, "elect count=10 rate=0 period=90000 name= color=1 v=0 left=--count=5"},
    {{"--"}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"a", "--count=5", "b"}, "elect count=5 rate=0 period=90000 name= color=1 v=0 left=a"},
    {{"-"}, "elect count=10 rate=0 period=90000 name= color=1 v=0 left=-"},
    {{"--old-port=1"}, "elect count=10 rate=0 period=90000 name= color=1 v=0"},
    {{"--help", "--nonsense"}, "elect count=10 rate=0 period=90000 name= color=1 v=0 help"},
    {{"-h"}, "elect count=10 rate=0 period=90000 name= color=1 v=0 help"},
};

static const struct parse_case bad[] = {
    {{"--count=many"}, "--count: \"many\" is not valid: expected a whole number from 1 to 99"},
    {{"--count=0"}, "--count: \"0\" is not valid: expected a whole number from 1 to 99"},
    {{"--count=100"}, "--count: \"100\" is not valid: expected a whole number from 1 to 99"},
    {{"--count="}, "--count: \"\" is not valid: expected a whole number from 1 to 99"},
    {{"--count=1.0"}, "--count: \"1.0\" is not valid: expected a whole number from 1 to 99"},
    {{"--v=--1"}, "--v: \"--1\" is not valid: expected a whole number"},
    {{"--v=9223372036854775808"},
     "--v: \"9223372036854775808\" is not valid: expected a whole number"},
    {{"-v2x"}, "--v: \"2x\" is not valid: expected a whole number"},
    {{"-v"}, "--v: the value is missing: expected a whole number"},
    {{"--count"}, "--count: the value is missing: expected a whole number from 1 to 99"},
    {{"--elect-one=yes"}, "--elect-one: \"yes\" is not valid: expected true or false"},
    {{"--elect-one="}, "--elect-one: \"\" is not valid: expected true or false"},
    {{"--rate=fast"}, "--rate: \"fast\" is not valid: expected a number such as 20 or 0.5"},
    {{"--rate=nan"}, "--rate: \"nan\" is not valid: expected a number such as 20 or 0.5"},
    {{"--rate=1e999"}, "--rate: \"1e999\" is not valid: expected a number such as 20 or 0.5"},
    {{"--rate="}, "--rate: \"\" is not valid: expected a number such as 20 or 0.5"},
    {{"--period=5"},
     "--period: \"5\" is not valid: expected a duration such as 15s or 1m30s, from 0s to 1h0m0s"},
    {{"--period=2h"},
     "--period: \"2h\" is not valid: expected a duration such as 15s or 1m30s, from 0s to 1h0m0s"},
    {{"--color=pink"}, "--color: \"pink\" is not valid: expected red, green or blue"},
    {{"--old-port=x"}, "--old-port: \"x\" is not valid: expected a whole number"},
    {{"--elect-on"}, "unknown flag \"--elect-on\": did you mean --elect-one?"},
    {{"--elct_one=true"}, "unknown flag \"--elct_one=true\": did you mean --elect-one?"},
    {{"--electricity-meter-reading"},
     "unknown flag \"--electricity-meter-reading\": --help lists all flags"},
    {{"-count=5"}, "unknown flag \"-count=5\": did you mean --count?"},
    {{"-x"}, "unknown flag \"-x\": --help lists all flags"},
    {{"--=5"}, "unknown flag \"--=5\": --help lists all flags"},
    {{"---count=5"}, "unknown flag \"---count=5\": did you mean --count?"},
    {{"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
     "unknown flag \"--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\": "
     "--help lists all flags"},
};

static void describe(const struct values *v, const struct flags_seen *seen, struct strbuf *out)
{
    strbuf_printf(out, "%s%scount=%lld rate=%g period=%lld name=%s color=%d v=%lld",
                  v->elect ? "elect " : "", v->quick ? "quick " : "", (long long)v->count, v->rate,
                  (long long)v->period_ms, v->name, v->color, (long long)v->verbosity);
    if (seen->left_over)
        strbuf_printf(out, " left=%s", seen->left_over);
    if (seen->wants_help)
        strbuf_append_cstr(out, " help");
}

static void test_values_are_read_as_pflag_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct values values = {.elect = i % 2, .count = 77, .name = "left from before"};
        struct flags_seen seen;
        struct error err = {0};
        cleanup_strbuf struct strbuf got = {0};
        if (!flags_parse(&set, good[i].args, &values, &seen, &err))
            fail_msg("case %zu (%s): %s", i, good[i].args[0], err.text);
        describe(&values, &seen, &got);
        assert_string_equal(got.data, good[i].want);
    }
}

static void test_what_is_wrong_is_said_in_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct values values;
        struct flags_seen seen;
        struct error err = {0};
        if (flags_parse(&set, bad[i].args, &values, &seen, &err))
            fail_msg("case %zu (%s) was taken", i, bad[i].args[0]);
        assert_string_equal(err.text, bad[i].want);
        assert_int_equal(err.code, ERROR_INVALID);
    }
}

static void test_given_flags_are_remembered(void **state)
{
    (void)state;
    static const char *const args[] = {"--count=10", "-v", "1", "--old-port=9443", NULL};
    struct values values;
    struct flags_seen seen;
    struct error err = {0};
    assert_true(flags_parse(&set, args, &values, &seen, &err));
    assert_int_equal(seen.given, 1 << 1 | 1 << 6 | 1 << 8);
}

static void test_texts_are_collected(void **state)
{
    (void)state;
    static const struct flag flags[] = {
        {"tag", .type = FLAG_TEXTS, .help = "what to call it", .value_name = "TAG"}};
    static const struct flag_set tags = {flags, ARRAY_LEN(flags)};
    const char *args[FLAG_TEXTS_MAX + 2] = {"--tag=a", "--tag", "b", "--tag="};
    struct flag_texts texts = {.count = 7};
    struct flags_seen seen;
    struct error err = {0};
    cleanup_strbuf struct strbuf help = {0};
    assert_true(flags_parse(&tags, args, &texts, &seen, &err));
    assert_int_equal(texts.count, 3);
    assert_string_equal(texts.items[0], "a");
    assert_string_equal(texts.items[1], "b");
    assert_string_equal(texts.items[2], "");
    for (size_t i = 0; i <= FLAG_TEXTS_MAX; i++)
        args[i] = "--tag=x";
    assert_false(flags_parse(&tags, args, &texts, &seen, &err));
    assert_non_null(strstr(err.text, "at most 64 times"));
    flags_append_help(&tags, &help);
    assert_string_equal(
        help.data, "      --tag TAG                           what to call it (may be repeated)\n");
}

static void test_help_is_in_columns(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf help = {0};
    flags_append_help(&set, &help);
    assert_string_equal(
        help.data,
        "\nFirst:\n"
        "      --elect-one                         choose (default true)\n"
        "      --count NUMBER                      how many (default 10)\n"
        "      --rate NUMBER                       how fast\n"
        "      --period TIME                       a long description that does not fit beside the "
        "name of\n"
        "                                          the flag and therefore goes on in the line "
        "below, in the\n"
        "                                          same column (default 1m30s)\n"
        "\nSecond:\n"
        "      --the-name NAME                     what it is called\n"
        "      --color WORD                        of the shed: red, green or blue (default "
        "green)\n"
        "  -v, --v NUMBER                          how much\n"
        "  -q, --quick                             hurry\n"
        "      --old-port NUMBER                   nothing (default 9443)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_read_as_pflag_does),
        cmocka_unit_test(test_what_is_wrong_is_said_in_one_line),
        cmocka_unit_test(test_given_flags_are_remembered),
        cmocka_unit_test(test_texts_are_collected),
        cmocka_unit_test(test_help_is_in_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
