/* What the stand-in for Metal is told in the environment, and what it is given of the kernels. */
#ifndef TESTS_METAL_STAND_IN_H
#define TESTS_METAL_STAND_IN_H

/*
 * $STAND_IN: slow (a dispatch takes its time, so that threads meet), or what fails:
 *   no-device, no-default-device (only the list of all has it), no-queue, no-library, no-function,
 *   no-pipeline, no-buffer, no-command-buffer, no-encoder
 *   no-queue/N ...       of these (but not of the devices) the Nth only, from 1
 *   silent-library, silent-pipeline   as no-library and no-pipeline, and no NSError
 *   warnings             the kernels compile, and there is an NSError all the same
 *   small-groups         a thread group may have 7 threads
 *   hang                 no command buffer completes
 *   error=CODE           every command buffer, with MTLCommandBufferErrorDomain CODE
 *   error=CODE/N         the Nth only (from 1)
 *   foreign-error        of another domain, with an error behind it
 *   bare-error           status error and no NSError
 *   wrong-output         the last element is wrong
 *   no-output-from=N     nothing is computed from the Nth command buffer on
 */

/* The kernels' own source compiled as C++, with its bindings (kernels.py). */
struct stand_in_kernel {
	const char *name;
	unsigned buffers;
	void (*run)(void *const *buffers, unsigned index);
};

extern const struct stand_in_kernel stand_in_kernels[];
extern const unsigned stand_in_kernel_count;
extern const char stand_in_source[];

#endif
