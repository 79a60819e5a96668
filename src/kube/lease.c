#include "kube/lease.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "kube/model/json.h"

static int64_t read_us(yyjson_val *spec, const char *key)
{
    int64_t us = 0;
    return rfc3339_parse_us(json_str(spec, key), &us) ? us : 0;
}

static int64_t read_count(yyjson_val *spec, const char *key)
{
    int64_t count = json_int(spec, key, 0);
    return count < 0 || count > INT32_MAX ? 0 : count; /* int32 by the API */
}

void kube_lease_read(yyjson_val *object, struct kube_lease *out)
{
    yyjson_val *spec = json_object(object, "spec");
    *out = (struct kube_lease){
        .holder = json_str(spec, "holderIdentity"),
        .duration_ms = read_count(spec, "leaseDurationSeconds") * 1000,
        .acquired_us = read_us(spec, "acquireTime"),
        .renewed_us = read_us(spec, "renewTime"),
        .transitions = read_count(spec, "leaseTransitions"),
    };
}

uint64_t kube_lease_fingerprint(const struct kube_lease *lease)
{
    const int64_t numbers[] = {lease->duration_ms, lease->acquired_us, lease->renewed_us,
                               lease->transitions};
    struct str bytes = {(const char *)numbers, sizeof(numbers)};
    return hash_stable_more(hash_stable(lease->holder), bytes);
}

static void write_spec(struct strbuf *out, const struct kube_lease *lease)
{
    char acquired[RFC3339_MAX];
    char renewed[RFC3339_MAX];
    strbuf_append(out, STR("\"spec\":{\"holderIdentity\":"));
    strbuf_append_json(out, lease->holder);
    strbuf_printf(out,
                  ",\"leaseDurationSeconds\":%" PRId64 ",\"acquireTime\":\"" STR_FMT
                  "\",\"renewTime\":\"" STR_FMT "\",\"leaseTransitions\":%" PRId64 "}",
                  lease->duration_ms / 1000,
                  STR_ARG(rfc3339_format_us(lease->acquired_us, acquired)),
                  STR_ARG(rfc3339_format_us(lease->renewed_us, renewed)), lease->transitions);
}

static void write_head(struct strbuf *out)
{
    strbuf_append(out, STR("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
                           "\"metadata\":"));
}

void kube_lease_write_new(struct strbuf *out, struct str ns, struct str name,
                          const struct kube_lease *lease)
{
    write_head(out);
    strbuf_append(out, STR("{\"namespace\":"));
    strbuf_append_json(out, ns);
    strbuf_append(out, STR(",\"name\":"));
    strbuf_append_json(out, name);
    strbuf_append(out, STR("},"));
    write_spec(out, lease);
    strbuf_append(out, STR("}"));
}

void kube_lease_write_over(struct strbuf *out, yyjson_val *seen, const struct kube_lease *lease)
{
    cleanup_free char *metadata = yyjson_val_write(json_object(seen, "metadata"), 0, NULL);
    must(metadata != NULL); /* what was read can be written */
    write_head(out);
    strbuf_append(out, str_from(metadata));
    strbuf_append(out, STR(","));
    write_spec(out, lease);
    strbuf_append(out, STR("}"));
}
