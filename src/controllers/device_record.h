/* What we last wrote to a machine's devices, kept in one annotation on the ElfMachine:
 * "<index>=<netmask>,<gateway>" for each device, separated by ";". Netmask and routes that a user
 * has set are the user's; those that an earlier allocation left behind are ours to replace, and
 * this tells them apart. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/strbuf.h"

struct device_record {
    uint32_t device_index;
    struct str netmask;
    struct str gateway; /* empty: none was written */
};

/* Takes the next entry off *rest; entries that are none are skipped. */
bool device_record_next(struct str *rest, struct device_record *out);
bool device_record_find(struct str records, uint32_t device_index, struct device_record *out);
void device_record_append(struct strbuf *records, const struct device_record *record);
