#include "devserver/names.h"

enum { SUBDOMAIN_MAX = 253, LABEL_MAX = 63, VALUE_MAX = 63 };

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_label(struct str s)
{
    if (s.len == 0 || !is_lower_or_digit(s.ptr[0]) || !is_lower_or_digit(s.ptr[s.len - 1]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_lower_or_digit(s.ptr[i]) && s.ptr[i] != '-')
            return false;
    }
    return true;
}

static bool is_subdomain(struct str s)
{
    struct str rest = s;
    struct str label = {0};
    if (s.len == 0 || s.ptr[s.len - 1] == '.')
        return false;
    while (str_split(&rest, '.', &label)) {
        if (!is_label(label))
            return false;
    }
    return true;
}

const char *dev_names_check_subdomain(struct str name)
{
    if (name.len > SUBDOMAIN_MAX)
        return "must be no more than 253 characters";
    if (is_subdomain(name))
        return NULL;
    return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
           "'-' or '.', and must start and end with an alphanumeric character (e.g. "
           "'example.com', regex used for validation is "
           "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

const char *dev_names_check_label(struct str name)
{
    size_t dot = 0;
    if (str_find(name, '.', &dot))
        return "must not contain dots";
    if (name.len > LABEL_MAX)
        return "must be no more than 63 bytes";
    if (is_label(name))
        return NULL;
    return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
           "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
           "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

const char *dev_names_check_prefix(struct str prefix, const char *(*check)(struct str name))
{
    char masked[SUBDOMAIN_MAX + 1];
    if (prefix.len == 0 || prefix.len > sizeof(masked) || prefix.ptr[prefix.len - 1] != '-')
        return check(prefix);
    memcpy(masked, prefix.ptr, prefix.len);
    masked[prefix.len - 1] = 'a'; /* a dash may be where more characters follow */
    return check((struct str){masked, prefix.len});
}

/* Letters, digits, "-_.", beginning and ending with a letter or digit. */
static bool is_plain_name(struct str s)
{
    if (s.len == 0 || !is_letter_or_digit(s.ptr[0]) || !is_letter_or_digit(s.ptr[s.len - 1]))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

const char *dev_names_check_qualified(struct str key)
{
    size_t slash = 0;
    struct str name = key;
    if (str_find(key, '/', &slash)) {
        struct str prefix = {key.ptr, slash};
        name = str_skip(key, slash + 1);
        if (str_find(name, '/', &slash))
            return "a valid label key must consist of alphanumeric characters, '-', '_' or '.', "
                   "and "
                   "must start and end with an alphanumeric character (e.g. 'MyName',  or "
                   "'my.name',  or '123-abc', regex used for validation is "
                   "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
                   "prefix and '/' (e.g. 'example.com/MyName')";
        if (prefix.len == 0)
            return "prefix part must be non-empty";
        if (prefix.len > SUBDOMAIN_MAX)
            return "prefix part must be no more than 253 bytes";
        if (!is_subdomain(prefix))
            return "prefix part a lowercase RFC 1123 subdomain must consist of lower case "
                   "alphanumeric characters, '-' or '.', and must start and end with an "
                   "alphanumeric character (e.g. 'example.com', regex used for validation is "
                   "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    }
    if (name.len == 0)
        return "name part must be non-empty";
    if (name.len > LABEL_MAX)
        return "name part must be no more than 63 bytes";
    if (is_plain_name(name))
        return NULL;
    return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
           "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
           "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
}

const char *dev_names_check_label_value(struct str value)
{
    if (value.len > VALUE_MAX)
        return "must be no more than 63 bytes";
    if (value.len == 0 || is_plain_name(value))
        return NULL;
    return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
           "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
           "'my_value',  or '12345', regex used for validation is "
           "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}
