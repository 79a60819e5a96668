#include "kube/reflector_state.h"

#include "base/attr.h"
#include "base/must.h"

enum {
    PAUSE_FIRST_MS = 100,
    PAUSE_OVERLOADED_FIRST_MS = 1000,
    PAUSE_MAX_MS = 30 * 1000,
    PAUSE_DENIED_MIN_MS = 10 * 1000,
    RETRY_AFTER_MAX_MS = 5 * 60 * 1000,
    QUICK_MS = 1000,       /* a watch shorter than this and without news says nothing good */
    STEADY_MS = 10 * 1000, /* one longer than this was fine */
    FAILURES_TOLD = 3,     /* fewer broken connections are nobody's business */
};

static const unsigned moves[] = {
#define TO(phase) (1u << KUBE_REFLECTOR_##phase)
    [KUBE_REFLECTOR_UNSERVED] = TO(STREAMING) | TO(STOPPED),
    [KUBE_REFLECTOR_STREAMING] =
        TO(STREAMING) | TO(PAGING) | TO(WATCHING) | TO(PAUSING) | TO(CLOSING),
    [KUBE_REFLECTOR_PAGING] = TO(STREAMING) | TO(WATCHING) | TO(PAUSING) | TO(CLOSING),
    [KUBE_REFLECTOR_WATCHING] = TO(STREAMING) | TO(WATCHING) | TO(PAUSING) | TO(CLOSING),
    [KUBE_REFLECTOR_PAUSING] = TO(UNSERVED) | TO(STREAMING) | TO(WATCHING) | TO(STOPPED),
    [KUBE_REFLECTOR_CLOSING] = TO(UNSERVED) | TO(STREAMING) | TO(STOPPED),
    [KUBE_REFLECTOR_STOPPED] = 0,
#undef TO
};

void kube_reflector_state_init(struct kube_reflector_state *state)
{
    *state = (struct kube_reflector_state){.phase = KUBE_REFLECTOR_UNSERVED};
}

static struct kube_reflector_effect move(struct kube_reflector_state *state,
                                         enum kube_reflector_phase phase,
                                         enum kube_reflector_act act)
{
    must(moves[state->phase] & 1u << phase);
    state->phase = phase;
    return (struct kube_reflector_effect){.act = act};
}

static struct kube_reflector_effect keep(void)
{
    return (struct kube_reflector_effect){.act = KUBE_REFLECTOR_KEEP};
}

static bool has_request(const struct kube_reflector_state *state)
{
    return state->phase == KUBE_REFLECTOR_STREAMING || state->phase == KUBE_REFLECTOR_PAGING ||
           state->phase == KUBE_REFLECTOR_WATCHING;
}

static void watch_begins(struct kube_reflector_state *state, int64_t now_ms)
{
    state->since_ms = now_ms;
    state->has_progress = false;
}

static struct kube_reflector_effect begin(struct kube_reflector_state *state, int64_t now_ms)
{
    if (state->resource_version > 0) {
        watch_begins(state, now_ms);
        return move(state, KUBE_REFLECTOR_WATCHING, KUBE_REFLECTOR_WATCH);
    }
    if (state->wants_pages)
        return move(state, KUBE_REFLECTOR_PAGING, KUBE_REFLECTOR_FIRST_PAGE);
    return move(state, KUBE_REFLECTOR_STREAMING, KUBE_REFLECTOR_STREAM);
}

static void forget_place(struct kube_reflector_state *state)
{
    state->resource_version = 0;
    state->wants_pages = false; /* a server that was upgraded meanwhile may stream */
}

static struct kube_reflector_effect on_served(struct kube_reflector_state *state,
                                              const struct kube_reflector_event *event)
{
    bool is_new = !state->is_served || !event->is_same_resource;
    state->is_served = true;
    if (is_new)
        forget_place(state);
    if (state->phase == KUBE_REFLECTOR_UNSERVED || state->phase == KUBE_REFLECTOR_PAUSING)
        return begin(state, event->now_ms);
    if (is_new && has_request(state))
        return move(state, KUBE_REFLECTOR_CLOSING, KUBE_REFLECTOR_CANCEL);
    return keep();
}

static struct kube_reflector_effect on_withdrawn(struct kube_reflector_state *state)
{
    state->is_served = false;
    forget_place(state);
    if (state->phase == KUBE_REFLECTOR_PAUSING)
        return move(state, KUBE_REFLECTOR_UNSERVED, KUBE_REFLECTOR_KEEP);
    if (has_request(state))
        return move(state, KUBE_REFLECTOR_CLOSING, KUBE_REFLECTOR_CANCEL);
    return keep();
}

