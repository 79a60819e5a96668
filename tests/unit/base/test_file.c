#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/must.h"

static char dir[] = "/tmp/cape-ip-test-file-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/f", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void write_file(size_t size_bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < size_bytes; i++)
        fputc('a' + (int)(i % 26), file);
    assert_int_equal(fclose(file), 0);
}

static void assert_contents(const char *data, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (data[i] != (char)('a' + i % 26))
            fail_msg("byte %zu is wrong", i);
    assert_int_equal(data[size_bytes], '\0');
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 16383, 16384, 16385, 100000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        cleanup_free char *data = NULL;
        size_t size_bytes = 7;
        struct error err = {0};
        write_file(sizes[i]);
        assert_true(file_read(path, sizes[i], &data, &size_bytes, &err));
        assert_int_equal(size_bytes, sizes[i]);
        assert_contents(data, size_bytes);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    static const size_t limits[] = {0, 1, 99999, 50000};
    write_file(100000);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        char *data = NULL;
        size_t size_bytes = 7;
        struct error err = {0};
        assert_false(file_read(path, limits[i], &data, &size_bytes, &err));
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, "larger than"));
        assert_null(data);
        assert_int_equal(size_bytes, 7);
    }
}

static void test_no_end_is_too_large(void **state)
{
    (void)state;
    char *data = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    assert_false(file_read("/dev/zero", 100000, &data, &size_bytes, &err));
    assert_int_equal(err.code, ERROR_INVALID);
    assert_null(data);
}

static void test_files_that_say_they_are_empty(void **state)
{
    (void)state;
    cleanup_free char *data = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    assert_true(file_read("/proc/self/status", 100000, &data, &size_bytes, &err));
    assert_non_null(strstr(data, "Name:"));
}

static void assert_fails(const char *name, enum error_code code, int detail)
{
    char *data = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    assert_false(file_read(name, 100, &data, &size_bytes, &err));
    assert_int_equal(err.code, code);
    assert_int_equal(err.detail, detail);
    assert_non_null(strstr(err.text, name));
    assert_null(data);
}

static void test_failures_name_the_path(void **state)
{
    (void)state;
    assert_fails("/does/not/exist", ERROR_NOT_FOUND, ENOENT);
    assert_fails("/dev/null/x", ERROR_NOT_FOUND, ENOTDIR);
    assert_fails(dir, ERROR_INVALID, EISDIR);
    if (geteuid() == 0)
        return; /* root may read everything */
    write_file(1);
    assert_int_equal(chmod(path, 0), 0);
    assert_fails(path, ERROR_DENIED, EACCES);
    assert_int_equal(chmod(path, 0600), 0);
}

/* A child writes `size_bytes` in small pieces to the descriptor and exits. */
static pid_t start_writer(int fd, int close_in_child, size_t size_bytes)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    close(close_in_child);
    for (size_t i = 0; i < size_bytes; i++) {
        char c = (char)('a' + i % 26);
        if (write(fd, &c, 1) != 1)
            _exit(1); /* the reader has had enough */
    }
    _exit(0);
}

static void read_from_pipe(size_t written, size_t max_bytes, bool is_wanted)
{
    int ends[2];
    cleanup_free char *data = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    char name[32];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = start_writer(ends[1], ends[0], written);
    close(ends[1]);
    snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
    assert_int_equal(file_read(name, max_bytes, &data, &size_bytes, &err), is_wanted);
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    if (!is_wanted)
        return;
    assert_int_equal(size_bytes, written);
    assert_contents(data, size_bytes);
}

static void test_pipes(void **state)
{
    (void)state;
    read_from_pipe(0, 10, true);
    read_from_pipe(50000, 50000, true);
    read_from_pipe(50000, 49999, false);
}

static void test_reads_no_more_than_one_byte_too_many(void **state)
{
    (void)state;
    int ends[2];
    char *data = NULL;
    size_t size_bytes = 0;
    struct error err = {0};
    char name[32];
    char rest[16] = "";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abcdefgh", 8), 8);
    snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
    assert_false(file_read(name, 3, &data, &size_bytes, &err));
    assert_int_equal(read(ends[0], rest, sizeof(rest)), 4);
    assert_string_equal(rest, "efgh");
    close(ends[0]);
    close(ends[1]);
}

static void test_replaces_whole_and_leaves_nothing_else(void **state)
{
    (void)state;
    struct error err = {0};
    struct stat st;
    write_file(1000);
    for (size_t i = 0; i < 2; i++) {
        cleanup_free char *data = NULL;
        size_t size_bytes = 0;
        struct str text = i == 0 ? STR("new\n") : STR("");
        assert_true(file_replace(path, 0600, text, &err));
        assert_true(file_read(path, 10, &data, &size_bytes, &err));
        assert_true(str_eq((struct str){data, size_bytes}, text));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* cannot be replaced by a file */
    assert_false(file_replace(path, 0600, STR("x"), &err));
    assert_non_null(strstr(err.text, path));
    assert_int_equal(rmdir(path), 0); /* remove_dir sees whether a draft was left */
    assert_false(file_replace("/nowhere/at/all", 0600, STR("x"), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void test_leaves_no_descriptor_open(void **state)
{
    (void)state;
    int before = dup(0);
    close(before);
    test_sizes(state);
    test_too_large(state);
    test_failures_name_the_path(state);
    test_replaces_whole_and_leaves_nothing_else(state);
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_no_end_is_too_large),
        cmocka_unit_test(test_files_that_say_they_are_empty),
        cmocka_unit_test(test_failures_name_the_path),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_reads_no_more_than_one_byte_too_many),
        cmocka_unit_test(test_replaces_whole_and_leaves_nothing_else),
        cmocka_unit_test(test_leaves_no_descriptor_open),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
