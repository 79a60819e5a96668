#include "controllers/claim_record.h"

#include <stdio.h>

#include "base/strbuf.h"
#include "controllers/claim_name.h"
#include "controllers/names.h"
#include "kube/model/patch.h"

/* The label values and annotations of a record, as texts. */
struct record_texts {
    struct str owner_label; /* empty: "<namespace>-<name>" is no valid label value */
    struct str cluster_label;
    struct str device_index;
    char label_buf[CLAIM_STEM_MAX];
    char index_buf[16];
};

static bool is_label_char(char c, bool at_end)
{
    bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_alphanumeric || (!at_end && (c == '-' || c == '_' || c == '.'));
}

/* Kubernetes: at most 63 characters, letters and digits at both ends. */
static bool is_label_value(struct str s)
{
    if (s.len > 63)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_label_char(s.ptr[i], i == 0 || i == s.len - 1))
            return false;
    return true;
}

static void make_texts(struct record_texts *texts, const struct kube_meta *machine,
                       uint32_t device_index, struct str cluster_name)
{
    struct str label = claim_stem(machine->ns, machine->name, texts->label_buf);
    int len = snprintf(texts->index_buf, sizeof(texts->index_buf), "%u", device_index);
    texts->owner_label = is_label_value(label) ? label : STR("");
    texts->cluster_label = is_label_value(cluster_name) ? cluster_name : STR("");
    texts->device_index = (struct str){texts->index_buf, (size_t)len};
}

bool claim_record_read(const struct kube_meta *claim, struct claim_record *out)
{
    uint64_t device_index;
    *out = (struct claim_record){
        .owner_ns = kube_meta_annotation(claim, ANNOTATION_OWNER_NAMESPACE),
        .owner_name = kube_meta_annotation(claim, ANNOTATION_OWNER_NAME),
        .owner_uid = kube_meta_annotation(claim, ANNOTATION_OWNER_UID),
    };
    if (str_is_empty(out->owner_ns) || str_is_empty(out->owner_name) ||
        !str_to_u64(kube_meta_annotation(claim, ANNOTATION_DEVICE_INDEX), &device_index) ||
        device_index > UINT32_MAX)
        return false;
    out->device_index = (uint32_t)device_index;
    return true;
}

bool claim_record_names(const struct claim_record *record, const struct elfmachine *machine)
{
    return str_eq(record->owner_ns, machine->object.meta.ns) &&
           str_eq(record->owner_name, machine->object.meta.name);
}

static void append_member(struct strbuf *out, const char *key, struct str value)
{
    if (out->len > 0 && out->data[out->len - 1] != '{')
        strbuf_append_char(out, ',');
    strbuf_append_json(out, str_from(key));
    strbuf_append_char(out, ':');
    strbuf_append_json(out, value);
}

static void append_owner(struct strbuf *out, const struct kube_meta *machine)
{
    strbuf_append_char(out, '{');
    append_member(out, "apiVersion", STR(GROUP_CAPE "/v1beta1"));
    append_member(out, "kind", STR("ElfMachine"));
    append_member(out, "name", machine->name);
    append_member(out, "uid", machine->uid);
    strbuf_append_char(out, '}');
}

struct str claim_record_members(struct arena *arena, const struct elfmachine *machine,
                                uint32_t device_index, struct str claim_ns, struct str cluster_name)
{
    const struct kube_meta *meta = &machine->object.meta;
    cleanup_strbuf struct strbuf out = {0};
    struct record_texts texts;
    make_texts(&texts, meta, device_index, cluster_name);
    strbuf_append_cstr(&out, "\"labels\":{");
    if (!str_is_empty(texts.owner_label))
        append_member(&out, LABEL_OWNER_NAME, texts.owner_label);
    if (!str_is_empty(texts.cluster_label))
        append_member(&out, LABEL_CLUSTER_NAME, texts.cluster_label);
    strbuf_append_cstr(&out, "},\"annotations\":{");
    append_member(&out, ANNOTATION_OWNER_NAMESPACE, meta->ns);
    append_member(&out, ANNOTATION_OWNER_NAME, meta->name);
    append_member(&out, ANNOTATION_OWNER_UID, meta->uid);
    append_member(&out, ANNOTATION_DEVICE_INDEX, texts.device_index);
    strbuf_append_char(&out, '}');
    if (str_eq(claim_ns, meta->ns)) {
        strbuf_append_cstr(&out, ",\"ownerReferences\":[");
        append_owner(&out, meta);
        strbuf_append_char(&out, ']');
    }
    return arena_dup_str(arena, strbuf_str(&out));
}

