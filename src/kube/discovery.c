/* A round asks each group that has a kind to settle: for the versions that the server has of the
 * group, then for what is in them, in the order that the kinds prefer, until all are settled.
 * Groups are asked side by side, each with one request at a time. */
#include "kube/discovery.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/must.h"
#include "kube/model/json.h"

enum {
    MISSING_FIRST_MS = 5000,
    FAILED_FIRST_MS = 1000,
    PAUSE_MAX_MS = 30000,
    DOUBT_MS = 1000,
};

struct wanted {
    SLIST_ENTRY(wanted) link;
    const struct kube_kind *kind;
    bool is_known; /* the server has said whether it has the kind */
    bool is_doubted;
    bool is_unsettled;             /* in the round that is going on */
    const char *const *candidate;  /* of kind->versions: the next to look into, meanwhile */
    struct kube_resource resource; /* version empty: not served */
    char *plural;                  /* owned, the resource's */
};

struct group {
    SLIST_ENTRY(group) link;
    struct kube_discovery *discovery;
    const char *name; /* static */
    SLIST_HEAD(, wanted) kinds;
    struct kube_call *call; /* NULL: not in the round, or done with it */
    const char *version;    /* that is asked for; NULL: which there are */
    yyjson_doc *offered;    /* which there are; owned */
    struct error err;       /* why this round has failed; code ERROR_NONE: it has not */
};

enum reason { REASON_NONE, REASON_NEW, REASON_DOUBT, REASON_MISSING, REASON_FAILED };

