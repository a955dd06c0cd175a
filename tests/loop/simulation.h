/*
 * Time that passes only when a test says so. Linked into a test, it answers clock_gettime() for
 * this program and libuv alike, and runs libuv's work in the loop's thread, at times drawn from a
 * seed: the same seed gives the same course, whatever the machine does meanwhile.
 *
 * The wall clock stands long before any file's times, so that no file looks as if it had been left
 * alone for long.
 */
#ifndef TESTS_LOOP_SIMULATION_H
#define TESTS_LOOP_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Forgets what was planned and how much was counted; time goes on. */
void simulation_begin(uint64_t seed);

int64_t simulation_now_us(void);

/* Drawn from the seed: below limit, which is not 0; and whether something happens whose chance is
 * so many percent. */
uint64_t simulation_below(uint64_t limit);
bool simulation_chance(unsigned percent);

/* Calls back from simulation_run(), so much later. */
void simulation_plan(int64_t after_us, void (*call)(void *user), void *user);
/* Takes back what was planned for user. */
void simulation_forget(const void *user);

/* Lets the loop and what was planned go on for so long. Fails the test when they do so without any
 * time passing. */
void simulation_run(uv_loop_t *loop, int64_t for_us);

/* Since the beginning: turns of the loop in which there was something to do, and works run. */
unsigned simulation_turns(void);
unsigned simulation_works(void);

#endif
