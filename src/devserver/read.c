#include "devserver/read.h"

#include <inttypes.h>

#include "base/must.h"
#include "devserver/page.h"
#include "devserver/selector.h"
#include "kube/model/json.h"

bool dev_read_refuse_future(struct dev_status *status, uint64_t version, uint64_t now)
{
    dev_status_set(status, 504, "Timeout",
                   "Timeout: Too large resource version: %" PRIu64 ", current: %" PRIu64, version,
                   now);
    status->has_details = true;
    status->retry_after_s = 1;
    dev_causes_add(&status->causes, "ResourceVersionTooLarge", STR(""),
                   STR("Too large resource version"));
    return false;
}

static bool check_not_future(struct dev_call *call, uint64_t version)
{
    uint64_t now = dev_store_version(call->server->store);
    if (version <= now)
        return true;
    return dev_read_refuse_future(&call->status, version, now);
}

bool dev_read_get(struct dev_call *call)
{
    const struct dev_resource *resource = call->target.resource;
    const struct dev_key key = {resource->id, call->route.ns, call->route.name};
    struct dev_record record = {0};
    uint64_t version = 0;
    if (!dev_get_options_read(call->request, &version, &call->status) ||
        !check_not_future(call, version))
        return false;
    if (!dev_store_get(call->server->store, &key, &record))
        return dev_status_not_found(&call->status, resource->group, resource->plural,
                                    call->route.name);
    dev_call_answer_object(call, 200, record.json);
    return true;
}

/* ---- list -------------------------------------------------------------------------------------
 */

struct listing {
    const struct dev_render *render;
    const struct dev_selector *selector;
    struct arena *arena;
    struct strbuf body;
    uint64_t limit;
    uint64_t count;
    bool has_more;
    struct str last_ns; /* of the last object on a page that is full */
    struct str last_name;
};

static bool matches(const struct listing *listing, struct str json)
{
    struct error err = {0};
    if (dev_selector_is_empty(listing->selector))
        return true;
    yyjson_doc *doc cleanup_json_doc = json_read(json, &err);
    must(doc); /* we wrote it */
    return dev_selector_matches(listing->selector, yyjson_doc_get_root(doc));
}

static bool list_record(void *ctx, const struct dev_record *record)
{
    struct listing *listing = ctx;
    if (!matches(listing, record->json))
        return true;
    if (listing->limit > 0 && listing->count == listing->limit) {
        listing->has_more = true;
        return false;
    }
    dev_render_list_item(listing->render, record->json, listing->count == 0, &listing->body);
    listing->count++;
    if (listing->count == listing->limit) {
        listing->last_ns = arena_dup_str(listing->arena, record->key.ns);
        listing->last_name = arena_dup_str(listing->arena, record->key.name);
    }
    return true;
}

/* How many come on later pages; -1: with a selector nobody counts. */
static int64_t count_remaining(struct dev_call *call, const struct listing *listing,
                               const struct dev_page *page)
{
    if (!listing->has_more || !dev_selector_is_empty(listing->selector))
        return -1;
    uint64_t total =
        dev_store_count(call->server->store, call->target.resource->id, call->route.ns);
    uint64_t sent = page->before + listing->count;
    return total > sent ? (int64_t)(total - sent) : 1;
}

static void end_list(struct dev_call *call, struct listing *listing, const struct dev_page *page,
                     uint64_t version)
{
    struct strbuf token cleanup_strbuf = {0};
    const struct dev_page next = {
        .ns = listing->last_ns,
        .name = listing->last_name,
        .version = version,
        .before = page->before + listing->count,
    };
    if (listing->has_more)
        dev_page_write(&next, &token);
    dev_render_list_end(listing->render, version, strbuf_str(&token),
                        count_remaining(call, listing, page), &listing->body);
    dev_call_answer_json(call, 200, strbuf_str(&listing->body));
}

/* The answer to a page of a list that began before what the history remembers. */
static bool expired(struct dev_call *call)
{
    return dev_status_set(
        &call->status, 410, "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter.");
}

static bool check_version(struct dev_call *call, const struct dev_list_options *options,
                          const struct dev_page *page)
{
    uint64_t oldest = dev_history_oldest(call->server->history);
    uint64_t now = dev_store_version(call->server->store);
    if (!check_not_future(call, options->version))
        return false;
    if (page->version > 0 && page->version < oldest && page->version < now)
        return expired(call);
    /* The store keeps no old versions: only the present one can be had exactly. */
    if (options->match == DEV_MATCH_EXACT && options->version < now)
        return dev_status_set(&call->status, 410, "Expired",
                              "The resourceVersion for the provided list is too old.");
    return true;
}

/* PartialObjectMetadata is what one object may be asked as, PartialObjectMetadataList is for these.
 */
static bool check_form(struct dev_call *call)
{
    static const char list[] = "PartialObjectMetadataList";
    struct str accept = dev_http_header(call->request, "Accept");
    if (call->form != DEV_FORM_PARTIAL || memmem(accept.ptr, accept.len, list, sizeof(list) - 1))
        return true;
    return dev_status_set(&call->status, 406, "NotAcceptable",
                          "you requested PartialObjectMetadata, but the requested object is a list "
                          "(*unstructured.UnstructuredList)");
}

bool dev_read_list(struct dev_call *call, const struct dev_list_options *options)
{
    struct arena arena cleanup_arena;
    struct dev_selector *selector = NULL;
    struct dev_page page = {0};
    struct error err = {0};
    arena_init(&arena);
    if (!check_form(call))
        return false;
    if (!str_is_empty(options->token) &&
        !dev_page_read(options->token, &arena, &page, &call->status))
        return false;
    if (!check_version(call, options, &page))
        return false;
    if (!dev_selector_parse(options->labels, options->fields, call->target.resource->id, &selector,
                            &err))
        return dev_status_bad_request(&call->status, "%s", err.text);
    struct dev_render render = dev_call_render(call);
    struct listing listing = {.render = &render, .selector = selector, .arena = &arena};
    /* "Any version" comes from the cache there, which does not cut lists. */
    if (!options->has_version || options->version > 0)
        listing.limit = options->limit;
    dev_render_list_begin(&render, &listing.body);
    dev_store_each(call->server->store, call->target.resource->id, call->route.ns, page.ns,
                   page.name, list_record, &listing);
    /* All pages carry the version of the first: a watch from there tells what changed meanwhile. */
    end_list(call, &listing, &page,
             page.version > 0 ? page.version : dev_store_version(call->server->store));
    strbuf_fini(&listing.body);
    dev_selector_free(selector);
    return true;
}
