/* Which machines a change wakes, and what wakes nobody. Each row: a world, one change, who is woken
 * (sorted; "!" behind those that are urgent). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "controllers/triggers.h"
#include "lib/world_text.h"

#define NOW_MS (2000 * 1000)

struct trigger_case {
    const char *name;
    const char *world;
    const char *change; /* a line; "-": what follows is gone */
    const char *want;
};

#define M "elfmachine ns/m owner=o template=t device=IPV4\n"
#define CLAIM "ipclaim ns/ns-m-0 pool=ns/p owner=ns/m/0 "
#define POOL "ippool ns/p start=10.0.0.10 end=10.0.0.11 generation=1 group=g\n"

static const struct trigger_case cases[] = {
    {"a machine is new", "", M, "ns/m"},
    {"a machine changes", M, "elfmachine ns/m owner=o template=t cape device=IPV4", "ns/m"},
    {"a machine is gone: what was told of it is forgotten", M, "-elfmachine ns/m", "ns/m"},
    {"another machine changes", M, "elfmachine ns/x device=IPV4", "ns/x"},

    {"the Machine comes", M, "machine ns/o cluster=c", "ns/m"},
    {"the Machine gets its label", M "machine ns/o\n", "machine ns/o cluster=c", "ns/m"},
    {"the Machine changes in what is not read", M "machine ns/o cluster=c\n",
     "machine ns/o cluster=c created=7 deleting", ""},
    {"the Machine goes", M "machine ns/o cluster=c\n", "-machine ns/o", "ns/m"},
    {"another's Machine", M, "machine ns/x cluster=c", ""},
    {"a Machine of that name elsewhere", M, "machine far/o cluster=c", ""},

    {"the Cluster comes", M "machine ns/o cluster=c\n", "cluster ns/c", "ns/m"},
    {"the Cluster is paused", M "machine ns/o cluster=c\ncluster ns/c\n", "cluster ns/c paused",
     "ns/m"},
    {"the Cluster goes on", M "machine ns/o cluster=c\ncluster ns/c paused\n", "cluster ns/c",
     "ns/m"},
    {"the Cluster changes in what is not read", M "machine ns/o cluster=c\ncluster ns/c\n",
     "cluster ns/c created=7", ""},
    {"the Cluster goes", M "machine ns/o cluster=c\ncluster ns/c\n", "-cluster ns/c", "ns/m"},
    {"known by the machine's own label", "elfmachine ns/m cluster=c ours deleting device=IPV4\n",
     "cluster ns/c", "ns/m"},
    {"another Cluster", M "machine ns/o cluster=c\n", "cluster ns/d", ""},
    {"a Cluster of that name elsewhere", M "machine ns/o cluster=c\n", "cluster far/c", ""},

    {"the template comes", M, "template ns/t", "ns/m"},
    {"a label of the template changes", M "template ns/t name=p\n", "template ns/t name=q", "ns/m"},
    {"a label of the template is another", M "template ns/t name=p\n", "template ns/t group=p",
     "ns/m"},
    {"a label of the template comes", M "template ns/t\n", "template ns/t group=", "ns/m"},
    {"a label of the template goes", M "template ns/t group=\n", "template ns/t", "ns/m"},
    {"the template changes in what is not read", M "template ns/t name=p\n",
     "template ns/t name=p created=7", ""},
    {"the template goes", M "template ns/t\n", "-template ns/t", "ns/m"},
    {"another template", M, "template ns/u", ""},
    {"a template of that name elsewhere", M, "template far/t", ""},

    {"a pool comes", M "elfmachine ns/n device=IPV4,ip=10.9.9.9\n", POOL, "ns/m"},
    {"a pool comes for a machine that is being deleted",
     "elfmachine ns/m deleting ours device=IPV4\n", POOL, ""},
    {"the spec of a pool changes", M POOL, "ippool ns/p generation=2 group=g", "ns/m"},
    {"the status of a pool changes", M POOL, "ippool ns/p generation=1 group=g", ""},
    {"a label of a pool changes", M POOL, "ippool ns/p generation=1 group=h", "ns/m"},
    {"a pool is marked as default", M POOL, "ippool ns/p generation=1 group=g default", "ns/m"},
    {"a pool is being deleted", M POOL, "ippool ns/p generation=1 group=g deleting", "ns/m"},
    {"a pool goes", M POOL, "-ippool ns/p", "ns/m"},

    {"the claim is answered", M POOL CLAIM, CLAIM "address=a", "ns/m!"},
    {"the claim is refused", M POOL CLAIM, CLAIM "error=no", "ns/m!"},
    {"the claim goes", M POOL CLAIM, "-ipclaim ns/ns-m-0", "ns/m!"},
    {"a claim of the Go manager's", M, "ipclaim far/ns-m-0 pool=ns/p", "ns/m!"},
    {"it fits two machines", "elfmachine a-b/c device=IPV4\nelfmachine a/b-c device=IPV4\n",
     "ipclaim far/a-b-c-0 pool=far/p", "a-b/c! a/b-c!"},
    {"a claim that names nobody", M, "ipclaim ns/whatever pool=ns/p", ""},
    {"a claim that records another machine", M, "ipclaim ns/ns-m-0 owner=ns/x/0", "ns/x!"},

    {"the address comes", M CLAIM "address=a\n", "ipaddress ns/a address=10.0.0.10 claim=ns/ns-m-0",
     "ns/m!"},
    {"the address changes", M CLAIM "address=a\nipaddress ns/a claim=ns/ns-m-0\n",
     "ipaddress ns/a address=10.0.0.10 claim=ns/ns-m-0", "ns/m!"},
    {"the address goes", M CLAIM "address=a\nipaddress ns/a claim=ns/ns-m-0\n", "-ipaddress ns/a",
     "ns/m!"},
    {"the address of a claim that is not known", M, "ipaddress ns/a claim=ns/x", ""},
};

