#include "kube/reflector_state.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

enum { MAX_EVENTS = 12, TEXT_BYTES = 512 };

#define SERVED                                                                                     \
    {                                                                                              \
        .type = KUBE_REFLECTOR_SERVED                                                              \
    }
#define SERVED_AGAIN                                                                               \
    {                                                                                              \
        .type = KUBE_REFLECTOR_SERVED, .is_same_resource = true                                    \
    }
#define WITHDRAWN                                                                                  \
    {                                                                                              \
        .type = KUBE_REFLECTOR_WITHDRAWN                                                           \
    }
#define TIME_IS_UP                                                                                 \
    {                                                                                              \
        .type = KUBE_REFLECTOR_TIME_IS_UP                                                          \
    }
#define PAGE                                                                                       \
    {                                                                                              \
        .type = KUBE_REFLECTOR_PAGE                                                                \
    }
#define LISTED(version)                                                                            \
    {                                                                                              \
        .type = KUBE_REFLECTOR_LISTED, .resource_version = (version)                               \
    }
#define PROGRESS(version)                                                                          \
    {                                                                                              \
        .type = KUBE_REFLECTOR_PROGRESS, .resource_version = (version)                             \
    }
#define ENDED_IN_ORDER                                                                             \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED                                                               \
    }
#define ENDED_LATER(ms)                                                                            \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED, .now_ms = (ms)                                               \
    }
#define BROKEN                                                                                     \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED, .code = ERROR_UNAVAILABLE                                    \
    }
#define BROKEN_LATER(ms)                                                                           \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED, .code = ERROR_UNAVAILABLE, .now_ms = (ms)                    \
    }
#define ANSWERED(error_code, status)                                                               \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED, .code = (error_code), .http_status = (status)                \
    }
#define GONE ANSWERED(ERROR_GONE, 410)
#define DENIED ANSWERED(ERROR_DENIED, 403)
#define NOT_THERE ANSWERED(ERROR_NOT_FOUND, 404)
#define ERROR_EVENT                                                                                \
    {                                                                                              \
        .type = KUBE_REFLECTOR_ENDED, .code = ERROR_UNAVAILABLE, .http_status = 500,               \
        .is_error_event = true                                                                     \
    }
#define STOP                                                                                       \
    {                                                                                              \
        .type = KUBE_REFLECTOR_STOP                                                                \
    }

struct state_case {
    const char *name;
    struct kube_reflector_event events[MAX_EVENTS];
    size_t event_count;
    const char *want; /* what is done after each event, in words */
};
#define EVENTS(...)                                                                                \
    .events = {__VA_ARGS__}, .event_count = sizeof((struct kube_reflector_event[]){__VA_ARGS__}) / \
                                            sizeof(struct kube_reflector_event)

