/* Reading the fields of one context, cluster or user. A field that is absent or empty leaves the
 * output alone; an error names file, context, entry and field. */
#pragma once
#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/config_check.h"
#include "kube/yaml.h"

struct kubeconfig_file {
    char *path; /* as given, for messages */
    char *dir;  /* absolute */
    struct yaml *yaml;
};

/* A context, cluster or user, or a part of one. Borrows everything; texts are NUL-terminated. */
struct kubeconfig_section {
    const struct kubeconfig_file *file;
    const char *context; /* the one asked for */
    const char *kind;    /* "cluster" */
    const char *name;
    const char *prefix;           /* of the fields: "exec." */
    const struct yaml_node *node; /* NULL: not found */
};

/* These put the place in front of a problem, or set one, and return false. */
bool kubeconfig_wrap_path(const char *path, struct error *err);
bool section_wrap(const struct kubeconfig_section *s, const char *field, struct error *err);
bool section_error(const struct kubeconfig_section *s, const char *field, const char *problem,
                   struct error *err);

bool section_is_text(const struct yaml_node *node); /* a scalar that a C string can hold */
must_check bool section_text(const struct kubeconfig_section *s, const char *field, char **out,
                             struct error *err);
must_check bool section_bool(const struct kubeconfig_section *s, const char *field, bool *out,
                             struct error *err);
/* A path, made absolute. */
must_check bool section_path(const struct kubeconfig_section *s, const char *field, char **out,
                             struct error *err);
char *section_resolve_path(const struct kubeconfig_section *s, char *path); /* takes it over */
/* `field`-data decoded, or else the path `field`, of a file that is looked at. */
must_check bool section_pem(const struct kubeconfig_section *s, const char *field,
                            enum config_pem kind, char **file_out, char **pem_out,
                            struct error *err);
