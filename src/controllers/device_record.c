#include "controllers/device_record.h"

static bool parse_entry(struct str entry, struct device_record *out)
{
    struct str index_text = str_before(entry, '=');
    uint64_t device_index;
    if (index_text.len == entry.len || !str_to_u64(index_text, &device_index) ||
        device_index > UINT32_MAX)
        return false;
    struct str values = str_skip(entry, index_text.len + 1);
    struct str netmask = str_before(values, ',');
    if (netmask.len == values.len)
        return false;
    *out =
        (struct device_record){(uint32_t)device_index, netmask, str_skip(values, netmask.len + 1)};
    return true;
}

bool device_record_next(struct str *rest, struct device_record *out)
{
    struct str entry;
    while (str_split(rest, ';', &entry))
        if (parse_entry(entry, out))
            return true;
    return false;
}

bool device_record_find(struct str records, uint32_t device_index, struct device_record *out)
{
    struct device_record record;
    while (device_record_next(&records, &record)) {
        if (record.device_index != device_index)
            continue;
        *out = record;
        return true;
    }
    return false;
}

void device_record_append(struct strbuf *records, const struct device_record *record)
{
    strbuf_printf(records, "%s%u=" STR_FMT "," STR_FMT, records->len > 0 ? ";" : "",
                  record->device_index, STR_ARG(record->netmask), STR_ARG(record->gateway));
}
