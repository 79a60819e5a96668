#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/must.h"

void random_init(struct random *random, uint64_t seed)
{
    random->state = seed;
}

uint64_t random_seed_from_system(void)
{
    uint64_t seed = 0;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof(seed), 0);
    while (got < 0 && errno == EINTR);
    must(got == (ssize_t)sizeof(seed)); /* up to 256 bytes come whole */
    return seed;
}

/* SplitMix64 (Steele, Lea, Flood): any seed is a good one, and each of 2^64 numbers comes once. */
uint64_t random_next(struct random *random)
{
    random->state += 0x9E3779B97F4A7C15u;
    uint64_t z = random->state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    must(bound > 0);
    /* Numbers below 2^64 mod bound are drawn again, else small results came a bit more often. */
    uint64_t unfair_below = -bound % bound;
    uint64_t number;
    do
        number = random_next(random);
    while (number < unfair_below);
    return number % bound;
}
