#include "base/hash.h"

#include "base/random.h"

static const uint64_t FNV_OFFSET = 0xCBF29CE484222325u;
static const uint64_t FNV_PRIME = 0x100000001B3u;

static uint64_t fnv1a(uint64_t hash, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        hash = (hash ^ (unsigned char)s.ptr[i]) * FNV_PRIME;
    return hash;
}

uint64_t hash_stable(struct str s)
{
    return fnv1a(FNV_OFFSET, s);
}

uint64_t hash_stable_more(uint64_t so_far, struct str s)
{
    return fnv1a(fnv1a(so_far, STR("\xFF")), s); /* a byte that no UTF-8 text contains */
}

/* SipHash-1-3 (Aumasson, Bernstein): who chooses names in the cluster cannot choose collisions
 * without knowing the key. */
struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip *sip)
{
    sip->v0 += sip->v1;
    sip->v2 += sip->v3;
    sip->v1 = rotate_left(sip->v1, 13) ^ sip->v0;
    sip->v3 = rotate_left(sip->v3, 16) ^ sip->v2;
    sip->v0 = rotate_left(sip->v0, 32);
    sip->v2 += sip->v1;
    sip->v0 += sip->v3;
    sip->v1 = rotate_left(sip->v1, 17) ^ sip->v2;
    sip->v3 = rotate_left(sip->v3, 21) ^ sip->v0;
    sip->v2 = rotate_left(sip->v2, 32);
}

static void sip_absorb(struct sip *sip, uint64_t word)
{
    sip->v3 ^= word;
    sip_round(sip);
    sip->v0 ^= word;
}

static void sip_absorb_text(struct sip *sip, struct str s)
{
    uint64_t word = 0;
    size_t done = 0;
    for (; s.len - done >= sizeof(word); done += sizeof(word)) {
        memcpy(&word, s.ptr + done, sizeof(word));
        sip_absorb(sip, word);
    }
    word = 0;
    if (done < s.len)
        memcpy(&word, s.ptr + done, s.len - done);
    sip_absorb(sip, word);
}

static uint64_t sip_finish(struct sip *sip)
{
    sip->v2 ^= 0xFF;
    sip_round(sip);
    sip_round(sip);
    sip_round(sip);
    return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

static const uint64_t *table_key(void)
{
    static uint64_t key[2]; /* set once per process, constant from then on */
    static bool is_set;
    if (!is_set) {
        key[0] = random_seed_from_system();
        key[1] = random_seed_from_system();
        is_set = true;
    }
    return key;
}

uint64_t hash_table_key(struct str a, struct str b)
{
    const uint64_t *key = table_key();
    struct sip sip = {
        key[0] ^ 0x736F6D6570736575u,
        key[1] ^ 0x646F72616E646F6Du,
        key[0] ^ 0x6C7967656E657261u,
        key[1] ^ 0x7465646279746573u,
    };
    /* Both lengths first: what is absorbed tells every pair from every other. */
    sip_absorb(&sip, a.len);
    sip_absorb(&sip, b.len);
    sip_absorb_text(&sip, a);
    sip_absorb_text(&sip, b);
    return sip_finish(&sip);
}
