#include "base/version.h"

#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/attr.h"
#include "base/must.h"

const char *version_text(void)
{
    return CAPE_IP_VERSION;
}

static const char *go_machine(const char *machine)
{
    static const char *const names[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"},       {"armv7l", "arm"},
        {"i686", "386"},     {"loongarch64", "loong64"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i][0], machine) == 0)
            return names[i][1];
    }
    return machine;
}

void version_append(struct strbuf *out)
{
    struct utsname system;
    must(uname(&system) == 0);
    for (char *c = system.sysname; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    strbuf_printf(out, "%s (%s/%s)", version_text(), system.sysname, go_machine(system.machine));
}