struct kube_discovery {
    struct kube_runtime *runtime;
    struct kube_client *client;
    kube_discovery_fn *fn;
    void *ctx;
    SLIST_HEAD(, group) groups;
    uv_timer_t timer; /* until the next round */
    size_t open_groups;
    bool is_started;
    bool is_stopping;
    struct error failure; /* that was logged last; code ERROR_NONE: the server answers */
    enum reason reason;   /* of the pause */
    int64_t pause_ms;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static void ask_next(struct group *group);

static bool is_served(const struct wanted *wanted)
{
    return !str_is_empty(wanted->resource.version);
}

static enum reason reason_to_ask(const struct wanted *wanted)
{
    if (!wanted->is_known)
        return REASON_NEW;
    if (!is_served(wanted))
        return REASON_MISSING;
    return wanted->is_doubted ? REASON_DOUBT : REASON_NONE;
}

static void log_settled(const struct kube_discovery *discovery, const struct wanted *wanted)
{
    if (is_served(wanted))
        log_debug(discovery->runtime->log, 1, "Kind is served",
                  LOG_CSTR("kind", wanted->kind->kind), LOG_CSTR("group", wanted->kind->group),
                  LOG_STR("version", wanted->resource.version));
    else
        log_info(discovery->runtime->log, "Kind is not served: looking for it again and again",
                 LOG_CSTR("kind", wanted->kind->kind), LOG_CSTR("group", wanted->kind->group));
}

/* Where the kind is served is known now: as `entry` of its candidate version, or NULL: nowhere. */
static void settle(struct kube_discovery *discovery, struct wanted *wanted, yyjson_val *entry)
{
    struct kube_resource found = {0};
    if (entry != NULL)
        found = (struct kube_resource){.group = str_from(wanted->kind->group),
                                       .version = str_from(*wanted->candidate),
                                       .plural = json_str(entry, "name"),
                                       .is_namespaced = json_bool(entry, "namespaced")};
    const struct kube_resource *before = &wanted->resource;
    bool is_news = !wanted->is_known || !str_eq(found.version, before->version) ||
                   !str_eq(found.plural, before->plural) ||
                   found.is_namespaced != before->is_namespaced;
    wanted->is_unsettled = false;
    wanted->is_known = true;
    if (!is_news)
        return;
    free(wanted->plural);
    wanted->plural = str_dup_cstr(found.plural);
    found.plural = str_from(wanted->plural);
    wanted->resource = found;
    log_settled(discovery, wanted);
    discovery->fn(discovery->ctx, wanted->kind, is_served(wanted) ? &wanted->resource : NULL);
}

/* Core: APIVersions has texts; the others: APIGroup has objects. */
static bool is_offered(const struct group *group, const char *version)
{
    yyjson_val *versions = json_array(yyjson_doc_get_root(group->offered), "versions");
    size_t index = 0;
    size_t count = 0;
    yyjson_val *item = NULL;
    yyjson_arr_foreach(versions, index, count, item)
    {
        struct str name = yyjson_is_str(item) ? json_value_str(item) : json_str(item, "version");
        if (str_eq_cstr(name, version))
            return true;
    }
    return false;
}

/* The entry of an APIResourceList; NULL: it has none. Subresources carry the same kind. */
static yyjson_val *find_entry(yyjson_doc *list, const char *kind)
{
    yyjson_val *resources = json_array(yyjson_doc_get_root(list), "resources");
    size_t index = 0;
    size_t count = 0;
    yyjson_val *item = NULL;
    yyjson_arr_foreach(resources, index, count, item)
    {
        struct str name = json_str(item, "name");
        size_t slash = 0;
        if (str_eq_cstr(json_str(item, "kind"), kind) && !str_is_empty(name) &&
            !str_find(name, '/', &slash))
            return item;
    }
    return NULL;
}

static void close_if_over(struct kube_discovery *discovery);
static void round_due(uv_timer_t *timer);

static enum reason strongest_reason(const struct kube_discovery *discovery)
{
    enum reason strongest = REASON_NONE;
    const struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    {
        const struct wanted *wanted;
        SLIST_FOREACH(wanted, &group->kinds, link)
        {
            enum reason reason = reason_to_ask(wanted);
            if (reason != REASON_NONE && (strongest == REASON_NONE || reason < strongest))
                strongest = reason;
        }
    }
    return strongest;
}

/* 5 s, 10 s, 20 s, 30 s, or from 1 s on, for as long as the reason stays; up to a fifth off. */
static int64_t next_pause_ms(struct kube_discovery *discovery, enum reason reason)
{
    int64_t first_ms = reason == REASON_MISSING ? MISSING_FIRST_MS : FAILED_FIRST_MS;
    if (discovery->reason != reason || discovery->pause_ms == 0)
        discovery->pause_ms = first_ms;
    else if (discovery->pause_ms * 2 < PAUSE_MAX_MS)
        discovery->pause_ms *= 2;
    else
        discovery->pause_ms = PAUSE_MAX_MS;
    discovery->reason = reason;
    uint64_t fifth = (uint64_t)discovery->pause_ms / 5;
    return discovery->pause_ms - (int64_t)random_below(&discovery->runtime->random, fifth);
}

static void schedule(struct kube_discovery *discovery, enum reason reason)
{
    int64_t delay_ms = 0;
    if (reason == REASON_NONE) {
        discovery->reason = REASON_NONE;
        return;
    }
    if (reason == REASON_DOUBT)
        delay_ms = DOUBT_MS;
    else if (reason != REASON_NEW)
        delay_ms = next_pause_ms(discovery, reason);
    bool is_sooner_due = uv_is_active((uv_handle_t *)&discovery->timer) &&
                         uv_timer_get_due_in(&discovery->timer) <= (uint64_t)delay_ms;
    if (!is_sooner_due)
        uv_timer_start(&discovery->timer, round_due, (uint64_t)delay_ms, 0);
}

static const struct error *first_failure(const struct kube_discovery *discovery)
{
    const struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    if (group->err.code != ERROR_NONE)
        return &group->err;
    return NULL;
}

static void log_failure(struct kube_discovery *discovery, const struct error *failure)
{
    struct log *log = discovery->runtime->log;
    bool was_failing = discovery->failure.code != ERROR_NONE;
    if (failure == NULL) {
        if (was_failing)
            log_info(log, "The API server answers");
        discovery->failure.code = ERROR_NONE;
        return;
    }
    if (was_failing && str_eq_cstr(str_from(failure->text), discovery->failure.text))
        return;
    log_warning(log, "Waiting for the API server", LOG_ERR(failure));
    discovery->failure = *failure;
}

static void end_round(struct kube_discovery *discovery)
{
    if (discovery->is_stopping) {
        close_if_over(discovery);
        return;
    }
    const struct error *failure = first_failure(discovery);
    if (failure != NULL && failure->code == ERROR_CANCELLED)
        return; /* the client is stopping */
    log_failure(discovery, failure);
    schedule(discovery, failure != NULL ? REASON_FAILED : strongest_reason(discovery));
}

/* The group has no more to ask in this round. What is not settled then is asked for again. */
static void end_group(struct group *group)
{
    struct kube_discovery *discovery = group->discovery;
    struct wanted *wanted;
    SLIST_FOREACH(wanted, &group->kinds, link)
    {
        wanted->is_doubted = wanted->is_doubted || wanted->is_unsettled;
        wanted->is_unsettled = false;
    }
    yyjson_doc_free(steal_ptr(group->offered));
    must(discovery->open_groups > 0);
    if (--discovery->open_groups == 0)
        end_round(discovery);
}

/* False: group->err says why; NULL in *doc: there is no such thing. */
static bool read_answer(struct group *group, const struct kube_response *response,
                        const struct error *err, yyjson_doc **doc)
{
    *doc = NULL;
    if (err == NULL) {
        *doc = json_read(response->body, &group->err);
        if (*doc == NULL)
            return error_wrap(&group->err, "API discovery");
        return true;
    }
    if (err->code == ERROR_NOT_FOUND)
        return true;
    group->err = *err;
    return false;
}

/* Settles the kinds that the version has; the others go on to their next. */
static void look_into_version(struct group *group, yyjson_doc *list)
{
    struct wanted *wanted;
    SLIST_FOREACH(wanted, &group->kinds, link)
    {
        if (!wanted->is_unsettled || strcmp(*wanted->candidate, group->version) != 0)
            continue;
        yyjson_val *entry = find_entry(list, wanted->kind->kind);
        if (entry != NULL)
            settle(group->discovery, wanted, entry);
        else
            wanted->candidate++;
    }
}

static void answered(void *ctx, const struct kube_response *response, const struct error *err)
{
    struct group *group = ctx;
    yyjson_doc *doc = NULL;
    group->call = NULL;
    if (group->discovery->is_stopping || !read_answer(group, response, err, &doc)) {
        end_group(group);
        return;
    }
    if (group->version == NULL) {
        group->offered = doc;
    } else {
        look_into_version(group, doc);
        yyjson_doc_free(doc);
    }
    ask_next(group);
}

/* `version` NULL: which there are. */
static void ask(struct group *group, const char *version)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    group->version = version;
    struct str path =
        arena_printf(&arena, "%s%s%s%s", *group->name != '\0' ? "/apis/" : "/api", group->name,
                     version != NULL ? "/" : "", version != NULL ? version : "");
    struct kube_request request = {.verb = KUBE_GET, .path = path, .resource = "discovery"};
    group->call = kube_client_send(group->discovery->client, &request, answered, group);
}

