/*
 * The allocator's habits, for a process that stays. The only header that differs between C
 * libraries (memory_*.c).
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Before the first thread: one heap for all threads, large blocks given back at once. */
void memory_stay_small(void);
/* Gives free pages back to the system. Takes up to a millisecond: after a burst, not per file. */
void memory_give_back(void);

#endif
