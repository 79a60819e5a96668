#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/random.h"
#include "base/strbuf.h"
#include "kube/model/json.h"
#include "kube/model/store.h"
#include "unit/base/aborts.h"

/* A machine with a cluster and any number of pools; indexed by both. */
struct machine {
    struct kube_object object;
    struct str cluster;
    const struct str *pools;
    uint32_t pool_count;
};

static bool parse_machine(struct kube_object *view, yyjson_val *json, struct arena *arena,
                          struct error *err)
{
    (void)err;
    struct machine *machine = container_of(view, struct machine, object);
    machine->cluster = arena_dup_str(arena, json_str(json, "cluster"));
    machine->pools = json_strs(json, "pools", arena, &machine->pool_count);
    return true;
}

static const struct kube_kind MACHINE = {
    .kind = "Machine", .view_size = sizeof(struct machine), .parse = parse_machine};

static void by_cluster(const struct kube_object *object, struct kube_index_keys *keys)
{
    const struct machine *machine = (const struct machine *)object;
    if (!str_is_empty(machine->cluster))
        kube_index_add(keys, object->meta.ns, machine->cluster);
}

static void by_pool(const struct kube_object *object, struct kube_index_keys *keys)
{
    const struct machine *machine = (const struct machine *)object;
    for (uint32_t i = 0; i < machine->pool_count; i++)
        kube_index_add(keys, machine->pools[i], STR(""));
}

struct fixture {
    struct kube_store *store;
    struct arena scratch;
    struct strbuf heard; /* "+a@1 a@1>2 -a@2 " */
    size_t clusters;
    size_t pools;
};

static void append_version(struct strbuf *text, const struct kube_object *object)
{
    strbuf_printf(text, STR_FMT "@%d", STR_ARG(object->meta.name),
                  (int)object->meta.resource_version);
}

static void listen(void *ctx, const struct kube_object *before, const struct kube_object *after)
{
    struct fixture *f = ctx;
    const struct kube_object *either = after ? after : before;
    assert_ptr_equal(kube_store_find(f->store, either->meta.ns, either->meta.name), after);
    if (!before || !after)
        strbuf_append_char(&f->heard, after ? '+' : '-');
    append_version(&f->heard, before ? before : after);
    if (before && after)
        strbuf_printf(&f->heard, ">%d", (int)after->meta.resource_version);
    strbuf_append_char(&f->heard, ' ');
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->scratch);
    f->store = kube_store_new(&MACHINE);
    f->clusters = kube_store_add_index(f->store, by_cluster);
    f->pools = kube_store_add_index(f->store, by_pool);
    kube_store_listen(f->store, listen, f);
    strbuf_append_cstr(&f->heard, "");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kube_store_free(f->store);
    arena_fini(&f->scratch);
    strbuf_fini(&f->heard);
    free(f);
    return 0;
}

static const struct kube_object *machine_with(struct fixture *f, const char *name, const char *uid,
                                              int version, const char *rest)
{
    char text[2048];
    int len = snprintf(text, sizeof(text),
                       "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"%s\",\"uid\":\"%s\","
                       "\"resourceVersion\":\"%d\"}%s}",
                       name, uid, version, rest);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    const struct kube_object *object = NULL;
    struct error err;
    assert_true(kube_object_parse_text(&MACHINE, str_from(text), &f->scratch, &object, &err));
    return object;
}

static const struct kube_object *machine(struct fixture *f, const char *name, const char *uid,
                                         int version)
{
    return machine_with(f, name, uid, version, "");
}

static bool put(struct fixture *f, const char *name, const char *uid, int version)
{
    return kube_store_put(f->store, machine(f, name, uid, version));
}

static bool put_answer(struct fixture *f, const char *name, const char *uid, int version)
{
    return kube_store_put_answer(f->store, machine(f, name, uid, version));
}

static void remove_known(struct fixture *f, const char *name, const char *uid)
{
    kube_store_remove_known(f->store, STR("ns"), str_from(name), str_from(uid));
}

