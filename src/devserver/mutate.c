#include "devserver/mutate.h"

#include <signal.h>
#include <unistd.h>

#include "base/must.h"
#include "devserver/body.h"
#include "devserver/edit.h"
#include "devserver/patch.h"
#include "devserver/protobuf.h"
#include "devserver/remove.h"
#include "devserver/selector.h"
#include "devserver/strategic.h"
#include "devserver/write.h"
#include "devserver/yaml.h"
#include "kube/model/json.h"

enum patch_type { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC, PATCH_APPLY, PATCH_UNKNOWN };

static struct dev_write write_of(struct dev_call *call, struct arena *arena)
{
    return (struct dev_write){
        .server = call->server,
        .resource = call->target.resource,
        .version = call->target.version,
        .ns = call->route.ns,
        .name = call->route.name,
        .subresource = call->route.subresource,
        .arena = arena,
        .status = &call->status,
        .warnings = &call->warnings,
    };
}

static void crash_if_told(const struct dev_call *call)
{
    if (call->fault.action == DEV_FAULT_CRASH_AFTER)
        kill(getpid(), SIGKILL);
}

/* The status refers to texts of the arena and of the document: whoever refuses answers here. */
static bool answer(struct dev_call *call, struct dev_write *write, bool is_ok)
{
    if (is_ok) {
        crash_if_told(call);
        dev_call_answer_object(call, write->is_created ? 201 : 200, strbuf_str(&write->stored));
    } else {
        dev_call_answer_status(call);
    }
    dev_write_fini(write);
    return true;
}

static yyjson_mut_doc *read_body(struct dev_call *call, struct dev_write *write)
{
    return dev_body_read_object(dev_http_header(call->request, "Content-Type"), call->request->body,
                                call->target.resource, call->target.version, &write->duplicates,
                                write->arena, &call->status);
}

bool dev_mutate_create(struct dev_call *call)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    struct dev_write write = write_of(call, &arena);
    if (!dev_write_options_read(call->request, "CreateOptions", false, &write.options,
                                &call->status))
        return answer(call, &write, false);
    yyjson_mut_doc *doc cleanup_mut_doc = read_body(call, &write);
    return answer(call, &write, doc && dev_write_create(&write, doc));
}

bool dev_mutate_update(struct dev_call *call)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    struct dev_write write = write_of(call, &arena);
    if (!dev_write_options_read(call->request, "UpdateOptions", false, &write.options,
                                &call->status))
        return answer(call, &write, false);
    yyjson_mut_doc *doc cleanup_mut_doc = read_body(call, &write);
    return answer(call, &write, doc && dev_write_replace(&write, doc));
}

/* ---- patch ------------------------------------------------------------------------------------
 */

static enum patch_type patch_type_of(const struct dev_call *call)
{
    struct str type = dev_http_header(call->request, "Content-Type");
    if (dev_body_is_media(type, "application/json-patch+json"))
        return PATCH_JSON;
    if (dev_body_is_media(type, "application/merge-patch+json"))
        return PATCH_MERGE;
    if (dev_body_is_media(type, "application/apply-patch+yaml"))
        return PATCH_APPLY;
    if (dev_body_is_media(type, "application/strategic-merge-patch+json") &&
        !call->target.resource->is_custom)
        return PATCH_STRATEGIC;
    return PATCH_UNKNOWN;
}

/* As its generic server answers, below what the kinds say. */
static bool generic(struct dev_status *status, int code, const char *reason, const char *message)
{
    dev_status_set(status, code, reason, "%s", message);
    status->has_details = true;
    return false;
}

