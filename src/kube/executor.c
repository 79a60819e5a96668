#include "kube/executor.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "kube/model/json.h"
#include "kube/path.h"

struct kube_step {
    struct kube_execution *execution;
    const struct kube_action *action;
    struct kube_call *call; /* NULL: not under way */
    int64_t sent_ms;
    uint64_t decided_on; /* the resourceVersion that the store had; 0: none */
};

static struct kube_store *store_of(const struct kube_executor *executor,
                                   const struct kube_kind *kind)
{
    struct kube_store *const *stores = executor->stores;
    while (*stores && kube_store_kind(*stores) != kind)
        stores++;
    must(*stores != NULL);
    return *stores;
}

static uint64_t stored_version(const struct kube_executor *executor,
                               const struct kube_action *action)
{
    const struct kube_object *object =
        kube_store_find(store_of(executor, action->kind), action->ns, action->name);
    return object ? object->meta.resource_version : 0;
}

/* Nothing says in which order they arrive. */
static void must_aim_at_different_objects(const struct kube_actions *actions)
{
    struct map seen;
    map_init(&seen);
    for (size_t i = 0; i < actions->count; i++) {
        struct kube_action *action = &actions->items[i];
        uint64_t hash = hash_table_key(action->ns, action->name);
        struct map_cursor at = map_seek(&seen, hash);
        const struct kube_action *other;
        while ((other = map_next(&seen, &at)) != NULL)
            must(other->kind != action->kind || !str_eq(other->name, action->name) ||
                 !str_eq(other->ns, action->ns));
        map_add(&seen, hash, action);
    }
    map_fini(&seen);
}

static void note_outcome(struct kube_step *step, enum kube_outcome outcome, const struct error *err)
{
    struct kube_execution *execution = step->execution;
    if (outcome == KUBE_CONFLICTED &&
        stored_version(execution->executor, step->action) == step->decided_on)
        execution->is_superseded = false;
    if (outcome <= execution->outcome)
        return;
    execution->outcome = outcome;
    if (err) {
        execution->what = step->action->what;
        execution->error = *err;
    }
}

/* The 404 of an object names it; that of a path that is not served does not. */
static bool names_object(const struct kube_response *response, struct str name)
{
    struct error not_json;
    cleanup_json_doc yyjson_doc *doc = response ? json_read(response->body, &not_json) : NULL;
    return doc && str_eq(json_str(json_object(yyjson_doc_get_root(doc), "details"), "name"), name);
}

static enum kube_outcome outcome_of_error(const struct kube_step *step,
                                          const struct kube_response *response,
                                          const struct error *err)
{
    const struct kube_executor *executor = step->execution->executor;
    const struct kube_action *action = step->action;
    if (err->code == ERROR_CANCELLED)
        return KUBE_CANCELLED;
    if (err->code == ERROR_CONFLICT)
        return KUBE_CONFLICTED;
    if (err->code != ERROR_NOT_FOUND)
        return KUBE_FAILED;
    if (action->type == KUBE_ACTION_CREATE) { /* its namespace is missing, or the path */
        if (response && !names_object(response, action->ns))
            kube_discovery_doubt(executor->discovery, action->kind);
        return KUBE_FAILED;
    }
    if (!names_object(response, action->name)) {
        kube_discovery_doubt(executor->discovery, action->kind);
        return KUBE_FAILED;
    }
    if (step->decided_on == 0)
        return KUBE_FAILED; /* not in the store either: the next decision would be the same */
    kube_store_remove_known(store_of(executor, action->kind), action->ns, action->name,
                            action->uid);
    return KUBE_MISSING;
}

/* Whether the object of an answer is the last that there was of it. */
static bool is_last(yyjson_val *object, enum kube_action_type type)
{
    yyjson_val *meta = json_object(object, "metadata");
    bool is_marked =
        type == KUBE_ACTION_DELETE || !str_is_empty(json_str(meta, "deletionTimestamp"));
    return is_marked && yyjson_arr_size(json_array(meta, "finalizers")) == 0 &&
           json_int(meta, "deletionGracePeriodSeconds", 0) == 0;
}

static bool put_answer(const struct kube_step *step, yyjson_val *json, struct error *err)
{
    struct kube_executor *executor = step->execution->executor;
    const struct kube_action *action = step->action;
    const struct kube_object *object = NULL;
    if (!kube_object_parse(action->kind, json, &executor->scratch, &object, err))
        return error_wrap(err, "answer");
    bool is_unchanged = step->decided_on > 0 && object->meta.resource_version == step->decided_on;
    kube_store_put_answer(store_of(executor, action->kind), object);
    /* Fields that its schema does not know are dropped by the server. The next decision, on the
     * same object, would come to the same action. */
    if (is_unchanged)
        return error_set(err, ERROR_INVALID, "accepted by the server, but nothing has changed");
    return true;
}