static void remove_seen(struct fixture *f, const char *name, const char *uid)
{
    kube_store_remove_seen(f->store, STR("ns"), str_from(name), str_from(uid));
}

static int version_of(struct fixture *f, const char *name)
{
    const struct kube_object *object = kube_store_find(f->store, STR("ns"), str_from(name));
    return object ? (int)object->meta.resource_version : 0;
}

/* Says what was heard since the last time. */
#define assert_heard(f, want)                                                                      \
    do {                                                                                           \
        assert_string_equal((f)->heard.data, want);                                                \
        strbuf_clear(&(f)->heard);                                                                 \
    } while (0)

static void test_put_never_goes_back(void **state)
{
    struct fixture *f = *state;
    assert_true(put(f, "a", "u1", 5));
    assert_true(put(f, "a", "u1", 7));
    assert_false(put(f, "a", "u1", 7));
    assert_false(put(f, "a", "u1", 6));
    assert_int_equal(version_of(f, "a"), 7);
    assert_int_equal(kube_store_count(f->store), 1);
    assert_int_equal(version_of(f, "b"), 0);
    assert_null(kube_store_find(f->store, STR("other"), STR("a")));
    assert_heard(f, "+a@5 a@5>7 ");
}

static void test_same_name_another_uid(void **state)
{
    struct fixture *f = *state;
    assert_true(put(f, "a", "u1", 5));
    assert_true(put(f, "a", "u2", 8));
    assert_false(put(f, "a", "u1", 7)); /* an old event of the object before */
    remove_seen(f, "a", "u1");          /* and its DELETED */
    remove_known(f, "a", "u1");
    assert_int_equal(version_of(f, "a"), 8);
    assert_heard(f, "+a@5 a@5>8 ");
}

static void test_remove_seen(void **state)
{
    struct fixture *f = *state;
    put(f, "a", "u1", 5);
    put(f, "b", "u2", 6);
    remove_seen(f, "a", "u1");
    remove_seen(f, "a", "u1");
    remove_seen(f, "b", ""); /* whatever has that name */
    assert_int_equal(kube_store_count(f->store), 0);
    assert_int_equal(kube_store_bytes(f->store), 0);
    assert_true(put(f, "a", "u1", 9)); /* left the label selector and came back */
    assert_heard(f, "+a@5 +b@6 -a@5 -b@6 +a@9 ");
}

static void test_known_to_be_gone(void **state)
{
    struct fixture *f = *state;
    put(f, "a", "u1", 5);
    remove_known(f, "a", "u1");
    assert_heard(f, "+a@5 -a@5 ");
    assert_false(put(f, "a", "u1", 6));
    assert_false(put_answer(f, "a", "u1", 7));
    assert_true(put(f, "a", "u2", 8)); /* a new one of that name is another matter */
    remove_seen(f, "a", "u1");
    assert_int_equal(version_of(f, "a"), 8);
    remove_seen(f, "a", "u2");
    assert_true(put(f, "a", "u1", 9)); /* forgotten with its DELETED */
    assert_heard(f, "+a@8 -a@8 +a@9 ");
}

static void test_known_with_texts_of_the_object_itself(void **state)
{
    struct fixture *f = *state;
    put(f, "a", "u1", 5);
    const struct kube_meta *meta = &kube_store_find(f->store, STR("ns"), STR("a"))->meta;
    kube_store_remove_known(f->store, meta->ns, meta->name, meta->uid);
    assert_false(put(f, "a", "u1", 6));
    put(f, "b", "u2", 6);
    meta = &kube_store_find(f->store, STR("ns"), STR("b"))->meta;
    kube_store_remove_seen(f->store, meta->ns, meta->name, meta->uid);
    assert_int_equal(kube_store_count(f->store), 0);
}

static void test_tombstones_are_bounded(void **state)
{
    struct fixture *f = *state;
    size_t refused = 0;
    for (int i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        put(f, name, name, 1);
        remove_known(f, name, name);
    }
    for (int i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        refused += !put(f, name, name, 2);
    }
    assert_int_equal(refused, 4096);
}