static bool unknown_patch(struct dev_call *call)
{
    if (!call->target.resource->is_custom)
        return generic(&call->status, 415, "UnsupportedMediaType", "415: Unsupported Media Type");
    return dev_status_set(
        &call->status, 415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

static bool patch_failed(struct dev_status *status, const struct error *err)
{
    if (err->detail == 413)
        return dev_status_set(status, 413, "RequestEntityTooLarge", "%s", err->text);
    if (err->detail == 422)
        return generic(status, 422, "Invalid", err->text);
    if (err->detail == 500)
        return dev_status_set(status, 500, "", "%s", err->text);
    return dev_status_bad_request(status, "%s", err->text);
}

static bool apply_patch(const struct dev_write *write, enum patch_type type, yyjson_mut_doc *doc,
                        yyjson_mut_val **object, yyjson_val *patch, struct error *err)
{
    switch (type) {
    case PATCH_JSON:
        return dev_patch_json(doc, object, patch, err);
    case PATCH_MERGE:
        return dev_patch_merge(doc, object, patch, err);
    case PATCH_STRATEGIC:
        return dev_strategic_merge(doc, object, patch, err);
    case PATCH_APPLY:
        return dev_patch_apply(
            doc, object, patch,
            write->version->schema ? dev_schema_json(write->version->schema) : NULL, err);
    case PATCH_UNKNOWN:
        break;
    }
    return error_set(err, ERROR_INVALID, "unknown kind of patch");
}

static bool check_patched_builtin(struct dev_write *write, yyjson_mut_val *object,
                                  struct str wanted)
{
    struct strbuf problem cleanup_strbuf = {0};
    struct str kind = dev_edit_str(object, "kind");
    struct str api_version = dev_edit_str(object, "apiVersion");
    if (str_eq(kind, write->resource->kind) && str_eq(api_version, wanted))
        return true;
    strbuf_printf(&problem, DEV_BODY_NO_KIND, STR_ARG(kind), STR_ARG(api_version));
    return dev_write_bad_patch(write, object, strbuf_str(&problem));
}

static bool check_patched_custom(struct dev_write *write, yyjson_mut_val *object, struct str wanted)
{
    struct dev_causes causes = {0};
    struct strbuf message cleanup_strbuf = {0};
    struct str api_version = dev_edit_str(object, "apiVersion");
    if (str_is_empty(dev_edit_str(object, "kind")))
        return dev_write_bad_patch(write, object, STR("Object 'Kind' is missing"));
    if (str_is_empty(api_version))
        return dev_status_set(write->status, 500, "InternalError",
                              "Internal error occurred: Object 'apiVersion' is missing in 'object "
                              "has no apiVersion field'");
    if (str_eq(api_version, wanted))
        return true;
    strbuf_append_cstr(&message, "Invalid value: ");
    strbuf_append_json(&message, api_version);
    strbuf_printf(&message, ": must be " STR_FMT, STR_ARG(wanted));
    dev_causes_add(&causes, "FieldValueInvalid", STR("apiVersion"), strbuf_str(&message));
    return dev_status_invalid(write->status, STR(""), write->resource->kind, write->name, &causes);
}

/* What a patch made of apiVersion and kind, with the words for patches. */
static bool check_patched_kind(struct dev_write *write, yyjson_mut_doc *doc, yyjson_mut_val *object)
{
    const struct dev_resource *resource = write->resource;
    struct strbuf wanted cleanup_strbuf = {0};
    strbuf_printf(&wanted, STR_FMT "%s" STR_FMT, STR_ARG(resource->group),
                  str_is_empty(resource->group) ? "" : "/", STR_ARG(write->version->name));
    bool is_ok = resource->is_custom ? check_patched_custom(write, object, strbuf_str(&wanted))
                                     : check_patched_builtin(write, object, strbuf_str(&wanted));
    return is_ok &&
           dev_body_check_kind(resource, write->version, doc, object, write->arena, write->status);
}

static bool patch_existing(struct dev_write *write, enum patch_type type, yyjson_mut_doc *doc,
                           yyjson_val *patch, const struct dev_before *before)
{
    struct error err = {0};
    yyjson_mut_val *object = yyjson_mut_val_mut_copy(doc, before->shown);
    must(object);
    if (!apply_patch(write, type, doc, &object, patch, &err))
        return patch_failed(write->status, &err);
    if (!yyjson_mut_is_obj(object))
        return generic(write->status, 422, "Invalid",
                       "the server rejected our request due to an error in our request");
    yyjson_mut_doc_set_root(doc, object);
    return check_patched_kind(write, doc, object) && dev_write_update(write, doc, before);
}

static bool append_json(void *ctx, struct str json, struct error *err)
{
    struct strbuf *out = ctx;
    if (out->len > 0)
        return error_set(err, ERROR_INVALID, "more than one document");
    strbuf_append(out, json);
    return true;
}

static bool bad_applied_type(struct dev_status *status, struct str api_version, struct str kind)
{
    return dev_status_bad_request(
        status, "invalid object type: %s" STR_FMT ", Kind=" STR_FMT,
        memchr(api_version.ptr ? api_version.ptr : "", '/', api_version.len) ? "" : "/",
        STR_ARG(api_version), STR_ARG(kind));
}

/* The manifest of a server-side apply has to say what it is. */
static bool check_manifest(struct dev_write *write, yyjson_val *manifest)
{
    struct strbuf wanted cleanup_strbuf = {0};
    struct str kind = json_str(manifest, "kind");
    struct str api_version = json_str(manifest, "apiVersion");
    yyjson_val *metadata = json_object(manifest, "metadata");
    struct str name = json_str(metadata, "name");
    if (!yyjson_is_obj(manifest))
        return dev_status_bad_request(
            write->status,
            "error decoding YAML: error unmarshaling JSON: while decoding "
            "JSON: json: cannot unmarshal %s into Go value of type "
            "map[string]interface {}",
            dev_body_go_name(manifest));
    strbuf_printf(&wanted, STR_FMT "%s" STR_FMT, STR_ARG(write->resource->group),
                  str_is_empty(write->resource->group) ? "" : "/", STR_ARG(write->version->name));
    if (!str_eq(kind, write->resource->kind) || !str_eq(api_version, strbuf_str(&wanted)))
        return bad_applied_type(write->status, api_version, kind);
    if (!str_is_empty(name) && !str_eq(name, write->name))
        return dev_status_bad_request(write->status,
                                      "the name of the object (" STR_FMT
                                      ") does not match the name on the URL (" STR_FMT ")",
                                      STR_ARG(name), STR_ARG(write->name));
    return true;
}

static bool apply_new(struct dev_write *write, yyjson_mut_doc *doc, yyjson_val *manifest)
{
    yyjson_mut_val *object = yyjson_val_mut_copy(doc, manifest);
    must(object);
    yyjson_mut_doc_set_root(doc, object);
    yyjson_mut_val *metadata = dev_edit_object(doc, object, "metadata");
    struct str uid = dev_edit_str(metadata, "uid");
    struct strbuf why cleanup_strbuf = {0};
    if (!str_is_empty(uid)) {
        strbuf_printf(&why,
                      "uid mismatch: the provided object specified uid " STR_FMT
                      ", and no existing object was found",
                      STR_ARG(uid));
        return dev_status_conflict(write->status, write->resource->group, write->resource->plural,
                                   write->name, why.data);
    }
    dev_edit_put_str(doc, metadata, "name", write->name);
    return dev_write_create(write, doc);
}

static bool patch_object(struct dev_write *write, enum patch_type type, yyjson_mut_doc *doc,
                         yyjson_val *patch)
{
    struct dev_before before;
    if (type == PATCH_APPLY && !check_manifest(write, patch))
        return false;
    if (dev_write_load(write, doc, &before))
        return patch_existing(write, type, doc, patch, &before);
    if (type == PATCH_APPLY && str_is_empty(write->subresource))
        return apply_new(write, doc, patch);
    return dev_status_not_found(write->status, write->resource->group, write->resource->plural,
                                write->name);
}

static bool read_manifest(struct dev_call *call, struct strbuf *json)
{
    struct error err = {0};
    if (!dev_yaml_each(call->request->body, append_json, json, &err))
        return dev_status_bad_request(&call->status, "error decoding YAML: %s", err.text);
    if (json->len == 0)
        strbuf_append_cstr(json, "{}");
    return true;
}

static yyjson_doc *read_patch(struct dev_call *call, enum patch_type type)
{
    struct strbuf json cleanup_strbuf = {0};
    struct str text = call->request->body;
    char problem[DEV_BODY_PROBLEM_MAX];
    yyjson_doc *doc = NULL;
    if (type == PATCH_APPLY) {
        if (!read_manifest(call, &json))
            return NULL;
        text = strbuf_str(&json);
    }
    const char *wrong = dev_body_read_json(text, &doc, problem);
    if (wrong)
        dev_status_bad_request(&call->status, "%s%s",
                               type == PATCH_STRATEGIC ? "" : "error decoding patch: ", wrong);
    return doc;
}

bool dev_mutate_patch(struct dev_call *call)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    struct dev_write write = write_of(call, &arena);
    enum patch_type type = patch_type_of(call);
    write.is_patch = true;
    if (type == PATCH_UNKNOWN) {
        unknown_patch(call);
        return answer(call, &write, false);
    }
    if (!dev_write_options_read(call->request, "PatchOptions", type == PATCH_APPLY, &write.options,
                                &call->status))
        return answer(call, &write, false);
    yyjson_doc *patch cleanup_json_doc = read_patch(call, type);
    yyjson_mut_doc *doc cleanup_mut_doc = yyjson_mut_doc_new(NULL);
    must(doc);
    return answer(call, &write,
                  patch && patch_object(&write, type, doc, yyjson_doc_get_root(patch)));
}

/* ---- delete -----------------------------------------------------------------------------------
 */

static bool check_delete_body(yyjson_val *body, struct dev_status *status)
{
    struct str kind = json_str(body, "kind");
    struct str api_version = json_str(body, "apiVersion");
    if (!yyjson_is_obj(body))
        return dev_status_bad_request(
            status,
            "couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go value "
            "of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
            "\"json:\\\"kind,omitempty\\\"\" }",
            dev_body_go_name(body));
    if (!str_is_empty(kind) && !str_eq_cstr(kind, "DeleteOptions"))
        return dev_status_bad_request(status, DEV_BODY_NO_KIND, STR_ARG(kind),
                                      STR_ARG(api_version));
    return true;
}

static bool read_delete_body(struct dev_call *call, struct strbuf *converted, yyjson_doc **body)
{
    char problem[DEV_BODY_PROBLEM_MAX];
    struct error err = {0};
    struct str text = call->request->body;
    enum dev_media media = dev_body_media(dev_http_header(call->request, "Content-Type"));
    if (media == DEV_MEDIA_PROTOBUF) {
        if (!dev_protobuf_to_json(text, converted, &err))
            return dev_status_bad_request(&call->status, "%s", err.text);
        text = strbuf_str(converted);
    } else if (media != DEV_MEDIA_JSON) {
        return dev_body_unsupported(&call->status);
    }
    const char *wrong = dev_body_read_json(text, body, problem);
    if (wrong)
        return dev_status_bad_request(&call->status,
                                      "couldn't get version/kind; json parse error: %s", wrong);
    return check_delete_body(yyjson_doc_get_root(*body), &call->status);
}

static bool read_delete_options(struct dev_call *call, yyjson_doc **body,
                                struct dev_delete_options *out)
{
    struct strbuf converted cleanup_strbuf = {0};
    *body = NULL;
    if (call->request->body.len > 0 && !read_delete_body(call, &converted, body))
        return false;
    return dev_delete_options_read(call->request, yyjson_doc_get_root(*body), out, &call->status);
}

static void answer_deleted(struct dev_call *call, const struct dev_remove *remove)
{
    int code = !remove->is_gone && remove->options.has_orphan_false ? 202 : 200;
    if (!remove->is_gone) {
        dev_call_answer_object(call, code, strbuf_str(&remove->stored));
        return;
    }
    call->status.has_details = true;
    call->status.name = call->route.name;
    call->status.group = call->target.resource->group;
    call->status.kind = call->target.resource->plural;
    call->status.uid = remove->uid;
    dev_call_answer_status(call);
}

bool dev_mutate_delete(struct dev_call *call)
{
    struct arena arena cleanup_arena;
    arena_init(&arena);
    yyjson_doc *body cleanup_json_doc = NULL;
    struct dev_remove remove = {
        .server = call->server,
        .resource = call->target.resource,
        .ns = call->route.ns,
        .name = call->route.name,
        .arena = &arena,
        .status = &call->status,
    };
    bool is_ok = read_delete_options(call, &body, &remove.options) && dev_remove(&remove);
    if (is_ok) {
        crash_if_told(call);
        answer_deleted(call, &remove);
    } else {
        dev_call_answer_status(call);
    }
    dev_remove_fini(&remove);
    return true;
}

struct crowd { /* what a deletecollection is about */
    struct arena arena;
    const struct dev_selector *selector;
    const struct dev_render *render;
    struct strbuf body; /* the list that is answered: the objects as they were */
    struct victim {
        struct victim *next;
        struct str ns;
        struct str name;
    } * first, **end;
    size_t count;
    size_t limit;
};

static bool add_victim(void *ctx, const struct dev_record *record)
{
    struct crowd *crowd = ctx;
    struct error err = {0};
    yyjson_doc *doc cleanup_json_doc = json_read(record->json, &err);
    must(doc); /* we wrote it */
    if (!dev_selector_matches(crowd->selector, yyjson_doc_get_root(doc)))
        return true;
    if (crowd->limit > 0 && crowd->count == crowd->limit)
        return false;
    struct victim *victim = arena_new(&crowd->arena, struct victim);
    victim->ns = arena_dup_str(&crowd->arena, record->key.ns);
    victim->name = arena_dup_str(&crowd->arena, record->key.name);
    *crowd->end = victim;
    crowd->end = &victim->next;
    dev_render_list_item(crowd->render, record->json, crowd->count++ == 0, &crowd->body);
    return true;
}

static bool remove_victims(struct dev_call *call, struct crowd *crowd,
                           const struct dev_delete_options *options)
{
    for (const struct victim *victim = crowd->first; victim; victim = victim->next) {
        struct dev_remove remove = {
            .server = call->server,
            .resource = call->target.resource,
            .ns = victim->ns,
            .name = victim->name,
            .options = *options,
            .arena = &crowd->arena,
            .status = &call->status,
        };
        bool is_ok = dev_remove(&remove);
        dev_remove_fini(&remove);
        if (!is_ok)
            return false;
    }
    return true;
}

static void delete_crowd(struct dev_call *call, const struct dev_list_options *list,
                         const struct dev_delete_options *options,
                         const struct dev_selector *selector)
{
    struct dev_render render = dev_call_render(call);
    struct crowd crowd = {.selector = selector, .render = &render, .limit = list->limit};
    uint64_t version = dev_store_version(call->server->store);
    arena_init(&crowd.arena);
    crowd.end = &crowd.first;
    dev_render_list_begin(&render, &crowd.body);
    dev_store_each(call->server->store, call->target.resource->id, call->route.ns, STR(""), STR(""),
                   add_victim, &crowd);
    dev_render_list_end(&render, version, STR(""), -1, &crowd.body);
    if (remove_victims(call, &crowd, options)) {
        crash_if_told(call);
        dev_call_answer_json(call, 200, strbuf_str(&crowd.body));
    } else {
        dev_call_answer_status(call);
    }
    strbuf_fini(&crowd.body);
    arena_fini(&crowd.arena);
}

bool dev_mutate_delete_collection(struct dev_call *call)
{
    struct dev_list_options list;
    struct dev_delete_options options;
    struct dev_selector *selector = NULL;
    struct error err = {0};
    yyjson_doc *body cleanup_json_doc = NULL;
    if (!dev_list_options_read(call->request, &list, &call->status) ||
        !read_delete_options(call, &body, &options))
        return false;
    if (!dev_selector_parse(list.labels, list.fields, call->target.resource->id, &selector, &err))
        return dev_status_bad_request(&call->status, "%s", err.text);
    delete_crowd(call, &list, &options, selector);
    dev_selector_free(selector);
    return true;
}
