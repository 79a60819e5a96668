#include "controllers/pool_choice.h"

#include "controllers/names.h"

/* What all rules are asked with. */
struct question {
    const struct world *world;
    const struct elfmachine *machine;
    const struct elfmachine_device *device;
    uint32_t device_index;
    struct str cluster_ns;
    const struct kube_meta *template_meta; /* from the second rule on */
    struct arena *arena;
};

#define warn(arena, why, ...)                                                                      \
    ((struct kube_report){.type = KUBE_EVENT_WARNING,                                              \
                          .reason = STR(why),                                                      \
                          .message = arena_printf(arena, __VA_ARGS__)})

static struct pool_choice wait_for(enum pool_rule rule, struct kube_report why)
{
    return (struct pool_choice){.rule = rule, .wait = why};
}

/* A pool that was found is used unless it is on its way out or cannot give anything. */
static struct pool_choice settle_on(const struct question *q, enum pool_rule rule,
                                    const struct ippool *pool)
{
    const struct kube_meta *meta = &pool->object.meta;
    if (meta->is_deleting)
        return wait_for(rule, warn(q->arena, "WaitingForIPPool",
                                   "Device %u: IPPool " STR_FMT "/" STR_FMT
                                   " is being deleted. Name another pool, or create it again "
                                   "once it is gone.",
                                   q->device_index, STR_ARG(meta->ns), STR_ARG(meta->name)));
    if (!str_is_empty(pool->problem))
        return wait_for(rule, warn(q->arena, "IPPoolInvalid",
                                   "Device %u: IPPool " STR_FMT "/" STR_FMT
                                   " cannot give addresses: " STR_FMT ". Correct the pool.",
                                   q->device_index, STR_ARG(meta->ns), STR_ARG(meta->name),
                                   STR_ARG(pool->problem)));
    return (struct pool_choice){.rule = rule, .pool = pool};
}

/* The pool of that name in `ns`, else in the namespace default. */
static const struct ippool *find_by_name(const struct question *q, struct str ns, struct str name)
{
    const struct ippool *pool = world_find_ippool(q->world, ns, name);
    return pool ? pool : world_find_ippool(q->world, STR(NAMESPACE_DEFAULT), name);
}

static struct kube_report not_found(const struct question *q, struct str ns, struct str name,
                                    struct str who)
{
    return warn(q->arena, "IPPoolNotFound",
                "Device %u: no IPPool \"" STR_FMT "\" in namespace \"" STR_FMT
                "\" or \"" NAMESPACE_DEFAULT "\", as " STR_FMT
                " asks. Create the pool or correct the name.",
                q->device_index, STR_ARG(name), STR_ARG(ns), STR_ARG(who));
}

static struct pool_choice choose_by_device(const struct question *q)
{
    const struct elfmachine_pool_ref *ref = q->device->pool;
    struct str ns = q->machine->object.meta.ns;
    bool is_ours =
        (str_eq(ref->group, STR(GROUP_METAL3_IPAM)) && str_eq(ref->kind, STR("IPPool"))) ||
        (str_is_empty(ref->group) && str_is_empty(ref->kind));
    if (!is_ours)
        return wait_for(POOL_RULE_DEVICE,
                        warn(q->arena, "UnsupportedIPPool",
                             "Device %u: spec.network.devices[%u].addressesFromPools[0] names kind "
                             "\"" STR_FMT "\" of group \"" STR_FMT
                             "\"; only IPPool of " GROUP_METAL3_IPAM " is served.",
                             q->device_index, q->device_index, STR_ARG(ref->kind),
                             STR_ARG(ref->group)));
    const struct ippool *pool = find_by_name(q, ns, ref->name);
    if (!pool)
        return wait_for(POOL_RULE_DEVICE,
                        not_found(q, ns, ref->name, STR("the device's addressesFromPools[0]")));
    return settle_on(q, POOL_RULE_DEVICE, pool);
}

/* The oldest first, then by name. */
static bool is_before(const struct ippool *a, const struct ippool *b)
{
    return !b || kube_meta_cmp_age(&a->object.meta, &b->object.meta) < 0;
}

typedef bool pool_matches_fn(const struct kube_meta *pool, const struct kube_meta *template_meta);

/* How willingly a match is taken: the lower the better. */
enum pool_rank { RANK_USABLE, RANK_MALFORMED, RANK_LEAVING, RANK_COUNT };

static enum pool_rank rank_of(const struct ippool *pool)
{
    if (pool->object.meta.is_deleting)
        return RANK_LEAVING;
    return str_is_empty(pool->problem) ? RANK_USABLE : RANK_MALFORMED;
}

