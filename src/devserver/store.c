#include "devserver/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/strbuf.h"

/* Says in the file whose it is ("CAIP") and how its tables are laid out. */
#define APPLICATION_ID "1128352080"
#define LAYOUT_VERSION "1"

/* The counter begins at 1: as a resourceVersion, 0 has a meaning of its own. */
#define CREATE_TABLES                                                                              \
    "BEGIN IMMEDIATE;"                                                                             \
    "CREATE TABLE objects (resource TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,"          \
    " version INTEGER NOT NULL, json TEXT NOT NULL, UNIQUE (resource, ns, name));"                 \
    "CREATE TABLE counter (version INTEGER NOT NULL);"                                             \
    "INSERT INTO counter VALUES (1);"                                                              \
    "PRAGMA application_id=" APPLICATION_ID ";"                                                    \
    "PRAGMA user_version=" LAYOUT_VERSION ";"                                                      \
    "COMMIT"

/* One server per file, and no shared memory beside it. */
#define LOCK "PRAGMA locking_mode=EXCLUSIVE"
#define CONFIGURE_FILE                                                                             \
    "PRAGMA journal_mode=WAL;"                                                                     \
    "PRAGMA synchronous=NORMAL;"                                                                   \
    "PRAGMA wal_autocheckpoint=4000;"                                                              \
    "PRAGMA secure_delete=OFF;"                                                                    \
    "PRAGMA cache_size=-65536"
#define CONFIGURE_MEMORY "PRAGMA journal_mode=MEMORY; PRAGMA secure_delete=OFF"

#define MEMORY_MAX_BYTES 0x7fff0000 /* SQLite allocates no block of 2 GiB */

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT,
    UPDATE,
    DELETE,
    ADVANCE,
    GET,
    EACH,
    EACH_IN_NS,
    COUNT,
    COUNT_IN_NS,
    STATEMENT_COUNT
};

/* Parameters: 1 resource, 2 ns, 3 name, 4 json, 5 version. */
static const char each_text[] = "SELECT json, version, ns, name FROM objects"
                                " WHERE resource=?1 AND (ns, name) > (?2, ?3) ORDER BY ns, name";
static const char each_in_ns_text[] = "SELECT json, version, ns, name FROM objects"
                                      " WHERE resource=?1 AND ns=?2 AND name>?3 ORDER BY name";
static const char *const statement_texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT] = "INSERT INTO objects (resource, ns, name, json, version) VALUES (?1,?2,?3,?4,?5)",
    [UPDATE] = "UPDATE objects SET json=?4, version=?5 WHERE resource=?1 AND ns=?2 AND name=?3",
    [DELETE] = "DELETE FROM objects WHERE resource=?1 AND ns=?2 AND name=?3",
    [ADVANCE] = "UPDATE counter SET version=?5",
    [GET] = "SELECT json, version FROM objects WHERE resource=?1 AND ns=?2 AND name=?3",
    [EACH] = each_text,
    [EACH_IN_NS] = each_in_ns_text,
    [COUNT] = "SELECT count(*) FROM objects WHERE resource=?1",
    [COUNT_IN_NS] = "SELECT count(*) FROM objects WHERE resource=?1 AND ns=?2",
};

struct dev_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    uint64_t version;
    dev_store_listener *listener;
    void *listener_ctx;
    bool is_telling;        /* the listener is at work: no writes */
    bool is_visiting;       /* a visitor is at work: no writes, no other visits */
    struct strbuf got;      /* the last record's JSON */
    struct strbuf old_json; /* of the object that is being changed */
    char *problem;          /* the first read that failed; NULL: none */
};

static bool sql_error(struct dev_store *store, struct error *err)
{
    enum error_code code =
        sqlite3_errcode(store->db) == SQLITE_NOTADB ? ERROR_INVALID : ERROR_UNAVAILABLE;
    return error_set(err, code, "SQLite: %s", sqlite3_errmsg(store->db));
}

