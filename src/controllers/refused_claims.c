#include "controllers/refused_claims.h"

#include <stdlib.h>

#include "base/must.h"
#include "controllers/claim_record.h"

enum { CAPACITY_MIN = 16 };

void refused_claims_fini(struct refused_claims *claims)
{
    free(claims->items);
    *claims = (struct refused_claims){0};
}

/* As kube_meta_cmp_age orders machines; the record says whose the item is. */
static int cmp_item(const struct refused_claim *item, const struct kube_meta *machine,
                    const struct ipclaim *claim)
{
    struct claim_record record;
    if (item->machine_created_s != machine->created_s)
        return item->machine_created_s < machine->created_s ? -1 : 1;
    must(claim_record_read(&item->claim->object.meta, &record));
    int order = str_cmp(record.owner_ns, machine->ns);
    if (order == 0)
        order = str_cmp(record.owner_name, machine->name);
    return order != 0 ? order : str_cmp(item->claim->object.meta.name, claim->object.meta.name);
}

size_t refused_claims_before(const struct refused_claims *claims, const struct kube_meta *machine,
                             const struct ipclaim *claim)
{
    size_t low = 0;
    size_t high = claims->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cmp_item(&claims->items[middle], machine, claim) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void refused_claims_add(struct refused_claims *claims, const struct kube_meta *machine,
                        const struct ipclaim *claim)
{
    size_t place = refused_claims_before(claims, machine, claim);
    if (claims->count == claims->capacity) {
        claims->capacity = claims->capacity > 0 ? 2 * claims->capacity : CAPACITY_MIN;
        claims->items = mem_grow_array(claims->items, claims->capacity, sizeof(*claims->items));
    }
    struct refused_claim *item = &claims->items[place];
    memmove(item + 1, item, (claims->count - place) * sizeof(*item));
    *item = (struct refused_claim){claim, machine->created_s};
    claims->count++;
}

void refused_claims_remove(struct refused_claims *claims, const struct ipclaim *claim)
{
    for (size_t i = 0; i < claims->count; i++) {
        if (claims->items[i].claim != claim)
            continue;
        claims->count--;
        memmove(&claims->items[i], &claims->items[i + 1],
                (claims->count - i) * sizeof(*claims->items));
        return;
    }
}
