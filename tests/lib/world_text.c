#include "lib/world_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/strbuf.h"
#include "controllers/names.h"

/* One line, taken apart. */
struct words {
    struct str kind;
    struct str ns;
    struct str name;
    struct str options[32];
    size_t count;
};

static int64_t read_wall_us(void *ctx)
{
    return ((struct world_text *)ctx)->wall_ms * 1000;
}

static int64_t read_mono_ms(void *ctx)
{
    return ((struct world_text *)ctx)->wall_ms;
}

static void split_words(struct str line, struct words *out)
{
    struct str word;
    *out = (struct words){.count = 0};
    while (str_split(&line, ' ', &word)) {
        if (str_is_empty(word))
            continue;
        if (str_is_empty(out->kind)) {
            out->kind = word;
        } else if (str_is_empty(out->name)) {
            out->ns = str_before(word, '/');
            out->name = str_skip(word, out->ns.len + 1);
        } else {
            must(out->count < ARRAY_LEN(out->options));
            out->options[out->count++] = word;
        }
    }
}

static bool has(const struct words *words, const char *flag)
{
    for (size_t i = 0; i < words->count; i++)
        if (str_eq_cstr(words->options[i], flag))
            return true;
    return false;
}

/* The value of the n-th "key=value"; false: there is none. Underscores become spaces. */
static bool find_value(const struct words *words, const char *key, size_t n, char out[512])
{
    for (size_t i = 0; i < words->count; i++) {
        struct str option = words->options[i];
        struct str before = str_before(option, '=');
        if (before.len == option.len || !str_eq_cstr(before, key) || n-- > 0)
            continue;
        struct str value = str_skip(option, before.len + 1);
        snprintf(out, 512, STR_FMT, STR_ARG(value));
        for (char *c = out; *c; c++)
            if (*c == '_')
                *c = ' ';
        return true;
    }
    return false;
}

static struct str value_of(const struct words *words, const char *key, char out[512])
{
    if (!find_value(words, key, 0, out))
        out[0] = '\0';
    return str_from(out);
}

/* `,"key":"value"` where the option is given. */
static void put_option(struct strbuf *json, const struct words *words, const char *option,
                       const char *key)
{
    char value[512];
    if (!find_value(words, option, 0, value))
        return;
    strbuf_printf(json, ",\"%s\":", key);
    strbuf_append_json(json, str_from(value));
}

static void put_list(struct strbuf *json, const char *key, struct str values)
{
    struct str part;
    const char *separator = "";
    strbuf_printf(json, ",\"%s\":[", key);
    while (str_split(&values, '+', &part)) {
        strbuf_append_cstr(json, separator);
        strbuf_append_json(json, part);
        separator = ",";
    }
    strbuf_append_char(json, ']');
}

static void put_ref(struct strbuf *json, const char *key, struct str ns_and_name)
{
    struct str ns = str_before(ns_and_name, '/');
    strbuf_printf(json, ",\"%s\":{\"namespace\":\"" STR_FMT "\",\"name\":\"" STR_FMT "\"}", key,
                  STR_ARG(ns), STR_ARG(str_skip(ns_and_name, ns.len + 1)));
}

static void put_meta_start(struct strbuf *json, const struct words *words)
{
    static uint64_t version = 100; /* the clock of the pretended server */
    char created[512];
    char stamp[RFC3339_MAX];
    uint64_t created_s = 1000;
    if (find_value(words, "created", 0, created))
        must(str_to_u64(str_from(created), &created_s));
    struct str time = rfc3339_format_s((int64_t)created_s * 1000, stamp);
    strbuf_printf(json,
                  "\"namespace\":\"" STR_FMT "\",\"name\":\"" STR_FMT "\",\"uid\":\"uid-" STR_FMT
                  "\",\"resourceVersion\":\"%llu\",\"creationTimestamp\":\"" STR_FMT "\"",
                  STR_ARG(words->ns), STR_ARG(words->name), STR_ARG(words->name),
                  (unsigned long long)++version, STR_ARG(time));
    if (has(words, "deleting"))
        strbuf_append_cstr(json, ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"");
    char generation[512];
    if (find_value(words, "generation", 0, generation))
        strbuf_printf(json, ",\"generation\":%s", generation);
}

struct map_text {
    struct strbuf json;
};