static bool take_answer(const struct kube_step *step, struct str body, struct error *err)
{
    const struct kube_action *action = step->action;
    struct kube_store *store = store_of(step->execution->executor, action->kind);
    cleanup_json_doc yyjson_doc *doc = json_read(body, err);
    if (!doc)
        return error_wrap(err, "answer");
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool is_status = str_eq(json_str(root, "kind"), STR("Status"));
    if (is_status && action->type != KUBE_ACTION_DELETE)
        return error_set(err, ERROR_INVALID, "answer: a Status instead of the object");
    if (is_status || is_last(root, action->type)) {
        kube_store_remove_known(store, action->ns, action->name, action->uid);
        return true;
    }
    return put_answer(step, root, err);
}

static void log_step(const struct kube_step *step, const struct error *err)
{
    const struct kube_execution *execution = step->execution;
    const struct kube_runtime *runtime = execution->executor->runtime;
    int64_t latency_ms = clock_mono_ms(&runtime->clock) - step->sent_ms;
    if (err)
        log_debug(
            runtime->log, 2, "Action refused", LOG_STR(execution->subject_kind, execution->subject),
            LOG_STR("what", step->action->what), LOG_INT("latencyMs", latency_ms), LOG_ERR(err));
    else
        log_debug(runtime->log, 2, "Action done",
                  LOG_STR(execution->subject_kind, execution->subject),
                  LOG_STR("what", step->action->what), LOG_INT("latencyMs", latency_ms));
}

static void on_answer(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct kube_step *step = ctx;
    struct kube_execution *execution = step->execution;
    struct error own;
    enum kube_outcome outcome = KUBE_DONE;
    step->call = NULL;
    if (err) {
        outcome = outcome_of_error(step, response, err);
    } else if (!take_answer(step, response->body, &own)) {
        outcome = KUBE_FAILED;
        err = &own;
    }
    log_step(step, err);
    note_outcome(step, outcome, err);
    if (outcome == KUBE_DONE)
        execution->succeeded(execution->ctx, step->action);
    if (--execution->open == 0)
        execution->finished(execution->ctx);
}

static void append_delete_options(struct strbuf *out, const struct kube_action *action)
{
    strbuf_append_cstr(out, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                            "\"preconditions\":{\"uid\":");
    strbuf_append_json(out, action->uid);
    strbuf_append_cstr(out, "}}");
}

static void send_step(struct kube_step *step, const struct kube_resource *resource)
{
    static const enum kube_verb verbs[] = {
        [KUBE_ACTION_CREATE] = KUBE_POST,
        [KUBE_ACTION_JSON_PATCH] = KUBE_PATCH_JSON,
        [KUBE_ACTION_DELETE] = KUBE_DELETE,
    };
    struct kube_execution *execution = step->execution;
    struct kube_executor *executor = execution->executor;
    const struct kube_action *action = step->action;
    cleanup_strbuf struct strbuf options = {0};
    if (action->type == KUBE_ACTION_DELETE)
        append_delete_options(&options, action);
    struct str name = action->type == KUBE_ACTION_CREATE ? STR("") : action->name;
    struct kube_request request = {
        .verb = verbs[action->type],
        .accept = action->kind->is_metadata_only ? KUBE_ACCEPT_PARTIAL_METADATA : KUBE_ACCEPT_JSON,
        .priority = KUBE_PRIORITY_NORMAL,
        .path = kube_path(execution->actions->arena, resource, action->ns, name),
        .body = action->type == KUBE_ACTION_DELETE ? strbuf_str(&options) : action->body,
        .resource = action->kind->plural,
    };
    step->sent_ms = clock_mono_ms(&executor->runtime->clock);
    step->decided_on = stored_version(executor, action);
    step->call = kube_client_send(executor->client, &request, on_answer, step);
    execution->open++;
}

bool kube_execution_start(struct kube_execution *execution)
{
    const struct kube_actions *actions = execution->actions;
    must_aim_at_different_objects(actions);
    execution->outcome = KUBE_DONE;
    execution->is_superseded = true;
    execution->open = 0;
    execution->steps = arena_new_array(actions->arena, struct kube_step, actions->count);
    for (size_t i = 0; i < actions->count; i++) {
        struct kube_step *step = &execution->steps[i];
        *step = (struct kube_step){.execution = execution, .action = &actions->items[i]};
        const struct kube_kind *kind = step->action->kind;
        const struct kube_resource *resource =
            kube_discovery_find(execution->executor->discovery, kind);
        if (resource) {
            send_step(step, resource);
            continue;
        }
        struct error err;
        error_set(&err, ERROR_UNAVAILABLE, "%s of group \"%s\" is not served by this API server",
                  kind->kind, kind->group);
        note_outcome(step, KUBE_FAILED, &err);
    }
    return execution->open > 0;
}

void kube_execution_cancel(struct kube_execution *execution)
{
    for (size_t i = 0; i < execution->actions->count; i++)
        if (execution->steps[i].call)
            kube_call_cancel(execution->steps[i].call);
}
