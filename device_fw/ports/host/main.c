#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host_options.h"
#include "serial_line.h"

/* The emulated device as a process: passes messages between a tfh_device and its line, sleeps when there is nothing. */

static int stop_pipe[2]; /* a signal writes into it, so that poll() cannot miss one */

static void stop(int signal_number) {
    (void)signal_number;
    int kept = errno;
    (void)!write(stop_pipe[1], "", 1);
    errno = kept;
}

static int watch_signals(void) {
    struct sigaction action = {.sa_handler = stop};
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return -1;
    }
    return sigaction(SIGTERM, &action, NULL) | sigaction(SIGINT, &action, NULL);
}

static uint32_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint32_t)((uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u);
}

/* Sleeps for the descriptor, a signal or the time. 1: go on, 0: a signal asked to stop, -1: failed. */
static int sleep_for(int fd, short events, int wait_ms) {
    struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = stop_pipe[0], .events = POLLIN}};
    if (poll(fds, 2, wait_ms) < 0) {
        return errno == EINTR ? 1 : -1;
    }
    return fds[1].revents == 0;
}

static int run_serial(tfh_device *device, serial_line *line) {
    uint8_t message[TF_MESSAGE_BYTES];
    for (int going = 1; going == 1;) {
        if (serial_line_work(line, now_ms()) != 0) {
            return -1;
        }
        size_t n;
        const uint8_t *arrived = tf_arq_message(&line->arq, &n);
        if (arrived != NULL) {
            tfh_receive(device, arrived, (uint32_t)n);
            tf_arq_take(&line->arq);
        }
        int more = tfh_step(device);
        if (more < 0) {
            return -1;
        }
        if (line->arq.out.length == 0 && (n = tfh_pop_message(device, message)) != 0) {
            tf_arq_send(&line->arq, message, n);
        }
        going = sleep_for(line->fd, serial_line_events(line),
                          more != 0 || arrived != NULL ? 0 : serial_line_wait(line, now_ms()));
        if (going <= 0) {
            return going;
        }
    }
    return 0;
}

static int run_socket(tfh_device *device, int fd) {
    uint8_t in[TF_MESSAGE_BYTES], out[TF_MESSAGE_BYTES];
    uint32_t leaving = 0;
    for (int going = 1; going == 1;) {
        ssize_t n = recv(fd, in, sizeof in, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            return 0; /* the peer has closed */
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return -1;
        }
        if (n > 0) {
            tfh_receive(device, in, (uint32_t)n);
        }
        int more = tfh_step(device);
        if (more < 0) {
            return -1;
        }
        while (leaving != 0 || (leaving = tfh_pop_message(device, out)) != 0) {
            if (send(fd, out, leaving, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
                if (errno == EPIPE || errno == ECONNRESET) {
                    return 0;
                }
                if (errno != EAGAIN && errno != EINTR) {
                    return -1;
                }
                break;
            }
            leaving = 0;
        }
        going = sleep_for(fd, leaving != 0 ? POLLIN | POLLOUT : POLLIN, more != 0 || n > 0 ? 0 : -1);
        if (going <= 0) {
            return going;
        }
    }
    return 0;
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "device: %s: %s.\n", what, why);
    return 1;
}

int main(int argc, char **argv) {
    tfh_options options = tfh_options_parse(argc, argv);
    char why[512];
    tfh_device *device = tfh_create(&options.device, why, sizeof why);
    if (device == NULL) {
        return fail(options.device.name, why);
    }
    int result = 0;
    static serial_line line;
    if (watch_signals() != 0) {
        result = fail("signals", strerror(errno));
    } else if (options.serial == NULL) {
        result = run_socket(device, options.fd) < 0 ? fail("the socket", strerror(errno)) : 0;
    } else if (serial_line_open(&line, options.serial) != 0) {
        result = fail(options.serial, strerror(errno));
    } else {
        result = run_serial(device, &line) < 0 ? fail(options.serial, strerror(errno)) : 0;
        serial_line_close(&line);
    }
    tfh_destroy(device);
    return result;
}
