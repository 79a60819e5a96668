/* The formats of strings that kube-apiserver checks. */
#pragma once
#include <stdbool.h>

#include "base/str.h"

typedef bool dev_format_fn(struct str value);
/* NULL: a format that is not checked. */
dev_format_fn *dev_format_find(struct str name);
