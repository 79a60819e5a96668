/* What names an object within its kind, and how much it hurries to be looked at. */
#pragma once
#include "base/str.h"

struct kube_key {
    struct str ns;
    struct str name;
};

enum kube_urgency {
    KUBE_URGENT, /* work that was begun: goes in front of all that is normal */
    KUBE_NORMAL,
};