/* "add" sets a member of a map whether it was there or not. */
static bool patch_member(struct kube_patch *patch, const char *map, const char *key, struct str now,
                         struct str wanted)
{
    if (str_eq(now, wanted) || str_is_empty(wanted))
        return false;
    cleanup_strbuf struct strbuf path = {0};
    strbuf_printf(&path, "/metadata/%s/", map);
    kube_patch_escape(&path, str_from(key));
    kube_patch_op_str(patch, "add", path.data, wanted);
    return true;
}

static bool patch_labels(struct kube_patch *patch, const struct kube_meta *claim,
                         const struct record_texts *texts)
{
    bool owner = !str_eq(kube_meta_label(claim, LABEL_OWNER_NAME), texts->owner_label) &&
                 !str_is_empty(texts->owner_label);
    bool cluster = !str_eq(kube_meta_label(claim, LABEL_CLUSTER_NAME), texts->cluster_label) &&
                   !str_is_empty(texts->cluster_label);
    if ((owner || cluster) && !claim->has_labels)
        kube_patch_op(patch, "add", "/metadata/labels", STR("{}"));
    owner = patch_member(patch, "labels", LABEL_OWNER_NAME,
                         kube_meta_label(claim, LABEL_OWNER_NAME), texts->owner_label);
    cluster = patch_member(patch, "labels", LABEL_CLUSTER_NAME,
                           kube_meta_label(claim, LABEL_CLUSTER_NAME), texts->cluster_label);
    return owner || cluster;
}

static bool patch_annotations(struct kube_patch *patch, const struct kube_meta *claim,
                              const struct kube_meta *machine, const struct record_texts *texts)
{
    const struct {
        const char *key;
        struct str wanted;
    } members[] = {
        {ANNOTATION_OWNER_NAMESPACE, machine->ns},
        {ANNOTATION_OWNER_NAME, machine->name},
        {ANNOTATION_OWNER_UID, machine->uid},
        {ANNOTATION_DEVICE_INDEX, texts->device_index},
    };
    bool has_changed = false;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct str now = kube_meta_annotation(claim, members[i].key);
        if (!has_changed && !claim->has_annotations && !str_eq(now, members[i].wanted))
            kube_patch_op(patch, "add", "/metadata/annotations", STR("{}"));
        has_changed |= patch_member(patch, "annotations", members[i].key, now, members[i].wanted);
    }
    return has_changed;
}

static bool patch_owner(struct kube_patch *patch, const struct kube_meta *claim,
                        const struct kube_meta *machine)
{
    if (!str_eq(claim->ns, machine->ns))
        return false;
    for (uint32_t i = 0; i < claim->owner_count; i++) {
        const struct kube_owner *owner = &claim->owners[i];
        if (!str_eq_cstr(owner->kind, "ElfMachine") || !str_eq_cstr(owner->group, GROUP_CAPE) ||
            !str_eq(owner->name, machine->name))
            continue;
        if (str_eq(owner->uid, machine->uid))
            return false;
        char path[64];
        snprintf(path, sizeof(path), "/metadata/ownerReferences/%u/uid", i);
        kube_patch_op_str(patch, "replace", path, machine->uid);
        return true;
    }
    cleanup_strbuf struct strbuf value = {0};
    bool is_first = claim->owner_count == 0;
    if (is_first)
        strbuf_append_char(&value, '[');
    append_owner(&value, machine);
    if (is_first)
        strbuf_append_char(&value, ']');
    kube_patch_op(patch, "add",
                  is_first ? "/metadata/ownerReferences" : "/metadata/ownerReferences/-",
                  strbuf_str(&value));
    return true;
}

void claim_record_renew(struct kube_actions *out, const struct kube_object *claim,
                        const struct elfmachine *machine, uint32_t device_index,
                        struct str cluster_name)
{
    const struct kube_meta *meta = &claim->meta;
    struct record_texts texts;
    cleanup_kube_patch struct kube_patch patch;
    make_texts(&texts, &machine->object.meta, device_index, cluster_name);
    kube_patch_begin(&patch, meta->uid, meta->resource_version);
    bool has_changed = patch_labels(&patch, meta, &texts);
    has_changed |= patch_annotations(&patch, meta, &machine->object.meta, &texts);
    has_changed |= patch_owner(&patch, meta, &machine->object.meta);
    struct str body = kube_patch_finish(&patch);
    if (!has_changed)
        return;
    kube_actions_add(out, (struct kube_action){
                              .type = KUBE_ACTION_JSON_PATCH,
                              .what = arena_printf(out->arena, "record-owner %u", device_index),
                              .kind = claim->kind,
                              .ns = meta->ns,
                              .name = meta->name,
                              .uid = meta->uid,
                              .resource_version = meta->resource_version,
                              .body = arena_dup_str(out->arena, body),
                          });
}
