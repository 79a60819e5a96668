#include "devserver/http_parse.h"

#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/must.h"

enum {
    KEPT_FIELDS = 64,
    CHUNK_LINE_MAX_BYTES = 4096,
    CHUNK_OVERHEAD_MAX_BYTES = 1 << 20,
};

static enum dev_http_progress refuse(struct dev_http_head *head, int status, const char *why)
{
    head->status = status;
    head->why = why;
    return DEV_HTTP_REFUSED;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_token_char(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_control(s.ptr[i]) && s.ptr[i] != '\t')
            return true;
    }
    return false;
}

static bool is_same_word(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

/* Where `part` lies in `text`. */
static struct dev_http_span span_in(struct str text, struct str part)
{
    return (struct dev_http_span){(uint32_t)(part.ptr - text.ptr), (uint32_t)part.len};
}

/* "/path?query", "http://host/path?query" or "*". */
static bool read_target(struct dev_http_head *head, struct str text, struct str target)
{
    static const struct str schemes[] = {STR("http://"), STR("https://")};
    size_t at = 0;
    for (size_t i = 0; i < target.len; i++) {
        if (is_control(target.ptr[i]))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (!str_starts_with(target, schemes[i]))
            continue;
        struct str behind = str_skip(target, schemes[i].len);
        if (!str_find(behind, '/', &at))
            return false;
        target = str_skip(behind, at);
    }
    if (target.len == 0 || (target.ptr[0] != '/' && !str_eq(target, STR("*"))))
        return false;
    struct str path = str_before(target, '?');
    head->path = span_in(text, path);
    head->query = span_in(text, str_skip(target, path.len + (path.len < target.len)));
    return true;
}

static bool is_version(struct str s)
{
    return s.len == 8 && str_starts_with(s, STR("HTTP/")) && s.ptr[5] >= '0' && s.ptr[5] <= '9' &&
           s.ptr[6] == '.' && s.ptr[7] >= '0' && s.ptr[7] <= '9';
}

static enum dev_http_progress read_request_line(struct dev_http_head *head, struct str text,
                                                struct str line)
{
    struct str rest = line;
    struct str method = str_before(rest, ' ');
    rest = str_skip(rest, method.len + (method.len < rest.len));
    struct str target = str_before(rest, ' ');
    struct str version = str_skip(rest, target.len + (target.len < rest.len));
    if (!is_token(method) || !is_version(version))
        return refuse(head, 400, "malformed request line");
    if (version.ptr[5] != '1')
        return refuse(head, 505, "only HTTP/1.x is spoken here");
    if (!read_target(head, text, target))
        return refuse(head, 400, "malformed request target");
    head->method = span_in(text, method);
    head->minor_version = version.ptr[7] - '0';
    head->keeps_alive = head->minor_version > 0;
    head->has_request_line = true;
    return DEV_HTTP_MORE;
}

static bool has_word(struct str list, struct str word)
{
    struct str part;
    while (str_split(&list, ',', &part)) {
        if (is_same_word(str_trim(part), word))
            return true;
    }
    return false;
}

static enum dev_http_progress note_length(struct dev_http_head *head, struct str value)
{
    uint64_t bytes = 0;
    if (!str_to_u64(value, &bytes) || (head->has_body_bytes && bytes != head->body_bytes))
        return refuse(head, 400, "bad Content-Length");
    head->has_body_bytes = true;
    head->body_bytes = bytes;
    return DEV_HTTP_MORE;
}

/* What the fields that concern the transfer itself say. */
static enum dev_http_progress note_field(struct dev_http_head *head, struct str name,
                                         struct str value)
{
    if (is_same_word(name, STR("host"))) {
        if (head->has_host)
            return refuse(head, 400, "more than one Host");
        head->has_host = true;
    } else if (is_same_word(name, STR("content-length"))) {
        return note_length(head, value);
    } else if (is_same_word(name, STR("transfer-encoding"))) {
        if (head->is_chunked || !is_same_word(value, STR("chunked")))
            return refuse(head, 501, "unsupported Transfer-Encoding");
        head->is_chunked = true;
    } else if (is_same_word(name, STR("connection"))) {
        if (has_word(value, STR("close")))
            head->keeps_alive = false;
        else if (has_word(value, STR("keep-alive")) && head->minor_version == 0)
            head->keeps_alive = true;
    } else if (is_same_word(name, STR("expect"))) {
        if (!is_same_word(value, STR("100-continue")))
            return refuse(head, 417, "unknown expectation");
        head->wants_continue = true;
    }
    return DEV_HTTP_MORE;
}

static enum dev_http_progress read_field(struct dev_http_head *head, struct str text,
                                         struct str line)
{
    struct str name = str_before(line, ':');
    if (name.len == line.len || !is_token(name))
        return refuse(head, 400, "malformed header line");
    struct str value = str_trim(str_skip(line, name.len + 1));
    if (has_control(value))
        return refuse(head, 400, "control character in a header");
    if (head->field_count == head->field_capacity) {
        head->field_capacity = head->field_capacity > 0 ? head->field_capacity * 2 : 16;
        head->fields = mem_grow_array(head->fields, head->field_capacity, sizeof(head->fields[0]));
    }
    head->fields[head->field_count++] =
        (struct dev_http_field){span_in(text, name), span_in(text, value)};
    return note_field(head, name, value);
}

static enum dev_http_progress end_head(struct dev_http_head *head)
{
    if (!head->has_host && head->minor_version > 0)
        return refuse(head, 400, "Host is missing");
    if (head->is_chunked && (head->has_body_bytes || head->minor_version == 0))
        return refuse(head, 400, "a chunked body with a length or in HTTP/1.0");
    return DEV_HTTP_DONE;
}

static enum dev_http_progress read_line(struct dev_http_head *head, struct str text,
                                        struct str line)
{
    if (!head->has_request_line)
        return read_request_line(head, text, line);
    return line.len > 0 ? read_field(head, text, line) : end_head(head);
}

enum dev_http_progress dev_http_head_read(struct dev_http_head *head, struct str text)
{
    struct str bounded = text;
    size_t newline = 0;
    if (bounded.len > DEV_HTTP_HEAD_MAX_BYTES)
        bounded.len = DEV_HTTP_HEAD_MAX_BYTES;
    if (bounded.len > 0 && !is_token_char(bounded.ptr[0]))
        return refuse(head, 400, "malformed request line"); /* TLS, perhaps, which sends no lines */
    while (str_find(str_skip(bounded, head->scanned), '\n', &newline)) {
        struct str line = {bounded.ptr + head->len, head->scanned + newline - head->len};
        head->scanned += newline + 1;
        head->len = head->scanned;
        if (str_ends_with(line, STR("\r")))
            line.len--;
        enum dev_http_progress progress = read_line(head, text, line);
        if (progress != DEV_HTTP_MORE)
            return progress;
    }
    head->scanned = bounded.len;
    if (bounded.len < DEV_HTTP_HEAD_MAX_BYTES)
        return DEV_HTTP_MORE;
    return refuse(head, 431, "the head is larger than 1 MiB");
}

void dev_http_head_clear(struct dev_http_head *head)
{
    struct dev_http_field *fields = steal_ptr(head->fields);
    size_t capacity = head->field_capacity;
    *head = (struct dev_http_head){0};
    if (capacity > KEPT_FIELDS) {
        free(fields);
        return;
    }
    head->fields = fields;
    head->field_capacity = capacity;
}

void dev_http_head_fini(struct dev_http_head *head)
{
    free(head->fields);
    *head = (struct dev_http_head){0};
}

struct str dev_http_head_find(const struct dev_http_head *head, struct str text, struct str name)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (is_same_word(dev_http_span_of(text, head->fields[i].name), name))
            return dev_http_span_of(text, head->fields[i].value);
    }
    return (struct str){NULL, 0};
}