#define REFUSED(m, made)                                                                           \
    "elfmachine ns/" m " device=IPV4\nipclaim ns/ns-" m "-0 pool=ns/p owner=ns/" m                 \
    "/0 error=no created=" made "\n"

#define ONE_FREE "ippool ns/p start=10.0.0.10 end=10.0.0.10 generation=1\n"
#define BOTH                                                                                       \
    "elfmachine ns/m created=1 device=IPV4\n" CLAIM "error=no created=1000\n" REFUSED("n", "1000")

static const struct trigger_case refused_cases[] = {
    {"an address comes free", POOL REFUSED("m", "1000") "ipaddress ns/a pool=ns/p\n",
     "-ipaddress ns/a", "ns/m!"},
    {"an address of another pool", POOL REFUSED("m", "1000") "ipaddress ns/a pool=far/p\n",
     "-ipaddress ns/a", ""},
    {"an address comes free that somebody waits for with a claim not answered",
     POOL M CLAIM "\nipaddress ns/a pool=ns/p\n", "-ipaddress ns/a", ""},

    /* "m" was asked for anew and took nothing: whose turn is it now? */
    {"an older one was refused again", POOL REFUSED("n", "1000") M CLAIM "created=2009\n",
     CLAIM "created=2009 error=no", "ns/m! ns/n!"},
    {"an older one was refused again, and the pool is full",
     POOL REFUSED("n", "1000") M CLAIM "created=2009\nipaddress ns/a pool=ns/p\n"
                                       "ipaddress ns/b pool=ns/p\n",
     CLAIM "created=2009 error=no", "ns/m!"},
    {"an older one was refused again, and all others as well",
     POOL REFUSED("n", "2009") M CLAIM "created=2009\n", CLAIM "created=2009 error=no", "ns/m!"},
    {"an older one has got its address", POOL REFUSED("n", "1000") M CLAIM "created=2009\n",
     CLAIM "created=2009 address=a", "ns/m!"},
    {"an older one is given up unanswered", POOL REFUSED("n", "1000") M CLAIM "created=2009\n",
     CLAIM "created=2009 deleting", "ns/m! ns/n!"},
    {"an older one is gone unanswered", POOL REFUSED("n", "1000") M CLAIM "created=2009\n",
     "-ipclaim ns/ns-m-0", "ns/m! ns/n!"},
    {"a refused one goes, to be made anew", POOL REFUSED("n", "1000") REFUSED("m", "1000"),
     "-ipclaim ns/ns-m-0", "ns/m!"},
    {"the machine of a refused one is being deleted", ONE_FREE BOTH,
     "elfmachine ns/m created=1 ours deleting device=IPV4", "ns/m ns/n!"},
    {"the machine of a refused one is gone", ONE_FREE BOTH, "-elfmachine ns/m", "ns/m ns/n!"},
    {"the machine of a refused one has failed", ONE_FREE BOTH,
     "elfmachine ns/m created=1 failed device=IPV4", "ns/m ns/n!"},
    {"the machine of a refused one is paused", ONE_FREE BOTH,
     "elfmachine ns/m created=1 paused device=IPV4", "ns/m ns/n!"},
    {"the machine of a refused one is given an address by hand", ONE_FREE BOTH,
     "elfmachine ns/m created=1 device=IPV4,ip=10.9.9.9", "ns/m ns/n!"},
    {"the machine of a refused one changes otherwise", ONE_FREE BOTH,
     "elfmachine ns/m created=1 cape device=IPV4", "ns/m"},
    {"only as many are woken as there are addresses, the oldest",
     ONE_FREE BOTH "ipaddress ns/b address=10.0.0.11 pool=ns/p\n", "-ipaddress ns/b", "ns/m!"},
    {"an address is taken", POOL REFUSED("m", "1000"), "ipaddress ns/a pool=ns/p", ""},
    {"an address of a pool that keeps one for a claim that needs none",
     "ippool ns/p start=10.0.0.10 end=10.0.0.10 generation=1 reserved=10.0.0.10 for=ns-m-0\n" M
         CLAIM "address=a\nipaddress ns/b pool=ns/p\n",
     "-ipaddress ns/b", ""},
    {"an address of a pool that keeps one for a claim that is not there",
     "ippool ns/p start=10.0.0.10 end=10.0.0.10 generation=1 reserved=10.0.0.10 for=nobody\n"
     "ipaddress ns/b pool=ns/p\n",
     "-ipaddress ns/b", ""},
    {"an address that is kept for one claim comes free",
     "ippool ns/p start=10.0.0.10 end=10.0.0.10 generation=1 reserved=10.0.0.10 for=ns-n-0\n" BOTH
     "ipaddress ns/p-10-0-0-10 address=10.0.0.10 pool=ns/p\n",
     "-ipaddress ns/p-10-0-0-10", "ns/n!"},
};

