/* A world for table tests, written as lines of text:
 *
 *   cluster ns/name [paused]
 *   machine ns/name [cluster=NAME]
 *   template ns/name [name=POOL] [ns=NAMESPACE] [group=G] [network=N]
 *   elfmachine ns/name [owner=MACHINE] [template=NAME] [cape] [ours] [deleting] [failed] [paused]
 *              [created=SECONDS] [filter=VALUE] [cluster=NAME] [dns=A+B] [allocated=TEXT]
 *              [device=DEVICE]...
 *   ippool ns/name [start=A] [end=A] [subnet=S] [created=SECONDS] [deleting] [generation=N]
 *          [default] [default=VALUE] [group=G] [network=N] [reserved=A [for=CLAIM]]
 *   ipclaim ns/name [pool=NS/NAME] [owner=NS/NAME/INDEX] [uid=OWNER-UID] [address=NAME]
 *           [error=TEXT] [deleting] [created=SECONDS] [refs] [cluster=NAME]
 *   ipaddress ns/name [address=A] [prefix=N] [gateway=A] [claim=NS/NAME] [pool=NS/NAME] [dns=A+B]
 *             [deleting]
 *
 * DEVICE is TYPE followed by parts: "IPV4,ip=A,mask=M,gw=A,vlan=V,pool=GROUP:KIND:NAME,dns,net=N".
 * Underscores in values stand for spaces. The uid of an ElfMachine is "uid-<name>". */
#pragma once

#include "controllers/world.h"

struct world_text {
    struct world *world;
    int64_t wall_ms; /* what the world's clock says; may be changed */
};

/* Everything in `lines` is there and every store is filled. */
struct world_text *world_text_new(const char *lines, int64_t wall_ms);
/* The same before any list has ended. */
struct world_text *world_text_new_unfilled(const char *lines, int64_t wall_ms);
/* Adds or replaces the objects of more lines, with newer resourceVersions. */
void world_text_add(struct world_text *text, const char *lines);
/* "ipclaim ns/name": gone, as the watch says it. */
void world_text_remove(struct world_text *text, const char *line);
void world_text_free(struct world_text *text);
