#include "kube/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_free_bytes(char *data, size_t size_bytes)
{
    if (data != NULL)
        explicit_bzero(data, size_bytes);
    free(data);
}

void secret_free(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}