/* ns/n has been given an address that ns/m wears. */
#define GIVEN                                                                                      \
    "elfmachine ns/n device=IPV4,vlan=v\nipclaim ns/ns-n-0 pool=ns/p owner=ns/n/0 address=a\n"     \
    "ipaddress ns/a address=10.0.0.10 pool=ns/p claim=ns/ns-n-0\n"
#define WEARER "elfmachine ns/m cape device=NONE,ip=10.0.0.10,vlan=v"

static const struct trigger_case worn_cases[] = {
    {"it is taken off that machine", GIVEN WEARER "\n", "elfmachine ns/m cape device=NONE,vlan=v",
     "ns/m ns/n!"},
    {"it moves to another network", GIVEN WEARER "\n",
     "elfmachine ns/m cape device=NONE,ip=10.0.0.10,vlan=w", "ns/m ns/n!"},
    {"that machine changes otherwise", GIVEN WEARER "\n", WEARER " failed", "ns/m"},
    {"that machine is being deleted", GIVEN WEARER "\n", WEARER " deleting", "ns/m"},
    {"its VM is gone", GIVEN WEARER " deleting\n",
     "elfmachine ns/m ours deleting device=NONE,ip=10.0.0.10,vlan=v", "ns/m ns/n!"},
    {"that machine is gone", GIVEN WEARER "\n", "-elfmachine ns/m", "ns/m ns/n!"},
    {"the IPAddress that held it before is gone", GIVEN "ipaddress ns/b address=10.0.0.10\n",
     "-ipaddress ns/b", "ns/n!"},
    {"an address that nobody was given", WEARER "\n", "-elfmachine ns/m", "ns/m"},
};

