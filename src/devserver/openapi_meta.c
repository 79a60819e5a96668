#include "devserver/openapi_meta.h"

#include "base/attr.h"
#include "devserver/field_table.h"

static const struct dev_field_row object_meta_rows[] = {
    {"name", "string", "Name, unique within the namespace; cannot change.", NULL},
    {"generateName", "string", "Beginning of the name that the server is to make up.", NULL},
    {"namespace", "string", "Scope of the name; empty for cluster-scoped objects.", NULL},
    {"selfLink", "string", "Not used any more.", NULL},
    {"uid", "string", "Identity: another object of the same name has another.", NULL},
    {"resourceVersion", "string",
     "Changes with every write; a write that names an old one is refused.", NULL},
    {"generation", "integer", "Counts changes of what is wanted.", NULL},
    {"creationTimestamp", "time", "When the object was created.", NULL},
    {"deletionTimestamp", "time",
     "When its deletion was asked for; it goes once nobody has a finalizer on it.", NULL},
    {"deletionGracePeriodSeconds", "integer", "How long its deletion may take.", NULL},
    {"labels", "string-map", "Short texts by key, for selecting objects.", NULL},
    {"annotations", "string-map", "Texts by key, for programs.", NULL},
    {"finalizers", "strings", "Who has to agree before the object is gone.", NULL},
    {"ownerReferences", "objects", "Objects in the same namespace that this one goes with.", NULL},
    {"ownerReferences.apiVersion", "string", "Group and version of the owner.", NULL},
    {"ownerReferences.kind", "string", "Kind of the owner.", NULL},
    {"ownerReferences.name", "string", "Name of the owner.", NULL},
    {"ownerReferences.uid", "string", "Identity of the owner.", NULL},
    {"ownerReferences.controller", "boolean", "Whether the owner controls this object.", NULL},
    {"ownerReferences.blockOwnerDeletion", "boolean",
     "Whether the owner waits for this object in foreground deletion.", NULL},
    {"managedFields", "objects", "Who manages which field; not kept by this server.", NULL},
};
static const struct dev_field_table object_meta = {
    "ObjectMeta is what all objects say of themselves.", object_meta_rows,
    ARRAY_LEN(object_meta_rows)};

static const struct dev_field_row list_meta_rows[] = {
    {"resourceVersion", "string", "State of the server that the list shows.", NULL},
    {"continue", "string", "What to ask for the next part with.", NULL},
    {"remainingItemCount", "integer", "How many objects follow.", NULL},
    {"selfLink", "string", "Not used any more.", NULL},
};
static const struct dev_field_table list_meta = {"ListMeta is what lists say of themselves.",
                                                 list_meta_rows, ARRAY_LEN(list_meta_rows)};

static const struct dev_field_row status_rows[] = {
    {"status", "string", "Success or Failure.", NULL},
    {"message", "string", "What went wrong, for people.", NULL},
    {"reason", "string", "What went wrong, in one word.", NULL},
    {"code", "integer", "HTTP status.", NULL},
    {"details", "anything", "What went wrong with what.", NULL},
};
static const struct dev_field_table status = {
    "Status is the answer to a request that returns no object.", status_rows,
    ARRAY_LEN(status_rows)};

static const struct dev_field_row delete_options_rows[] = {
    {"propagationPolicy", "string", "Background, Foreground or Orphan.", NULL},
    {"gracePeriodSeconds", "integer", "How long it may take.", NULL},
    {"orphanDependents", "boolean", "The older way to say Orphan.", NULL},
    {"dryRun", "strings", "All: only try.", NULL},
    {"preconditions", "object", "What has to be so.", NULL},
    {"preconditions.uid", "string", "Identity of the object.", NULL},
    {"preconditions.resourceVersion", "string", "Version of the object.", NULL},
};
static const struct dev_field_table delete_options = {
    "DeleteOptions says how to delete.", delete_options_rows, ARRAY_LEN(delete_options_rows)};

static const struct dev_field_table patch = {"Patch is a change of an object.", NULL, 0};

void dev_openapi_append_meta(struct strbuf *out)
{
    static const struct {
        const char *name;
        const struct dev_field_table *table;
    } schemas[] = {
        {OPENAPI_OBJECT_META, &object_meta},
        {OPENAPI_LIST_META, &list_meta},
        {OPENAPI_STATUS, &status},
        {OPENAPI_DELETE_OPTIONS, &delete_options},
        {OPENAPI_PATCH, &patch},
    };
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
        strbuf_printf(out, "%s\"%s\":", i > 0 ? "," : "", schemas[i].name);
        dev_field_table_append(schemas[i].table, out);
    }
}
