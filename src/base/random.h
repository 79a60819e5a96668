/* Random numbers for jitter and strategies (not for secrets); tests give a fixed seed. */
#pragma once
#include <stdint.h>

struct random {
    uint64_t state;
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_seed_from_system(void);
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* 0 <= result < bound; bound > 0 */
