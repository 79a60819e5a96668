#include "bench/result.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

void latencies_add(struct latencies *latencies, double ms)
{
    latencies->ms = mem_grow_array(latencies->ms, latencies->count + 1, sizeof(double));
    latencies->ms[latencies->count++] = ms;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Nearest rank. */
static double percentile(const struct latencies *sorted, size_t percent)
{
    size_t rank = (sorted->count * percent + 99) / 100;
    return sorted->count == 0 ? 0 : sorted->ms[rank > 0 ? rank - 1 : 0];
}

void result_begin(const char *what, size_t count)
{
    printf("{\"what\":\"%s\",\"count\":%zu", what, count);
}

void result_number(const char *key, double value)
{
    printf(",\"%s\":%.3f", key, value);
}

void result_latencies(const char *key, struct latencies *latencies)
{
    if (latencies->count > 0)
        qsort(latencies->ms, latencies->count, sizeof(double), compare);
    printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f", key, percentile(latencies, 50), key,
           percentile(latencies, 99));
}

void result_end(void)
{
    printf("}\n");
    fflush(stdout);
}
