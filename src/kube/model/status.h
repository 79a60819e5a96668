/* What the API server says went wrong: HTTP status and metav1.Status, as our errors. */
#pragma once
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct yyjson_val;

/* Sets err from an answer with `http_status` >= 400 (or a Status object with that code in a watch);
 * the text is the server's own message, or the status alone where the body is none. 404:
 * ERROR_NOT_FOUND; 409: CONFLICT; 410 and 400/422 "Expired": GONE; 401, 403: DENIED; 408, 429,
 * 5xx: UNAVAILABLE; the rest INVALID. detail is the HTTP status. Returns false. */
bool kube_status_to_error(int http_status, struct str body, struct error *err);
bool kube_status_json_to_error(int http_status, struct yyjson_val *status, struct error *err);
/* details.retryAfterSeconds of a Status body, an hour at most; 0: not said. */
int64_t kube_status_retry_after_ms(struct str body);
