#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "kube/model/json.h"
#include "kube/model/object.h"
#include "unit/base/aborts.h"

/* A kind with everything that a view can have. */
struct machine {
    struct kube_object object;
    uint32_t address_count;
    const struct str *addresses;
    struct str failure;
};

static bool parse_machine(struct kube_object *view, yyjson_val *json, struct arena *arena,
                          struct error *err)
{
    struct machine *machine = container_of(view, struct machine, object);
    yyjson_val *spec = json_object(json, "spec");
    if (!spec)
        return error_set(err, ERROR_INVALID, "no spec");
    machine->addresses = json_strs(spec, "addresses", arena, &machine->address_count);
    machine->failure = arena_dup_str(arena, json_str(json_object(json, "status"), "failure"));
    return true;
}

static const char *const label_keys[] = {"cluster-name", "role", NULL};
static const char *const annotation_keys[] = {"cloned-from-name", NULL};
static const struct kube_kind MACHINE = {
    .kind = "Machine",
    .meta_parts = KUBE_META_OWNERS | KUBE_META_FINALIZERS,
    .labels = label_keys,
    .annotations = annotation_keys,
    .view_size = sizeof(struct machine),
    .parse = parse_machine,
};
static const struct kube_kind PLAIN = {.kind = "Plain", .view_size = sizeof(struct kube_object)};

static const char TEXT[] =
    "{\"metadata\":{\"namespace\":\"default\",\"name\":\"workers-9x7kq-abcde\","
    "\"uid\":\"0a1b2c3d-0000-4000-8000-000000000001\",\"resourceVersion\":\"18446744073709551615\","
    "\"generation\":3,\"creationTimestamp\":\"2026-01-02T03:04:05Z\","
    "\"labels\":{\"x\":\"dropped\",\"role\":\"\",\"cluster-name\":\"c1\"},"
    "\"annotations\":{\"cloned-from-name\":\"template\",\"big\":\"dropped\"},"
    "\"finalizers\":[\"one/f\",7,\"two/f\"],"
    "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u0\"},"
    "{\"apiVersion\":\"cluster.x-k8s.io/v1beta1\",\"kind\":\"Machine\",\"name\":\"m0\"},"
    "{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":\"Machine\",\"name\":\"m1\","
    "\"uid\":\"u1\",\"controller\":true},{\"kind\":\"Machine\"},\"odd\"]},"
    "\"spec\":{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},\"status\":{\"failure\":\"none\"}}";

static const struct kube_object *parse(const struct kube_kind *kind, const char *text)
{
    cleanup_arena struct arena scratch;
    arena_init(&scratch);
    const struct kube_object *object = NULL;
    struct error err = {0};
    if (!kube_object_parse_text(kind, str_from(text), &scratch, &object, &err))
        fail_msg("%s", err.text);
    return object;
}

static void test_metadata(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    const struct kube_meta *meta = &object->meta;
    assert_ptr_equal(object->kind, &MACHINE);
    assert_true(str_eq(meta->ns, STR("default")));
    assert_true(str_eq(meta->name, STR("workers-9x7kq-abcde")));
    assert_true(str_eq(meta->uid, STR("0a1b2c3d-0000-4000-8000-000000000001")));
    assert_true(meta->resource_version == UINT64_MAX);
    assert_int_equal(meta->generation, 3);
    assert_int_equal(meta->created_s, 1767323045);
    assert_false(meta->is_deleting);
    assert_true(meta->has_labels && meta->has_annotations);
    kube_object_unref(object);
}

static void test_only_kept_labels(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    const struct kube_meta *meta = &object->meta;
    assert_int_equal(meta->label_count, 2);
    assert_true(str_eq(kube_meta_label(meta, "cluster-name"), STR("c1")));
    assert_ptr_equal(meta->labels[0].key, label_keys[0]);
    assert_true(kube_meta_has_label(meta, "role"));
    assert_true(str_is_empty(kube_meta_label(meta, "role")));
    assert_false(kube_meta_has_label(meta, "x"));
    assert_true(str_is_empty(kube_meta_label(meta, "x")));
    assert_int_equal(meta->annotation_count, 1);
    assert_true(str_eq(kube_meta_annotation(meta, "cloned-from-name"), STR("template")));
    assert_true(kube_meta_has_annotation(meta, "cloned-from-name"));
    assert_false(kube_meta_has_annotation(meta, "big"));
    kube_object_unref(object);
}

static void test_finalizers_keep_their_index(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    assert_int_equal(object->meta.finalizer_count, 3);
    assert_true(str_eq(object->meta.finalizers[0], STR("one/f")));
    assert_true(str_is_empty(object->meta.finalizers[1]));
    assert_true(str_eq(object->meta.finalizers[2], STR("two/f")));
    assert_true(kube_meta_has_finalizer(&object->meta, "two/f"));
    assert_false(kube_meta_has_finalizer(&object->meta, "two"));
    kube_object_unref(object);
}

