/* What names, label keys and values may look like. Each returns NULL, or what is wrong in
 * kube-apiserver's words (static). */
#pragma once
#include "base/str.h"

const char *dev_names_check_subdomain(struct str name); /* most objects' names */
const char *dev_names_check_label(struct str name);     /* namespaces' */
/* The same for the beginning of a name (generateName). */
const char *dev_names_check_prefix(struct str prefix, const char *(*check)(struct str name));
const char *dev_names_check_qualified(struct str key); /* "example.com/name" or "name" */
const char *dev_names_check_label_value(struct str value);
