#include "kube/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/must.h"
#include "base/random.h"
#include "base/strbuf.h"

#define CERT_PEM "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
#define CERT "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCngKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define KEY_PEM "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"
#define KEY "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCngKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="
#define ENCRYPTED_KEY                                                                              \
    "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURSBLRVktLS0tLQp4Ci0tLS0tRU5EIEVOQ1JZUFRFRCBQUklWQVRFIEtF" \
    "WS0tLS0tCg=="

#define CLIENT_AUTH "client.authentication.k8s.io/"
#define KUBECONFIG(cluster, user)                                                                  \
    "current-context: c\n"                                                                         \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                                      \
    "clusters: [{name: k, cluster: {" cluster "}}]\n"                                              \
    "users: [{name: u, user: {" user "}}]\n"
#define CLUSTER(cluster) KUBECONFIG(cluster, "")
#define USER(user) KUBECONFIG("server: https://h", user)
#define EXEC(exec) USER("exec: {" exec "}")

static void show(struct strbuf *out, const char *name, const char *value)
{
    if (value != NULL)
        strbuf_printf(out, " %s=%s", name, value);
}

static void show_exec(struct strbuf *out, const struct kube_exec_config *exec)
{
    if (exec == NULL)
        return;
    strbuf_printf(out, " exec=%s", exec->command);
    for (char **arg = exec->args; *arg != NULL; arg++)
        strbuf_printf(out, ",%s", *arg);
    for (char **pair = exec->env; *pair != NULL; pair++)
        strbuf_printf(out, ",%s", *pair);
    strbuf_printf(out, ",%s", strrchr(exec->api_version, '/') + 1);
    show(out, "hint", exec->install_hint);
    show(out, "info", exec->provide_cluster_info ? "yes" : NULL);
    show(out, "extension", exec->cluster_config_json);
}

/* What there is of a configuration, in one line; heap. */
static char *text_of(const struct kube_config *config)
{
    struct strbuf out = {0};
    strbuf_printf(&out, "%s %s", config->server, config->namespace_);
    show(&out, "name", config->tls_server_name);
    show(&out, "proxy", config->proxy_url);
    show(&out, "insecure", config->insecure_skip_tls_verify ? "yes" : NULL);
    show(&out, "ca-file", config->ca_file);
    show(&out, "ca", config->ca_pem);
    show(&out, "cert-file", config->cert_file);
    show(&out, "cert", config->cert_pem);
    show(&out, "key-file", config->key_file);
    show(&out, "key", config->key_pem);
    show(&out, "token", config->token);
    show(&out, "token-file", config->token_file);
    show(&out, "user", config->username);
    show(&out, "password", config->password);
    show_exec(&out, config->exec);
    return strbuf_take(&out);
}