static void test_known_texts_are_not_copied(void **state)
{
    (void)state;
    static const char *const known[] = {"two/f", "cluster.x-k8s.io", "Machine", NULL};
    struct kube_kind kind = MACHINE;
    kind.known_texts = known;
    const struct kube_object *copying = parse(&MACHINE, TEXT);
    const struct kube_object *object = parse(&kind, TEXT);
    assert_true(str_eq(object->meta.finalizers[0], STR("one/f")));
    assert_ptr_equal(object->meta.finalizers[2].ptr, known[0]);
    assert_true(str_eq(object->meta.finalizers[2], STR("two/f")));
    const struct kube_owner *owner = kube_meta_owner(&object->meta, known[1], known[2]);
    assert_ptr_equal(owner->group.ptr, known[1]);
    assert_ptr_equal(owner->kind.ptr, known[2]);
    assert_in_range(object->size_bytes, 0, copying->size_bytes - 50);
    kube_object_unref(copying);
    kube_object_unref(object);
}

static void test_a_text_is_kept_once(void **state)
{
    (void)state;
    static const char text[] = "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"m0\",\"uid\":\"u0\","
                               "\"resourceVersion\":\"1\","
                               "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"K\","
                               "\"name\":\"m0\",\"uid\":\"u1\"}],"
                               "\"labels\":{\"role\":\"ns\",\"cluster-name\":\"u0\"},"
                               "\"annotations\":{\"cloned-from-name\":\"u1\"}},\"spec\":{}}";
    const struct kube_object *object = parse(&MACHINE, text);
    const struct kube_meta *meta = &object->meta;
    assert_true(str_eq(meta->owners[0].name, STR("m0")));
    assert_ptr_equal(meta->owners[0].name.ptr, meta->name.ptr);
    assert_true(str_eq(kube_meta_label(meta, "role"), STR("ns")));
    assert_ptr_equal(kube_meta_label(meta, "role").ptr, meta->ns.ptr);
    assert_ptr_equal(kube_meta_label(meta, "cluster-name").ptr, meta->uid.ptr);
    assert_true(str_eq(kube_meta_annotation(meta, "cloned-from-name"), STR("u1")));
    assert_ptr_equal(kube_meta_annotation(meta, "cloned-from-name").ptr, meta->owners[0].uid.ptr);
    kube_object_unref(object);
}

static void test_owners(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    const struct kube_meta *meta = &object->meta;
    assert_int_equal(meta->owner_count, 3);
    const struct kube_owner *machine = kube_meta_owner(meta, "cluster.x-k8s.io", "Machine");
    assert_non_null(machine); /* the controller, although it comes second */
    assert_true(str_eq(machine->name, STR("m1")));
    assert_true(str_eq(machine->uid, STR("u1")));
    assert_true(machine->is_controller);
    const struct kube_owner *node = kube_meta_owner(meta, "", "Node");
    assert_non_null(node);
    assert_true(str_eq(node->name, STR("n")));
    assert_null(kube_meta_owner(meta, "v1", "Node"));
    assert_null(kube_meta_owner(meta, "cluster.x-k8s.io", "Cluster"));
    kube_object_unref(object);
}

static void test_kind_adds_its_part(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    const struct machine *machine = (const struct machine *)object;
    assert_int_equal(machine->address_count, 2);
    assert_true(str_eq(machine->addresses[1], STR("10.0.0.2")));
    assert_true(str_eq(machine->failure, STR("none")));
    kube_object_unref(object);
}

static bool is_inside(const struct kube_object *object, struct str text)
{
    const char *begin = (const char *)object;
    return text.ptr >= begin && text.ptr + text.len < begin + object->size_bytes;
}

static void test_everything_is_in_one_block(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    const struct kube_meta *meta = &object->meta;
    const struct machine *machine = (const struct machine *)object;
    assert_true(is_inside(object, meta->ns) && is_inside(object, meta->name));
    assert_true(is_inside(object, meta->uid));
    assert_true(is_inside(object, meta->labels[0].value));
    assert_true(is_inside(object, meta->finalizers[2]));
    assert_true(is_inside(object, meta->owners[2].uid));
    assert_true(is_inside(object, machine->addresses[1]));
    assert_int_equal((uintptr_t)meta->owners % 8, 0);
    assert_in_range(object->size_bytes, sizeof(struct machine), 900);
    kube_object_unref(object);
}

static void test_parts_that_a_kind_does_not_want(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&PLAIN, TEXT);
    const struct kube_meta *meta = &object->meta;
    assert_int_equal(meta->owner_count + meta->finalizer_count, 0);
    assert_int_equal(meta->label_count + meta->annotation_count, 0);
    assert_true(meta->has_labels && meta->has_annotations);
    assert_in_range(object->size_bytes, 0, sizeof(struct kube_object) + 80);
    kube_object_unref(object);
}