/* Asks for the first version that an unsettled kind prefers among those offered; kinds that have
 * none left are settled. */
static void ask_next(struct group *group)
{
    struct kube_discovery *discovery = group->discovery;
    const char *version = NULL;
    struct wanted *wanted;
    SLIST_FOREACH(wanted, &group->kinds, link)
    {
        while (wanted->is_unsettled && *wanted->candidate != NULL &&
               !is_offered(group, *wanted->candidate))
            wanted->candidate++;
        if (wanted->is_unsettled && *wanted->candidate == NULL)
            settle(discovery, wanted, NULL);
        else if (wanted->is_unsettled && version == NULL)
            version = *wanted->candidate;
    }
    if (version != NULL && !discovery->is_stopping)
        ask(group, version);
    else
        end_group(group);
}

static bool prepare_group(struct group *group)
{
    bool has_any = false;
    struct wanted *wanted;
    group->err.code = ERROR_NONE;
    SLIST_FOREACH(wanted, &group->kinds, link)
    {
        wanted->is_unsettled = reason_to_ask(wanted) != REASON_NONE;
        wanted->candidate = wanted->kind->versions;
        wanted->is_doubted = false;
        has_any = has_any || wanted->is_unsettled;
    }
    return has_any;
}

static void begin_round(struct kube_discovery *discovery)
{
    must(discovery->open_groups == 0);
    struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    {
        if (!prepare_group(group))
            continue;
        discovery->open_groups++;
        ask(group, NULL);
    }
}

static void round_due(uv_timer_t *timer)
{
    begin_round(timer->data);
}

