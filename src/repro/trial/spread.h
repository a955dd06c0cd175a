/*
 * Keeps the threads of a trial on different processors where the system lets us say so. A scheduler
 * that is short of idle processors may pile up threads that mostly sleep on one of them, and then
 * they never meet: crash rates would tell how busy the machine is. Differs between platforms
 * (spread_*.c).
 */
#ifndef REPRO_TRIAL_SPREAD_H
#define REPRO_TRIAL_SPREAD_H

/* The calling thread is number index. Where that is not possible it stays where it is. */
void spread_thread(unsigned index);

#endif
