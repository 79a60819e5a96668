/* Schemas that every OpenAPI document refers to. */
#pragma once
#include "base/strbuf.h"

#define OPENAPI_OBJECT_META "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
#define OPENAPI_LIST_META "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
#define OPENAPI_PATCH "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"
#define OPENAPI_STATUS "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
#define OPENAPI_DELETE_OPTIONS "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"

/* Members of "components.schemas", without a comma at the end, appended. */
void dev_openapi_append_meta(struct strbuf *out);
