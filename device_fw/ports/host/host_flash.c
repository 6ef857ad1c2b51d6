#define _GNU_SOURCE
#include "host_flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tf_device.h"

static int store(const tfh_flash *flash, uint32_t at, uint32_t n) {
    for (uint32_t done = 0; flash->fd >= 0 && done < n;) {
        ssize_t wrote = pwrite(flash->fd, flash->memory.bytes + at + done, n - done, (off_t)at + done);
        if (wrote < 0 && errno != EINTR) {
            return TF_ERR_IO;
        }
        done += wrote > 0 ? (uint32_t)wrote : 0;
    }
    return TF_OK;
}

static int load(const tfh_flash *flash, uint32_t n) {
    for (uint32_t done = 0; done < n;) {
        ssize_t got = pread(flash->fd, flash->memory.bytes + done, n - done, (off_t)done);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return TF_ERR_IO;
        }
        done += got > 0 ? (uint32_t)got : 0;
    }
    return TF_OK;
}

static int blank(const tfh_flash *flash) {
    for (uint32_t i = 0; i < flash->memory.size; i++) {
        if (flash->memory.bytes[i] != 0xff) {
            return 0;
        }
    }
    return 1;
}

/* A file shorter than the flash and blank is one whose making was interrupted. */
static int open_file(tfh_flash *flash, const char *path, const char **why) {
    struct stat about;
    flash->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (flash->fd < 0 || fstat(flash->fd, &about) != 0) {
        *why = strerror(errno);
        return TF_ERR_IO;
    }
    if (flock(flash->fd, LOCK_EX | LOCK_NB) != 0) {
        *why = "belongs to a device that is running";
        return TF_ERR_IO;
    }
    uint32_t there = about.st_size < (off_t)flash->memory.size ? (uint32_t)about.st_size : flash->memory.size;
    int status = load(flash, there);
    if (status >= 0 && there < flash->memory.size && blank(flash)) {
        status = store(flash, 0, flash->memory.size);
    } else if (status >= 0 && about.st_size != (off_t)flash->memory.size) {
        status = TF_ERR_MALFORMED;
    }
    if (status < 0) {
        *why = status == TF_ERR_MALFORMED ? "is the flash of another network or store size" : strerror(errno);
    }
    return status;
}

int tfh_flash_open(tfh_flash *flash, const char *path, uint32_t size, const char **why) {
    *flash = (tfh_flash){.memory = {malloc(size), size}, .fd = -1};
    *why = "no memory";
    if (flash->memory.bytes == NULL) {
        return TF_ERR_SPACE;
    }
    memset(flash->memory.bytes, 0xff, size);
    int status = path != NULL ? open_file(flash, path, why) : TF_OK;
    if (status < 0) {
        tfh_flash_close(flash);
    }
    return status;
}

void tfh_flash_close(tfh_flash *flash) {
    if (flash->fd >= 0) {
        close(flash->fd);
    }
    free(flash->memory.bytes);
    *flash = (tfh_flash){.fd = -1};
}

int tfh_flash_read(const tfh_flash *flash, uint32_t at, void *to, uint32_t n) {
    return memory_flash_read(&flash->memory, at, to, n);
}

int tfh_flash_write(tfh_flash *flash, uint32_t at, const void *from, uint32_t n) {
    const int status = memory_flash_write(&flash->memory, at, from, n);
    return status < 0 ? status : store(flash, at, n);
}

int tfh_flash_erase(tfh_flash *flash, uint32_t sector) {
    const int status = memory_flash_erase(&flash->memory, sector);
    return status < 0 ? status : store(flash, sector * MEMORY_FLASH_SECTOR_BYTES, MEMORY_FLASH_SECTOR_BYTES);
}