/* The oldest match of the wanted rank; with must_be_free only one that has a free address. */
static const struct ippool *find_oldest(const struct question *q, struct str ns,
                                        pool_matches_fn *matches, enum pool_rank rank,
                                        bool must_be_free, size_t *count_out)
{
    const struct kube_store *pools = world_store(q->world, WORLD_IPPOOLS);
    struct kube_store_cursor at = kube_store_seek(pools, IPPOOLS_BY_NAMESPACE, ns, STR(""));
    const struct ippool *oldest = NULL;
    const struct ippool *pool;
    *count_out = 0;
    while ((pool = ippool_from(kube_store_next(pools, &at))) != NULL) {
        if (!matches(&pool->object.meta, q->template_meta) || rank_of(pool) != rank ||
            (must_be_free && world_pool_free_count(q->world, pool) == 0))
            continue;
        (*count_out)++;
        if (is_before(pool, oldest))
            oldest = pool;
    }
    return oldest;
}

/* The match of a namespace that is to be used; NULL: none. */
static const struct ippool *find_match(const struct question *q, struct str ns,
                                       pool_matches_fn *matches)
{
    size_t count;
    const struct ippool *oldest = NULL;
    for (enum pool_rank rank = RANK_USABLE; rank < RANK_COUNT && !oldest; rank++)
        oldest = find_oldest(q, ns, matches, rank, false, &count);
    if (!oldest || count < 2 || rank_of(oldest) != RANK_USABLE)
        return oldest;
    const struct ippool *free_one = find_oldest(q, ns, matches, RANK_USABLE, true, &count);
    return free_one ? free_one : oldest;
}

struct place {
    struct str ns;
    pool_matches_fn *matches;
};

/* The first place that has a match decides; a match that is being deleted only when no place has a
 * better one, so that its end is waited for. */
static const struct ippool *find_in_places(const struct question *q, const struct place *places,
                                           size_t count)
{
    const struct ippool *leaving = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct ippool *pool = find_match(q, places[i].ns, places[i].matches);
        if (pool && !pool->object.meta.is_deleting)
            return pool;
        if (!leaving)
            leaving = pool;
    }
    return leaving;
}

static bool is_default(const struct kube_meta *pool, const struct kube_meta *template_meta)
{
    (void)template_meta;
    return str_eq(kube_meta_label(pool, LABEL_IS_DEFAULT), STR("true"));
}

static bool label_agrees(const struct kube_meta *pool, const struct kube_meta *template_meta,
                         const char *key)
{
    return !kube_meta_has_label(template_meta, key) ||
           (kube_meta_has_label(pool, key) &&
            str_eq(kube_meta_label(pool, key), kube_meta_label(template_meta, key)));
}

static bool has_template_labels(const struct kube_meta *pool, const struct kube_meta *template_meta)
{
    return label_agrees(pool, template_meta, LABEL_POOL_GROUP) &&
           label_agrees(pool, template_meta, LABEL_NETWORK_NAME);
}

static bool is_default_with_template_labels(const struct kube_meta *pool,
                                            const struct kube_meta *template_meta)
{
    return is_default(pool, template_meta) && has_template_labels(pool, template_meta);
}

/* The namespace that the template's label names, else the cluster's. */
static struct str pool_namespace(const struct question *q)
{
    struct str said = kube_meta_label(q->template_meta, LABEL_POOL_NAMESPACE);
    return str_is_empty(said) ? q->cluster_ns : said;
}

static struct pool_choice choose_by_template_name(const struct question *q)
{
    struct str ns = pool_namespace(q);
    struct str name = kube_meta_label(q->template_meta, LABEL_POOL_NAME);
    const struct ippool *pool = find_by_name(q, ns, name);
    if (pool)
        return settle_on(q, POOL_RULE_TEMPLATE_NAME, pool);
    struct str who = arena_printf(
        q->arena, "the label " LABEL_POOL_NAME " of ElfMachineTemplate " STR_FMT "/" STR_FMT,
        STR_ARG(q->template_meta->ns), STR_ARG(q->template_meta->name));
    return wait_for(POOL_RULE_TEMPLATE_NAME, not_found(q, ns, name, who));
}

/* `key="value", ...` of those that the template has. */
static struct str wanted_labels(const struct question *q)
{
    static const char *const keys[] = {LABEL_POOL_GROUP, LABEL_NETWORK_NAME};
    struct str text = STR("");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (kube_meta_has_label(q->template_meta, keys[i]))
            text = arena_printf(q->arena, STR_FMT "%s%s=\"" STR_FMT "\"", STR_ARG(text),
                                str_is_empty(text) ? "" : ", ", keys[i],
                                STR_ARG(kube_meta_label(q->template_meta, keys[i])));
    return text;
}

