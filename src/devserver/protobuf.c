#include "devserver/protobuf.h"

#include <stdint.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/attr.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/must.h"
#include "base/utf8.h"
#include "devserver/protobuf_kinds.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5, VARINT_MAX_BYTES = 10 };

static const int64_t YEAR_10000_S = INT64_C(253402300800);

/* One field as it stands on the wire. */
struct wire_field {
    uint32_t number;
    bool is_varint;
    uint64_t varint;
    struct str bytes; /* of what is none */
};

static void free_mut_doc(yyjson_mut_doc **doc)
{
    yyjson_mut_doc_free(*doc);
}

static bool read_varint(struct str *rest, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < VARINT_MAX_BYTES && i < rest->len; i++) {
        unsigned char byte = (unsigned char)rest->ptr[i];
        *out |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *rest = str_skip(*rest, i + 1);
            return true;
        }
    }
    return false;
}

static bool read_bytes(struct str *rest, uint64_t count, struct str *out)
{
    if (count > rest->len)
        return false;
    *out = (struct str){rest->ptr, (size_t)count};
    *rest = str_skip(*rest, (size_t)count);
    return true;
}

static bool read_field(struct str *rest, struct wire_field *out)
{
    uint64_t tag = 0;
    uint64_t count = 0;
    *out = (struct wire_field){0};
    if (!read_varint(rest, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
        return false;
    out->number = (uint32_t)(tag >> 3);
    switch (tag & 7) {
    case WIRE_VARINT:
        out->is_varint = true;
        return read_varint(rest, &out->varint);
    case WIRE_BYTES:
        return read_varint(rest, &count) && read_bytes(rest, count, &out->bytes);
    case WIRE_64:
        return read_bytes(rest, 8, &out->bytes);
    case WIRE_32:
        return read_bytes(rest, 4, &out->bytes);
    default:
        return false;
    }
}

static bool is_utf8(struct str text)
{
    while (text.len > 0) {
        uint32_t rune = 0;
        size_t len = (unsigned char)text.ptr[0] < 0x80 ? 1 : utf8_decode(text, &rune);
        if (len == 0)
            return false;
        text = str_skip(text, len);
    }
    return true;
}

static yyjson_mut_val *text_value(yyjson_mut_doc *doc, struct str text)
{
    return yyjson_mut_strncpy(doc, text.len > 0 ? text.ptr : "", text.len);
}

static yyjson_mut_val *bytes_value(yyjson_mut_doc *doc, struct str bytes)
{
    cleanup_strbuf struct strbuf text = {0};
    base64_encode(bytes, &text);
    return text_value(doc, strbuf_str(&text));
}

/* NULL: malformed; null for an empty time. */
static yyjson_mut_val *time_value(yyjson_mut_doc *doc, struct str bytes, bool is_micro)
{
    char buf[RFC3339_MAX];
    struct wire_field field;
    int64_t seconds = 0;
    int64_t nanos = 0;
    if (bytes.len == 0)
        return yyjson_mut_null(doc);
    while (bytes.len > 0) {
        if (!read_field(&bytes, &field) || !field.is_varint)
            return NULL;
        if (field.number == 1)
            seconds = (int64_t)field.varint;
        else if (field.number == 2)
            nanos = (int64_t)field.varint;
    }
    if (seconds < 0 || seconds >= YEAR_10000_S || nanos < 0 || nanos >= 1000000000)
        return NULL;
    return text_value(doc, is_micro ? rfc3339_format_us(seconds * 1000000 + nanos / 1000, buf)
                                    : rfc3339_format_s(seconds * 1000, buf));
}

/* One entry, whose key is field 1 and whose value is field 2. */
static bool add_entry(yyjson_mut_doc *doc, yyjson_mut_val *map, struct str bytes, bool is_bytes)
{
    struct wire_field field;
    struct str key = {0};
    struct str value = {0};
    while (bytes.len > 0) {
        if (!read_field(&bytes, &field) || field.is_varint)
            return false;
        if (field.number == 1)
            key = field.bytes;
        else if (field.number == 2)
            value = field.bytes;
    }
    if (!is_utf8(key) || (!is_bytes && !is_utf8(value)))
        return false;
    return yyjson_mut_obj_add(map, text_value(doc, key),
                              is_bytes ? bytes_value(doc, value) : text_value(doc, value));
}

static bool add_message(yyjson_mut_doc *doc, yyjson_mut_val *object,
                        const struct proto_message *message, struct str bytes);

/* The value of a field that is neither a map nor a part of one; NULL: malformed. */
static yyjson_mut_val *field_value(yyjson_mut_doc *doc, const struct proto_field *known,
                                   const struct wire_field *field)
{
    yyjson_mut_val *object = NULL;
    switch (known->type) {
    case PROTO_TEXT:
        return is_utf8(field->bytes) ? text_value(doc, field->bytes) : NULL;
    case PROTO_BYTES:
        return bytes_value(doc, field->bytes);
    case PROTO_BOOL:
        return yyjson_mut_bool(doc, field->varint != 0);
    case PROTO_INT:
        return yyjson_mut_sint(doc, (int64_t)field->varint);
    case PROTO_TIME:
    case PROTO_MICRO_TIME:
        return time_value(doc, field->bytes, known->type == PROTO_MICRO_TIME);
    case PROTO_MESSAGE:
        object = yyjson_mut_obj(doc);
        return add_message(doc, object, known->message, field->bytes) ? object : NULL;
    case PROTO_TEXT_MAP:
    case PROTO_BYTES_MAP:
        break;
    }
    must(!"maps are filled entry by entry");
    return NULL;
}

/* What Go's JSON leaves out. */
static bool is_left_out(const struct proto_field *known, yyjson_mut_val *value)
{
    if (yyjson_mut_is_null(value))
        return true;
    if (known->is_optional)
        return false;
    return (yyjson_mut_is_str(value) && yyjson_mut_get_len(value) == 0) ||
           (yyjson_mut_is_int(value) && yyjson_mut_get_sint(value) == 0);
}

/* The list or map of that name, which is made when it is not there. */
static yyjson_mut_val *container_of_field(yyjson_mut_doc *doc, yyjson_mut_val *object,
                                          const struct proto_field *known)
{
    yyjson_mut_val *container = yyjson_mut_obj_get(object, known->name);
    if (container)
        return container;
    container = known->is_repeated ? yyjson_mut_arr(doc) : yyjson_mut_obj(doc);
    must(yyjson_mut_obj_add_val(doc, object, known->name, container));
    return container;
}

static bool add_field(yyjson_mut_doc *doc, yyjson_mut_val *object, const struct proto_field *known,
                      const struct wire_field *field)
{
    bool wants_varint = known->type == PROTO_BOOL || known->type == PROTO_INT;
    if (field->is_varint != wants_varint)
        return false;
    if (known->type == PROTO_TEXT_MAP || known->type == PROTO_BYTES_MAP)
        return add_entry(doc, container_of_field(doc, object, known), field->bytes,
                         known->type == PROTO_BYTES_MAP);
    yyjson_mut_val *value = field_value(doc, known, field);
    if (!value)
        return false;
    if (known->is_repeated)
        return yyjson_mut_arr_append(container_of_field(doc, object, known), value);
    return is_left_out(known, value) ||
           yyjson_mut_obj_put(object, yyjson_mut_str(doc, known->name), value); /* the last wins */
}

static const struct proto_field *find_field(const struct proto_message *message, uint32_t number)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->fields[i].number == number)
            return &message->fields[i];
    }
    return NULL;
}