static int cmp_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct woken {
    char *texts[32];
    size_t count;
};

/* As a queue does: each key once, urgent if any wish was. */
static void on_wake(void *ctx, struct kube_key key, enum kube_urgency urgency)
{
    struct woken *woken = ctx;
    struct strbuf text = {0};
    strbuf_printf(&text, STR_FMT "/" STR_FMT, STR_ARG(key.ns), STR_ARG(key.name));
    size_t len = text.len;
    if (urgency == KUBE_URGENT)
        strbuf_append_char(&text, '!');
    for (size_t i = 0; i < woken->count; i++) {
        if (strncmp(woken->texts[i], text.data, len) != 0 ||
            (woken->texts[i][len] != '\0' && woken->texts[i][len] != '!'))
            continue;
        char *longer = strlen(woken->texts[i]) > text.len ? woken->texts[i] : strbuf_take(&text);
        if (longer != woken->texts[i])
            free(woken->texts[i]);
        woken->texts[i] = longer;
        strbuf_fini(&text);
        return;
    }
    assert_true(woken->count < ARRAY_LEN(woken->texts));
    woken->texts[woken->count++] = strbuf_take(&text);
}

static void take_woken(struct woken *woken, struct strbuf *out)
{
    qsort(woken->texts, woken->count, sizeof(*woken->texts), cmp_texts);
    for (size_t i = 0; i < woken->count; i++) {
        strbuf_printf(out, "%s%s", i > 0 ? " " : "", woken->texts[i]);
        free(woken->texts[i]);
    }
    woken->count = 0;
}

static size_t count_wrong(const struct trigger_case *row)
{
    struct world_text *text = world_text_new(row->world, NOW_MS);
    struct woken woken = {.count = 0};
    cleanup_strbuf struct strbuf got = {0};
    struct triggers *triggers = triggers_new(text->world, on_wake, &woken);
    text->wall_ms += 1000;
    if (row->change[0] == '-')
        world_text_remove(text, row->change + 1);
    else
        world_text_add(text, row->change);
    take_woken(&woken, &got);
    strbuf_append_cstr(&got, "");
    bool is_wrong = strcmp(got.data, row->want) != 0;
    if (is_wrong)
        print_error("%s: got \"%s\", want \"%s\"\n", row->name, got.data, row->want);
    world_text_free(text);
    triggers_free(triggers);
    return is_wrong;
}

static void check_all(const struct trigger_case *rows, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += count_wrong(&rows[i]);
    assert_int_equal(wrong, 0);
}

static void test_changes(void **state)
{
    (void)state;
    check_all(cases, ARRAY_LEN(cases));
}

static void test_refused_claims(void **state)
{
    (void)state;
    check_all(refused_cases, ARRAY_LEN(refused_cases));
}

static void test_worn_addresses(void **state)
{
    (void)state;
    check_all(worn_cases, ARRAY_LEN(worn_cases));
}

/* Before all lists are there nothing is decided, and afterwards everything is looked at. */
static void test_walks_wait_for_the_lists(void **state)
{
    struct world_text *text = world_text_new_unfilled(M "machine ns/o cluster=c\n", NOW_MS);
    struct woken woken = {.count = 0};
    struct triggers *triggers = triggers_new(text->world, on_wake, &woken);
    (void)state;
    world_text_add(text, "cluster ns/c\ntemplate ns/t\n" POOL);
    assert_int_equal(woken.count, 0);
    triggers_wake_all(triggers);
    cleanup_strbuf struct strbuf got = {0};
    take_woken(&woken, &got);
    assert_string_equal(got.data, "ns/m");
    world_text_free(text);
    triggers_free(triggers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refused_claims),
        cmocka_unit_test(test_worn_addresses),
        cmocka_unit_test(test_walks_wait_for_the_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
