/* libcurl's multi interface on the libuv loop: its sockets as poll handles, its one timer as a
 * timer. Knows nothing about what is transferred. */
#pragma once
#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

struct kube_curl_loop;

/* Called after libcurl has done something, outside of all its callbacks: the place to look for
 * messages (curl_multi_info_read) and to add and remove handles. True: data have come, so libcurl
 * may have more of them. */
typedef bool kube_curl_loop_fn(void *ctx);
struct kube_curl_loop *kube_curl_loop_new(uv_loop_t *loop, kube_curl_loop_fn *worked, void *ctx);
CURLM *kube_curl_loop_multi(const struct kube_curl_loop *loop);
/* Starts at once what was added, instead of in the next turn of the loop; calls `worked`. Not from
 * within libcurl's callbacks or `worked`. */
void kube_curl_loop_flush(struct kube_curl_loop *loop);
/* Breaks all connections: whatever is on them ends with an error, later. */
void kube_curl_loop_break(const struct kube_curl_loop *loop);
/* All easy handles have been removed. Closes all connections; `closed` comes later, then it is
 * freed. `worked` is not called any more. */
void kube_curl_loop_stop(struct kube_curl_loop *loop, void (*closed)(void *ctx), void *ctx);