static void test_least_object(void **state)
{
    (void)state;
    const struct kube_object *object = parse(
        &PLAIN, "{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"1\","
                "\"deletionTimestamp\":\"2026-01-02T03:04:05Z\",\"creationTimestamp\":null}}");
    assert_true(str_is_empty(object->meta.ns));
    assert_true(str_is_empty(object->meta.uid));
    assert_int_equal(object->meta.created_s, 0);
    assert_true(object->meta.is_deleting);
    assert_false(object->meta.has_labels || object->meta.has_annotations);
    kube_object_unref(object);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"{", "Machine: not JSON"},
        {"[]", "Machine: no metadata.name"},
        {"{\"metadata\":[]}", "Machine: no metadata.name"},
        {"{\"metadata\":{\"name\":7}}", "Machine: no metadata.name"},
        {"{\"metadata\":{\"name\":\"n\"}}", "Machine n: no decimal metadata.resourceVersion"},
        {"{\"metadata\":{\"name\":\"n\",\"resourceVersion\":7}}", "Machine n: no decimal"},
        {"{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"x7\"}}", "Machine n: no decimal"},
        {"{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"0\"}}", "Machine n: no decimal"},
        {"{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"18446744073709551616\"}}",
         "Machine n: no decimal"},
        {"{\"metadata\":{\"namespace\":\"a\",\"name\":\"n\",\"resourceVersion\":\"7\"}}",
         "Machine a/n: no spec"},
    };
    cleanup_arena struct arena scratch;
    arena_init(&scratch);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct kube_object *object = NULL;
        struct error err = {0};
        assert_false(
            kube_object_parse_text(&MACHINE, str_from(cases[i].text), &scratch, &object, &err));
        assert_null(object);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!str_starts_with(str_from(err.text), str_from(cases[i].want)))
            fail_msg("%s: got \"%s\"", cases[i].text, err.text);
    }
}

static void test_large_annotations_cost_nothing(void **state)
{
    (void)state;
    cleanup_strbuf struct strbuf text = {0};
    strbuf_append_cstr(&text, "{\"metadata\":{\"name\":\"n\",\"resourceVersion\":\"1\","
                              "\"annotations\":{\"big\":\"");
    for (size_t i = 0; i < 1 << 20; i++)
        strbuf_append_char(&text, 'x');
    strbuf_append_cstr(&text, "\",\"cloned-from-name\":\"t\"}},\"spec\":{}}");
    const struct kube_object *object = parse(&MACHINE, text.data);
    assert_true(str_eq(kube_meta_annotation(&object->meta, "cloned-from-name"), STR("t")));
    assert_in_range(object->size_bytes, 0, 400);
    kube_object_unref(object);
}

static void release(void *object)
{
    kube_object_unref(object);
}

static void test_references(void **state)
{
    (void)state;
    const struct kube_object *object = parse(&MACHINE, TEXT);
    assert_int_equal(object->refs, 1);
    assert_ptr_equal(kube_object_ref(object), object);
    assert_int_equal(object->refs, 2);
    kube_object_unref(object);
    assert_int_equal(object->refs, 1);
    kube_object_unref(object); /* ASan's leak check says whether this freed it */
    kube_object_unref(NULL);
    struct kube_object dead = {.refs = 0};
    assert_aborts(release, &dead);
}

static void test_cmp_age(void **state)
{
    (void)state;
    const struct kube_meta oldest = {.created_s = 1, .ns = STR("z"), .name = STR("z")};
    const struct kube_meta first_ns = {.created_s = 2, .ns = STR("a"), .name = STR("z")};
    const struct kube_meta first_name = {.created_s = 2, .ns = STR("b"), .name = STR("a")};
    const struct kube_meta last = {.created_s = 2, .ns = STR("b"), .name = STR("b")};
    const struct kube_meta *const order[] = {&oldest, &first_ns, &first_name, &last};
    for (int i = 0; i < (int)ARRAY_LEN(order); i++) {
        for (int j = 0; j < (int)ARRAY_LEN(order); j++) {
            int got = kube_meta_cmp_age(order[i], order[j]);
            assert_int_equal((got > 0) - (got < 0), (i > j) - (i < j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_only_kept_labels),
        cmocka_unit_test(test_finalizers_keep_their_index),
        cmocka_unit_test(test_known_texts_are_not_copied),
        cmocka_unit_test(test_a_text_is_kept_once),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_kind_adds_its_part),
        cmocka_unit_test(test_everything_is_in_one_block),
        cmocka_unit_test(test_parts_that_a_kind_does_not_want),
        cmocka_unit_test(test_least_object),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_large_annotations_cost_nothing),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_cmp_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