static enum dev_http_progress refuse_chunks(struct dev_http_chunks *chunks, int status,
                                            const char *why)
{
    chunks->status = status;
    chunks->why = why;
    return DEV_HTTP_REFUSED;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* "1aF;extension=ignored" */
static bool read_chunk_size(struct str line, uint64_t *out)
{
    struct str digits = str_trim(str_before(line, ';'));
    uint64_t size = 0;
    if (digits.len == 0 || digits.len > 15)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_value(digits.ptr[i]);
        if (digit < 0)
            return false;
        size = size << 4 | (uint64_t)digit;
    }
    *out = size;
    return true;
}

static enum dev_http_progress read_chunk_line(struct dev_http_chunks *chunks, struct str line,
                                              size_t room)
{
    switch (chunks->state) {
    case DEV_CHUNK_SIZE:
        if (!read_chunk_size(line, &chunks->left))
            return refuse_chunks(chunks, 400, "malformed chunk");
        if (chunks->left > room)
            return refuse_chunks(chunks, 413, "the body is too large");
        chunks->state = chunks->left > 0 ? DEV_CHUNK_DATA : DEV_CHUNK_TRAILER;
        return DEV_HTTP_MORE;
    case DEV_CHUNK_DATA_END:
        if (line.len > 0)
            return refuse_chunks(chunks, 400, "malformed chunk");
        chunks->state = DEV_CHUNK_SIZE;
        return DEV_HTTP_MORE;
    case DEV_CHUNK_TRAILER:
        return line.len > 0 ? DEV_HTTP_MORE : DEV_HTTP_DONE;
    case DEV_CHUNK_DATA:
        break;
    }
    must(!"data has no lines");
    return DEV_HTTP_REFUSED;
}

