#define _GNU_SOURCE
#include "host_recordings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tf_status.h"

enum { HEADER_BYTES = 12 + 4 * TFH_SETS, RECORD_HEADER_BYTES = 4, VERSION = 1 };

static uint32_t get(const uint8_t *p, unsigned bytes) {
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint32_t)p[i] << (8u * i);
    }
    return v;
}

static const char *read_header(tfh_recordings *r) {
    if (r->size < HEADER_BYTES || memcmp(r->bytes, "TFRC", 4) != 0) {
        return "is no recordings file";
    }
    if (get(r->bytes + 4, 2) != VERSION || get(r->bytes + 6, 2) != TFH_SETS) {
        return "is of another version of the recordings format";
    }
    r->input_bytes = get(r->bytes + 8, 4);
    uint64_t records = 0;
    for (unsigned set = 0; set < TFH_SETS; set++) {
        r->first[set] = (uint32_t)records;
        records += get(r->bytes + 12 + 4 * set, 4);
    }
    r->first[TFH_SETS] = (uint32_t)records;
    if (records > UINT32_MAX || r->size != HEADER_BYTES + records * ((uint64_t)RECORD_HEADER_BYTES + r->input_bytes)) {
        return "is not as long as its header says";
    }
    return NULL;
}

int tfh_recordings_open(tfh_recordings *recordings, const char *path, const char **why) {
    memset(recordings, 0, sizeof *recordings);
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        *why = strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return TF_ERR_IO;
    }
    recordings->size = (size_t)about.st_size;
    void *map = about.st_size > 0 ? mmap(NULL, recordings->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (map == MAP_FAILED) {
        *why = strerror(errno);
        return TF_ERR_IO;
    }
    recordings->bytes = map;
    *why = map == NULL ? "is empty" : read_header(recordings);
    if (*why == NULL) {
        return TF_OK;
    }
    tfh_recordings_close(recordings);
    return TF_ERR_MALFORMED;
}

void tfh_recordings_close(tfh_recordings *recordings) {
    if (recordings->bytes != NULL) {
        munmap((void *)recordings->bytes, recordings->size);
    }
    recordings->bytes = NULL;
}

tfh_window tfh_recordings_at(const tfh_recordings *recordings, uint32_t record) {
    const uint8_t *p =
        recordings->bytes + HEADER_BYTES + (size_t)record * (RECORD_HEADER_BYTES + (size_t)recordings->input_bytes);
    return (tfh_window){(uint16_t)get(p, 2), (uint16_t)get(p + 2, 2), (const int8_t *)(p + RECORD_HEADER_BYTES)};
}