static const struct parse_case {
    const char *name, *yaml, *want;
} parse_cases[] = {
    {"the least", CLUSTER("server: 'https://h:6443'"), "https://h:6443 default"},
    {"JSON",
     "{\"kind\":\"Config\",\"apiVersion\":\"v1\",\"current-context\":\"c\",\"clusters\":[{\"name\":"
     "\"k\",\"cluster\":{\"server\":\"https://h\"}}],\"contexts\":[{\"name\":\"c\",\"context\":{"
     "\"cluster\":\"k\",\"namespace\":\"n\"}}]}",
     "https://h n"},
    {"a path stays, what follows goes", CLUSTER("server: 'https://h/k8s/clusters/x/?a#b'"),
     "https://h/k8s/clusters/x default"},
    {"IPv6", CLUSTER("server: 'https://[::1]:6443/'"), "https://[::1]:6443 default"},
    {"TLS and proxy",
     CLUSTER("server: https://h, tls-server-name: t, insecure-skip-tls-verify: true, "
             "proxy-url: 'socks5://p:1080'"),
     "https://h default name=t proxy=socks5://p:1080 insecure=yes"},
    {"CA data win over a file",
     CLUSTER("server: https://h, certificate-authority: /none, certificate-authority-data: " CERT),
     "https://h default ca=" CERT_PEM},
    {"a certificate beside a token",
     USER("client-certificate-data: " CERT ", client-key-data: " KEY ", token: t"),
     "https://h default cert=" CERT_PEM " key=" KEY_PEM " token=t"},
    {"token and file", USER("token: t, tokenFile: sub/token"),
     "https://h default token=t token-file=/etc/kube/sub/token"},
    {"basic", USER("username: a, password: 12345"), "https://h default user=a password=12345"},
    {"nothing secret without TLS",
     KUBECONFIG("server: 'http://h:8080'",
                "token: t, client-certificate-data: " CERT ", client-key-data: " KEY),
     "http://h:8080 default"},
    {"exec",
     EXEC("apiVersion: " CLIENT_AUTH "v1, command: get, args: [a, 1], interactiveMode: Never, "
          "env: [{name: X, value: y z}, {name: E}], installHint: apt, provideClusterInfo: true"),
     "https://h default exec=get,a,1,X=y z,E=,v1 hint=apt info=yes"},
    {"exec beside the kubeconfig, with an extension",
     KUBECONFIG("server: https://h, extensions: [{name: other, extension: 1}, {name: " CLIENT_AUTH
                "exec, extension: {audience: x, n: [1, '1']}}]",
                "exec: {apiVersion: " CLIENT_AUTH "v1beta1, command: ./bin/get}"),
     "https://h default exec=/etc/kube/./bin/get,v1beta1 "
     "extension={\"audience\":\"x\",\"n\":[1,\"1\"]}"},
    {"a token is used instead of exec",
     USER("token: t, exec: {apiVersion: " CLIENT_AUTH "v1beta1, command: get}"),
     "https://h default token=t"},
    {"aliases",
     "current-context: &n c\nclusters: [{name: *n, cluster: &k {server: https://h}}]\n"
     "contexts: [{name: *n, context: {cluster: *n}}]\n",
     "https://h default"},

    {"empty", "",
     "kubeconfig /etc/kube/config: current-context: is missing: choose one with "
     "kubectl config use-context"},
    {"no mapping", "hello",
     "kubeconfig /etc/kube/config: no kubeconfig, which has clusters, "
     "users, contexts"},
    {"another kind", "kind: Secret",
     "kubeconfig /etc/kube/config: kind: must be Config, this is no kubeconfig"},
    {"syntax", "a: [", "kubeconfig /etc/kube/config: line 2, column 1: *"},
    {"unknown context", "current-context: c",
     "kubeconfig /etc/kube/config: context \"c\": is not there: choose one of those that kubectl "
     "config get-contexts shows"},
    {"a list that is none", "current-context: c\ncontexts: {}",
     "kubeconfig /etc/kube/config: contexts: must be a list"},
    {"a name twice",
     "current-context: c\ncontexts: [{name: c, context: {x: 1}}, {name: c, context: {}}]",
     "kubeconfig /etc/kube/config: context \"c\": name: is there twice in this file"},
    {"no cluster named", "current-context: c\ncontexts: [{name: c, context: {user: u}}]",
     "kubeconfig /etc/kube/config: context \"c\": cluster: is missing: name one of clusters"},
    {"a cluster that is not there",
     "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]",
     "kubeconfig /etc/kube/config: context \"c\": cluster: there is no \"k\" under clusters: add "
     "it or correct the name"},
    {"a user that is not there",
     "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
     "clusters: [{name: k, cluster: {server: https://h}}]",
     "kubeconfig /etc/kube/config: context \"c\": user: there is no \"u\" under users: add it or "
     "correct the name"},
    {"a bad namespace",
     "current-context: c\ncontexts: [{name: c, context: {cluster: k, namespace: ../x}}]",
     "kubeconfig /etc/kube/config: context \"c\": namespace: \"../x\" is no name of a namespace"},
    {"control characters in a name",
     "current-context: \"c\\n\\e\"\ncontexts: [{name: \"c\\n\\e\", context: {}}]",
     "kubeconfig /etc/kube/config: context \"c ?\": cluster: is missing: name one of clusters"},
#define IN_CLUSTER "kubeconfig /etc/kube/config: context \"c\": cluster \"k\": "
    {"no server", CLUSTER("x: y"), IN_CLUSTER "server: is missing: give the URL of the API server"},
    {"a server that is no text", CLUSTER("server: [a]"), IN_CLUSTER "server: must be a text"},
    {"a NUL", CLUSTER("server: \"a\\0\""), IN_CLUSTER "server: must have no NUL character"},
    {"another scheme", CLUSTER("server: 'ftp://h'"),
     IN_CLUSTER "server: must start with https:// or http://"},
    {"no URL", CLUSTER("server: 'https://h:x'"),
     IN_CLUSTER "server: must be like https://host:6443: no URL (*"},
    {"a user in the URL", CLUSTER("server: 'https://a:b@h'"),
     IN_CLUSTER "server: must be without user and password: they belong to the user entry"},
    {"a boolean in quotes", CLUSTER("server: https://h, insecure-skip-tls-verify: 'true'"),
     IN_CLUSTER "insecure-skip-tls-verify: must be true or false"},
    {"CA and insecure",
     CLUSTER(
         "server: https://h, insecure-skip-tls-verify: true, certificate-authority-data: " CERT),
     IN_CLUSTER "insecure-skip-tls-verify: contradicts certificate-authority: leave one of them "
                "out"},
    {"no base64", CLUSTER("server: https://h, certificate-authority-data: '%'"),
     IN_CLUSTER "certificate-authority-data: base64: byte 0x25 at 0 is not of the alphabet"},
    {"no PEM", CLUSTER("server: https://h, certificate-authority-data: MII="),
     IN_CLUSTER "certificate-authority-data: is not PEM (text with -----BEGIN ...-----)"},
    {"a file that is not there", CLUSTER("server: https://h, certificate-authority: none.crt"),
     IN_CLUSTER "certificate-authority: /etc/kube/none.crt: No such file or directory"},
    {"a proxy of another kind", CLUSTER("server: https://h, proxy-url: 'socks4://p'"),
     IN_CLUSTER "proxy-url: must start with http://, https:// or socks5://"},
#define IN_USER "kubeconfig /etc/kube/config: context \"c\": user \"u\": "
    {"auth-provider", USER("auth-provider: {name: gcp}"),
     IN_USER "auth-provider: is gone from Kubernetes: use exec with a credential plugin (such as "
             "gke-gcloud-auth-plugin, kubelogin) or a token"},
    {"impersonation", USER("as: root"),
     IN_USER "as: impersonation is not supported: use credentials of that account"},
    {"a token that breaks headers", USER("token: \"a\\nb\""),
     IN_USER "token: has a character at 1 that no token has"},
    {"a token file that is not there", USER("tokenFile: none"),
     IN_USER "tokenFile: /etc/kube/none: No such file or directory"},
    {"a token and a user", USER("token: t, username: a"),
     IN_USER "token: stands beside username: leave one of them out"},
    {"a certificate without key", USER("client-certificate-data: " CERT),
     IN_USER "client-key: is missing beside client-certificate"},
    {"a key without certificate", USER("client-key-data: " KEY),
     IN_USER "client-certificate: is missing beside client-key"},
    {"a key for a certificate", USER("client-certificate-data: " KEY ", client-key-data: " KEY),
     IN_USER "client-certificate-data: is PEM, but has no certificate in it"},
    {"a passphrase", USER("client-certificate-data: " CERT ", client-key-data: " ENCRYPTED_KEY),
     IN_USER "client-key-data: needs a passphrase: take it off with openssl pkey"},
    {"exec v1alpha1", EXEC("apiVersion: " CLIENT_AUTH "v1alpha1, command: get"),
     IN_USER "exec.apiVersion: v1alpha1 is no longer supported: update the plugin and say "
             "client.authentication.k8s.io/v1"},
    {"exec without version", EXEC("command: get"),
     IN_USER "exec.apiVersion: is missing: client.authentication.k8s.io/v1 or v1beta1"},
    {"exec without command", EXEC("apiVersion: " CLIENT_AUTH "v1beta1"),
     IN_USER "exec.command: is missing: name the plugin's program"},
    {"v1 without interactiveMode", EXEC("apiVersion: " CLIENT_AUTH "v1, command: get"),
     IN_USER "exec.interactiveMode: is missing: Never or IfAvailable"},
    {"interactiveMode Always",
     EXEC("apiVersion: " CLIENT_AUTH "v1, command: get, interactiveMode: Always"),
     IN_USER "exec.interactiveMode: is Always, but nobody is there to answer: use a plugin that "
             "can do without, with Never or IfAvailable"},
    {"args that are none", EXEC("apiVersion: " CLIENT_AUTH "v1, command: get, args: [[a]]"),
     IN_USER "exec.args: must be a list of texts"},
    {"env without name", EXEC("apiVersion: " CLIENT_AUTH "v1, command: get, env: [{value: x}]"),
     IN_USER "exec.env: must be a list of entries with name and value"},
};

