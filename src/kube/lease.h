/* A coordination.k8s.io/v1 Lease as leader election reads and writes it. Pure. */
#pragma once
#include <stdint.h>
#include <yyjson.h>

#include "base/str.h"
#include "base/strbuf.h"

struct kube_lease {
    struct str holder;   /* empty: nobody; borrowed from what it was read from */
    int64_t duration_ms; /* whole seconds when written */
    int64_t acquired_us; /* wall clock of the holder; 0: not said */
    int64_t renewed_us;
    int64_t transitions; /* how often the holder changed */
};

/* The spec of a Lease object; what is missing or odd reads as nothing. */
void kube_lease_read(yyjson_val *object, struct kube_lease *out);
/* Two Leases that are equal are one that nobody has touched. */
uint64_t kube_lease_fingerprint(const struct kube_lease *lease);

/* Appends the object to POST. */
void kube_lease_write_new(struct strbuf *out, struct str ns, struct str name,
                          const struct kube_lease *lease);
/* Appends the object to PUT: `seen` as the server sent it, labels and resourceVersion included,
 * with the spec replaced. */
void kube_lease_write_over(struct strbuf *out, yyjson_val *seen, const struct kube_lease *lease);
