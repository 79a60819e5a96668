/* JSON values as kube-apiserver's messages show and classify them. */
#pragma once
#include <stdbool.h>
#include <yyjson.h>

#include "base/strbuf.h"

enum dev_schema_class {
    SCHEMA_CLASS_NULL,
    SCHEMA_CLASS_OBJECT,
    SCHEMA_CLASS_ARRAY,
    SCHEMA_CLASS_STRING,
    SCHEMA_CLASS_INTEGER, /* written without fraction, fits 64 bits */
    SCHEMA_CLASS_NUMBER,
    SCHEMA_CLASS_BOOLEAN,
};
enum dev_schema_class dev_schema_class_of(yyjson_mut_val *value);
const char *dev_schema_class_name(enum dev_schema_class class); /* "integer" */

/* A number that is whole and small enough that nothing was lost when it was read. */
bool dev_schema_is_whole(double number);
double dev_schema_number(yyjson_mut_val *value); /* 0: it is none */

/* As JSON; floating point as Go's %v. */
void dev_schema_value_append(yyjson_mut_val *value, struct strbuf *out);
void dev_schema_number_append(double number, struct strbuf *out);
