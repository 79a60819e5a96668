/* YAML manifests as JSON. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

/* Calls fn for each document of a multi-document YAML (or JSON) text that is not empty, with its
 * JSON (borrowed); stops at the first false. A List is taken apart. Errors name line and column. */
typedef bool dev_yaml_fn(void *ctx, struct str json, struct error *err);
must_check bool dev_yaml_each(struct str text, dev_yaml_fn *fn, void *ctx, struct error *err);