static void test_list_replaces_what_was(void **state)
{
    struct fixture *f = *state;
    assert_false(kube_store_is_filled(f->store));
    kube_store_list_begin(f->store);
    put(f, "stays", "u1", 1);
    put(f, "goes", "u2", 2);
    assert_false(kube_store_is_filled(f->store));
    kube_store_list_end(f->store, 2);
    assert_true(kube_store_is_filled(f->store));
    assert_heard(f, "+stays@1 +goes@2 ");

    kube_store_list_begin(f->store);
    assert_false(put(f, "stays", "u1", 1)); /* unchanged: seen all the same */
    put(f, "new", "u3", 9);
    assert_int_equal(version_of(f, "goes"), 2); /* until the end */
    kube_store_list_end(f->store, 10);
    assert_heard(f, "+new@9 -goes@2 ");
    assert_int_equal(kube_store_count(f->store), 2);
    assert_true(kube_store_is_filled(f->store));
}

static void test_list_begun_again_forgets_what_it_saw(void **state)
{
    struct fixture *f = *state;
    kube_store_list_begin(f->store);
    put(f, "a", "u1", 1);
    kube_store_list_begin(f->store);
    put(f, "b", "u2", 2);
    kube_store_list_end(f->store, 3);
    assert_heard(f, "+a@1 +b@2 -a@1 ");
}

static void test_answers_during_a_list(void **state)
{
    struct fixture *f = *state;
    put(f, "listed", "u4", 3);
    kube_store_list_begin(f->store);
    assert_true(put_answer(f, "newer", "u1", 12)); /* created after the list was made */
    assert_true(put_answer(f, "older", "u2", 9));  /* created before, deleted before */
    put(f, "listed", "u4", 4);
    assert_true(put_answer(f, "listed", "u4", 8)); /* in the list, and changed since */
    kube_store_list_end(f->store, 10);
    assert_int_equal(version_of(f, "newer"), 12);
    assert_int_equal(version_of(f, "older"), 0);
    assert_int_equal(version_of(f, "listed"), 8);

    kube_store_list_begin(f->store);
    put(f, "listed", "u4", 8);
    kube_store_list_end(f->store, 12);
    assert_int_equal(kube_store_count(f->store), 1); /* "newer" is no newer than this list */
}

static void test_tombstones_and_lists(void **state)
{
    struct fixture *f = *state;
    put(f, "before", "u1", 1);
    put(f, "still-listed", "u2", 2);
    put(f, "during", "u3", 3);
    remove_known(f, "before", "u1");
    remove_known(f, "still-listed", "u2");
    kube_store_list_begin(f->store);
    assert_false(put(f, "still-listed", "u2", 2));
    assert_false(put(f, "during", "u3", 3));
    remove_known(f, "during", "u3");
    kube_store_list_end(f->store, 4);
    assert_int_equal(kube_store_count(f->store), 0);
    assert_false(put(f, "still-listed", "u2", 5)); /* events of it are still to come */
    assert_false(put(f, "during", "u3", 6));
    assert_true(put(f, "before", "u1", 7)); /* the list forgot it */
}

static void test_late_answer_does_not_revive(void **state)
{
    struct fixture *f = *state;
    kube_store_list_begin(f->store);
    put(f, "a", "u1", 5);
    kube_store_list_end(f->store, 5);
    kube_store_saw(f->store, 8); /* our patch made 7, which was the end of the object: DELETED 8 */
    remove_seen(f, "a", "u1");
    assert_false(put_answer(f, "a", "u1", 7));
    assert_int_equal(kube_store_count(f->store), 0);
    assert_true(put_answer(f, "b", "u2", 9)); /* the watch is still to show this one */
    kube_store_saw(f->store, 9);
    assert_true(put(f, "c", "u3", 6)); /* the watch itself is always believed */
    assert_true(put_answer(f, "c", "u3", 7));
}