static bool add_message(yyjson_mut_doc *doc, yyjson_mut_val *object,
                        const struct proto_message *message, struct str bytes)
{
    struct wire_field field;
    while (bytes.len > 0) {
        if (!read_field(&bytes, &field))
            return false;
        const struct proto_field *known = find_field(message, field.number);
        if (known && !add_field(doc, object, known, &field))
            return false;
    }
    return true;
}

/* runtime.Unknown: what the object is, and its bytes. */
struct envelope {
    struct str api_version;
    struct str kind;
    struct str raw;
};

static bool read_type(struct str bytes, struct envelope *out)
{
    struct wire_field field;
    while (bytes.len > 0) {
        if (!read_field(&bytes, &field))
            return false;
        if (field.number == 1)
            out->api_version = field.bytes;
        else if (field.number == 2)
            out->kind = field.bytes;
    }
    return is_utf8(out->api_version) && is_utf8(out->kind);
}

static bool read_envelope(struct str bytes, struct envelope *out)
{
    struct wire_field field;
    static const struct str magic = {"k8s\0", 4};
    *out = (struct envelope){0};
    if (!str_starts_with(bytes, magic))
        return false;
    bytes = str_skip(bytes, magic.len);
    while (bytes.len > 0) {
        if (!read_field(&bytes, &field))
            return false;
        if (field.number == 1 && !read_type(field.bytes, out))
            return false;
        if (field.number == 2)
            out->raw = field.bytes;
    }
    return true;
}

bool dev_protobuf_to_json(struct str body, struct strbuf *out, struct error *err)
{
    struct envelope envelope;
    if (!read_envelope(body, &envelope))
        return error_set(err, ERROR_INVALID, "malformed protobuf");
    const struct proto_message *message = dev_protobuf_message(envelope.api_version, envelope.kind);
    if (!message)
        return error_set(err, ERROR_NOT_FOUND, "no protobuf for this kind");
    cleanup_with(free_mut_doc) yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    must(doc != NULL);
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    must(yyjson_mut_obj_add_val(doc, object, "apiVersion", text_value(doc, envelope.api_version)));
    must(yyjson_mut_obj_add_val(doc, object, "kind", text_value(doc, envelope.kind)));
    if (!add_message(doc, object, message, envelope.raw))
        return error_set(err, ERROR_INVALID, "malformed protobuf");
    size_t len = 0;
    cleanup_free char *text = yyjson_mut_val_write(object, 0, &len);
    must(text != NULL);
    strbuf_append(out, (struct str){text, len});
    return true;
}
