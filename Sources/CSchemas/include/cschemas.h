/* The built-in schemas: the files of schemas/, embedded. */
#ifndef CSCHEMAS_H
#define CSCHEMAS_H

#include <stddef.h>

/* The number of files. */
size_t cschemas_count(void);

/* The path of a file below schemas/, such as "arm64/vm.yaml"; index < cschemas_count(). */
const char *cschemas_path(size_t index);

/* The file's text, `cschemas_size(index)` bytes without a terminator. */
const unsigned char *cschemas_text(size_t index);
size_t cschemas_size(size_t index);

#endif