static void note_problem(struct dev_store *store)
{
    if (store->problem == NULL)
        store->problem = mem_dup_cstr(sqlite3_errmsg(store->db));
}

/* ---- opening ---------------------------------------------------------------------------------*/

static bool execute(struct dev_store *store, const char *sql, struct error *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_error(store, err);
}

/* The first column of a query's only row. */
static bool query_integer(struct dev_store *store, const char *sql, int64_t *out, struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool is_fine = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
                   sqlite3_step(stmt) == SQLITE_ROW;
    if (is_fine)
        *out = sqlite3_column_int64(stmt, 0);
    else
        sql_error(store, err);
    sqlite3_finalize(stmt);
    return is_fine;
}

/* Another program's file is left as it was. */
static bool check_owner(struct dev_store *store, bool *is_new, struct error *err)
{
    int64_t owner = 0, layout = 0, tables = 0;
    if (!query_integer(store, "PRAGMA application_id", &owner, err) ||
        !query_integer(store, "PRAGMA user_version", &layout, err) ||
        !query_integer(store, "SELECT count(*) FROM sqlite_master", &tables, err))
        return false;
    *is_new = owner == 0 && tables == 0;
    if (!*is_new && owner != atoll(APPLICATION_ID))
        return error_set(err, ERROR_INVALID, "an SQLite file of another program");
    if (!*is_new && layout != atoll(LAYOUT_VERSION))
        return error_set(err, ERROR_INVALID, "written by another version of this program");
    return true;
}

static bool prepare_statements(struct dev_store *store, struct error *err)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(store->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return sql_error(store, err);
    }
    return true;
}

/* SQLite would create the file for all to read; there are Secrets in it. Its other files take the
 * mode over. */
static bool create_private(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, "open");
    close(fd);
    return true;
}

static bool open_database(struct dev_store *store, const char *path, struct error *err)
{
    if (path != NULL && !create_private(path, err))
        return false;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    /* Not ":memory:", which goes through all of its pages at each commit. */
    if (sqlite3_open_v2(path ? path : "memory", &store->db, flags, path ? NULL : "memdb") !=
        SQLITE_OK)
        return sql_error(store, err);
    sqlite3_extended_result_codes(store->db, 1);
    if (path == NULL) { /* without this: 1 GiB */
        sqlite3_int64 max_bytes = MEMORY_MAX_BYTES;
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_SIZE_LIMIT, &max_bytes);
    }
    bool is_new = false;
    int64_t version = 0;
    if (!execute(store, LOCK, err) || !check_owner(store, &is_new, err) ||
        !execute(store, path ? CONFIGURE_FILE : CONFIGURE_MEMORY, err) ||
        (is_new && !execute(store, CREATE_TABLES, err)) || !prepare_statements(store, err) ||
        !query_integer(store, "SELECT version FROM counter", &version, err))
        return false;
    store->version = (uint64_t)version;
    return true;
}

bool dev_store_open(const char *path, struct dev_store **out, struct error *err)
{
    struct dev_store *store = mem_alloc_zero(sizeof(*store));
    if (!open_database(store, path, err)) {
        dev_store_close(store);
        return error_wrap(err, "data file %s", path ? path : "in memory");
    }
    *out = store;
    return true;
}

void dev_store_close(struct dev_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    must(sqlite3_close(store->db) == SQLITE_OK);
    strbuf_fini(&store->got);
    strbuf_fini(&store->old_json);
    free(store->problem);
    free(store);
}

void dev_store_listen(struct dev_store *store, dev_store_listener *listener, void *ctx)
{
    must(store->listener == NULL);
    store->listener = listener;
    store->listener_ctx = ctx;
}

uint64_t dev_store_version(const struct dev_store *store)
{
    return store->version;
}

uint64_t dev_store_next_version(const struct dev_store *store)
{
    return store->version + 1;
}

const char *dev_store_problem(const struct dev_store *store)
{
    return store->problem;
}