static struct str take_chunk_data(struct dev_http_chunks *chunks, struct str data,
                                  struct strbuf *body)
{
    size_t count = data.len < chunks->left ? data.len : (size_t)chunks->left;
    strbuf_append(body, (struct str){data.ptr, count});
    chunks->left -= count;
    if (chunks->left == 0)
        chunks->state = DEV_CHUNK_DATA_END;
    return str_skip(data, count);
}

/* Up to the end of the line or of the data; *is_whole: the end of the line came. */
static struct str take_chunk_line(struct dev_http_chunks *chunks, struct str data, bool *is_whole)
{
    size_t count = 0;
    *is_whole = str_find(data, '\n', &count);
    if (!*is_whole)
        count = data.len;
    strbuf_append(&chunks->line, (struct str){data.ptr, count});
    chunks->overhead_bytes += count + *is_whole;
    return str_skip(data, count + *is_whole);
}

enum dev_http_progress dev_http_chunks_read(struct dev_http_chunks *chunks, struct str data,
                                            size_t max_bytes, struct strbuf *body, size_t *used)
{
    struct str rest = data;
    enum dev_http_progress progress = DEV_HTTP_MORE;
    must(body->len <= max_bytes);
    while (rest.len > 0 && progress == DEV_HTTP_MORE) {
        if (chunks->state == DEV_CHUNK_DATA) {
            rest = take_chunk_data(chunks, rest, body);
            continue;
        }
        bool is_whole = false;
        rest = take_chunk_line(chunks, rest, &is_whole);
        if (chunks->line.len > CHUNK_LINE_MAX_BYTES ||
            chunks->overhead_bytes > CHUNK_OVERHEAD_MAX_BYTES)
            return refuse_chunks(chunks, 400, "chunks with too much around them");
        if (!is_whole)
            break;
        struct str line = strbuf_str(&chunks->line);
        if (str_ends_with(line, STR("\r")))
            line.len--;
        progress = read_chunk_line(chunks, line, max_bytes - body->len);
        strbuf_clear(&chunks->line);
    }
    *used = data.len - rest.len;
    return progress;
}

void dev_http_chunks_clear(struct dev_http_chunks *chunks)
{
    struct strbuf line = chunks->line;
    strbuf_clear(&line);
    *chunks = (struct dev_http_chunks){.line = line};
}

void dev_http_chunks_fini(struct dev_http_chunks *chunks)
{
    strbuf_fini(&chunks->line);
}

static bool decode(struct str encoded, bool is_query, struct arena *arena, struct str *out)
{
    char *text = arena_alloc(arena, encoded.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < encoded.len; i++) {
        char c = encoded.ptr[i];
        if (c == '%') {
            int high = i + 2 < encoded.len ? hex_value(encoded.ptr[i + 1]) : -1;
            int low = i + 2 < encoded.len ? hex_value(encoded.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        text[len++] = c;
    }
    *out = (struct str){text, len};
    return true;
}

bool dev_http_decode(struct str encoded, struct arena *arena, struct str *out)
{
    return decode(encoded, false, arena, out);
}

bool dev_http_query_find(struct str query, struct str name, struct arena *arena, struct str *value)
{
    struct str pair;
    while (str_split(&query, '&', &pair)) {
        struct str raw_name = str_before(pair, '=');
        struct str decoded = raw_name;
        size_t at = 0;
        bool is_plain = !str_find(raw_name, '%', &at) && !str_find(raw_name, '+', &at);
        if (!is_plain && !decode(raw_name, true, arena, &decoded))
            continue;
        struct str raw_value = str_skip(pair, raw_name.len + (raw_name.len < pair.len));
        if (str_eq(decoded, name) && decode(raw_value, true, arena, value))
            return true;
    }
    return false;
}
