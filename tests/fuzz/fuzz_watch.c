/* Any lines as the watch of every kind: what can be read changes the caches, the rest is counted;
 * and whatever the caches hold then, a decision about every machine can be made. */
#include <stdint.h>

#include "controllers/elfmachine_decide.h"
#include "controllers/triggers.h"
#include "kube/feed.h"

static void ignore_key(void *ctx, struct kube_key key, enum kube_urgency urgency)
{
    (void)ctx;
    (void)key;
    (void)urgency;
}

static void feed_lines(struct world *world, struct str text)
{
    struct str line;
    for (size_t turn = 0; str_split(&text, '\n', &line); turn++) {
        struct kube_feed feed;
        uint64_t version = 0;
        struct error err = {0};
        kube_feed_init(&feed, world_store(world, (enum world_kind)(turn % WORLD_KIND_COUNT)), NULL);
        (void)kube_feed_line(&feed, line, &version, &err);
        kube_feed_fini(&feed);
    }
}

static void decide_all(const struct world *world)
{
    struct elfmachine_decider decider = {.world = world, .provider = &provider_metal3};
    const struct kube_object *machine;
    size_t position = 0;
    while ((machine = kube_store_each(world_store(world, WORLD_ELFMACHINES), &position)) != NULL) {
        struct kube_key key = {machine->meta.ns, machine->meta.name};
        cleanup_arena struct arena arena;
        struct kube_actions actions;
        arena_init(&arena);
        kube_actions_init(&actions, &arena);
        elfmachine_decide(&decider, key, 1000, &actions);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = world_new(&(struct world_options){.clock = clock_system()});
    struct triggers *triggers = triggers_new(world, ignore_key, NULL);
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++) {
        kube_store_list_begin(world_store(world, kind));
        kube_store_list_end(world_store(world, kind), 1);
    }
    feed_lines(world, (struct str){(const char *)data, size});
    decide_all(world);
    world_free(world);
    triggers_free(triggers);
    return 0;
}
