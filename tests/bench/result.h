/* Latencies, and a command's result as one line of JSON on standard output:
 *
 *     result_begin("burst", machines);
 *     result_number("all_ms", all_ms);
 *     result_latencies("address", &latencies);    "address_p50_ms", "address_p99_ms"
 *     result_end();
 */
#pragma once
#include <stddef.h>

struct latencies {
    double *ms; /* owned */
    size_t count;
};

void latencies_add(struct latencies *latencies, double ms);

void result_begin(const char *what, size_t count);
void result_number(const char *key, double value);
void result_latencies(const char *key, struct latencies *latencies); /* sorts them */
void result_end(void);
