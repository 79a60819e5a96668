/* JSON in tests: written with single quotes, turned into views, patched as an API server would, and
 * compared without regard to the order of members. All of it fails the running test when the text
 * is no JSON. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "kube/model/object.h"

/* "{'a':1}" with double quotes. In the arena. */
struct str json_text(struct arena *arena, const char *single_quoted);

/* The view of an object written with single quotes; one reference. */
const struct kube_object *json_view(const struct kube_kind *kind, const char *single_quoted);
/* Why there is no view of it: the error's text, in the arena. */
struct str json_view_problem(const struct kube_kind *kind, const char *single_quoted,
                             struct arena *arena);

/* The object after the JSON Patch (RFC 6902: test, add, replace, remove). Fails the test when an
 * operation cannot be carried out: a parent that is missing, a test that does not hold. */
struct str json_patched(struct arena *arena, struct str object, struct str patch);

/* Fails with `what` and both texts unless they are the same JSON. */
void assert_same_json(const char *what, struct str got, struct str want);
