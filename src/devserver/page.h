/* The continue token of a list: where it goes on, at which version, how many came before. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/strbuf.h"
#include "devserver/status.h"

struct dev_page {
    struct str ns; /* the last object of the page before */
    struct str name;
    uint64_t version; /* 0: of the time of the next page ("inconsistent" continuation) */
    uint64_t before;  /* objects on the pages before */
};
void dev_page_write(const struct dev_page *page, struct strbuf *out);
/* False: a 400. Texts in the arena. */
bool dev_page_read(struct str token, struct arena *arena, struct dev_page *out,
                   struct dev_status *status);
