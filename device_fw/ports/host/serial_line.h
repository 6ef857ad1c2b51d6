#ifndef TFH_SERIAL_LINE_H
#define TFH_SERIAL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "tf_arq.h"

/*
 * The device's end of a serial port that does not exist: a pseudo-terminal, to whose other side a symbolic link leads,
 * with the frames and repetitions of a real one. Never blocks.
 */
typedef struct {
    int fd;   /* ours */
    int peer; /* the gateway's side, held open so that a gateway may come and go */
    const char *link;
    tf_arq arq;
    uint8_t frame[TF_FRAME_BYTES]; /* on its way out */
    size_t frame_bytes, frame_sent;
} serial_line;

/* Makes the link, replacing an older symbolic link; it stays the caller's string. 0, or -1 with errno. */
int serial_line_open(serial_line *line, const char *link);
/* Removes the link. */
void serial_line_close(serial_line *line);

/* Reads, acknowledges and writes what can be without waiting; a message that is complete stays in line->arq. */
int serial_line_work(serial_line *line, uint32_t now_ms);
/* What poll() shall wait for, and for how many milliseconds at most (-1: for ever). */
short serial_line_events(const serial_line *line);
int serial_line_wait(const serial_line *line, uint32_t now_ms);

#endif
