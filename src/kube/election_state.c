#include "kube/election_state.h"

#include "base/attr.h"
#include "base/hash.h"
#include "base/must.h"

static const unsigned moves[] = {
#define TO(phase) (1u << KUBE_ELECTION_##phase)
    [KUBE_ELECTION_STANDBY] = TO(LOOKING) | TO(CLOSED),
    [KUBE_ELECTION_LOOKING] = TO(STANDBY) | TO(LOOKING) | TO(CLAIMING) | TO(RELEASING) | TO(CLOSED),
    [KUBE_ELECTION_CLAIMING] = TO(STANDBY) | TO(LOOKING) | TO(LEADING) | TO(RELEASING) | TO(CLOSED),
    [KUBE_ELECTION_LEADING] = TO(RENEWING) | TO(CHECKING) | TO(RELEASING) | TO(LOST),
    [KUBE_ELECTION_RENEWING] = TO(LEADING) | TO(CHECKING) | TO(RELEASING) | TO(LOST) | TO(CLOSED),
    [KUBE_ELECTION_CHECKING] = TO(LEADING) | TO(RENEWING) | TO(RELEASING) | TO(LOST) | TO(CLOSED),
    [KUBE_ELECTION_RELEASING] = TO(LOOKING) | TO(CLOSED),
    [KUBE_ELECTION_LOST] = TO(CLOSED),
    [KUBE_ELECTION_CLOSED] = 0,
#undef TO
};

void kube_election_state_init(struct kube_election_state *state,
                              const struct kube_election_timing *timing, struct str identity)
{
    *state = (struct kube_election_state){
        .timing = *timing,
        .identity = identity,
        .phase = KUBE_ELECTION_STANDBY,
        .retry_at_ms = INT64_MAX, /* not started */
    };
}

bool kube_election_state_is_leader(const struct kube_election_state *state)
{
    return state->phase == KUBE_ELECTION_LEADING || state->phase == KUBE_ELECTION_RENEWING ||
           state->phase == KUBE_ELECTION_CHECKING;
}

static void move(struct kube_election_state *state, enum kube_election_phase phase)
{
    must(moves[state->phase] & 1u << phase);
    state->phase = phase;
}

static struct kube_election_effect effect_of(enum kube_election_act act)
{
    return (struct kube_election_effect){.act = act};
}

static struct kube_election_effect ask(struct kube_election_state *state,
                                       enum kube_election_phase phase, enum kube_election_act act,
                                       int64_t now_ms)
{
    must(!state->is_asking);
    move(state, phase);
    state->is_asking = true;
    state->is_cancelled = false;
    state->asked_at_ms = now_ms;
    struct kube_election_effect effect = effect_of(act);
    effect.lease = state->writing;
    return effect;
}

static struct kube_election_effect cancel(struct kube_election_state *state)
{
    if (!state->is_asking || state->is_cancelled)
        return effect_of(KUBE_ELECTION_KEEP);
    state->is_cancelled = true;
    return effect_of(KUBE_ELECTION_CANCEL);
}

static struct kube_election_effect close_now(struct kube_election_state *state)
{
    move(state, KUBE_ELECTION_CLOSED);
    return effect_of(KUBE_ELECTION_CLOSE);
}

static struct kube_election_effect look(struct kube_election_state *state, int64_t now_ms)
{
    state->is_rung = false;
    state->has_looked = true;
    return ask(state,
               kube_election_state_is_leader(state) ? KUBE_ELECTION_CHECKING
                                                    : KUBE_ELECTION_LOOKING,
               KUBE_ELECTION_GET, now_ms);
}

/* What the server holds now. Seen again unchanged, it grows older; anything else starts its time.
 */
static void observe(struct kube_election_state *state, const struct kube_lease *lease,
                    uint64_t resource_version, int64_t now_ms)
{
    struct kube_election_view *view = &state->view;
    uint64_t fingerprint = kube_lease_fingerprint(lease);
    bool is_same = view->resource_version > 0 && view->fingerprint == fingerprint;
    *view = (struct kube_election_view){
        .fingerprint = fingerprint,
        .resource_version = resource_version,
        .holder_hash = hash_stable(lease->holder),
        .is_free = str_is_empty(lease->holder),
        .is_ours = str_eq(lease->holder, state->identity),
        .expires_at_ms = is_same ? view->expires_at_ms : now_ms + lease->duration_ms,
        .acquired_us = lease->acquired_us,
        .transitions = lease->transitions,
    };
}

static void observe_none(struct kube_election_state *state)
{
    state->view = (struct kube_election_view){.is_free = true};
}

