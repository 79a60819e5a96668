/* YAML manifests as JSON. */
#pragma once
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

/* Calls fn for each document of a multi-document YAML (or JSON) text that is not empty, with its
 * JSON (borrowed); stops at the first false. A List is taken apart. Plain scalars are what
 * sigs.k8s.io/yaml makes of them (yaml_scalar.h), quoted ones are texts; anchors and merge keys are
 * resolved; of a key that is there twice the last counts. Limits: 32 MiB, 2,000,000 values and
 * 64 MiB of text a document (aliases multiply), DEV_JSON_MAX_DEPTH levels.
 * ERROR_INVALID: not YAML; the text names line and column. */
typedef bool dev_yaml_fn(void *ctx, struct str json, struct error *err);
must_check bool dev_yaml_each(struct str text, dev_yaml_fn *fn, void *ctx, struct error *err);
