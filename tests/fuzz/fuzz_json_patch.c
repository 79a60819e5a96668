/* A document, a patch of any kind and a schema, a line each: patched, or an error with a status and
 * one line of text; what was patched is JSON that can be written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "devserver/depth.h"
#include "devserver/patch.h"

static yyjson_doc *read_line(struct str *rest)
{
    struct str line = STR("");
    (void)str_split(rest, '\n', &line);
    yyjson_doc *doc = yyjson_read(line.ptr, line.len, 0);
    if (doc &&
        !dev_json_fits(yyjson_doc_get_root(doc), DEV_JSON_MAX_DEPTH)) { /* what requests refuse */
        yyjson_doc_free(doc);
        doc = NULL;
    }
    return doc;
}

static void check_result(bool is_patched, yyjson_mut_val *object, const struct error *err)
{
    if (!is_patched) {
        must(err->code == ERROR_INVALID && err->text[0] != '\0' && err->detail >= 400);
        return;
    }
    size_t len = 0;
    char *text = yyjson_mut_val_write(object, 0, &len);
    must(text != NULL);
    yyjson_doc *again = yyjson_read(text, len, 0);
    must(again != NULL);
    yyjson_doc_free(again);
    free(text);
}

static void patch(yyjson_doc *base, yyjson_doc *patch, yyjson_doc *schema, int kind)
{
    struct error err = {0};
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(base, NULL);
    yyjson_mut_val *object = yyjson_mut_doc_get_root(doc);
    yyjson_val *root = yyjson_doc_get_root(patch);
    bool is_patched = false;
    if (kind == 0)
        is_patched = dev_patch_json(doc, &object, root, &err);
    else if (kind == 1)
        is_patched = dev_patch_merge(doc, &object, root, &err);
    else
        is_patched = dev_patch_apply(doc, &object, root, yyjson_doc_get_root(schema), &err);
    check_result(is_patched, object, &err);
    yyjson_mut_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    yyjson_doc *base = read_line(&rest);
    yyjson_doc *change = read_line(&rest);
    yyjson_doc *schema = read_line(&rest);
    for (int kind = 0; base && change && kind < 3; kind++)
        patch(base, change, schema, kind);
    yyjson_doc_free(base);
    yyjson_doc_free(change);
    yyjson_doc_free(schema);
    return 0;
}