static void map_put(struct map_text *map, const char *key, struct str value)
{
    strbuf_append_char(&map->json, map->json.len > 0 ? ',' : '{');
    strbuf_append_json(&map->json, str_from(key));
    strbuf_append_char(&map->json, ':');
    strbuf_append_json(&map->json, value);
}

static void map_put_option(struct map_text *map, const struct words *words, const char *option,
                           const char *key)
{
    char value[512];
    if (find_value(words, option, 0, value))
        map_put(map, key, str_from(value));
}

static void map_finish(struct map_text *map, struct strbuf *json, const char *key)
{
    if (map->json.len > 0)
        strbuf_printf(json, ",\"%s\":%s}", key, map->json.data);
    strbuf_fini(&map->json);
}

static void put_cluster(struct strbuf *json, const struct words *words)
{
    put_meta_start(json, words);
    strbuf_printf(json, "},\"spec\":{\"paused\":%s", has(words, "paused") ? "true" : "false");
}

static void put_machine(struct strbuf *json, const struct words *words)
{
    struct map_text labels = {0};
    put_meta_start(json, words);
    map_put_option(&labels, words, "cluster", LABEL_CLUSTER_NAME);
    map_finish(&labels, json, "labels");
}

static void put_template(struct strbuf *json, const struct words *words)
{
    struct map_text labels = {0};
    put_meta_start(json, words);
    map_put_option(&labels, words, "name", LABEL_POOL_NAME);
    map_put_option(&labels, words, "ns", LABEL_POOL_NAMESPACE);
    map_put_option(&labels, words, "group", LABEL_POOL_GROUP);
    map_put_option(&labels, words, "network", LABEL_NETWORK_NAME);
    map_finish(&labels, json, "labels");
}

static void put_device(struct strbuf *json, struct str text)
{
    struct str part = str_before(text, ',');
    text = str_skip(text, part.len < text.len ? part.len + 1 : part.len);
    strbuf_printf(json, "{\"networkType\":\"" STR_FMT "\"", STR_ARG(part));
    while (str_split(&text, ',', &part)) {
        struct str key = str_before(part, '=');
        struct str value = str_skip(part, key.len < part.len ? key.len + 1 : key.len);
        if (str_eq(key, STR("ip"))) {
            put_list(json, "ipAddrs", value);
        } else if (str_eq(key, STR("mask"))) {
            strbuf_printf(json, ",\"netmask\":\"" STR_FMT "\"", STR_ARG(value));
        } else if (str_eq(key, STR("gw"))) {
            strbuf_printf(json, ",\"routes\":[{\"gateway\":\"" STR_FMT "\"}]", STR_ARG(value));
        } else if (str_eq(key, STR("net"))) {
            strbuf_printf(json,
                          ",\"routes\":[{\"gateway\":\"10.0.0.9\",\"network\":\"" STR_FMT "\"}]",
                          STR_ARG(value));
        } else if (str_eq(key, STR("vlan"))) {
            strbuf_printf(json, ",\"vlan\":\"" STR_FMT "\"", STR_ARG(value));
        } else if (str_eq(key, STR("dns"))) {
            strbuf_append_cstr(json, ",\"nameservers\":[\"9.9.9.9\"]");
        } else if (str_eq(key, STR("pool"))) {
            struct str group = str_before(value, ':');
            struct str rest = str_skip(value, group.len + 1);
            struct str kind = str_before(rest, ':');
            strbuf_printf(json,
                          ",\"addressesFromPools\":[{\"apiGroup\":\"" STR_FMT
                          "\",\"kind\":\"" STR_FMT "\",\"name\":\"" STR_FMT "\"}]",
                          STR_ARG(group), STR_ARG(kind), STR_ARG(str_skip(rest, kind.len + 1)));
        } else {
            fail_msg("device: what is \"" STR_FMT "\"?", STR_ARG(part));
        }
    }
    strbuf_append_char(json, '}');
}

