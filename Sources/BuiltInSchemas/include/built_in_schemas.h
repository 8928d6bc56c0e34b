/* The built-in schemas: the files of schemas/, embedded. */
#ifndef BUILT_IN_SCHEMAS_H
#define BUILT_IN_SCHEMAS_H

#include <stddef.h>

/* The number of files. */
size_t built_in_schemas_count(void);

/* The path of a file below schemas/, such as "arm64/vm.yaml"; index < built_in_schemas_count(). */
const char *built_in_schemas_path(size_t index);

/* The file's text, `built_in_schemas_size(index)` bytes without a terminator. */
const unsigned char *built_in_schemas_text(size_t index);
size_t built_in_schemas_size(size_t index);

#endif
