#include "devserver/manifests.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <yyjson.h>

#include "base/attr.h"
#include "base/file.h"
#include "base/must.h"
#include "base/strbuf.h"
#include "devserver/yaml.h"
#include "kube/model/json.h"

enum { FILE_MAX_BYTES = 256 << 20 };

/* What other objects need comes first. */
enum pass { PASS_DEFINITIONS, PASS_NAMESPACES, PASS_REST, PASS_COUNT };

struct loader {
    struct dev_server *server;
    enum pass pass;
    size_t number; /* of the object in its file, from 1 */
};

static enum pass pass_of(struct str kind)
{
    if (str_eq(kind, STR("CustomResourceDefinition")))
        return PASS_DEFINITIONS;
    return str_eq(kind, STR("Namespace")) ? PASS_NAMESPACES : PASS_REST;
}

static bool load_object(void *ctx, struct str json, struct error *err)
{
    struct loader *loader = ctx;
    cleanup_json_doc yyjson_doc *doc = json_read(json, err);
    if (!doc)
        return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct str kind = json_str(root, "kind");
    struct str name = json_str(json_object(root, "metadata"), "name");
    loader->number++;
    if (pass_of(kind) == loader->pass && !dev_api_apply(loader->server, json, err))
        return error_wrap(err, "object %zu (" STR_FMT " " STR_FMT ")", loader->number,
                          STR_ARG(kind), STR_ARG(name));
    return true;
}

static bool load_file(struct loader *loader, const char *path, struct error *err)
{
    cleanup_free char *text = NULL;
    size_t size_bytes = 0;
    if (!file_read(path, FILE_MAX_BYTES, &text, &size_bytes, err))
        return false;
    loader->number = 0;
    if (!dev_yaml_each((struct str){text, size_bytes}, load_object, loader, err))
        return error_wrap(err, "%s", path);
    return true;
}

static int is_manifest(const struct dirent *entry)
{
    struct str name = str_from(entry->d_name);
    return str_ends_with(name, STR(".yaml")) || str_ends_with(name, STR(".yml")) ||
           str_ends_with(name, STR(".json"));
}

static bool load_folder(struct loader *loader, const char *path, struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_manifest, alphasort);
    bool is_loaded = true;
    if (count < 0)
        return error_set_errno(err, errno, "%s", path);
    if (count == 0)
        is_loaded = error_set(err, ERROR_NOT_FOUND, "%s: no .yaml, .yml or .json file", path);
    for (int i = 0; i < count; i++) {
        cleanup_strbuf struct strbuf file = {0};
        strbuf_printf(&file, "%s/%s", path, entries[i]->d_name);
        is_loaded = is_loaded && load_file(loader, file.data, err);
        free(entries[i]);
    }
    free(entries);
    return is_loaded;
}

static bool load_path(struct loader *loader, const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return load_folder(loader, path, err);
    return load_file(loader, path, err);
}

bool dev_manifests_load(struct dev_server *server, const struct flag_texts *paths,
                        struct error *err)
{
    struct loader loader = {.server = server};
    for (; loader.pass < PASS_COUNT; loader.pass++) {
        for (size_t i = 0; i < paths->count; i++) {
            if (!load_path(&loader, paths->items[i], err))
                return false;
        }
    }
    return true;
}
