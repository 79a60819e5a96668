/* Schemas of the built-in kinds, for pruning and for `kubectl explain`: the fields that people use,
 * described in our own words. */
#pragma once
#include "devserver/field_table.h"

extern const struct dev_field_table dev_schema_configmap;
extern const struct dev_field_table dev_schema_crd;
extern const struct dev_field_table dev_schema_event_core;
extern const struct dev_field_table dev_schema_event;
extern const struct dev_field_table dev_schema_lease;
extern const struct dev_field_table dev_schema_namespace;
extern const struct dev_field_table dev_schema_secret;
extern const struct dev_field_table dev_schema_service_account;