/* ---- statements ------------------------------------------------------------------------------*/

/* The text is borrowed until the statement is reset. */
static void bind_str(sqlite3_stmt *stmt, int parameter, struct str text)
{
    const char *ptr = text.len > 0 ? text.ptr : ""; /* a NULL pointer would be SQL's NULL */
    must(sqlite3_bind_text64(stmt, parameter, ptr, text.len, SQLITE_STATIC, SQLITE_UTF8) ==
         SQLITE_OK);
}

static void bind_key(sqlite3_stmt *stmt, const struct dev_key *key)
{
    bind_str(stmt, 1, key->resource);
    bind_str(stmt, 2, key->ns);
    bind_str(stmt, 3, key->name);
}

static struct str column_str(sqlite3_stmt *stmt, int column)
{
    const char *text = sqlite3_column_blob(stmt, column); /* as it is: nothing to convert */
    return (struct str){text, (size_t)sqlite3_column_bytes(stmt, column)};
}

/* Runs what yields no rows. */
static int run(struct dev_store *store, enum statement which)
{
    int result = sqlite3_step(store->statements[which]);
    sqlite3_reset(store->statements[which]);
    return result;
}

/* ---- reading ---------------------------------------------------------------------------------*/

/* The object's JSON goes to `json`. */
static bool read_object(struct dev_store *store, const struct dev_key *key, struct strbuf *json,
                        uint64_t *version)
{
    sqlite3_stmt *stmt = store->statements[GET];
    bind_key(stmt, key);
    int result = sqlite3_step(stmt);
    if (result == SQLITE_ROW) {
        strbuf_clear(json);
        strbuf_append(json, column_str(stmt, 0));
        *version = (uint64_t)sqlite3_column_int64(stmt, 1);
    } else if (result != SQLITE_DONE) {
        note_problem(store);
    }
    sqlite3_reset(stmt);
    return result == SQLITE_ROW;
}

bool dev_store_get(struct dev_store *store, const struct dev_key *key, struct dev_record *out)
{
    uint64_t version = 0;
    if (!read_object(store, key, &store->got, &version))
        return false;
    *out = (struct dev_record){.key = *key, .json = strbuf_str(&store->got), .version = version};
    return true;
}

