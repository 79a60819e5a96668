/* Regular expressions in the syntax of Go (RE2), as `pattern` in a schema has them: does a text
 * have a match anywhere? In time linear in text and pattern, whatever they are. Not known here:
 * flags such as (?i), Unicode classes (\pL), word boundaries. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct dev_regex;
/* Lives in `arena`; nothing of `pattern` is kept. ERROR_INVALID: in the words of Go's compiler,
 * "missing closing ): `(`". */
must_check bool dev_regex_compile(struct arena *arena, struct str pattern,
                                  const struct dev_regex **out, struct error *err);
bool dev_regex_matches(const struct dev_regex *regex, struct str text);
