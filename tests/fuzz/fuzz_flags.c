/* Any words as a command line: options, or an error in one line. */
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "manager/options.h"

enum { MAX_WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_alloc(size + 1);
    const char *words[MAX_WORDS + 2] = {"cape-ip-manager"};
    struct options options;
    struct error err = {0};
    size_t count = 1;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *next = text, *word; (word = strsep(&next, "\n")) && count <= MAX_WORDS;)
        words[count++] = word;
    if (!options_parse(words, &options, &err))
        must(err.code != ERROR_NONE && err.text[0] != '\0');
    free(text);
    return 0;
}