/* Whether the holder in view is somebody that our side was not told of; it is now. */
static bool note_other_leader(struct kube_election_state *state)
{
    if (state->view.is_free || state->view.is_ours ||
        state->view.holder_hash == state->told_holder_hash)
        return false;
    state->told_holder_hash = state->view.holder_hash;
    return true;
}

static struct kube_election_effect rest_as_standby(struct kube_election_state *state,
                                                   int64_t now_ms, struct random *random)
{
    if (state->is_stopping)
        return close_now(state);
    if (state->is_rung && state->view.is_free)
        return look(state, now_ms);                            /* released while we were asking */
    int64_t chance_ms = state->timing.retry_period_ms * 6 / 5; /* client-go's JitterFactor */
    move(state, KUBE_ELECTION_STANDBY);
    state->rested_at_ms = now_ms;
    state->retry_at_ms = now_ms + state->timing.retry_period_ms +
                         (int64_t)random_below(random, (uint64_t)chance_ms + 1);
    return effect_of(KUBE_ELECTION_KEEP);
}

static struct kube_election_effect rest_as_leader(struct kube_election_state *state, int64_t now_ms)
{
    if (state->is_stopping)
        return close_now(state);
    move(state, KUBE_ELECTION_LEADING);
    state->rested_at_ms = now_ms;
    state->retry_at_ms = now_ms + state->timing.retry_period_ms;
    return effect_of(KUBE_ELECTION_KEEP);
}

static struct kube_election_effect lose(struct kube_election_state *state)
{
    move(state, KUBE_ELECTION_LOST);
    struct kube_election_effect effect = cancel(state);
    effect.is_lost = true;
    return effect;
}

/* Makes the Lease ours, or keeps it so. */
static struct kube_election_effect take(struct kube_election_state *state,
                                        enum kube_election_act act,
                                        const struct kube_election_event *event)
{
    const struct kube_election_view *view = &state->view;
    bool is_kept = act == KUBE_ELECTION_PUT && view->is_ours;
    state->writing = (struct kube_lease){
        .holder = state->identity,
        .duration_ms = state->timing.lease_duration_ms,
        .acquired_us = is_kept ? view->acquired_us : event->wall_us,
        .renewed_us = event->wall_us,
        .transitions = view->transitions,
    };
    if (act == KUBE_ELECTION_PUT && !is_kept && view->transitions < INT32_MAX)
        state->writing.transitions++;
    return ask(state,
               kube_election_state_is_leader(state) ? KUBE_ELECTION_RENEWING
                                                    : KUBE_ELECTION_CLAIMING,
               act, event->now_ms);
}

static struct kube_election_effect release(struct kube_election_state *state,
                                           const struct kube_election_event *event)
{
    state->writing = (struct kube_lease){
        .duration_ms = 1000,
        .acquired_us = event->wall_us,
        .renewed_us = event->wall_us,
        .transitions = state->view.transitions,
    };
    return ask(state, KUBE_ELECTION_RELEASING, KUBE_ELECTION_PUT, event->now_ms);
}

static struct kube_election_effect renew(struct kube_election_state *state,
                                         const struct kube_election_event *event)
{
    if (!state->is_sure)
        return look(state, event->now_ms);
    state->has_looked = false;
    return take(state, KUBE_ELECTION_PUT, event);
}

/* When a standby comes back: at the expiry of what it waits for, unless that failed already. */
static int64_t standby_due_ms(const struct kube_election_state *state)
{
    int64_t expires_at_ms = state->view.expires_at_ms;
    return !state->view.is_free && expires_at_ms > state->rested_at_ms &&
                   expires_at_ms < state->retry_at_ms
               ? expires_at_ms
               : state->retry_at_ms;
}

static int64_t request_until_ms(const struct kube_election_state *state)
{
    int64_t until_ms = state->asked_at_ms + state->timing.renew_deadline_ms / 2;
    return state->is_stopping && state->stop_at_ms < until_ms ? state->stop_at_ms : until_ms;
}

int64_t kube_election_state_wake_ms(const struct kube_election_state *state)
{
    int64_t wake_ms = INT64_MAX;
    if (state->is_asking)
        wake_ms = state->is_cancelled ? INT64_MAX : request_until_ms(state);
    else if (state->phase == KUBE_ELECTION_STANDBY)
        wake_ms = standby_due_ms(state);
    else if (state->phase == KUBE_ELECTION_LEADING)
        wake_ms = state->retry_at_ms;
    if (kube_election_state_is_leader(state) && !state->is_stopping &&
        state->leader_until_ms < wake_ms)
        wake_ms = state->leader_until_ms;
    return wake_ms;
}