struct kube_discovery *kube_discovery_new(struct kube_runtime *runtime, struct kube_client *client,
                                          kube_discovery_fn *fn, void *ctx)
{
    struct kube_discovery *discovery = mem_alloc_zero(sizeof(*discovery));
    discovery->runtime = runtime;
    discovery->client = client;
    discovery->fn = fn;
    discovery->ctx = ctx;
    SLIST_INIT(&discovery->groups);
    must(uv_timer_init(runtime->loop, &discovery->timer) == 0);
    discovery->timer.data = discovery;
    return discovery;
}

static struct group *group_of(struct kube_discovery *discovery, const char *name)
{
    struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    if (strcmp(group->name, name) == 0)
        return group;
    group = mem_alloc_zero(sizeof(*group));
    group->discovery = discovery;
    group->name = name;
    SLIST_INIT(&group->kinds);
    SLIST_INSERT_HEAD(&discovery->groups, group, link);
    return group;
}

static struct wanted *find_wanted(const struct kube_discovery *discovery,
                                  const struct kube_kind *kind)
{
    const struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    {
        struct wanted *wanted;
        SLIST_FOREACH(wanted, &group->kinds, link)
        if (wanted->kind == kind)
            return wanted;
    }
    return NULL;
}

/* Looked at when a round ends anyway. */
static void schedule_between_rounds(struct kube_discovery *discovery, enum reason reason)
{
    if (discovery->is_started && !discovery->is_stopping && discovery->open_groups == 0)
        schedule(discovery, reason);
}

void kube_discovery_want(struct kube_discovery *discovery, const struct kube_kind *kind)
{
    if (find_wanted(discovery, kind) != NULL)
        return;
    struct wanted *wanted = mem_alloc_zero(sizeof(*wanted));
    wanted->kind = kind;
    SLIST_INSERT_HEAD(&group_of(discovery, kind->group)->kinds, wanted, link);
    schedule_between_rounds(discovery, REASON_NEW);
}

void kube_discovery_start(struct kube_discovery *discovery)
{
    must(!discovery->is_started);
    discovery->is_started = true;
    begin_round(discovery);
}

const struct kube_resource *kube_discovery_find(const struct kube_discovery *discovery,
                                                const struct kube_kind *kind)
{
    const struct wanted *wanted = find_wanted(discovery, kind);
    return wanted != NULL && is_served(wanted) ? &wanted->resource : NULL;
}

void kube_discovery_doubt(struct kube_discovery *discovery, const struct kube_kind *kind)
{
    struct wanted *wanted = find_wanted(discovery, kind);
    if (wanted == NULL || !is_served(wanted))
        return;
    wanted->is_doubted = true;
    schedule_between_rounds(discovery, REASON_DOUBT);
}

bool kube_discovery_is_complete(const struct kube_discovery *discovery)
{
    const struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    {
        const struct wanted *wanted;
        SLIST_FOREACH(wanted, &group->kinds, link)
        if (!wanted->is_known)
            return false;
    }
    return true;
}

static void group_free(struct group *group)
{
    struct wanted *wanted;
    while ((wanted = SLIST_FIRST(&group->kinds)) != NULL) {
        SLIST_REMOVE_HEAD(&group->kinds, link);
        free(wanted->plural);
        free(wanted);
    }
    free(group);
}

static void timer_closed(uv_handle_t *handle)
{
    struct kube_discovery *discovery = handle->data;
    struct group *group;
    while ((group = SLIST_FIRST(&discovery->groups)) != NULL) {
        SLIST_REMOVE_HEAD(&discovery->groups, link);
        group_free(group);
    }
    if (discovery->closed != NULL)
        discovery->closed(discovery->closed_ctx);
    free(discovery);
}

static void close_if_over(struct kube_discovery *discovery)
{
    if (discovery->open_groups == 0)
        uv_close((uv_handle_t *)&discovery->timer, timer_closed);
}

void kube_discovery_stop(struct kube_discovery *discovery, void (*closed)(void *ctx), void *ctx)
{
    must(!discovery->is_stopping);
    discovery->is_stopping = true;
    discovery->closed = closed;
    discovery->closed_ctx = ctx;
    struct group *group;
    SLIST_FOREACH(group, &discovery->groups, link)
    if (group->call != NULL)
        kube_call_cancel(group->call);
    close_if_over(discovery);
}
