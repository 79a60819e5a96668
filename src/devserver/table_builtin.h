/* Tables of the built-in kinds. */
#pragma once
#include "devserver/table.h"

struct dev_table_column {
    const char *name;
    const char *type;
    const char *format;
    const char *description;
    int priority;
};

struct dev_table_builtin {
    const char *id; /* of the resource */
    const struct dev_table_column *columns;
    size_t column_count;
    /* Appends the cells, separated by commas. */
    void (*cells)(yyjson_val *stored, int64_t now_ms, struct strbuf *out);
};
/* NULL: no columns of its own. */
const struct dev_table_builtin *dev_table_builtin_find(struct str id);

extern const struct dev_table_column dev_table_name_column;
extern const struct dev_table_column dev_table_age_column;