static const struct state_case cases[] = {
    {"lists as a stream and goes on watching in it", EVENTS(SERVED, LISTED(5), PROGRESS(6)),
     "stream keep keep"},
    {"pages where streams are refused (422)",
     EVENTS(SERVED, ANSWERED(ERROR_INVALID, 422), PAGE, PAGE, LISTED(5)),
     "stream first-page next-page next-page watch@5"},
    {"pages where streams are refused (400)", EVENTS(SERVED, ANSWERED(ERROR_INVALID, 400)),
     "stream first-page"},
    {"pages where the stream ends before the list is whole",
     EVENTS(SERVED, ENDED_IN_ORDER, LISTED(5)), "stream first-page watch@5"},
    {"tries the stream again for the next list", EVENTS(SERVED, ENDED_IN_ORDER, LISTED(5), GONE),
     "stream first-page watch@5 stream"},
    {"a bad request while paging is not refused streaming",
     EVENTS(SERVED, ENDED_IN_ORDER, ANSWERED(ERROR_INVALID, 400)), "stream first-page pause,news"},
    {"resumes at once when a watch ends in order after an event",
     EVENTS(SERVED, LISTED(5), PROGRESS(8), ENDED_IN_ORDER, PROGRESS(9), ENDED_IN_ORDER),
     "stream keep keep watch@8 keep watch@9"},
    {"resumes at once when a watch ends in order after a while",
     EVENTS(SERVED, LISTED(5), ENDED_LATER(1000), ENDED_LATER(2000), ENDED_LATER(3000)),
     "stream keep watch@5 watch@5 watch@5"},
    {"pauses when watches end at once over and over",
     EVENTS(SERVED, LISTED(5), ENDED_IN_ORDER, ENDED_IN_ORDER, TIME_IS_UP, ENDED_IN_ORDER),
     "stream keep watch@5 pause watch@5 pause"},
    {"events of old versions do not make an empty watch a full one",
     EVENTS(SERVED, LISTED(5), PROGRESS(5), ENDED_IN_ORDER, PROGRESS(4), ENDED_IN_ORDER),
     "stream keep keep watch@5 keep pause"},
    {"versions seen before the list is whole are no place to go on from",
     EVENTS(SERVED, PROGRESS(9), BROKEN, TIME_IS_UP), "stream keep pause stream"},
    {"a broken watch goes on where it was",
     EVENTS(SERVED, LISTED(5), PROGRESS(7), BROKEN, TIME_IS_UP), "stream keep keep pause watch@7"},
    {"410 lists anew at once", EVENTS(SERVED, LISTED(5), GONE, LISTED(9)),
     "stream keep stream keep"},
    {"410 again, without an event between, pauses",
     EVENTS(SERVED, LISTED(5), GONE, LISTED(9), GONE), "stream keep stream keep pause"},
    {"410 for a page lists anew", EVENTS(SERVED, ENDED_IN_ORDER, PAGE, GONE, LISTED(5)),
     "stream first-page next-page stream keep"},
    {"410 for pages over and over pauses",
     EVENTS(SERVED, ENDED_IN_ORDER, GONE, ENDED_IN_ORDER, GONE, TIME_IS_UP),
     "stream first-page stream first-page pause stream"},
    {"an ERROR event makes the place doubtful", EVENTS(SERVED, LISTED(5), ERROR_EVENT, TIME_IS_UP),
     "stream keep pause stream"},
    {"is told once that it is not allowed, and once that it is",
     EVENTS(SERVED, DENIED, TIME_IS_UP, DENIED, TIME_IS_UP, LISTED(5), PROGRESS(6)),
     "stream pause,news stream pause stream keep,recovered keep"},
    {"not allowed to watch: keeps its place", EVENTS(SERVED, LISTED(5), DENIED, TIME_IS_UP, DENIED),
     "stream keep pause,news watch@5 pause"},
    {"a server that is away is told of at the third failure",
     EVENTS(SERVED, LISTED(5), BROKEN, TIME_IS_UP, BROKEN, TIME_IS_UP, BROKEN, TIME_IS_UP, BROKEN,
            TIME_IS_UP, PROGRESS(6)),
     "stream keep pause watch@5 pause watch@5 pause,news watch@5 pause watch@5 keep,recovered"},
    {"a watch that lasted makes up for failures",
     EVENTS(SERVED, LISTED(5), BROKEN, TIME_IS_UP, BROKEN, TIME_IS_UP, BROKEN_LATER(10000)),
     "stream keep pause watch@5 pause watch@5 pause"},
    {"a path that is not there is doubted, and tried again",
     EVENTS(SERVED, NOT_THERE, TIME_IS_UP, LISTED(5)),
     "stream pause,doubt,news stream keep,recovered"},
    {"a watched kind that is gone is listed anew", EVENTS(SERVED, LISTED(5), NOT_THERE, TIME_IS_UP),
     "stream keep pause,doubt,news stream"},
    {"served again ends the pause", EVENTS(SERVED, NOT_THERE, SERVED_AGAIN),
     "stream pause,doubt,news stream"},
    {"served again where it was changes nothing", EVENTS(SERVED, LISTED(5), SERVED_AGAIN),
     "stream keep keep"},
    {"another version lists anew when the watch has ended",
     EVENTS(SERVED, LISTED(5), SERVED, SERVED_AGAIN, ENDED_IN_ORDER),
     "stream keep cancel keep stream"},
    {"another version in a pause lists anew", EVENTS(SERVED, LISTED(5), BROKEN, SERVED),
     "stream keep pause stream"},
    {"withdrawn and back", EVENTS(SERVED, LISTED(5), WITHDRAWN, BROKEN, SERVED_AGAIN),
     "stream keep cancel keep stream"},
    {"withdrawn and back before the watch has ended",
     EVENTS(SERVED, LISTED(5), WITHDRAWN, SERVED_AGAIN, BROKEN), "stream keep cancel keep stream"},
    {"withdrawn in a pause", EVENTS(SERVED, BROKEN, WITHDRAWN, TIME_IS_UP, SERVED),
     "stream pause keep keep stream"},
    {"withdrawn before it was served", EVENTS(WITHDRAWN, SERVED), "keep stream"},
    {"stops from everywhere: at first", EVENTS(STOP), "close"},
    {"stops from everywhere: pausing", EVENTS(SERVED, BROKEN, STOP), "stream pause close"},
    {"stops from everywhere: paging", EVENTS(SERVED, ENDED_IN_ORDER, STOP, ENDED_IN_ORDER),
     "stream first-page cancel close"},
    {"stops from everywhere: watching", EVENTS(SERVED, LISTED(5), STOP, SERVED, WITHDRAWN, BROKEN),
     "stream keep cancel keep keep close"},
    {"stops from everywhere: closing", EVENTS(SERVED, WITHDRAWN, STOP, BROKEN),
     "stream cancel keep close"},
};

static void append(char text[TEXT_BYTES], const char *word)
{
    size_t len = strlen(text);
    assert_true(snprintf(text + len, TEXT_BYTES - len, "%s", word) < (int)(TEXT_BYTES - len));
}

