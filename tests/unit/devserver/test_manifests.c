#include "devserver/manifests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "kube/model/json.h"

/* The API's place: notes what comes, in its order; an object named "bad" is refused. */
static struct strbuf *applied;

bool dev_api_apply(struct dev_server *server, struct str manifest, struct error *err)
{
    (void)server;
    cleanup_json_doc yyjson_doc *doc = json_read(manifest, err);
    assert_non_null(doc);
    yyjson_val *root = yyjson_doc_get_root(doc);
    struct str name = json_str(json_object(root, "metadata"), "name");
    strbuf_printf(applied, STR_FMT "/" STR_FMT "\n", STR_ARG(json_str(root, "kind")),
                  STR_ARG(name));
    return !str_eq(name, STR("bad")) || error_set(err, ERROR_INVALID, "spec: nonsense");
}

static char dir[] = "/tmp/cape-ip-test-manifests-XXXXXX";
static const struct {
    const char *name;
    const char *text;
} files[] = {
    {"1.yaml", "kind: IPPool\nmetadata: {name: p}\n---\nkind: Namespace\nmetadata: {name: ns}\n"},
    {"2.yml", "kind: CustomResourceDefinition\nmetadata: {name: c}\n"},
    {"3.json", "{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"j\"}}"},
    {"notes.txt", "kind: ["},
    {"sub/bad.yaml", "kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: bad}\n"},
    {"sub/broken.yaml", "kind: A\nmetadata: {name: [}\n"},
    {"empty/readme.md", ""},
};

static char *path_of(const char *name)
{
    struct strbuf path = {0};
    strbuf_printf(&path, "%s/%s", dir, name);
    return strbuf_take(&path);
}

static void with_folder(const char *name, int (*fn)(const char *path))
{
    cleanup_free char *path = path_of(name);
    assert_int_equal(fn(path), 0);
}

static int make_folder(const char *path)
{
    return mkdir(path, 0700);
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    with_folder("sub", make_folder);
    with_folder("empty", make_folder);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct error err = {0};
        cleanup_free char *path = path_of(files[i].name);
        assert_true(file_replace(path, 0600, str_from(files[i].text), &err));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        with_folder(files[i].name, unlink);
    with_folder("sub", rmdir);
    with_folder("empty", rmdir);
    return rmdir(dir);
}

static const struct {
    const char *names[2];
    const char *applied;
    const char *error; /* in part; NULL: none */
} cases[] = {
    {{NULL}, "", NULL},
    {{"1.yaml"}, "Namespace/ns\nIPPool/p\n", NULL},
    {{"."}, "CustomResourceDefinition/c\nNamespace/ns\nIPPool/p\nConfigMap/j\n", NULL},
    {{"3.json", "2.yml"}, "CustomResourceDefinition/c\nConfigMap/j\n", NULL},
    {{"sub/bad.yaml"}, "A/a\nB/bad\n", "sub/bad.yaml: object 2 (B bad): spec: nonsense"},
    {{"3.json", "sub/broken.yaml"}, "", "sub/broken.yaml: "},
    {{"nowhere"}, "", "nowhere: No such file"},
    {{"empty"}, "", "empty: no .yaml, .yml or .json file"},
};

static void test_files_and_folders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct flag_texts paths = {.count = 0};
        char *names[2] = {NULL, NULL};
        cleanup_strbuf struct strbuf got = {0};
        struct error err = {0};
        applied = &got;
        for (size_t j = 0; j < 2 && cases[i].names[j]; j++)
            paths.items[paths.count++] = names[j] = path_of(cases[i].names[j]);
        bool is_loaded = dev_manifests_load(NULL, &paths, &err);
        if (is_loaded != (cases[i].error == NULL) ||
            (!is_loaded && !strstr(err.text, cases[i].error)))
            fail_msg("%zu: %s", i, is_loaded ? "loaded" : err.text);
        assert_string_equal(got.data ? got.data : "", cases[i].applied);
        free(names[0]);
        free(names[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_and_folders),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
