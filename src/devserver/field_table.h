/* Schemas of kinds that we describe ourselves, written as tables of fields. */
#pragma once
#include <stddef.h>

#include "base/strbuf.h"

struct dev_field_row {
    const char *path; /* "spec.versions.name": parents come first, also lists of objects */
    /* string, time, boolean, integer, object, anything, or what is in lists and maps: strings,
     * objects, string-map, bytes-map */
    const char *type;
    const char *description;
    const struct dev_field_table
        *fields; /* of objects whose fields another table has; NULL: none */
};
struct dev_field_table {
    const char *description;
    const struct dev_field_row *rows;
    size_t count;
};

/* An openAPIV3Schema as JSON text, appended. */
void dev_field_table_append(const struct dev_field_table *table, struct strbuf *out);