static void test_index_follows_the_object(void **state)
{
    struct fixture *f = *state;
    kube_store_put(f->store, machine_with(f, "a", "u1", 1, ",\"cluster\":\"c1\""));
    kube_store_put(f->store, machine_with(f, "b", "u2", 2, ",\"cluster\":\"c1\""));
    kube_store_put(f->store, machine_with(f, "b", "u2", 3, ",\"cluster\":\"c2\""));
    struct kube_store_cursor at = kube_store_seek(f->store, f->clusters, STR("ns"), STR("c1"));
    const struct kube_object *object = kube_store_next(f->store, &at);
    assert_non_null(object);
    assert_true(str_eq(object->meta.name, STR("a")));
    assert_null(kube_store_next(f->store, &at));
    at = kube_store_seek(f->store, f->clusters, STR("ns"), STR("c2"));
    assert_int_equal(kube_store_next(f->store, &at)->meta.resource_version, 3);
    at = kube_store_seek(f->store, f->clusters, STR("other"), STR("c2"));
    assert_null(kube_store_next(f->store, &at));
    remove_seen(f, "b", "u2");
    at = kube_store_seek(f->store, f->clusters, STR("ns"), STR("c2"));
    assert_null(kube_store_next(f->store, &at));
}

static size_t count_filed(struct fixture *f, size_t index, struct str a, struct str b)
{
    size_t count = 0;
    struct kube_store_cursor at = kube_store_seek(f->store, index, a, b);
    while (kube_store_next(f->store, &at))
        count++;
    return count;
}

static void test_index_with_several_keys(void **state)
{
    struct fixture *f = *state;
    const char *pools = ",\"pools\":[\"p\",\"q\",\"p\"]";
    for (int i = 0; i < 40; i++) { /* past the point where a key becomes a crowd */
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        kube_store_put(f->store, machine_with(f, name, name, 1, pools));
        assert_int_equal(count_filed(f, f->pools, STR("p"), STR("")), i + 1);
        assert_int_equal(count_filed(f, f->pools, STR("q"), STR("")), i + 1);
    }
    assert_int_equal(count_filed(f, f->pools, STR("r"), STR("")), 0);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        remove_seen(f, name, name);
        assert_int_equal(count_filed(f, f->pools, STR("p"), STR("")), 39 - i);
    }
    assert_int_equal(count_filed(f, f->pools, STR("q"), STR("")), 0);
}

/* Against counts kept by hand, with random operations. */
static void test_index_against_model(void **state)
{
    struct fixture *f = *state;
    enum { MACHINES = 200, CLUSTERS = 5, STEPS = 20000 };
    int cluster_of[MACHINES]; /* -1: not there */
    size_t members[CLUSTERS] = {0};
    memset(cluster_of, -1, sizeof(cluster_of));
    struct random random;
    random_init(&random, 1);
    for (int step = 1; step <= STEPS; step++) {
        int number = (int)random_below(&random, MACHINES);
        int cluster = (int)random_below(&random, CLUSTERS * 2); /* half of the time: remove */
        char name[16], rest[32];
        snprintf(name, sizeof(name), "m%d", number);
        snprintf(rest, sizeof(rest), ",\"cluster\":\"c%d\"", cluster);
        if (cluster_of[number] >= 0)
            members[cluster_of[number]]--;
        cluster_of[number] = cluster < CLUSTERS ? cluster : -1;
        if (cluster >= CLUSTERS) {
            remove_seen(f, name, "");
        } else {
            kube_store_put(f->store, machine_with(f, name, name, step, rest));
            members[cluster]++;
        }
        struct str asked = {rest + strlen(",\"cluster\":\""), 2};
        if (cluster < CLUSTERS)
            assert_int_equal(count_filed(f, f->clusters, STR("ns"), asked), members[cluster]);
        strbuf_clear(&f->heard);
    }
}

static void test_each_and_bytes(void **state)
{
    struct fixture *f = *state;
    size_t bytes = 0, count = 0, position = 0;
    for (int i = 1; i <= 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        put(f, name, name, i);
        put(f, name, name, i + 100);
    }
    const struct kube_object *object;
    while ((object = kube_store_each(f->store, &position)) != NULL) {
        count++;
        bytes += object->size_bytes;
    }
    assert_int_equal(count, 20);
    assert_int_equal(kube_store_bytes(f->store), bytes);
}