static struct kube_reflector_effect on_stop(struct kube_reflector_state *state)
{
    state->is_stopping = true;
    if (has_request(state))
        return move(state, KUBE_REFLECTOR_CLOSING, KUBE_REFLECTOR_CANCEL);
    if (state->phase == KUBE_REFLECTOR_CLOSING)
        return keep();
    return move(state, KUBE_REFLECTOR_STOPPED, KUBE_REFLECTOR_CLOSE);
}

static void note_recovery(struct kube_reflector_state *state, struct kube_reflector_effect *effect)
{
    effect->is_recovery = state->told != ERROR_NONE;
    state->told = ERROR_NONE;
}

static struct kube_reflector_effect on_listed(struct kube_reflector_state *state,
                                              const struct kube_reflector_event *event)
{
    must(event->resource_version > 0);
    must(state->phase == KUBE_REFLECTOR_STREAMING || state->phase == KUBE_REFLECTOR_PAGING);
    struct kube_reflector_effect effect;
    state->resource_version = event->resource_version;
    if (state->phase == KUBE_REFLECTOR_PAGING) {
        state->wants_pages = false;
        effect = begin(state, event->now_ms);
    } else {
        effect = move(state, KUBE_REFLECTOR_WATCHING, KUBE_REFLECTOR_KEEP); /* the same stream */
        watch_begins(state, event->now_ms);
    }
    note_recovery(state, &effect);
    return effect;
}

static struct kube_reflector_effect on_progress(struct kube_reflector_state *state,
                                                const struct kube_reflector_event *event)
{
    struct kube_reflector_effect effect = keep();
    if (state->phase != KUBE_REFLECTOR_WATCHING)
        return effect; /* the place to go on from is known when the list is whole */
    if (event->resource_version <= state->resource_version)
        return effect; /* or a server that repeats itself and hangs up would be asked forever */
    state->resource_version = event->resource_version;
    state->has_progress = true;
    state->failures = 0;
    state->quick_ends = 0;
    note_recovery(state, &effect);
    return effect;
}

/* Half of it is certain, half by chance, so that many clients do not come back at once. */
static int64_t growing_pause_ms(int64_t first_ms, unsigned count, struct random *random)
{
    int64_t pause_ms = first_ms;
    for (unsigned i = 1; i < count && pause_ms < PAUSE_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > PAUSE_MAX_MS)
        pause_ms = PAUSE_MAX_MS;
    return pause_ms / 2 + (int64_t)random_below(random, (uint64_t)(pause_ms / 2 + 1));
}

static int64_t overloaded_pause_ms(const struct kube_reflector_state *state, int64_t retry_after_ms,
                                   struct random *random)
{
    int64_t pause_ms = growing_pause_ms(PAUSE_OVERLOADED_FIRST_MS, state->failures, random);
    if (retry_after_ms > RETRY_AFTER_MAX_MS)
        retry_after_ms = RETRY_AFTER_MAX_MS;
    return pause_ms > retry_after_ms
               ? pause_ms
               : retry_after_ms + (int64_t)random_below(random, PAUSE_OVERLOADED_FIRST_MS);
}

static int64_t pause_after_ms(const struct kube_reflector_state *state,
                              const struct kube_reflector_event *event, struct random *random)
{
    if (event->code == ERROR_DENIED)
        return PAUSE_DENIED_MIN_MS +
               (int64_t)random_below(random, PAUSE_MAX_MS - PAUSE_DENIED_MIN_MS + 1);
    if (event->http_status == 429 || event->http_status == 503)
        return overloaded_pause_ms(state, event->retry_after_ms, random);
    if (event->code == ERROR_INVALID || event->code == ERROR_NOT_FOUND)
        return growing_pause_ms(PAUSE_OVERLOADED_FIRST_MS, state->failures, random);
    return growing_pause_ms(PAUSE_FIRST_MS, state->failures, random);
}

static struct kube_reflector_effect pause_for(struct kube_reflector_state *state, int64_t pause_ms)
{
    struct kube_reflector_effect effect = move(state, KUBE_REFLECTOR_PAUSING, KUBE_REFLECTOR_PAUSE);
    effect.pause_ms = pause_ms;
    return effect;
}

