#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"
#include "base/str.h"

enum { BACKLOG = 64 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t address_size(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

static union address address_v4(struct in_addr host, uint16_t port)
{
    return (union address){
        .v4 = {.sin_family = AF_INET, .sin_addr = host, .sin_port = htons(port)}};
}

static union address address_v6(struct in6_addr host, uint16_t port)
{
    return (union address){
        .v6 = {.sin6_family = AF_INET6, .sin6_addr = host, .sin6_port = htons(port)}};
}

static bool parse_host(struct str host, uint16_t port, union address *out)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in_addr v4 = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct in6_addr v6 = in6addr_any;
    bool has_brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (has_brackets)
        host = (struct str){host.ptr + 1, host.len - 2};
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (has_brackets ? inet_pton(AF_INET6, text, &v6) == 1 : host.len == 0)
        *out = address_v6(v6, port);
    else if (!has_brackets &&
             (str_eq(host, STR("localhost")) || inet_pton(AF_INET, text, &v4) == 1))
        *out = address_v4(v4, port);
    else
        return false;
    return true;
}

struct str listen_host(struct str address)
{
    while (address.len > 0 && address.ptr[address.len - 1] != ':') /* IPv6 has more of them */
        address.len--;
    return (struct str){address.ptr, address.len > 0 ? address.len - 1 : 0};
}

static bool parse_address(struct str text, union address *out)
{
    struct str host = listen_host(text);
    uint64_t port = 0;
    bool has_port = text.len > host.len && text.ptr[host.len] == ':';
    return has_port && str_to_u64(str_skip(text, host.len + 1), &port) && port <= UINT16_MAX &&
           parse_host(host, (uint16_t)port, out);
}

static int open_listener(const union address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int yes = 1;
    const int no = 0;
    bool is_open = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0;
    if (address->any.sa_family == AF_INET6)
        is_open = is_open && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) == 0;
    is_open =
        is_open && bind(fd, &address->any, address_size(address)) == 0 && listen(fd, BACKLOG) == 0;
    if (is_open)
        return fd;
    int errno_value = errno;
    close(fd);
    errno = errno_value;
    return -1;
}

/* "All addresses" on a machine without IPv6 means those of IPv4. */
static bool is_all_without_v6(const union address *address)
{
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr) &&
           (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
}

bool listen_on(const char *address, int *fd_out, struct error *err)
{
    union address parsed;
    if (!parse_address(str_from(address), &parsed))
        return error_set(err, ERROR_INVALID,
                         "\"%.64s\" is not valid: expected [HOST]:PORT, HOST an IPv4 address, "
                         "[IPv6 address] or localhost",
                         address);
    int fd = open_listener(&parsed);
    if (fd < 0 && is_all_without_v6(&parsed)) {
        union address all_v4 =
            address_v4((struct in_addr){.s_addr = htonl(INADDR_ANY)}, ntohs(parsed.v6.sin6_port));
        fd = open_listener(&all_v4);
    }
    if (fd < 0)
        return error_set_errno(err, errno, "cannot listen on %.64s", address);
    *fd_out = fd;
    return true;
}

static union address address_of(int fd)
{
    union address address = {.any = {0}};
    socklen_t size = sizeof(address);
    must(getsockname(fd, &address.any, &size) == 0);
    return address;
}

int listen_port(int fd)
{
    union address address = address_of(fd);
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

bool listen_is_loopback(int fd)
{
    union address address = address_of(fd);
    return address.any.sa_family == AF_INET6
               ? IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr)
               : ntohl(address.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
