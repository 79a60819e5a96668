/* Events on objects, for people (`kubectl describe`): core/v1, in the background, repeated ones
 * counted up instead of written again, at most 25 at once and one every 5 minutes per object, as
 * client-go does it. An Event that cannot be written is dropped after a few tries. */
#pragma once
#include <stdbool.h>

#include "kube/client.h"
#include "kube/model/actions.h"

struct kube_recorder_options {
    const char *component; /* source.component and reportingComponent; static */
    const char *instance;  /* the pod's name */
};
struct kube_recorder;
struct kube_recorder *kube_recorder_new(struct kube_runtime *runtime, struct kube_client *client,
                                        const struct kube_recorder_options *options);
/* Everything is copied. `version` is the API version of the kind. */
void kube_recorder_event(struct kube_recorder *recorder, const struct kube_object *about,
                         struct str version, const struct kube_report *report);
size_t kube_recorder_pending(const struct kube_recorder *recorder); /* not written nor dropped */
/* What is pending is dropped. */
void kube_recorder_stop(struct kube_recorder *recorder, void (*closed)(void *ctx), void *ctx);
