/* Objects from files, loaded before the server is ready. */
#pragma once
#include "base/error.h"
#include "base/flags.h"
#include "devserver/api.h"

/* Creates or updates the objects of these files, and of the .yaml, .yml and .json files of these
 * folders in the order of their names: CustomResourceDefinitions and Namespaces first, wherever
 * they stand. The error names file and object. */
must_check bool dev_manifests_load(struct dev_server *server, const struct flag_texts *paths,
                                   struct error *err);