static void visit(struct dev_store *store, sqlite3_stmt *stmt, struct str resource,
                  dev_store_visit_fn *fn, void *ctx)
{
    int result = SQLITE_DONE;
    bool goes_on = true;
    while (goes_on && (result = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct dev_record record = {
            .key = {resource, column_str(stmt, 2), column_str(stmt, 3)},
            .json = column_str(stmt, 0),
            .version = (uint64_t)sqlite3_column_int64(stmt, 1),
        };
        goes_on = fn(ctx, &record);
    }
    if (goes_on && result != SQLITE_DONE)
        note_problem(store);
}

void dev_store_each(struct dev_store *store, struct str resource, struct str ns,
                    struct str after_ns, struct str after_name, dev_store_visit_fn *fn, void *ctx)
{
    must(!store->is_visiting);
    bool is_one_ns = !str_is_empty(ns);
    int order = is_one_ns ? str_cmp(ns, after_ns) : 0;
    if (order < 0)
        return;
    sqlite3_stmt *stmt = store->statements[is_one_ns ? EACH_IN_NS : EACH];
    bind_str(stmt, 1, resource);
    bind_str(stmt, 2, is_one_ns ? ns : after_ns);
    bind_str(stmt, 3, order == 0 ? after_name : STR(""));
    store->is_visiting = true;
    visit(store, stmt, resource, fn, ctx);
    store->is_visiting = false;
    sqlite3_reset(stmt);
}

uint64_t dev_store_count(struct dev_store *store, struct str resource, struct str ns)
{
    bool is_one_ns = !str_is_empty(ns);
    sqlite3_stmt *stmt = store->statements[is_one_ns ? COUNT_IN_NS : COUNT];
    bind_str(stmt, 1, resource);
    if (is_one_ns)
        bind_str(stmt, 2, ns);
    uint64_t count = 0;
    if (sqlite3_step(stmt) == SQLITE_ROW)
        count = (uint64_t)sqlite3_column_int64(stmt, 0);
    else
        note_problem(store);
    sqlite3_reset(stmt);
    return count;
}

/* ---- changing --------------------------------------------------------------------------------*/

static bool write_object(struct dev_store *store, const struct dev_change *change,
                         struct error *err)
{
    static const enum statement writers[] = {
        [DEV_ADDED] = INSERT, [DEV_MODIFIED] = UPDATE, [DEV_DELETED] = DELETE};
    enum statement writer = writers[change->type];
    sqlite3_stmt *stmt = store->statements[writer];
    bind_key(stmt, &change->key);
    if (writer != DELETE) {
        bind_str(stmt, 4, change->json);
        sqlite3_bind_int64(stmt, 5, (sqlite3_int64)change->version);
    }
    int result = run(store, writer);
    if ((result & 0xff) == SQLITE_CONSTRAINT)
        return error_set(err, ERROR_CONFLICT, STR_FMT " \"" STR_FMT "\" is there already",
                         STR_ARG(change->key.resource), STR_ARG(change->key.name));
    return result == SQLITE_DONE || sql_error(store, err);
}

static bool advance(struct dev_store *store, uint64_t version, struct error *err)
{
    sqlite3_bind_int64(store->statements[ADVANCE], 5, (sqlite3_int64)version);
    return run(store, ADVANCE) == SQLITE_DONE || sql_error(store, err);
}

static bool run_transaction(struct dev_store *store, const struct dev_change *change,
                            struct error *err)
{
    if (run(store, BEGIN) != SQLITE_DONE)
        return sql_error(store, err);
    if (write_object(store, change, err) && advance(store, change->version, err)) {
        if (run(store, COMMIT) == SQLITE_DONE)
            return true;
        sql_error(store, err);
    }
    if (!sqlite3_get_autocommit(store->db)) /* it has not rolled back by itself */
        run(store, ROLLBACK);
    return false;
}

static void tell(struct dev_store *store, const struct dev_change *change)
{
    if (store->listener == NULL)
        return;
    store->is_telling = true;
    store->listener(store->listener_ctx, change);
    store->is_telling = false;
}

static bool commit(struct dev_store *store, struct dev_change *change, struct error *err)
{
    must(!store->is_telling && !store->is_visiting);
    if (store->problem != NULL)
        return error_set(err, ERROR_UNAVAILABLE, "data cannot be read: %s", store->problem);
    change->version = store->version + 1;
    if (change->type != DEV_ADDED) {
        uint64_t old_version = 0;
        if (!read_object(store, &change->key, &store->old_json, &old_version))
            return error_set(err, ERROR_NOT_FOUND, STR_FMT " \"" STR_FMT "\" is not there",
                             STR_ARG(change->key.resource), STR_ARG(change->key.name));
        change->old_json = strbuf_str(&store->old_json);
    }
    if (!run_transaction(store, change, err))
        return false;
    store->version = change->version;
    tell(store, change);
    return true;
}

bool dev_store_create(struct dev_store *store, const struct dev_key *key, struct str json,
                      struct error *err)
{
    struct dev_change change = {.type = DEV_ADDED, .key = *key, .json = json};
    return commit(store, &change, err);
}

bool dev_store_update(struct dev_store *store, const struct dev_key *key, struct str json,
                      struct error *err)
{
    struct dev_change change = {.type = DEV_MODIFIED, .key = *key, .json = json};
    return commit(store, &change, err);
}

bool dev_store_remove(struct dev_store *store, const struct dev_key *key, struct str last_json,
                      struct error *err)
{
    struct dev_change change = {.type = DEV_DELETED, .key = *key, .json = last_json};
    return commit(store, &change, err);
}