static void put_elfmachine(struct strbuf *json, const struct words *words)
{
    char value[512];
    struct map_text labels = {0};
    struct map_text annotations = {0};
    put_meta_start(json, words);
    map_put_option(&labels, words, "filter", LABEL_WATCH_FILTER);
    map_put_option(&labels, words, "cluster", LABEL_CLUSTER_NAME);
    map_finish(&labels, json, "labels");
    map_put_option(&annotations, words, "template", ANNOTATION_CLONED_FROM);
    map_put_option(&annotations, words, "allocated", ANNOTATION_ALLOCATED);
    if (has(words, "paused"))
        map_put(&annotations, ANNOTATION_PAUSED, STR(""));
    map_finish(&annotations, json, "annotations");
    if (find_value(words, "owner", 0, value))
        strbuf_printf(json,
                      ",\"ownerReferences\":[{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\","
                      "\"kind\":\"Machine\",\"name\":\"%s\",\"uid\":\"u\",\"controller\":true}]",
                      value);
    strbuf_printf(json, ",\"finalizers\":[\"else/where\"%s%s]",
                  has(words, "cape") ? ",\"" FINALIZER_CAPE "\"" : "",
                  has(words, "ours") ? ",\"" FINALIZER_OURS "\"" : "");
    strbuf_append_cstr(json, "},\"spec\":{\"network\":{\"devices\":[");
    for (size_t i = 0; find_value(words, "device", i, value); i++) {
        strbuf_append_cstr(json, i > 0 ? "," : "");
        put_device(json, str_from(value));
    }
    strbuf_append_char(json, ']');
    if (find_value(words, "dns", 0, value))
        put_list(json, "nameservers", str_from(value));
    strbuf_printf(json, "}},\"status\":{%s",
                  has(words, "failed") ? "\"failureReason\":\"CreateError\"" : "");
}

static void put_ippool(struct strbuf *json, const struct words *words)
{
    char value[512];
    struct map_text labels = {0};
    put_meta_start(json, words);
    if (has(words, "default"))
        map_put(&labels, LABEL_IS_DEFAULT, STR("true"));
    map_put_option(&labels, words, "default", LABEL_IS_DEFAULT);
    map_put_option(&labels, words, "group", LABEL_POOL_GROUP);
    map_put_option(&labels, words, "network", LABEL_NETWORK_NAME);
    map_finish(&labels, json, "labels");
    strbuf_append_cstr(json, "},\"spec\":{\"namePrefix\":\"p\",\"pools\":[{\"prefix\":24");
    put_option(json, words, "start", "start");
    put_option(json, words, "end", "end");
    put_option(json, words, "subnet", "subnet");
    put_option(json, words, "gateway", "gateway");
    if (!find_value(words, "start", 0, value) && !find_value(words, "subnet", 0, value))
        strbuf_append_cstr(json, ",\"start\":\"10.0.0.10\",\"end\":\"10.0.0.99\"");
    strbuf_append_cstr(json, "}]");
    char claim[512] = "somebody";
    if (find_value(words, "reserved", 0, value)) {
        find_value(words, "for", 0, claim);
        strbuf_printf(json, ",\"preAllocations\":{\"%s\":\"%s\"}", claim, value);
    }
}

static void put_ipclaim(struct strbuf *json, const struct words *words)
{
    char value[512];
    char uid[512];
    struct map_text annotations = {0};
    struct map_text labels = {0};
    put_meta_start(json, words);
    struct str owner = value_of(words, "owner", value);
    if (!str_is_empty(owner)) {
        struct str ns = str_before(owner, '/');
        struct str rest = str_skip(owner, ns.len + 1);
        struct str name = str_before(rest, '/');
        char own_uid[512];
        snprintf(own_uid, sizeof(own_uid), "uid-" STR_FMT, STR_ARG(name));
        struct str said = value_of(words, "uid", uid);
        struct str wanted = str_is_empty(said) ? str_from(own_uid) : said;
        map_put(&annotations, ANNOTATION_OWNER_NAMESPACE, ns);
        map_put(&annotations, ANNOTATION_OWNER_NAME, name);
        map_put(&annotations, ANNOTATION_OWNER_UID, wanted);
        map_put(&annotations, ANNOTATION_DEVICE_INDEX, str_skip(rest, name.len + 1));
        map_finish(&annotations, json, "annotations");
        char label[512];
        snprintf(label, sizeof(label), STR_FMT "-" STR_FMT, STR_ARG(ns), STR_ARG(name));
        map_put(&labels, LABEL_OWNER_NAME, str_from(label));
        if (has(words, "refs"))
            strbuf_printf(json,
                          ",\"ownerReferences\":[{\"apiVersion\":\"" GROUP_CAPE
                          "/v1beta1\",\"kind\":\"ElfMachine\",\"name\":\"" STR_FMT
                          "\",\"uid\":\"" STR_FMT "\"}]",
                          STR_ARG(name), STR_ARG(wanted));
    }
    map_put_option(&labels, words, "cluster", LABEL_CLUSTER_NAME);
    map_finish(&labels, json, "labels");
    strbuf_append_cstr(json, "},\"spec\":{\"x\":1");
    char pool[512];
    if (find_value(words, "pool", 0, pool))
        put_ref(json, "pool", str_from(pool));
    strbuf_append_cstr(json, "},\"status\":{\"x\":1");
    char address[512];
    if (find_value(words, "address", 0, address))
        strbuf_printf(json, ",\"address\":{\"name\":\"%s\"}", address);
    put_option(json, words, "error", "errorMessage");
}