static struct kube_election_effect on_tick(struct kube_election_state *state,
                                           const struct kube_election_event *event)
{
    int64_t now_ms = event->now_ms;
    if (kube_election_state_is_leader(state) && !state->is_stopping &&
        now_ms >= state->leader_until_ms)
        return lose(state);
    if (state->is_asking)
        return now_ms >= request_until_ms(state) ? cancel(state) : effect_of(KUBE_ELECTION_KEEP);
    if (state->phase == KUBE_ELECTION_STANDBY && now_ms >= standby_due_ms(state))
        return look(state, now_ms);
    if (state->phase == KUBE_ELECTION_LEADING && now_ms >= state->retry_at_ms)
        return renew(state, event);
    return effect_of(KUBE_ELECTION_KEEP);
}

static bool is_candidate(const struct kube_election_state *state)
{
    return state->phase == KUBE_ELECTION_STANDBY || state->phase == KUBE_ELECTION_LOOKING ||
           state->phase == KUBE_ELECTION_CLAIMING;
}

static struct kube_election_effect on_seen(struct kube_election_state *state,
                                           const struct kube_election_event *event)
{
    if (!is_candidate(state) || event->resource_version <= state->view.resource_version)
        return effect_of(KUBE_ELECTION_KEEP);
    observe(state, event->lease, event->resource_version, event->now_ms);
    state->is_rung = true;
    struct kube_election_effect effect = effect_of(KUBE_ELECTION_KEEP);
    if (state->phase == KUBE_ELECTION_STANDBY && state->view.is_free)
        effect = look(state, event->now_ms);
    effect.is_other_leader = note_other_leader(state);
    return effect;
}

static struct kube_election_effect on_deleted(struct kube_election_state *state,
                                              const struct kube_election_event *event)
{
    if (!is_candidate(state))
        return effect_of(KUBE_ELECTION_KEEP);
    observe_none(state);
    state->is_rung = true;
    return state->phase == KUBE_ELECTION_STANDBY ? look(state, event->now_ms)
                                                 : effect_of(KUBE_ELECTION_KEEP);
}

static struct kube_election_effect after_look_of_standby(struct kube_election_state *state,
                                                         const struct kube_election_event *event,
                                                         struct random *random)
{
    const struct kube_election_view *view = &state->view;
    if (state->is_stopping)
        return view->is_ours ? release(state, event) : close_now(state);
    if (view->is_free || view->is_ours || event->now_ms >= view->expires_at_ms)
        return take(state, KUBE_ELECTION_PUT, event);
    state->may_hold = false;
    return rest_as_standby(state, event->now_ms, random);
}

static struct kube_election_effect after_look_of_leader(struct kube_election_state *state,
                                                        const struct kube_election_event *event)
{
    const struct kube_election_view *view = &state->view;
    if (state->is_stopping)
        return view->is_ours ? release(state, event) : close_now(state);
    if (view->is_ours || view->is_free)
        return take(state, KUBE_ELECTION_PUT, event);
    return lose(state); /* client-go would go on until its deadline; two leaders help nobody */
}

static struct kube_election_effect on_found(struct kube_election_state *state,
                                            const struct kube_election_event *event,
                                            struct random *random)
{
    struct kube_election_effect effect;
    if (state->phase == KUBE_ELECTION_CHECKING) {
        observe(state, event->lease, event->resource_version, event->now_ms);
        effect = after_look_of_leader(state, event);
    } else if (state->is_rung && event->resource_version < state->view.resource_version) {
        return rest_as_standby(state, event->now_ms, random); /* the watch knows better by now */
    } else {
        observe(state, event->lease, event->resource_version, event->now_ms);
        effect = after_look_of_standby(state, event, random);
    }
    effect.is_other_leader = note_other_leader(state);
    return effect;
}

static struct kube_election_effect on_absent(struct kube_election_state *state,
                                             const struct kube_election_event *event)
{
    observe_none(state);
    state->may_hold = false;
    return state->is_stopping ? close_now(state) : take(state, KUBE_ELECTION_POST, event);
}

/* A claim that took longer than the renew deadline is worth nothing: it is looked at again. */
static bool is_too_late(const struct kube_election_state *state, int64_t now_ms)
{
    return now_ms >= state->asked_at_ms + state->timing.renew_deadline_ms;
}

