#define _GNU_SOURCE
#include "host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tf_status.h"

int tfh_file_open(tfh_file *file, const char *path, const char **why) {
    *file = (tfh_file){0};
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        *why = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return TF_ERR_IO;
    }
    void *map = about.st_size > 0 ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (map == MAP_FAILED) {
        *why = strerror(errno);
        return TF_ERR_IO;
    }
    *file = (tfh_file){map, (size_t)about.st_size};
    return TF_OK;
}

void tfh_file_close(tfh_file *file) {
    if (file->bytes != NULL) {
        munmap((void *)file->bytes, file->size);
    }
    *file = (tfh_file){0};
}
