/* Any bytes as an object in protobuf form: JSON that can be read, or an error. */
#include <stdint.h>
#include <yyjson.h>

#include "base/must.h"
#include "devserver/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf json = {0};
    struct error err = {0};
    if (dev_protobuf_to_json((struct str){(const char *)data, size}, &json, &err)) {
        yyjson_doc *doc = yyjson_read(json.data, json.len, 0);
        must(yyjson_is_obj(yyjson_doc_get_root(doc)));
        yyjson_doc_free(doc);
    } else {
        must(err.code != ERROR_NONE && json.len == 0);
    }
    strbuf_fini(&json);
    return 0;
}
