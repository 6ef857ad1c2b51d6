#define _GNU_SOURCE
#include "serial_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int random_seed(uint32_t *seed) { return getentropy(seed, sizeof *seed); }

static int make_raw(int fd) {
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0) {
        return -1;
    }
    cfmakeraw(&mode);
    return tcsetattr(fd, TCSANOW, &mode);
}

static int replace_link(const char *target, const char *link) {
    struct stat about;
    if (lstat(link, &about) == 0) {
        if (!S_ISLNK(about.st_mode)) {
            errno = EEXIST;
            return -1;
        }
        if (unlink(link) != 0) {
            return -1;
        }
    }
    return symlink(target, link);
}

static int open_terminal(serial_line *line) {
    line->fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (line->fd < 0 || grantpt(line->fd) != 0 || unlockpt(line->fd) != 0) {
        return -1;
    }
    const char *name = ptsname(line->fd);
    line->peer = name != NULL ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (line->peer < 0 || make_raw(line->peer) != 0 || fcntl(line->fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(line->fd, F_SETFD, FD_CLOEXEC) != 0) {
        return -1;
    }
    return replace_link(name, line->link);
}

int serial_line_open(serial_line *line, const char *link) {
    uint32_t seed;
    memset(line, 0, sizeof *line);
    line->fd = line->peer = -1;
    line->link = link;
    if (random_seed(&seed) == 0 && open_terminal(line) == 0) {
        tf_arq_init(&line->arq, TF_ARQ_DEVICE, seed, TF_ARQ_PAYLOAD_UNITS, TF_ARQ_UNITS);
        return 0;
    }
    int failure = errno;
    line->link = NULL;
    serial_line_close(line);
    errno = failure;
    return -1;
}

void serial_line_close(serial_line *line) {
    if (line->link != NULL) {
        unlink(line->link);
    }
    if (line->peer >= 0) {
        close(line->peer);
    }
    if (line->fd >= 0) {
        close(line->fd);
    }
    line->fd = line->peer = -1;
}

static int read_line(serial_line *line, uint32_t now_ms) {
    uint8_t byte;
    size_t n;
    while (tf_arq_message(&line->arq, &n) == NULL) {
        ssize_t got = read(line->fd, &byte, 1);
        if (got <= 0) {
            return got == 0 || errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        tf_arq_feed(&line->arq, byte, now_ms);
    }
    return 0;
}

static int write_line(serial_line *line, uint32_t now_ms) {
    for (;;) {
        if (line->frame_sent == line->frame_bytes) {
            line->frame_sent = 0;
            line->frame_bytes = tf_arq_poll(&line->arq, line->frame, now_ms);
            if (line->frame_bytes == 0) {
                return 0;
            }
        }
        ssize_t wrote = write(line->fd, line->frame + line->frame_sent, line->frame_bytes - line->frame_sent);
        if (wrote < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        }
        line->frame_sent += (size_t)wrote;
    }
}

int serial_line_work(serial_line *line, uint32_t now_ms) {
    return read_line(line, now_ms) != 0 || write_line(line, now_ms) != 0 ? -1 : 0;
}

static int writing(const serial_line *line) { return line->frame_sent < line->frame_bytes; }

short serial_line_events(const serial_line *line) { return writing(line) ? POLLIN | POLLOUT : POLLIN; }

int serial_line_wait(const serial_line *line, uint32_t now_ms) {
    uint32_t wait = writing(line) ? UINT32_MAX : tf_arq_wait(&line->arq, now_ms);
    return wait == UINT32_MAX ? -1 : (int)wait;
}