static char *parsed(struct str yaml)
{
    struct kube_config *config = NULL;
    struct error err = {0};
    if (!kube_config_parse(yaml, "/etc/kube/config", NULL, &config, &err))
        return mem_dup_cstr(err.text);
    char *text = text_of(config);
    kube_config_free(config);
    return text;
}

/* A `want` that ends with a star is only the beginning: the rest is a library's wording. */
static bool is_match(const char *got, const char *want)
{
    size_t len = strlen(want);
    if (len > 0 && want[len - 1] == '*')
        return strncmp(got, want, len - 1) == 0;
    return strcmp(got, want) == 0;
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
        cleanup_free char *got = parsed(str_from(parse_cases[i].yaml));
        if (!is_match(got, parse_cases[i].want))
            fail_msg("%s: got \"%s\"", parse_cases[i].name, got);
    }
}

/* Every text of the table with bytes changed, dropped and added: anything but a crash is fine. */
static void test_parse_survives_mutations(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 1);
    for (size_t round = 0; round < 20 * ARRAY_LEN(parse_cases); round++) {
        const char *yaml = parse_cases[round % ARRAY_LEN(parse_cases)].yaml;
        struct strbuf text = {0};
        for (const char *c = yaml; *c != '\0'; c++) {
            uint64_t dice = random_below(&random, 100);
            if (dice < 2)
                strbuf_append_char(&text, (char)random_below(&random, 256));
            if (dice != 2)
                strbuf_append_char(&text, *c);
        }
        free(parsed(strbuf_str(&text)));
        strbuf_fini(&text);
    }
}

