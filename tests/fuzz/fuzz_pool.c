/* Any texts as entries of an IPPool and as addresses: the count of a pool is what its ranges say,
 * and what parses is written the same way. */
#include <stdint.h>

#include "base/must.h"
#include "ipam/range.h"

enum { MAX_ENTRIES = 16 };

static void check_address(struct str text)
{
    char buf[IPV4_TEXT_MAX];
    ipv4_addr addr;
    if (ipv4_parse(text, &addr))
        must(str_eq(ipv4_format(addr, buf), text));
}

/* Each line is "start,end,subnet". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str line;
    struct ipam_range ranges[MAX_ENTRIES];
    size_t count = 0;
    uint64_t sum = 0;
    while (count < MAX_ENTRIES && str_split(&rest, '\n', &line)) {
        struct ipam_entry entry = {0};
        bool is_empty = false;
        struct error err = {0};
        (void)(str_split(&line, ',', &entry.start) && str_split(&line, ',', &entry.end) &&
               str_split(&line, ',', &entry.subnet));
        check_address(entry.start);
        if (!ipam_entry_range(&entry, &ranges[count], &is_empty, &err)) {
            must(err.code == ERROR_INVALID && err.text[0] != '\0');
            continue;
        }
        if (is_empty)
            continue;
        must(ranges[count].first <= ranges[count].last);
        sum += (uint64_t)ranges[count].last - ranges[count].first + 1;
        count++;
    }
    uint64_t total = ipam_ranges_count(ranges, count);
    must(total <= sum && total <= 1ULL << 32);
    for (size_t i = 0; i < count; i++)
        must(total >= (uint64_t)ranges[i].last - ranges[i].first + 1);
    return 0;
}
