/*
 * resident: memory that a process keeps and does not need.
 *
 * Starting touches much that is not used again: the constructors and tables of a dozen libraries,
 * buffers of parsers. A service that mostly waits should not hold it.
 */
#ifndef VDO_BASE_RESIDENT_H
#define VDO_BASE_RESIDENT_H

/*
 * Give freed heap back to the system, and drop the pages of program and libraries that can be had
 * from their files again: read-only private mappings without a page of their own. What is used
 * comes back by itself, from the page cache, at its next use. Does nothing where /proc is missing.
 * Sources: malloc_trim(3), madvise(2) MADV_DONTNEED, proc(5) smaps. Threads: any; best called once
 * a service is ready.
 */
void resident_give_back(void);

#endif
