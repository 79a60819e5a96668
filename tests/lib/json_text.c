#include "lib/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <yyjson.h>

#include "kube/model/json.h"

struct str json_text(struct arena *arena, const char *single_quoted)
{
    struct str copy = arena_dup_str(arena, str_from(single_quoted));
    char *text = (char *)(uintptr_t)copy.ptr;
    for (size_t i = 0; i < copy.len; i++)
        if (text[i] == '\'')
            text[i] = '"';
    return copy;
}

const struct kube_object *json_view(const struct kube_kind *kind, const char *single_quoted)
{
    cleanup_arena struct arena arena;
    cleanup_arena struct arena scratch;
    const struct kube_object *view;
    struct error err;
    arena_init(&arena);
    arena_init(&scratch);
    if (!kube_object_parse_text(kind, json_text(&arena, single_quoted), &scratch, &view, &err))
        fail_msg("%s\n%s", err.text, single_quoted);
    return view;
}

struct str json_view_problem(const struct kube_kind *kind, const char *single_quoted,
                             struct arena *arena)
{
    cleanup_arena struct arena scratch;
    const struct kube_object *view;
    struct error err;
    arena_init(&scratch);
    if (kube_object_parse_text(kind, json_text(arena, single_quoted), &scratch, &view, &err))
        fail_msg("there is a view of %s", single_quoted);
    assert_int_equal(err.code, ERROR_INVALID);
    return arena_dup_str(arena, str_from(err.text));
}

static yyjson_doc *read_json(struct str text)
{
    struct error err;
    yyjson_doc *doc = json_read(text, &err);
    if (!doc)
        fail_msg("%s\n" STR_FMT, err.text, STR_ARG(text));
    return doc;
}

/* "add" sets a member that may be there, and inserts into a list. */
static bool add(yyjson_mut_doc *doc, struct str path, yyjson_mut_val *current,
                yyjson_mut_val *value)
{
    size_t parent_len = path.len;
    while (parent_len > 0 && path.ptr[parent_len - 1] != '/')
        parent_len--;
    if (current && parent_len > 0 &&
        yyjson_mut_is_obj(yyjson_mut_doc_ptr_getn(doc, path.ptr, parent_len - 1)))
        return yyjson_mut_doc_ptr_replacen(doc, path.ptr, path.len, value) != NULL;
    return yyjson_mut_doc_ptr_addx(doc, path.ptr, path.len, value, false, NULL, NULL);
}

static void apply(yyjson_mut_doc *doc, yyjson_val *operation)
{
    struct str op = json_str(operation, "op");
    struct str path = json_str(operation, "path");
    yyjson_mut_val *value = yyjson_val_mut_copy(doc, yyjson_obj_get(operation, "value"));
    yyjson_mut_val *current = yyjson_mut_doc_ptr_getn(doc, path.ptr, path.len);
    bool is_done = false;
    if (str_eq(op, STR("test")))
        is_done = current && value && yyjson_mut_equals(current, value);
    else if (str_eq(op, STR("add")) && value)
        is_done = add(doc, path, current, value);
    else if (str_eq(op, STR("replace")) && value)
        is_done = current && yyjson_mut_doc_ptr_replacen(doc, path.ptr, path.len, value);
    else if (str_eq(op, STR("remove")))
        is_done = yyjson_mut_doc_ptr_removen(doc, path.ptr, path.len) != NULL;
    if (!is_done)
        fail_msg("cannot " STR_FMT " " STR_FMT, STR_ARG(op), STR_ARG(path));
}

struct str json_patched(struct arena *arena, struct str object, struct str patch)
{
    cleanup_json_doc yyjson_doc *before = read_json(object);
    cleanup_json_doc yyjson_doc *operations = read_json(patch);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(before, NULL);
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_doc_get_root(operations));
    yyjson_val *operation;
    while ((operation = yyjson_arr_iter_next(&iter)) != NULL)
        apply(doc, operation);
    cleanup_free char *text = yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
    yyjson_mut_doc_free(doc);
    return arena_dup_str(arena, str_from(text));
}

void assert_same_json(const char *what, struct str got, struct str want)
{
    cleanup_json_doc yyjson_doc *left = read_json(got);
    cleanup_json_doc yyjson_doc *right = read_json(want);
    if (!yyjson_equals(yyjson_doc_get_root(left), yyjson_doc_get_root(right)))
        fail_msg("%s\ngot  " STR_FMT "\nwant " STR_FMT, what, STR_ARG(got), STR_ARG(want));
}