static struct pool_choice choose_by_template_labels(const struct question *q)
{
    struct str ns = pool_namespace(q);
    const struct place places[] = {
        {ns, has_template_labels},
        /* where the Go manager looks from 0.6 on */
        {STR(NAMESPACE_DEFAULT), is_default_with_template_labels},
    };
    const struct ippool *pool = find_in_places(q, places, ARRAY_LEN(places));
    if (pool)
        return settle_on(q, POOL_RULE_TEMPLATE_LABELS, pool);
    return wait_for(POOL_RULE_TEMPLATE_LABELS,
                    warn(q->arena, "IPPoolNotFound",
                         "Device %u: no IPPool in namespace \"" STR_FMT
                         "\" has the labels of ElfMachineTemplate " STR_FMT "/" STR_FMT ": " STR_FMT
                         ". Label a pool or correct the template.",
                         q->device_index, STR_ARG(ns), STR_ARG(q->template_meta->ns),
                         STR_ARG(q->template_meta->name), STR_ARG(wanted_labels(q))));
}

static struct pool_choice choose_default(const struct question *q)
{
    const struct place places[] = {
        {q->cluster_ns, is_default},
        {STR(NAMESPACE_CAPE), is_default},    /* the documented place */
        {STR(NAMESPACE_DEFAULT), is_default}, /* the Go manager's from 0.6 on */
    };
    const struct ippool *pool = find_in_places(q, places, ARRAY_LEN(places));
    if (pool)
        return settle_on(q, POOL_RULE_DEFAULT, pool);
    return wait_for(POOL_RULE_DEFAULT,
                    warn(q->arena, "IPPoolNotFound",
                         "Device %u: ElfMachineTemplate " STR_FMT "/" STR_FMT
                         " names no IPPool, and none in namespace \"" STR_FMT
                         "\", \"" NAMESPACE_CAPE "\" or \"" NAMESPACE_DEFAULT
                         "\" has the label " LABEL_IS_DEFAULT
                         "=true. Label the template or a default pool.",
                         q->device_index, STR_ARG(q->template_meta->ns),
                         STR_ARG(q->template_meta->name), STR_ARG(q->cluster_ns)));
}

static struct pool_choice choose_by_template(struct question *q)
{
    const struct kube_meta *machine = &q->machine->object.meta;
    struct str template_name = kube_meta_annotation(machine, ANNOTATION_CLONED_FROM);
    if (str_is_empty(template_name))
        return wait_for(POOL_RULE_NONE,
                        warn(q->arena, "TemplateNotFound",
                             "The annotation " ANNOTATION_CLONED_FROM
                             " is missing or empty: which ElfMachineTemplate names the IPPool is "
                             "not known. Set it to the template's name."));
    const struct kube_object *object = world_find_template(q->world, q->machine);
    if (!object)
        return wait_for(POOL_RULE_NONE,
                        warn(q->arena, "TemplateNotFound",
                             "ElfMachineTemplate " STR_FMT "/" STR_FMT
                             ", named by the annotation " ANNOTATION_CLONED_FROM
                             ", is not there. Create it, or correct the annotation.",
                             STR_ARG(machine->ns), STR_ARG(template_name)));
    q->template_meta = &object->meta;
    if (!str_is_empty(kube_meta_label(q->template_meta, LABEL_POOL_NAME)))
        return choose_by_template_name(q);
    if (kube_meta_has_label(q->template_meta, LABEL_POOL_GROUP) ||
        kube_meta_has_label(q->template_meta, LABEL_NETWORK_NAME))
        return choose_by_template_labels(q);
    return choose_default(q);
}

struct pool_choice pool_choose(const struct world *world, const struct elfmachine *machine,
                               uint32_t device_index, struct str cluster_ns, struct arena *arena)
{
    struct question q = {
        .world = world,
        .machine = machine,
        .device = &machine->devices[device_index],
        .device_index = device_index,
        .cluster_ns = cluster_ns,
        .arena = arena,
    };
    if (q.device->pool)
        return choose_by_device(&q);
    return choose_by_template(&q);
}

const char *pool_rule_name(enum pool_rule rule)
{
    static const char *const names[] = {
        [POOL_RULE_NONE] = "no rule",
        [POOL_RULE_DEVICE] = "the device's addressesFromPools",
        [POOL_RULE_TEMPLATE_NAME] = ("the template's label " LABEL_POOL_NAME),
        [POOL_RULE_TEMPLATE_LABELS] = "the template's labels for group and network",
        [POOL_RULE_DEFAULT] = "the default pool",
    };
    return names[rule];
}
