/*
 * inlet: the first program of a sandbox that may reach some hosts.
 *
 * It makes a listening socket on the sandbox's own loopback, hands it to the proxy outside, and
 * becomes the command; so programs inside find a proxy at 127.0.0.1 while nothing of it runs there.
 * Threads: a process of its own.
 */
#ifndef VDO_SANDBOX_INLET_H
#define VDO_SANDBOX_INLET_H

/* The hidden command that starts it: SANDBOX_INLET CHANNEL -- COMMAND... */
#define SANDBOX_INLET "sandbox-inlet"

/* argv[1] is the number of the channel's descriptor; the command stands behind "--". Does not
 * return when all goes well; else the exit code. */
int sandbox_inlet_main(int argc, char **argv);

#endif