static void test_references(void **state)
{
    struct fixture *f = *state;
    put(f, "a", "u1", 1);
    const struct kube_object *kept =
        kube_object_ref(kube_store_find(f->store, STR("ns"), STR("a")));
    remove_seen(f, "a", "u1");
    assert_int_equal(kept->refs, 1);
    assert_true(str_eq(kept->meta.name, STR("a"))); /* ASan says whether it is still there */
    kube_object_unref(kept);
}

static void count_calls(void *ctx, const struct kube_object *before,
                        const struct kube_object *after)
{
    (void)before;
    (void)after;
    ++*(int *)ctx;
}

static void test_several_listeners(void **state)
{
    struct fixture *f = *state;
    int calls[2] = {0};
    kube_store_listen(f->store, count_calls, &calls[0]);
    kube_store_listen(f->store, count_calls, &calls[1]);
    put(f, "a", "u1", 1);
    remove_seen(f, "a", "u1");
    assert_int_equal(calls[0], 2);
    assert_int_equal(calls[1], 2);
}

static void change_store(void *ctx, const struct kube_object *before,
                         const struct kube_object *after)
{
    (void)before;
    kube_store_remove_seen(ctx, after->meta.ns, after->meta.name, after->meta.uid);
}

static void put_with_changing_listener(void *ctx)
{
    struct fixture *f = ctx;
    kube_store_listen(f->store, change_store, f->store);
    put(f, "a", "u1", 1);
}

static void end_without_begin(void *ctx)
{
    struct fixture *f = ctx;
    kube_store_list_end(f->store, 1);
}

static void test_contradictions_of_ours(void **state)
{
    assert_aborts(put_with_changing_listener, *state);
    assert_aborts(end_without_begin, *state);
}

/* All in one cluster and of one pool: quadratic work would take minutes here. */
static void test_many_of_one_key(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 100000 };
    const char *rest = ",\"cluster\":\"c\",\"pools\":[\"p\"]";
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        kube_store_put(f->store, machine_with(f, name, name, 1, rest));
    }
    assert_int_equal(kube_store_count(f->store), MANY);
    assert_int_equal(count_filed(f, f->clusters, STR("ns"), STR("c")), MANY);
    kube_store_list_begin(f->store);
    for (int i = 0; i < MANY; i += 2) {
        snprintf(name, sizeof(name), "m%d", i);
        kube_store_put(f->store, machine_with(f, name, name, 2, rest));
    }
    kube_store_list_end(f->store, 2);
    assert_int_equal(count_filed(f, f->pools, STR("p"), STR("")), MANY / 2);
    for (int i = 0; i < MANY; i += 2) {
        snprintf(name, sizeof(name), "m%d", i);
        remove_known(f, name, name);
    }
    assert_int_equal(kube_store_count(f->store), 0);
    assert_int_equal(count_filed(f, f->clusters, STR("ns"), STR("c")), 0);
    assert_int_equal(kube_store_bytes(f->store), 0);
}

#define store_test(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(test_put_never_goes_back),
        store_test(test_same_name_another_uid),
        store_test(test_remove_seen),
        store_test(test_known_to_be_gone),
        store_test(test_known_with_texts_of_the_object_itself),
        store_test(test_tombstones_are_bounded),
        store_test(test_list_replaces_what_was),
        store_test(test_list_begun_again_forgets_what_it_saw),
        store_test(test_answers_during_a_list),
        store_test(test_tombstones_and_lists),
        store_test(test_late_answer_does_not_revive),
        store_test(test_index_follows_the_object),
        store_test(test_index_with_several_keys),
        store_test(test_index_against_model),
        store_test(test_each_and_bytes),
        store_test(test_references),
        store_test(test_several_listeners),
        store_test(test_contradictions_of_ours),
        store_test(test_many_of_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