static void put_ipaddress(struct strbuf *json, const struct words *words)
{
    char value[512];
    put_meta_start(json, words);
    strbuf_append_cstr(json, "},\"spec\":{\"x\":1");
    put_option(json, words, "address", "address");
    put_option(json, words, "gateway", "gateway");
    if (find_value(words, "prefix", 0, value))
        strbuf_printf(json, ",\"prefix\":%s", value);
    if (find_value(words, "claim", 0, value))
        put_ref(json, "claim", str_from(value));
    if (find_value(words, "pool", 0, value))
        put_ref(json, "pool", str_from(value));
    if (find_value(words, "dns", 0, value))
        put_list(json, "dnsServers", str_from(value));
}

static const struct {
    const char *word;
    enum world_kind kind;
    void (*put)(struct strbuf *json, const struct words *words);
} writers[] = {
    {"cluster", WORLD_CLUSTERS, put_cluster},
    {"machine", WORLD_MACHINES, put_machine},
    {"template", WORLD_TEMPLATES, put_template},
    {"elfmachine", WORLD_ELFMACHINES, put_elfmachine},
    {"ippool", WORLD_IPPOOLS, put_ippool},
    {"ipclaim", WORLD_IPCLAIMS, put_ipclaim},
    {"ipaddress", WORLD_IPADDRESSES, put_ipaddress},
};

static void add_line(struct world_text *text, struct str line)
{
    struct words words;
    split_words(line, &words);
    for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
        if (!str_eq_cstr(words.kind, writers[i].word))
            continue;
        cleanup_strbuf struct strbuf json = {0};
        cleanup_arena struct arena scratch;
        arena_init(&scratch);
        strbuf_append_cstr(&json, "{\"metadata\":{");
        writers[i].put(&json, &words);
        strbuf_append_cstr(&json, "}}");
        struct kube_store *store = world_store(text->world, writers[i].kind);
        const struct kube_object *object;
        struct error err;
        if (!kube_object_parse_text(kube_store_kind(store), strbuf_str(&json), &scratch, &object,
                                    &err))
            fail_msg("%s: %s\n%s", writers[i].word, err.text, json.data);
        kube_store_put(store, object);
        return;
    }
    fail_msg("what is \"" STR_FMT "\"?", STR_ARG(line));
}

void world_text_add(struct world_text *text, const char *lines)
{
    struct str rest = str_from(lines);
    struct str line;
    while (str_split(&rest, '\n', &line))
        if (!str_is_empty(str_trim(line)))
            add_line(text, str_trim(line));
}

struct world_text *world_text_new_unfilled(const char *lines, int64_t wall_ms)
{
    struct world_text *text = mem_alloc_zero(sizeof(*text));
    text->wall_ms = wall_ms;
    const struct world_options options = {.clock = {read_mono_ms, read_wall_us, text}};
    text->world = world_new(&options);
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        kube_store_list_begin(world_store(text->world, kind));
    world_text_add(text, lines);
    return text;
}

struct world_text *world_text_new(const char *lines, int64_t wall_ms)
{
    struct world_text *text = world_text_new_unfilled(lines, wall_ms);
    for (enum world_kind kind = 0; kind < WORLD_KIND_COUNT; kind++)
        kube_store_list_end(world_store(text->world, kind), 1);
    return text;
}

void world_text_remove(struct world_text *text, const char *line)
{
    struct words words;
    split_words(str_from(line), &words);
    for (size_t i = 0; i < ARRAY_LEN(writers); i++)
        if (str_eq_cstr(words.kind, writers[i].word))
            kube_store_remove_seen(world_store(text->world, writers[i].kind), words.ns, words.name,
                                   STR(""));
}

void world_text_free(struct world_text *text)
{
    world_free(text->world);
    free(text);
}
