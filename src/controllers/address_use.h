/* Who else has an address on the same network. IPAMs give each address once; two pools that overlap
 * do not, nor does an IPAM that frees an address while a VM still has it. */
#pragma once
#include <stdint.h>

#include "controllers/world.h"

/* The ElfMachine that has the address which `claim` was given for this device, or that was given it
 * by another claim before; the machine itself when another of its devices has it. NULL: nobody.
 *
 * Two decisions that run before either's patch is answered cannot both take it: each sees the
 * IPAddress of the other, and the older one goes first. */
const struct elfmachine *address_find_other_user(const struct world *world,
                                                 const struct elfmachine *machine,
                                                 uint32_t device_index, const struct ipclaim *claim,
                                                 struct str address);
