#include <stdlib.h>

#include "devserver/render.h"

/* One alternative of an Accept header. */
struct media_range {
    struct str type; /* "application/json" */
    struct str as;
    struct str group;
    struct str version;
    double quality;
};

static double quality_of(struct str text)
{
    char *copy = str_dup_cstr(text);
    double quality = strtod(copy, NULL);
    free(copy);
    return quality;
}

static struct media_range parse_range(struct str text)
{
    struct media_range range = {.quality = 1};
    struct str part;
    while (str_split(&text, ';', &part)) {
        part = str_trim(part);
        struct str key = str_before(part, '=');
        struct str value = str_skip(part, key.len + 1);
        if (str_is_empty(range.type))
            range.type = part;
        else if (str_eq(key, STR("as")))
            range.as = value;
        else if (str_eq(key, STR("g")))
            range.group = value;
        else if (str_eq(key, STR("v")))
            range.version = value;
        else if (str_eq(key, STR("q")))
            range.quality = quality_of(value);
    }
    return range;
}

static bool form_of(const struct media_range *range, enum dev_form *form)
{
    bool is_any = str_eq(range->type, STR("*/*")) || str_eq(range->type, STR("application/*"));
    if ((!is_any && !str_eq(range->type, STR("application/json"))) || range->quality <= 0)
        return false;
    *form = DEV_FORM_OBJECT;
    if (str_is_empty(range->as))
        return str_is_empty(range->group) && str_is_empty(range->version);
    if (!str_eq(range->group, STR("meta.k8s.io")) || !str_eq(range->version, STR("v1")))
        return false;
    *form = str_eq(range->as, STR("Table")) ? DEV_FORM_TABLE : DEV_FORM_PARTIAL;
    return str_eq(range->as, STR("Table")) || str_eq(range->as, STR("PartialObjectMetadata")) ||
           str_eq(range->as, STR("PartialObjectMetadataList"));
}

enum dev_form dev_form_from_accept(struct str accept, bool *is_acceptable)
{
    enum dev_form best = DEV_FORM_OBJECT;
    double best_quality = 0;
    struct str text;
    *is_acceptable = str_is_empty(str_trim(accept));
    while (str_split(&accept, ',', &text)) {
        enum dev_form form = DEV_FORM_OBJECT;
        struct media_range range = parse_range(text);
        if (!form_of(&range, &form) || range.quality <= best_quality)
            continue;
        best = form;
        best_quality = range.quality;
        *is_acceptable = true;
    }
    return best;
}