static struct kube_reflector_effect after_end_in_order(struct kube_reflector_state *state,
                                                       const struct kube_reflector_event *event,
                                                       struct random *random)
{
    if (state->phase == KUBE_REFLECTOR_STREAMING) {
        state->wants_pages = true; /* a server that streams lists would have ended this one */
        return begin(state, event->now_ms);
    }
    bool is_quick = !state->has_progress && event->now_ms - state->since_ms < QUICK_MS;
    state->quick_ends = is_quick ? state->quick_ends + 1 : 0;
    if (state->quick_ends < 2)
        return begin(state, event->now_ms);
    return pause_for(state, growing_pause_ms(PAUSE_FIRST_MS, state->quick_ends - 1, random));
}

/* Broken connections and refusals leave the place in the history as good as it was. */
static bool keeps_place(const struct kube_reflector_state *state,
                        const struct kube_reflector_event *event)
{
    return state->phase == KUBE_REFLECTOR_WATCHING && !event->is_error_event &&
           (event->code == ERROR_UNAVAILABLE || event->code == ERROR_DENIED ||
            event->code == ERROR_CANCELLED);
}

static bool is_worth_telling(const struct kube_reflector_state *state, enum error_code code)
{
    return code == ERROR_DENIED || code == ERROR_INVALID || code == ERROR_NOT_FOUND ||
           state->failures >= FAILURES_TOLD;
}

static struct kube_reflector_effect after_failure(struct kube_reflector_state *state,
                                                  const struct kube_reflector_event *event,
                                                  struct random *random)
{
    if (state->phase == KUBE_REFLECTOR_STREAMING && event->code == ERROR_INVALID &&
        (event->http_status == 400 || event->http_status == 422)) {
        state->wants_pages = true;
        return begin(state, event->now_ms);
    }
    if (state->phase == KUBE_REFLECTOR_WATCHING && event->now_ms - state->since_ms >= STEADY_MS)
        state->failures = 0;
    state->failures++;
    if (!keeps_place(state, event))
        forget_place(state);
    if (event->code == ERROR_GONE && state->failures == 1)
        return begin(state, event->now_ms); /* ordinary after a long absence */
    struct kube_reflector_effect effect = pause_for(state, pause_after_ms(state, event, random));
    effect.doubts_kind = event->code == ERROR_NOT_FOUND;
    effect.is_news = is_worth_telling(state, event->code) && state->told != event->code;
    if (effect.is_news)
        state->told = event->code;
    return effect;
}

static struct kube_reflector_effect on_ended(struct kube_reflector_state *state,
                                             const struct kube_reflector_event *event,
                                             struct random *random)
{
    if (state->phase == KUBE_REFLECTOR_CLOSING) {
        if (state->is_stopping)
            return move(state, KUBE_REFLECTOR_STOPPED, KUBE_REFLECTOR_CLOSE);
        if (!state->is_served)
            return move(state, KUBE_REFLECTOR_UNSERVED, KUBE_REFLECTOR_KEEP);
        return begin(state, event->now_ms);
    }
    must(has_request(state));
    if (event->code == ERROR_NONE)
        return after_end_in_order(state, event, random);
    return after_failure(state, event, random);
}

struct kube_reflector_effect kube_reflector_step(struct kube_reflector_state *state,
                                                 const struct kube_reflector_event *event,
                                                 struct random *random)
{
    switch (event->type) {
    case KUBE_REFLECTOR_SERVED:
        return state->is_stopping ? keep() : on_served(state, event);
    case KUBE_REFLECTOR_WITHDRAWN:
        return state->is_stopping ? keep() : on_withdrawn(state);
    case KUBE_REFLECTOR_TIME_IS_UP:
        return state->phase == KUBE_REFLECTOR_PAUSING ? begin(state, event->now_ms) : keep();
    case KUBE_REFLECTOR_PAGE:
        must(state->phase == KUBE_REFLECTOR_PAGING);
        return (struct kube_reflector_effect){.act = KUBE_REFLECTOR_NEXT_PAGE};
    case KUBE_REFLECTOR_LISTED:
        return on_listed(state, event);
    case KUBE_REFLECTOR_PROGRESS:
        return on_progress(state, event);
    case KUBE_REFLECTOR_ENDED:
        return on_ended(state, event, random);
    case KUBE_REFLECTOR_STOP:
        return on_stop(state);
    }
    must(false); /* every type is above */
    return keep();
}
