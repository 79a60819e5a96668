#include "devserver/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/strbuf.h"

#define RESOURCE STR("elfmachines.infrastructure.cluster.x-k8s.io")

struct fixture {
    char dir[64];
    char path[96];
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/cape-ip-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof(f->path), "%s/data", f->dir);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

static struct dev_store *open_store(const char *path)
{
    struct dev_store *store = NULL;
    struct error err = {0};
    if (!dev_store_open(path, &store, &err))
        fail_msg("%s", err.text);
    return store;
}

static struct dev_key key_of(const char *ns, const char *name)
{
    return (struct dev_key){RESOURCE, str_from(ns), str_from(name)};
}

static void create(struct dev_store *store, const char *ns, const char *name, const char *json)
{
    struct dev_key key = key_of(ns, name);
    struct error err = {0};
    if (!dev_store_create(store, &key, str_from(json), &err))
        fail_msg("%s", err.text);
}

static void update(struct dev_store *store, const char *ns, const char *name, const char *json)
{
    struct dev_key key = key_of(ns, name);
    struct error err = {0};
    if (!dev_store_update(store, &key, str_from(json), &err))
        fail_msg("%s", err.text);
}

static void remove_object(struct dev_store *store, const char *ns, const char *name)
{
    struct dev_key key = key_of(ns, name);
    struct error err = {0};
    if (!dev_store_remove(store, &key, STR("{\"last\":1}"), &err))
        fail_msg("%s", err.text);
}

static bool append_record(void *ctx, const struct dev_record *record)
{
    strbuf_printf(ctx, STR_FMT "/" STR_FMT "=" STR_FMT "@%llu ", STR_ARG(record->key.ns),
                  STR_ARG(record->key.name), STR_ARG(record->json),
                  (unsigned long long)record->version);
    return true;
}

static void assert_each(struct dev_store *store, const char *ns, const char *after_ns,
                        const char *after_name, const char *want)
{
    cleanup_strbuf struct strbuf got = {0};
    strbuf_append_cstr(&got, "");
    dev_store_each(store, RESOURCE, str_from(ns), str_from(after_ns), str_from(after_name),
                   append_record, &got);
    assert_string_equal(got.data, want);
}

static void append_change(void *ctx, const struct dev_change *change)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};
    strbuf_printf(ctx, "%s %llu " STR_FMT "/" STR_FMT " " STR_FMT " was " STR_FMT "\n",
                  names[change->type], (unsigned long long)change->version, STR_ARG(change->key.ns),
                  STR_ARG(change->key.name), STR_ARG(change->json), STR_ARG(change->old_json));
}

static void test_objects_change_and_the_listener_is_told(void **state)
{
    (void)state;
    struct dev_store *store = open_store(NULL);
    cleanup_strbuf struct strbuf told = {0};
    dev_store_listen(store, append_change, &told);
    assert_int_equal(dev_store_version(store), 1);
    assert_int_equal(dev_store_next_version(store), 2);
    create(store, "ns", "a", "A1");
    update(store, "ns", "a", "A2");
    create(store, "", "a", "cluster-wide");
    remove_object(store, "ns", "a");
    assert_string_equal(told.data, "ADDED 2 ns/a A1 was \n"
                                   "MODIFIED 3 ns/a A2 was A1\n"
                                   "ADDED 4 /a cluster-wide was \n"
                                   "DELETED 5 ns/a {\"last\":1} was A2\n");
    assert_each(store, "", "", "", "/a=cluster-wide@4 ");
    struct dev_record record = {0};
    struct dev_key key = key_of("", "a");
    assert_true(dev_store_get(store, &key, &record));
    assert_int_equal(record.version, 4);
    assert_true(str_eq_cstr(record.json, "cluster-wide"));
    key = key_of("ns", "a");
    assert_false(dev_store_get(store, &key, &record));
    assert_null(dev_store_problem(store));
    dev_store_close(store);
}

