/* Command-line flags read by pflag's habits, from a table into the fields of a struct:
 *
 *   --flag=value  --flag value  --bool  --bool=false  -v2  -v=2  -v 2  --  (ends the flags)
 *
 * "_" in a name reads as "-", the last of several wins (but see FLAG_TEXTS), what is no flag is
 * left over. Nothing is allocated: values that are text point into the arguments. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

enum flag_type {
    FLAG_BOOL,     /* bool */
    FLAG_INT,      /* int64_t */
    FLAG_NUMBER,   /* double */
    FLAG_DURATION, /* int64_t, milliseconds; Go's notation */
    FLAG_TEXT,     /* const char *, never NULL afterwards */
    FLAG_TEXTS,    /* struct flag_texts: may be given several times, every value counts */
    FLAG_CHOICE,   /* int: index in `choices` */
};

enum { FLAG_TEXTS_MAX = 64 };
struct flag_texts {
    const char *items[FLAG_TEXTS_MAX];
    size_t count;
};

struct flag {
    const char *name; /* as documented, with "-" */
    char letter;      /* short form; 0: none */
    enum flag_type type;
    size_t offset;       /* of its field in the struct that is filled */
    const char *initial; /* the default, written as on the command line; NULL: the zero value */
    int64_t min, max;    /* of FLAG_INT and FLAG_DURATION (ms); both 0: no limits */
    const char *const *choices; /* NULL-terminated */
    const char *heading;        /* of the help; NULL: stands under that of the flag before */
    const char *value_name;     /* in the help: "FILE"; NULL: by type */
    const char *help;
    const char *no_effect; /* why it is read and checked but does nothing (no field); or NULL */
};

enum { FLAGS_MAX = 64 };
struct flag_set {
    const struct flag *flags;
    size_t count; /* at most FLAGS_MAX */
};

struct flags_seen {
    uint64_t given;        /* bit i: flag i of the set was there */
    const char *left_over; /* the first argument that was no flag; NULL: none */
    bool wants_help;       /* --help or -h; nothing behind it was read */
};

/* Fills `target` with the defaults and then with what `args` (without the program's name,
 * NULL-terminated) say. ERROR_INVALID: one line that names the flag, the value and what is
 * expected, or the nearest known flag. */
must_check bool flags_parse(const struct flag_set *set, const char *const *args, void *target,
                            struct flags_seen *seen, struct error *err);

/* All flags under their headings, in columns, with defaults; at most 100 characters wide. */
void flags_append_help(const struct flag_set *set, struct strbuf *out);
