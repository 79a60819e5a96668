#include "kube/flow.h"

#include <math.h>

#include "base/must.h"

enum {
    MIN_IN_FLIGHT = 2,
    START_IN_FLIGHT = 8,
    MAX_IN_FLIGHT = 64,
    WINDOW_MIN_ANSWERS = 24,
    CEILING_LASTS_MS = 30 * 1000,
    HOLD_MAX_MS = 60 * 1000,
};

static const double PROBE_FACTOR = 1.25;
static const double DAMPING = 0.7;
static const double STEP_MAX = 0.35; /* of the limit's logarithm: up or down by a good third */
static const double CUT_FACTOR = 0.7;
static const double CEILING_FACTOR = 0.85;
/* Places that gain less are given back: the requests of others may need them. */
static const double GAIN_WANTED = 0.02;

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

static struct kube_flow_options with_defaults(struct kube_flow_options options)
{
    if (options.min_in_flight == 0)
        options.min_in_flight = MIN_IN_FLIGHT;
    if (options.max_in_flight == 0)
        options.max_in_flight = MAX_IN_FLIGHT;
    if (options.max_in_flight < options.min_in_flight)
        options.max_in_flight = options.min_in_flight;
    if (options.start_in_flight == 0)
        options.start_in_flight = START_IN_FLIGHT;
    if (options.burst < 1)
        options.burst = fmax(options.qps, 1);
    return options;
}

static size_t places(const struct kube_flow *flow)
{
    return flow->windows[flow->probe].places;
}

static void begin_window(struct kube_flow *flow, enum kube_flow_probe probe, int64_t now_ms)
{
    flow->probe = probe;
    flow->window_began_us = now_ms * 1000;
    flow->windows[probe].answers = 0;
    flow->windows[probe].sum_us = 0;
}

static void begin_round(struct kube_flow *flow, int64_t now_ms)
{
    const struct kube_flow_options *options = &flow->options;
    double most = (double)options->max_in_flight;
    if (now_ms < flow->ceiling_until_ms)
        most = fmin(most, flow->ceiling);
    flow->limit = clamp(flow->limit, (double)options->min_in_flight,
                        fmax(most, (double)options->min_in_flight));
    double low = fmax(floor(flow->limit / PROBE_FACTOR), (double)options->min_in_flight);
    double high = fmin(fmax(ceil(flow->limit * PROBE_FACTOR), low + 1), most);
    flow->windows[KUBE_FLOW_LOW].places = (size_t)low;
    flow->windows[KUBE_FLOW_HIGH].places = (size_t)fmax(high, low);
    flow->is_second = false;
    begin_window(flow, flow->probe, now_ms);
}

void kube_flow_init(struct kube_flow *flow, const struct kube_flow_options *options, int64_t now_ms)
{
    *flow = (struct kube_flow){.options = with_defaults(*options), .tokens_at_ms = now_ms};
    flow->limit = (double)flow->options.start_in_flight;
    flow->tokens = flow->options.burst;
    begin_round(flow, now_ms);
}

static void refill(struct kube_flow *flow, int64_t now_ms)
{
    double passed_s = (double)(now_ms - flow->tokens_at_ms) / 1000;
    flow->tokens = fmin(flow->tokens + passed_s * flow->options.qps, flow->options.burst);
    flow->tokens_at_ms = now_ms;
}

int64_t kube_flow_wait_ms(struct kube_flow *flow, int64_t now_ms)
{
    if (now_ms < flow->held_until_ms)
        return flow->held_until_ms - now_ms;
    if (flow->in_flight >= places(flow))
        return -1;
    if (flow->options.qps <= 0)
        return 0;
    refill(flow, now_ms);
    return flow->tokens >= 1 ? 0 : (int64_t)ceil((1 - flow->tokens) / flow->options.qps * 1000);
}

void kube_flow_started(struct kube_flow *flow, int64_t now_ms)
{
    flow->in_flight++;
    flow->is_full = flow->in_flight >= places(flow);
    if (flow->options.qps > 0) {
        refill(flow, now_ms);
        flow->tokens -= 1;
    }
}

static void cut(struct kube_flow *flow, int64_t now_ms)
{
    flow->ceiling = flow->limit * CEILING_FACTOR;
    flow->ceiling_until_ms = now_ms + CEILING_LASTS_MS;
    flow->limit *= CUT_FACTOR;
    flow->forgiven = flow->in_flight;
    begin_round(flow, now_ms);
}

/* By how much the throughput grew from the low to the high window, as a share of by how much the
 * places grew: 1 when it grew as they did, 0 when it did not, less when it fell. Throughput is
 * places by latency, so only the latencies are needed. */
static double gain(const struct kube_flow *flow)
{
    const struct kube_flow_window *low = &flow->windows[KUBE_FLOW_LOW];
    const struct kube_flow_window *high = &flow->windows[KUBE_FLOW_HIGH];
    if (high->places == low->places)
        return 0;
    double latency_ratio =
        (high->sum_us / (double)high->answers) / (low->sum_us / (double)low->answers);
    return 1 - log(latency_ratio) / log((double)high->places / (double)low->places);
}

static void end_window(struct kube_flow *flow, int64_t now_ms)
{
    if (!flow->is_second) {
        flow->is_second = true;
        begin_window(flow, flow->probe == KUBE_FLOW_LOW ? KUBE_FLOW_HIGH : KUBE_FLOW_LOW, now_ms);
        return;
    }
    flow->limit *= exp(clamp(DAMPING * (gain(flow) - GAIN_WANTED), -STEP_MAX, STEP_MAX));
    begin_round(flow, now_ms); /* with the same probe: the order alternates */
}

static void measure(struct kube_flow *flow, int64_t now_ms, int64_t latency_us)
{
    struct kube_flow_window *window = &flow->windows[flow->probe];
    if (now_ms * 1000 - latency_us < flow->window_began_us)
        return;
    window->answers++;
    window->sum_us += (double)(latency_us > 0 ? latency_us : 1);
    if (window->answers >= WINDOW_MIN_ANSWERS && window->answers >= 3 * window->places)
        end_window(flow, now_ms);
}

static void hold(struct kube_flow *flow, int64_t now_ms, int64_t hold_ms)
{
    int64_t until_ms = now_ms + (hold_ms < HOLD_MAX_MS ? hold_ms : HOLD_MAX_MS);
    if (until_ms > flow->held_until_ms)
        flow->held_until_ms = until_ms;
    flow->is_full = false;
}

void kube_flow_ended(struct kube_flow *flow, int64_t now_ms, int64_t latency_us,
                     enum kube_flow_outcome outcome, int64_t retry_after_ms)
{
    must(flow->in_flight > 0);
    flow->in_flight--;
    bool is_forgiven = flow->forgiven > 0;
    if (is_forgiven)
        flow->forgiven--;
    if (retry_after_ms > 0)
        hold(flow, now_ms, retry_after_ms);
    if (outcome == KUBE_FLOW_OVERLOADED && !is_forgiven)
        cut(flow, now_ms);
    else if (!flow->is_full)
        begin_round(flow, now_ms);
    else if (outcome == KUBE_FLOW_ANSWERED)
        measure(flow, now_ms, latency_us);
}