static struct kube_election_effect on_written(struct kube_election_state *state,
                                              const struct kube_election_event *event,
                                              struct random *random)
{
    observe(state, &state->writing, event->resource_version, event->now_ms);
    if (state->phase == KUBE_ELECTION_RELEASING)
        return close_now(state);
    if (state->is_stopping)
        return release(state, event);
    bool is_claim = state->phase == KUBE_ELECTION_CLAIMING;
    if (is_claim && is_too_late(state, event->now_ms)) {
        state->may_hold = true;
        return rest_as_standby(state, event->now_ms, random);
    }
    state->leader_until_ms = state->asked_at_ms + state->timing.renew_deadline_ms;
    state->is_sure = true;
    struct kube_election_effect effect = rest_as_leader(state, event->now_ms);
    effect.is_elected = is_claim;
    return effect;
}

static struct kube_election_effect after_failed_claim(struct kube_election_state *state,
                                                      const struct kube_election_event *event,
                                                      struct random *random)
{
    if (event->code == ERROR_UNAVAILABLE || event->code == ERROR_CANCELLED)
        state->may_hold = true;
    if (state->is_stopping && state->may_hold && event->now_ms < state->stop_at_ms)
        return look(state, event->now_ms);
    return rest_as_standby(state, event->now_ms, random);
}

static struct kube_election_effect after_failed_renewal(struct kube_election_state *state,
                                                        const struct kube_election_event *event)
{
    state->is_sure = false;
    bool may_go_on = !state->is_stopping || event->now_ms < state->stop_at_ms;
    if (!state->has_looked && may_go_on)
        return look(state, event->now_ms);
    return rest_as_leader(state, event->now_ms);
}

static struct kube_election_effect on_failed(struct kube_election_state *state,
                                             const struct kube_election_event *event,
                                             struct random *random)
{
    switch (state->phase) {
    case KUBE_ELECTION_LOOKING:
        return rest_as_standby(state, event->now_ms, random);
    case KUBE_ELECTION_CLAIMING:
        return after_failed_claim(state, event, random);
    case KUBE_ELECTION_CHECKING:
        return rest_as_leader(state, event->now_ms);
    case KUBE_ELECTION_RENEWING:
        return after_failed_renewal(state, event);
    case KUBE_ELECTION_RELEASING:
        if (!state->has_looked && event->now_ms < state->stop_at_ms)
            return look(state, event->now_ms);
        return close_now(state);
    default:
        must(false); /* the others ask nothing */
        return effect_of(KUBE_ELECTION_KEEP);
    }
}

static struct kube_election_effect on_stop(struct kube_election_state *state,
                                           const struct kube_election_event *event)
{
    state->is_stopping = true;
    state->stop_at_ms = event->now_ms + KUBE_ELECTION_RELEASE_MS;
    if (state->phase == KUBE_ELECTION_LEADING) {
        state->has_looked = false;
        return state->is_sure ? release(state, event) : look(state, event->now_ms);
    }
    if (!state->is_asking)
        return state->may_hold && state->phase == KUBE_ELECTION_STANDBY ? look(state, event->now_ms)
                                                                        : close_now(state);
    if (state->phase == KUBE_ELECTION_LOOKING && !state->may_hold)
        return cancel(state);
    return effect_of(KUBE_ELECTION_KEEP); /* the answer decides whether there is what to release */
}

static struct kube_election_effect on_answer(struct kube_election_state *state,
                                             const struct kube_election_event *event,
                                             struct random *random)
{
    must(state->is_asking);
    state->is_asking = false;
    if (state->phase == KUBE_ELECTION_LOST)
        return state->is_stopping ? close_now(state) : effect_of(KUBE_ELECTION_KEEP);
    if (kube_election_state_is_leader(state) && !state->is_stopping &&
        event->now_ms >= state->leader_until_ms)
        return lose(state); /* the answer came before the timer, but too late all the same */
    switch (event->type) {
    case KUBE_ELECTION_FOUND:
        return on_found(state, event, random);
    case KUBE_ELECTION_ABSENT:
        return on_absent(state, event);
    case KUBE_ELECTION_WRITTEN:
        return on_written(state, event, random);
    default:
        return on_failed(state, event, random);
    }
}

struct kube_election_effect kube_election_step(struct kube_election_state *state,
                                               const struct kube_election_event *event,
                                               struct random *random)
{
    switch (event->type) {
    case KUBE_ELECTION_START:
        return look(state, event->now_ms);
    case KUBE_ELECTION_TICK:
        return on_tick(state, event);
    case KUBE_ELECTION_SEEN:
        return on_seen(state, event);
    case KUBE_ELECTION_DELETED:
        return on_deleted(state, event);
    case KUBE_ELECTION_STOP:
        return on_stop(state, event);
    default:
        return on_answer(state, event, random);
    }
}