static void append_effect(char text[TEXT_BYTES], const struct kube_reflector_effect *effect,
                          uint64_t resource_version)
{
    static const char *const names[] = {
        [KUBE_REFLECTOR_KEEP] = "keep",
        [KUBE_REFLECTOR_STREAM] = "stream",
        [KUBE_REFLECTOR_FIRST_PAGE] = "first-page",
        [KUBE_REFLECTOR_NEXT_PAGE] = "next-page",
        [KUBE_REFLECTOR_WATCH] = "watch@",
        [KUBE_REFLECTOR_PAUSE] = "pause",
        [KUBE_REFLECTOR_CANCEL] = "cancel",
        [KUBE_REFLECTOR_CLOSE] = "close",
    };
    char version[24];
    snprintf(version, sizeof(version), "%" PRIu64, resource_version);
    append(text, text[0] == '\0' ? "" : " ");
    append(text, names[effect->act]);
    append(text, effect->act == KUBE_REFLECTOR_WATCH ? version : "");
    append(text, effect->doubts_kind ? ",doubt" : "");
    append(text, effect->is_news ? ",news" : "");
    append(text, effect->is_recovery ? ",recovered" : "");
    assert_true((effect->act == KUBE_REFLECTOR_PAUSE) == (effect->pause_ms > 0));
}

static void test_steps(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct kube_reflector_state state;
        struct random random;
        char text[TEXT_BYTES] = "";
        kube_reflector_state_init(&state);
        random_init(&random, i);
        for (size_t k = 0; k < cases[i].event_count; k++) {
            struct kube_reflector_effect effect =
                kube_reflector_step(&state, &cases[i].events[k], &random);
            append_effect(text, &effect, state.resource_version);
        }
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s:\n got \"%s\"\nwant \"%s\"", cases[i].name, text, cases[i].want);
    }
}

struct pause_case {
    const char *name;
    struct kube_reflector_event failure;
    unsigned failures; /* this one included */
    int64_t min_ms;
    int64_t max_ms;
};

static const struct pause_case pause_cases[] = {
    {"broken once", BROKEN, 1, 50, 100},
    {"broken twice", BROKEN, 2, 100, 200},
    {"broken for long", BROKEN, 40, 15000, 30000},
    {"internal error", ANSWERED(ERROR_UNAVAILABLE, 500), 1, 50, 100},
    {"overloaded", ANSWERED(ERROR_UNAVAILABLE, 429), 1, 500, 1000},
    {"starting", ANSWERED(ERROR_UNAVAILABLE, 503), 3, 2000, 4000},
    {"asked to wait",
     {.type = KUBE_REFLECTOR_ENDED,
      .code = ERROR_UNAVAILABLE,
      .http_status = 429,
      .retry_after_ms = 7000},
     1,
     7000,
     8000},
    {"asked to wait for a year",
     {.type = KUBE_REFLECTOR_ENDED,
      .code = ERROR_UNAVAILABLE,
      .http_status = 503,
      .retry_after_ms = INT64_MAX},
     1,
     300000,
     301000},
    {"not allowed", DENIED, 1, 10000, 30000},
    {"still not allowed", DENIED, 100, 10000, 30000},
    {"not there", NOT_THERE, 1, 500, 1000},
    {"not understood", ANSWERED(ERROR_INVALID, 415), 2, 1000, 2000},
    {"gone twice", GONE, 2, 100, 200},
};

static int64_t pause_after(const struct pause_case *given, uint64_t seed)
{
    struct kube_reflector_state state;
    struct random random;
    struct kube_reflector_effect effect = {0};
    const struct kube_reflector_event served = SERVED;
    const struct kube_reflector_event time_is_up = TIME_IS_UP;
    kube_reflector_state_init(&state);
    random_init(&random, seed);
    kube_reflector_step(&state, &served, &random);
    for (unsigned i = 0; i < given->failures; i++) {
        effect = kube_reflector_step(&state, &given->failure, &random);
        if (i + 1 < given->failures)
            kube_reflector_step(&state, &time_is_up, &random);
    }
    assert_int_equal(effect.act, KUBE_REFLECTOR_PAUSE);
    return effect.pause_ms;
}

static void test_pauses(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(pause_cases); i++) {
        const struct pause_case *given = &pause_cases[i];
        int64_t least_ms = INT64_MAX;
        int64_t most_ms = 0;
        for (uint64_t seed = 0; seed < 200; seed++) {
            int64_t pause_ms = pause_after(given, seed);
            least_ms = pause_ms < least_ms ? pause_ms : least_ms;
            most_ms = pause_ms > most_ms ? pause_ms : most_ms;
        }
        if (least_ms < given->min_ms || most_ms > given->max_ms)
            fail_msg("%s: %" PRId64 " to %" PRId64 " ms", given->name, least_ms, most_ms);
        if (most_ms - least_ms < (given->max_ms - given->min_ms) / 2)
            fail_msg("%s: always about %" PRId64 " ms", given->name, least_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
