/* Schemas of the built-in kinds, for pruning and for `kubectl explain`: the fields that people use,
 * described in our own words. Each is the JSON text of an openAPIV3Schema. */
#pragma once

extern const char dev_schema_configmap[];
extern const char dev_schema_crd[];
extern const char dev_schema_event_core[];
extern const char dev_schema_event[];
extern const char dev_schema_lease[];
extern const char dev_schema_namespace[];
extern const char dev_schema_secret[];
extern const char dev_schema_service_account[];
