#include "ipam/addr.h"

#include <stdio.h>

#include "base/must.h"

static bool parse_number(struct str part, uint64_t max, uint64_t *out)
{
    if (part.len > 1 && part.ptr[0] == '0')
        return false; /* some readers take it for octal */
    return str_to_u64(part, out) && *out <= max;
}

bool ipv4_parse(struct str text, ipv4_addr *out)
{
    ipv4_addr addr = 0;
    for (int i = 0; i < 4; i++) {
        struct str part = str_before(text, '.');
        bool is_last = part.len == text.len;
        uint64_t octet;
        if (is_last != (i == 3) || !parse_number(part, 255, &octet))
            return false;
        addr = addr << 8 | (ipv4_addr)octet;
        text = str_skip(text, part.len + (is_last ? 0 : 1));
    }
    *out = addr;
    return true;
}

struct str ipv4_format(ipv4_addr addr, char buf[IPV4_TEXT_MAX])
{
    int len = snprintf(buf, IPV4_TEXT_MAX, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255,
                       addr >> 8 & 255, addr & 255);
    must(len > 0 && len < IPV4_TEXT_MAX);
    return (struct str){buf, (size_t)len};
}

bool ipv4_parse_subnet(struct str text, ipv4_addr *network_out, unsigned *prefix_out)
{
    struct str base = str_before(text, '/');
    uint64_t prefix;
    ipv4_addr addr;
    if (base.len == text.len || !ipv4_parse(base, &addr) ||
        !parse_number(str_skip(text, base.len + 1), 32, &prefix))
        return false;
    *network_out = addr & ipv4_netmask((unsigned)prefix);
    *prefix_out = (unsigned)prefix;
    return true;
}

ipv4_addr ipv4_netmask(unsigned prefix)
{
    must(prefix <= 32);
    return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

bool ipv4_same_network(ipv4_addr a, ipv4_addr b, unsigned prefix)
{
    return ((a ^ b) & ipv4_netmask(prefix)) == 0;
}
