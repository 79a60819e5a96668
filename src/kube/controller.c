#include "kube/controller.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "kube/executor.h"
#include "kube/reports.h"

enum {
    CONCURRENCY = 10,
    CONFLICT_WAIT_MS = 1000,
    /* The loop goes round after so many decisions, so that answers and probes do not wait while
     * 100,000 keys are looked at. */
    DECISIONS_PER_ROUND = 128,
    SYNC_SLICES = 32, /* of the sync period */
    HANDLES = 3,
};

enum result { RESULT_SUCCESS, RESULT_ERROR, RESULT_REQUEUE_AFTER, RESULT_COUNT };

/* A key at work. */
struct job {
    struct kube_controller *controller;
    size_t place;                      /* in the controller's jobs */
    struct kube_key key;               /* in the queue's memory until it is done */
    const struct kube_object *subject; /* a reference; NULL: gone */
    struct arena arena;
    struct kube_actions actions;
    struct kube_execution execution;
    bool looks_again; /* at a time of its own choice */
};

struct kube_controller {
    struct kube_controller_options options;
    struct kube_runtime *runtime;
    struct kube_discovery *discovery;
    struct kube_recorder *recorder;
    struct kube_queue *queue;
    struct kube_reports *reports;
    struct kube_executor executor;
    struct job **jobs; /* room for `concurrency` */
    size_t job_count;
    uint64_t results[RESULT_COUNT];
    uint64_t sync_slice; /* whose turn it is */
    uv_idle_t work;      /* active while there may be something to do */
    uv_timer_t delay;    /* until the next delayed key is due */
    uv_timer_t sync;
    size_t open_handles;
    bool is_started;
    bool is_draining;
    bool is_stopping;
    void (*drained)(void *ctx);
    void *drained_ctx;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void on_work(uv_idle_t *handle);

static int64_t now_ms(const struct kube_controller *controller)
{
    return clock_mono_ms(&controller->runtime->clock);
}

struct kube_controller *kube_controller_new(struct kube_runtime *runtime,
                                            struct kube_client *client,
                                            struct kube_discovery *discovery,
                                            struct kube_recorder *recorder,
                                            const struct kube_controller_options *options)
{
    struct kube_controller *controller = mem_alloc_zero(sizeof(*controller));
    controller->options = *options;
    if (controller->options.concurrency == 0)
        controller->options.concurrency = CONCURRENCY;
    controller->runtime = runtime;
    controller->discovery = discovery;
    controller->recorder = recorder;
    controller->queue = kube_queue_new(&(struct kube_queue_options){0}, &runtime->random);
    controller->reports = kube_reports_new();
    controller->executor = (struct kube_executor){
        .runtime = runtime, .client = client, .discovery = discovery, .stores = options->stores};
    arena_init(&controller->executor.scratch);
    controller->jobs = mem_grow_array(NULL, controller->options.concurrency, sizeof(struct job *));
    must(uv_idle_init(runtime->loop, &controller->work) == 0);
    must(uv_timer_init(runtime->loop, &controller->delay) == 0);
    must(uv_timer_init(runtime->loop, &controller->sync) == 0);
    controller->work.data = controller;
    controller->delay.data = controller;
    controller->sync.data = controller;
    controller->open_handles = HANDLES;
    return controller;
}

static void wake(struct kube_controller *controller)
{
    if (!uv_is_closing((uv_handle_t *)&controller->work))
        must(uv_idle_start(&controller->work, on_work) == 0);
}

void kube_controller_add(struct kube_controller *controller, struct kube_key key,
                         enum kube_urgency urgency)
{
    kube_queue_add(controller->queue, key, urgency, now_ms(controller));
    if (controller->is_started)
        wake(controller);
}

/* "namespace/name" in the job's arena, for the log. */
static struct str job_key_text(struct job *job)
{
    if (str_is_empty(job->key.ns))
        return arena_dup_str(&job->arena, job->key.name);
    return arena_printf(&job->arena, STR_FMT "/" STR_FMT, STR_ARG(job->key.ns),
                        STR_ARG(job->key.name));
}

static struct str subject_version(const struct kube_controller *controller)
{
    const struct kube_kind *kind = kube_store_kind(controller->options.subjects);
    const struct kube_resource *resource = kube_discovery_find(controller->discovery, kind);
    return resource ? resource->version : str_from(kind->versions[0]);
}

/* One line in the log and, where there is an object to put it on, an Event. */
static void tell(struct job *job, const char *message, const struct kube_report *report)
{
    struct kube_controller *controller = job->controller;
    struct log *log = controller->runtime->log;
    if (report->type == KUBE_EVENT_WARNING)
        log_warning(log, message, LOG_STR(controller->options.name, job_key_text(job)),
                    LOG_STR("reason", report->reason), LOG_STR("message", report->message));
    else
        log_info(log, message, LOG_STR(controller->options.name, job_key_text(job)),
                 LOG_STR("reason", report->reason), LOG_STR("message", report->message));
    if (job->subject && !report->is_log_only)
        kube_recorder_event(controller->recorder, job->subject, subject_version(controller),
                            report);
}

/* Why the key waits, as far as that is news. What is gone does not wait. */
static void tell_reports(struct job *job)
{
    struct kube_controller *controller = job->controller;
    const struct kube_actions *actions = &job->actions;
    size_t count = job->subject ? actions->report_count : 0;
    bool *is_due = arena_new_array(&job->arena, bool, count);
    int64_t look_at_ms = kube_reports_update(controller->reports, job->key, actions->reports, count,
                                             now_ms(controller), is_due);
    for (size_t i = 0; i < count; i++)
        if (is_due[i])
            tell(job, "Waiting", &actions->reports[i]);
    if (look_at_ms >= 0)
        kube_queue_add_at(controller->queue, job->key, look_at_ms);
}

/* The decision knows the wall clock only, the queue the monotonic one. */
static void look_again(struct job *job, int64_t wall_ms)
{
    struct kube_controller *controller = job->controller;
    int64_t wait_ms = job->actions.look_again_ms - wall_ms;
    job->looks_again = job->actions.look_again_ms > 0;
    if (job->looks_again)
        kube_queue_add_at(controller->queue, job->key,
                          now_ms(controller) + (wait_ms > 0 ? wait_ms : 1));
}

static void on_succeeded(void *ctx, const struct kube_action *action)
{
    if (!str_is_empty(action->done.reason))
        tell(ctx, "Done", &action->done);
}

static struct job *job_new(struct kube_controller *controller, struct kube_key key)
{
    struct job *job = mem_alloc_zero(sizeof(*job));
    job->controller = controller;
    job->key = key;
    const struct kube_object *subject =
        kube_store_find(controller->options.subjects, key.ns, key.name);
    job->subject = subject ? kube_object_ref(subject) : NULL;
    arena_init(&job->arena);
    kube_actions_init(&job->actions, &job->arena);
    job->place = controller->job_count++;
    controller->jobs[job->place] = job;
    return job;
}

static void job_free(struct job *job)
{
    struct kube_controller *controller = job->controller;
    struct job *last = controller->jobs[--controller->job_count];
    controller->jobs[job->place] = last;
    last->place = job->place;
    kube_object_unref(job->subject);
    arena_fini(&job->arena);
    free(job);
}

static enum result end_failed(struct job *job)
{
    struct kube_controller *controller = job->controller;
    int64_t wait_ms = kube_queue_add_failed(controller->queue, job->key, now_ms(controller));
    log_error(controller->runtime->log, "Action failed",
              LOG_STR(controller->options.name, job->execution.subject),
              LOG_STR("what", job->execution.what), LOG_ERR(&job->execution.error),
              LOG_INT("retryAfterMs", wait_ms));
    return RESULT_ERROR;
}

static enum result end_conflicted(struct job *job)
{
    struct kube_controller *controller = job->controller;
    int64_t now = now_ms(controller);
    if (job->execution.is_superseded)
        kube_queue_add(controller->queue, job->key, KUBE_URGENT, now);
    else
        kube_queue_add_at(controller->queue, job->key, now + CONFLICT_WAIT_MS);
    return RESULT_REQUEUE_AFTER;
}

static enum result end_well(struct job *job)
{
    struct kube_controller *controller = job->controller;
    if (job->execution.outcome == KUBE_DONE)
        kube_queue_forget_failures(controller->queue, job->key);
    if (job->actions.count > 0)
        kube_queue_add(controller->queue, job->key, KUBE_URGENT, now_ms(controller));
    return job->looks_again ? RESULT_REQUEUE_AFTER : RESULT_SUCCESS;
}

/* What becomes of the key, as controller.h has it. */
static void end_job(struct job *job)
{
    struct kube_controller *controller = job->controller;
    switch (job->execution.outcome) {
    case KUBE_DONE:
    case KUBE_MISSING:
        controller->results[end_well(job)]++;
        break;
    case KUBE_CONFLICTED:
        controller->results[end_conflicted(job)]++;
        break;
    case KUBE_FAILED:
        controller->results[end_failed(job)]++;
        break;
    case KUBE_CANCELLED:
        break;
    }
    kube_queue_done(controller->queue, job->key, now_ms(controller));
    job_free(job);
}

static void on_finished(void *ctx)
{
    struct job *job = ctx;
    struct kube_controller *controller = job->controller;
    end_job(job);
    wake(controller);
}

static void begin_job(struct kube_controller *controller, struct kube_key key)
{
    struct job *job = job_new(controller, key);
    int64_t wall_ms = clock_wall_ms(&controller->runtime->clock);
    controller->options.decide(controller->options.ctx, key, wall_ms, &job->actions);
    tell_reports(job);
    look_again(job, wall_ms);
    job->execution = (struct kube_execution){
        .executor = &controller->executor,
        .actions = &job->actions,
        .subject_kind = controller->options.name,
        .subject = job->actions.count > 0 ? job_key_text(job) : STR(""),
        .succeeded = on_succeeded,
        .finished = on_finished,
        .ctx = job,
    };
    if (!kube_execution_start(&job->execution))
        end_job(job);
}

static void on_delay(uv_timer_t *handle)
{
    wake(handle->data);
}

static bool is_busy(const struct kube_controller *controller)
{
    return controller->job_count == controller->options.concurrency;
}

/* Sleeps until something happens: an answer, an event, a delayed key. */
static void sleep_until_due(struct kube_controller *controller)
{
    must(uv_idle_stop(&controller->work) == 0);
    must(uv_timer_stop(&controller->delay) == 0);
    int64_t due_ms = kube_queue_next_due_ms(controller->queue);
    if (due_ms < 0 || is_busy(controller) || !controller->is_started || controller->is_draining)
        return;
    int64_t wait_ms = due_ms - now_ms(controller);
    must(uv_timer_start(&controller->delay, on_delay, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0) == 0);
}

static void begin_jobs(struct kube_controller *controller)
{
    struct kube_key key;
    for (int i = 0; i < DECISIONS_PER_ROUND; i++) {
        if (is_busy(controller) || !kube_queue_take(controller->queue, now_ms(controller), &key)) {
            sleep_until_due(controller);
            return;
        }
        begin_job(controller, key);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct kube_controller *controller = handle->data;
    if (--controller->open_handles > 0)
        return;
    void (*closed)(void *ctx) = controller->closed;
    void *ctx = controller->closed_ctx;
    kube_queue_free(controller->queue);
    kube_reports_free(controller->reports);
    arena_fini(&controller->executor.scratch);
    free(controller->jobs);
    free(controller);
    if (closed)
        closed(ctx);
}

static void wind_down(struct kube_controller *controller)
{
    sleep_until_due(controller);
    if (controller->job_count > 0)
        return;
    void (*drained)(void *ctx) = controller->drained;
    controller->drained = NULL;
    if (drained)
        drained(controller->drained_ctx);
    if (!controller->is_stopping)
        return;
    uv_close((uv_handle_t *)&controller->work, on_closed);
    uv_close((uv_handle_t *)&controller->delay, on_closed);
    uv_close((uv_handle_t *)&controller->sync, on_closed);
}

static void on_work(uv_idle_t *handle)
{
    struct kube_controller *controller = handle->data;
    if (controller->is_draining)
        wind_down(controller);
    else if (controller->is_started)
        begin_jobs(controller);
    else
        sleep_until_due(controller);
}

/* Each subject has its slice of the period by the hash of its name: all have their turn, whatever
 * comes and goes meanwhile, and nothing has to be remembered. */
static void on_sync(uv_timer_t *handle)
{
    struct kube_controller *controller = handle->data;
    size_t position = 0;
    const struct kube_object *subject;
    while ((subject = kube_store_each(controller->options.subjects, &position)) != NULL) {
        struct kube_key key = {subject->meta.ns, subject->meta.name};
        if (hash_table_key(key.ns, key.name) % SYNC_SLICES == controller->sync_slice)
            kube_controller_add(controller, key, KUBE_NORMAL);
    }
    controller->sync_slice = (controller->sync_slice + 1) % SYNC_SLICES;
}

void kube_controller_start(struct kube_controller *controller)
{
    size_t position = 0;
    const struct kube_object *subject;
    controller->is_started = true;
    while ((subject = kube_store_each(controller->options.subjects, &position)) != NULL)
        kube_controller_add(controller, (struct kube_key){subject->meta.ns, subject->meta.name},
                            KUBE_NORMAL);
    wake(controller); /* for what was queued before */
    if (controller->options.sync_period_ms <= 0)
        return;
    uint64_t slice_ms = (uint64_t)controller->options.sync_period_ms / SYNC_SLICES;
    slice_ms = slice_ms > 0 ? slice_ms : 1;
    must(uv_timer_start(&controller->sync, on_sync, slice_ms, slice_ms) == 0);
}

struct kube_controller_figures kube_controller_figures(const struct kube_controller *controller)
{
    struct kube_controller_figures figures = {
        .queue = kube_queue_figures(controller->queue, now_ms(controller)),
        .waiting = kube_reports_keys(controller->reports),
    };
    for (size_t i = 0; i < RESULT_COUNT; i++)
        figures.reconciles_by_result[i] = controller->results[i];
    return figures;
}

bool kube_controller_next_reason(const struct kube_controller *controller, size_t *position,
                                 struct str *reason_out, size_t *subjects_out)
{
    return kube_reports_next(controller->reports, position, reason_out, subjects_out);
}

void kube_controller_drain(struct kube_controller *controller, void (*drained)(void *ctx),
                           void *ctx)
{
    must(!controller->is_draining);
    controller->is_draining = true;
    controller->drained = drained;
    controller->drained_ctx = ctx;
    must(uv_timer_stop(&controller->sync) == 0);
    wake(controller);
}

void kube_controller_stop(struct kube_controller *controller, void (*closed)(void *ctx), void *ctx)
{
    must(!controller->is_stopping);
    controller->is_draining = true;
    controller->is_stopping = true;
    controller->closed = closed;
    controller->closed_ctx = ctx;
    must(uv_timer_stop(&controller->sync) == 0);
    for (size_t i = 0; i < controller->job_count; i++)
        kube_execution_cancel(&controller->jobs[i]->execution);
    wake(controller);
}
