/* IPv4 addresses as numbers. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

typedef uint32_t ipv4_addr; /* host byte order */

/* Dotted quad of four decimal numbers without leading zeros (as Go's netip reads it). */
must_check bool ipv4_parse(struct str text, ipv4_addr *out);
enum { IPV4_TEXT_MAX = 16 };
struct str ipv4_format(ipv4_addr addr, char buf[IPV4_TEXT_MAX]);

/* "10.0.0.0/8"; the address part may have host bits set, *network_out has none. */
must_check bool ipv4_parse_subnet(struct str text, ipv4_addr *network_out, unsigned *prefix_out);

ipv4_addr ipv4_netmask(unsigned prefix); /* prefix 0 to 32 */
bool ipv4_same_network(ipv4_addr a, ipv4_addr b, unsigned prefix);
