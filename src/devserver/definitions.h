/* CustomResourceDefinitions in the store and what they define: kept in step. */
#pragma once
#include "devserver/api.h"

void dev_definitions_load(struct dev_server *server); /* all that the store has */
/* Of every change, after it was stored: resources begin, change, end; watches of what has changed
 * or ended are ended in order, as by kube-apiserver. */
void dev_definitions_note(struct dev_server *server, const struct dev_change *change);