static void test_refused_changes_change_nothing(void **state)
{
    (void)state;
    struct dev_store *store = open_store(NULL);
    create(store, "ns", "a", "A1");
    cleanup_strbuf struct strbuf told = {0};
    dev_store_listen(store, append_change, &told);
    struct dev_key there = key_of("ns", "a"), missing = key_of("ns", "b");
    struct error err = {0};
    assert_false(dev_store_create(store, &there, STR("again"), &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_false(dev_store_update(store, &missing, STR("{}"), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(dev_store_remove(store, &missing, STR("{}"), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_int_equal(dev_store_version(store), 2);
    assert_int_equal(told.len, 0);
    assert_each(store, "", "", "", "ns/a=A1@2 ");
    create(store, "ns", "b", "B1"); /* and goes on */
    assert_string_equal(told.data, "ADDED 3 ns/b B1 was \n");
    dev_store_close(store);
}

static bool stop_after_two(void *ctx, const struct dev_record *record)
{
    append_record(ctx, record);
    return ((struct strbuf *)ctx)->len < 12;
}

static void test_each_goes_in_order_and_on_from_behind(void **state)
{
    (void)state;
    struct dev_store *store = open_store(NULL);
    static const char *const places[][2] = {
        {"n2", "a"}, {"n1", "c"}, {"n1", "a"}, {"n1", "b"}, {"n1-x", "a"}};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        create(store, places[i][0], places[i][1], "{}");
    struct error err = {0};
    struct dev_key other = {STR("configmaps"), STR("n1"), STR("a")};
    assert_true(dev_store_create(store, &other, STR("{}"), &err));
    assert_each(store, "", "", "", "n1/a={}@4 n1/b={}@5 n1/c={}@3 n1-x/a={}@6 n2/a={}@2 ");
    assert_each(store, "", "n1", "b", "n1/c={}@3 n1-x/a={}@6 n2/a={}@2 ");
    assert_each(store, "", "n1", "zz", "n1-x/a={}@6 n2/a={}@2 ");
    assert_each(store, "n1", "", "", "n1/a={}@4 n1/b={}@5 n1/c={}@3 ");
    assert_each(store, "n1", "n1", "a", "n1/b={}@5 n1/c={}@3 ");
    assert_each(store, "n1", "n1-x", "", "");
    assert_each(store, "n2", "n1", "z", "n2/a={}@2 ");
    assert_int_equal(dev_store_count(store, RESOURCE, STR("")), 5);
    assert_int_equal(dev_store_count(store, RESOURCE, STR("n1")), 3);
    assert_int_equal(dev_store_count(store, STR("secrets"), STR("")), 0);
    cleanup_strbuf struct strbuf got = {0};
    dev_store_each(store, RESOURCE, STR(""), STR(""), STR(""), stop_after_two, &got);
    assert_string_equal(got.data, "n1/a={}@4 n1/b={}@5 ");
    dev_store_close(store);
}

static void test_keys_and_texts_are_bytes(void **state)
{
    (void)state;
    struct dev_store *store = open_store(NULL);
    struct dev_key key = {RESOURCE, STR("it's"), STR("a\0b")};
    struct error err = {0};
    assert_true(dev_store_create(store, &key, STR("\xff\0\"';--"), &err));
    struct dev_record record = {0};
    assert_true(dev_store_get(store, &key, &record));
    assert_true(str_eq(record.json, STR("\xff\0\"';--")));
    key.name = STR("a");
    assert_false(dev_store_get(store, &key, &record));
    key.ns = (struct str){NULL, 0}; /* as empty as "" */
    assert_true(dev_store_create(store, &key, STR("J"), &err));
    key.ns = STR("");
    assert_true(dev_store_get(store, &key, &record));
    dev_store_close(store);
}

static void test_a_file_is_there_again_and_versions_go_on(void **state)
{
    struct fixture *f = *state;
    struct dev_store *store = open_store(f->path);
    create(store, "ns", "a", "A1");
    create(store, "ns", "newest", "N");
    remove_object(store, "ns", "newest");
    dev_store_close(store);

    store = open_store(f->path);
    assert_int_equal(dev_store_version(store), 4);
    assert_each(store, "", "", "", "ns/a=A1@2 ");
    update(store, "ns", "a", "A2");
    assert_each(store, "", "", "", "ns/a=A2@5 ");
    dev_store_close(store);
}

static void test_a_file_is_private_and_of_one_server(void **state)
{
    struct fixture *f = *state;
    struct dev_store *store = open_store(f->path);
    create(store, "ns", "a", "A1");
    struct stat info;
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    struct dev_store *second = NULL;
    struct error err = {0};
    assert_false(dev_store_open(f->path, &second, &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    dev_store_close(store);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_a_file_that_is_not_ours_is_refused(void **state)
{
    struct fixture *f = *state;
    struct dev_store *store = NULL;
    struct error err = {0};
    write_file(f->path, "kubeconfig: this is no data file, however long it may be\n");
    assert_false(dev_store_open(f->path, &store, &err));
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.text, f->path));
    assert_false(dev_store_open("/nowhere/at/all", &store, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void fill_text(char *text, size_t size_bytes, int i)
{
    memset(text, 'a' + i % 26, size_bytes - 1);
    text[size_bytes - 1] = '\0';
}

static void overwrite(const char *path, long from, size_t size_bytes)
{
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, from, SEEK_SET), 0);
    for (size_t i = 0; i < size_bytes; i++)
        assert_int_equal(fputc(0x5a, file), 0x5a);
    assert_int_equal(fclose(file), 0);
}

static void test_what_cannot_be_read_stops_all_changes(void **state)
{
    struct fixture *f = *state;
    struct dev_store *store = open_store(f->path);
    for (int i = 0; i < 200; i++) {
        char name[16], text[2048];
        (void)snprintf(name, sizeof(name), "m%06d", i);
        fill_text(text, sizeof(text), i);
        create(store, "ns", name, text);
    }
    dev_store_close(store);
    overwrite(f->path, 65536, 65536);

    store = open_store(f->path);
    cleanup_strbuf struct strbuf got = {0};
    dev_store_each(store, RESOURCE, STR(""), STR(""), STR(""), append_record, &got);
    assert_non_null(dev_store_problem(store));
    struct dev_key key = key_of("ns", "new");
    struct error err = {0};
    assert_false(dev_store_create(store, &key, STR("{}"), &err));
    assert_int_equal(err.code, ERROR_UNAVAILABLE);
    dev_store_close(store);

    store = open_store(f->path);
    for (int i = 0; i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%06d", i);
        key = key_of("ns", name);
        (void)dev_store_get(store, &key, &(struct dev_record){0});
    }
    assert_non_null(dev_store_problem(store));
    dev_store_close(store);
}

/* ---- kill -9 ---------------------------------------------------------------------------------*/

enum { ACKNOWLEDGED = 300, KEPT = 50 };

/* The child: creates object after object (removing those that are KEPT older) until it is killed,
 * and says so, a byte each. */
static void write_until_killed(const char *path, int ack_fd)
{
    struct dev_store *store = open_store(path);
    char text[2048];
    for (int i = 0;; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%06d", i);
        fill_text(text, sizeof(text), i);
        create(store, "ns", name, text);
        if (i >= KEPT) {
            (void)snprintf(name, sizeof(name), "m%06d", i - KEPT);
            remove_object(store, "ns", name);
        }
        if (write(ack_fd, "+", 1) != 1)
            _exit(1);
    }
}

/* How many acknowledgements came before and after the kill. */
static int kill_after(pid_t child, int ack_fd, int acks)
{
    int count = 0;
    char byte;
    while (read(ack_fd, &byte, 1) == 1) {
        if (++count == acks)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return count;
}

static void assert_acknowledged(struct dev_store *store, int i, bool is_there)
{
    char name[16], text[2048];
    (void)snprintf(name, sizeof(name), "m%06d", i);
    fill_text(text, sizeof(text), i);
    struct dev_key key = key_of("ns", name);
    struct dev_record record = {0};
    if (dev_store_get(store, &key, &record) != is_there)
        fail_msg("%s is %s", name, is_there ? "lost" : "there again");
    if (is_there)
        assert_true(str_eq_cstr(record.json, text));
}

static void test_kill_9_loses_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        write_until_killed(f->path, fds[1]);
    }
    close(fds[1]);
    int count = kill_after(child, fds[0], ACKNOWLEDGED);
    close(fds[0]);
    assert_true(count >= ACKNOWLEDGED);

    struct dev_store *store = open_store(f->path);
    /* The one after the last acknowledged may be there in part; it removes one more. */
    for (int i = 0; i < count; i++) {
        if (i != count - KEPT)
            assert_acknowledged(store, i, i > count - KEPT);
    }
    uint64_t least = 1 + (uint64_t)(2 * count - KEPT);
    assert_true(dev_store_version(store) >= least && dev_store_version(store) <= least + 2);
    create(store, "ns", "goes-on", "{}");
    dev_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_change_and_the_listener_is_told),
        cmocka_unit_test(test_refused_changes_change_nothing),
        cmocka_unit_test(test_each_goes_in_order_and_on_from_behind),
        cmocka_unit_test(test_keys_and_texts_are_bytes),
        cmocka_unit_test_setup_teardown(test_a_file_is_there_again_and_versions_go_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_file_is_private_and_of_one_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_not_ours_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_stops_all_changes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_kill_9_loses_nothing_acknowledged, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
