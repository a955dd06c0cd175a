/*
 * A crash that is known in advance: a load from a field of a structure whose pointer is NULL, below
 * a chain of functions whose names say that nothing of it is real.
 */
#ifndef REPRO_SELF_TEST_H
#define REPRO_SELF_TEST_H

/* Where the field stands, and so the address of the fault. */
#define SELF_TEST_ADDRESS 0x5c8

/* Does not come back, unless something caught the fault. user: not used. */
int self_test_crash(void *user);

#endif