static void test_long_names_leave_room_for_the_problem(void **state)
{
    (void)state;
    char path[300];
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    char name[200];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    struct strbuf yaml = {0};
    strbuf_printf(&yaml, "contexts: [{name: %s, context: {namespace: a}}]", name);
    struct kube_config *config = NULL;
    struct error err = {0};
    assert_false(kube_config_parse(strbuf_str(&yaml), path, name, &config, &err));
    assert_non_null(strstr(err.text, "nnn\": cluster: is missing: name one of clusters"));
    strbuf_fini(&yaml);
}

/* ---------------------------------------------------------- files, in a new directory each */

struct fixture {
    char dir[64];
};

static char *path_in(const struct fixture *f, const char *name)
{
    struct strbuf path = {0};
    strbuf_printf(&path, "%s/%s", f->dir, name);
    return strbuf_take(&path);
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    cleanup_free char *path = path_in(f, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void make_dir(const struct fixture *f, const char *name)
{
    cleanup_free char *path = path_in(f, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int set_up(void **state)
{
    struct fixture *f = mem_alloc_zero(sizeof(*f));
    strcpy(f->dir, "/tmp/test-config-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    setenv("HOME", f->dir, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"a",         "b/ca.crt",     "b/t",    "b/config",
                                        "b",         "token",        "ca.crt", "large",
                                        "namespace", ".kube/config", ".kube"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cleanup_free char *path = path_in(f, names[i]);
        remove(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

/* The configuration in one line, or the error, with the directory as DIR; heap. */
static char *loaded(const struct fixture *f, const struct kube_config_options *options)
{
    struct kube_config *config = NULL;
    struct error err = {0};
    cleanup_free char *text = NULL;
    if (kube_config_load(options, &config, &err))
        text = text_of(config);
    else
        text = mem_dup_cstr(err.text);
    kube_config_free(config);
    struct strbuf out = {0};
    const char *rest = text;
    for (const char *at; (at = strstr(rest, f->dir)) != NULL; rest = at + strlen(f->dir)) {
        strbuf_append(&out, (struct str){rest, (size_t)(at - rest)});
        strbuf_append_cstr(&out, "DIR");
    }
    strbuf_append_cstr(&out, rest);
    return strbuf_take(&out);
}

static void set_kubeconfig(const struct fixture *f, const char *format)
{
    struct strbuf list = {0};
    for (const char *c = format; *c != '\0'; c++) {
        if (*c == '%')
            strbuf_append_cstr(&list, f->dir);
        else
            strbuf_append_char(&list, *c);
    }
    setenv("KUBECONFIG", list.data, 1);
    strbuf_fini(&list);
}

static void write_two_files(const struct fixture *f)
{
    write_file(f, "a",
               "contexts: [{name: c, context: {cluster: k, user: u, namespace: a}}]\n"
               "users: [{name: u, user: {token: first}}]\n");
    make_dir(f, "b");
    write_file(f, "b/ca.crt", CERT_PEM);
    write_file(f, "b/t", "secret");
    write_file(
        f, "b/config",
        "current-context: c\n"
        "contexts: [{name: c, context: {cluster: z, user: z}}, {name: d, context: "
        "{cluster: k, user: v}}]\n"
        "clusters: [{name: k, cluster: {server: https://b, certificate-authority: ca.crt}}]\n"
        "users: [{name: u, user: {username: x}}, {name: v, user: {tokenFile: t}}]\n");
}

static void test_the_first_file_of_a_list_wins(void **state)
{
    const struct fixture *f = *state;
    write_two_files(f);
    set_kubeconfig(f, "%/none:%/a::%/b/config");
    cleanup_free char *current = loaded(f, &(struct kube_config_options){0});
    assert_string_equal(current, "https://b a ca-file=DIR/b/ca.crt token=first");
    cleanup_free char *other = loaded(f, &(struct kube_config_options){.context = "d"});
    assert_string_equal(other, "https://b default ca-file=DIR/b/ca.crt token-file=DIR/b/t");
}

static void test_a_list_needs_one_file(void **state)
{
    const struct fixture *f = *state;
    set_kubeconfig(f, "%/none:%/nothing");
    cleanup_free char *got = loaded(f, &(struct kube_config_options){0});
    assert_string_equal(
        got, "KUBECONFIG=DIR/none:DIR/nothing: no such file; unset it or name one that is there");
    write_two_files(f);
    write_file(f, "a", "[");
    set_kubeconfig(f, "%/b/config:%/a");
    cleanup_free char *broken = loaded(f, &(struct kube_config_options){0});
    assert_true(is_match(broken, "kubeconfig DIR/a: line 2, column 1: *"));
}

static void test_the_flag_comes_first(void **state)
{
    const struct fixture *f = *state;
    write_two_files(f);
    set_kubeconfig(f, "%/none");
    cleanup_free char *path = path_in(f, "b/config");
    const struct kube_config_options options = {.kubeconfig = path, .context = "d"};
    cleanup_free char *got = loaded(f, &options);
    assert_string_equal(got, "https://b default ca-file=DIR/b/ca.crt token-file=DIR/b/t");
    cleanup_free char *none = path_in(f, "none");
    cleanup_free char *missing = loaded(f, &(struct kube_config_options){.kubeconfig = none});
    assert_string_equal(missing, "kubeconfig: DIR/none: No such file or directory");
}

static void test_paths_start_at_a_relative_file(void **state)
{
    const struct fixture *f = *state;
    write_two_files(f);
    cleanup_free char *here = getcwd(NULL, 0);
    assert_int_equal(chdir(f->dir), 0);
    const struct kube_config_options options = {.kubeconfig = "b/config", .context = "d"};
    cleanup_free char *got = loaded(f, &options);
    assert_int_equal(chdir(here), 0);
    assert_string_equal(got, "https://b default ca-file=DIR/b/ca.crt token-file=DIR/b/t");
}

static void test_home_comes_last(void **state)
{
    const struct fixture *f = *state;
    cleanup_free char *nothing = loaded(f, &(struct kube_config_options){0});
    assert_string_equal(nothing, "no cluster: give --kubeconfig or KUBECONFIG, or run in a pod; "
                                 "DIR/.kube/config is not there either");
    make_dir(f, ".kube");
    write_file(f, ".kube/config", CLUSTER("server: https://home"));
    cleanup_free char *got = loaded(f, &(struct kube_config_options){0});
    assert_string_equal(got, "https://home default");
}

static void test_in_cluster(void **state)
{
    const struct fixture *f = *state;
    const struct kube_config_options options = {.service_account_dir = f->dir};
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    cleanup_free char *nothing = loaded(f, &options);
    assert_string_equal(nothing, "in-cluster: no service account (automountServiceAccountToken: "
                                 "false?): DIR/token: No such file or directory");
    write_file(f, "token", "secret\n");
    cleanup_free char *least = loaded(f, &options);
    assert_string_equal(least, "https://[fd00::1]:443 default token-file=DIR/token");
    write_file(f, "ca.crt", CERT_PEM);
    write_file(f, "namespace", "cape-system\n");
    setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    cleanup_free char *whole = loaded(f, &options);
    assert_string_equal(
        whole, "https://10.96.0.1:443 cape-system ca-file=DIR/ca.crt token-file=DIR/token");
    write_file(f, "ca.crt", "rubbish");
    cleanup_free char *broken = loaded(f, &options);
    assert_string_equal(broken,
                        "in-cluster: DIR/ca.crt: is not PEM (text with -----BEGIN ...-----)");
}

static void test_in_cluster_without_account_home_will_do(void **state)
{
    const struct fixture *f = *state;
    setenv("KUBERNETES_SERVICE_HOST", "h", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    make_dir(f, ".kube");
    write_file(f, ".kube/config", CLUSTER("server: https://home"));
    cleanup_free char *got =
        loaded(f, &(struct kube_config_options){.service_account_dir = "/none"});
    assert_string_equal(got, "https://home default");
}

static void test_a_file_that_is_too_large_is_refused(void **state)
{
    const struct fixture *f = *state;
    cleanup_free char *path = path_in(f, "large");
    write_file(f, "large", "a: b\n");
    assert_int_equal(truncate(path, 4 * 1024 * 1024 + 1), 0);
    struct kube_config *config = NULL;
    struct error err = {0};
    assert_false(
        kube_config_load(&(struct kube_config_options){.kubeconfig = path}, &config, &err));
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.text, "larger than"));
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_survives_mutations),
        cmocka_unit_test(test_long_names_leave_room_for_the_problem),
        with_files(test_the_first_file_of_a_list_wins),
        with_files(test_a_list_needs_one_file),
        with_files(test_the_flag_comes_first),
        with_files(test_paths_start_at_a_relative_file),
        with_files(test_home_comes_last),
        with_files(test_in_cluster),
        with_files(test_in_cluster_without_account_home_will_do),
        with_files(test_a_file_that_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
