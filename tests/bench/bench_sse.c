/*
 * How fast event streams are framed, against only looking for their line ends with memchr().
 */
#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/http/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16 * 1024, TOTAL = 64 * 1024 * 1024, ROUNDS = 5 };

struct sample {
    const char *name;
    const char *event; /* repeated to fill the stream */
};

/* Shapes of what model providers send for each token; the texts are made up. */
static const struct sample SAMPLES[] = {
    {"anthropic",
     "event: content_block_delta\n"
     "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
     "\"text\":\" quick brown fox\"}}\n\n"},
    {"openai-chat",
     "data: {\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,"
     "\"model\":\"some-model\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" fox\"},"
     "\"logprobs\":null,\"finish_reason\":null}]}\n\n"},
    {"crlf, short", "data: {\"text\":\"a\"}\r\n\r\n"},
};

static int count(void *arg, const char *event, const char *data, size_t len)
{
    size_t *bytes = arg;

    (void)event;
    (void)data;
    *bytes += len;
    return 0;
}

static char *make_stream(const char *event, size_t *out_len)
{
    size_t one = strlen(event);
    size_t n = TOTAL / one;
    char *stream = xmalloc(n * one);

    for (size_t i = 0; i < n; i++)
        memcpy(stream + i * one, event, one);
    *out_len = n * one;
    return stream;
}

static size_t frame(const char *stream, size_t len)
{
    size_t bytes = 0;
    struct sse_reader *reader = sse_reader_new(1024 * 1024, count, &bytes);

    for (size_t at = 0; at < len; at += PIECE)
        if (sse_feed(reader, stream + at, len - at < PIECE ? len - at : PIECE, NULL))
            abort();
    if (sse_finish(reader, NULL))
        abort();
    sse_reader_free(reader);
    return bytes;
}

static size_t scan(const char *stream, size_t len)
{
    const char *end = stream + len;
    size_t lines = 0;

    for (const char *p = stream; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines;
}

/* The best of some rounds, in MB/s. */
static double measure(size_t (*work)(const char *stream, size_t len), const char *stream,
                      size_t len)
{
    double best = 0;

    for (int i = 0; i < ROUNDS; i++) {
        int64_t start_ms = clock_mono_ms(clock_real());
        size_t result = work(stream, len);
        int64_t took_ms = clock_mono_ms(clock_real()) - start_ms;
        double speed = (double)len / 1000.0 / (double)(took_ms > 0 ? took_ms : 1);

        if (result == 0)
            abort();
        best = speed > best ? speed : best;
    }
    return best;
}

int main(void)
{
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++) {
        size_t len;
        char *stream = make_stream(SAMPLES[i].event, &len);
        double framing = measure(frame, stream, len);
        double scanning = measure(scan, stream, len);

        printf("sse %-12s %7.0f MB/s framing, %7.0f MB/s line scan, ratio %.2f\n", SAMPLES[i].name,
               framing, scanning, framing / scanning);
        free(stream);
    }
    return 0;
}
