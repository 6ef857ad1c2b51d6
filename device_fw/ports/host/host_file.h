#ifndef TFH_FILE_H
#define TFH_FILE_H

#include <stddef.h>
#include <stdint.h>

/* A file mapped for reading. */
typedef struct {
    const uint8_t *bytes; /* null if the file is empty */
    size_t size;
} tfh_file;

/* 0, or TF_ERR_IO and *why is what the system says. */
int tfh_file_open(tfh_file *file, const char *path, const char **why);
void tfh_file_close(tfh_file *file);

#endif
