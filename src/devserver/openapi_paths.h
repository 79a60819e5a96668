/* The "paths" of an OpenAPI document. */
#pragma once
#include "base/strbuf.h"
#include "devserver/registry.h"

/* "io.metal3.ipam.v1alpha1.IPPool", appended. */
void dev_openapi_schema_name(const struct dev_resource *resource, const struct dev_version *version,
                             struct strbuf *out);
/* Members of "paths" for the resource, without a comma at the end. */
void dev_openapi_append_paths(const struct dev_resource *resource,
                              const struct dev_version *version, struct str schema_name,
                              struct strbuf *out);
