/*
 * rand: random bytes of the kernel, and ids made of them. Threads: any. Source: getrandom(2).
 */
#ifndef VDO_BASE_RAND_H
#define VDO_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Fill with cryptographically strong bytes; aborts when the kernel gives none. */
void rand_bytes(void *bytes, size_t len);

/* A uniform number in 0 .. bound-1; bound > 0. For jitter, not for keys. */
uint32_t rand_below(uint32_t bound);

/* A letter and 11 characters of Crockford's base32, lower case, 55 random bits: ids of jobs and
 * outbox rows. buf of RAND_ID_SIZE bytes. Returns buf. */
enum { RAND_ID_SIZE = 13 };
char *rand_id(char *buf);

#endif
