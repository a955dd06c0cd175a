/*
 * What a trial asks of a GPU, step by step as an application asks Metal: command buffer, encoder,
 * pipeline state, buffers, dispatch, end, commit, wait. One table of functions per backend. The
 * trial and its backends know nothing of agxtriage: with one backend they are also a program of one
 * file, for people who have nothing but a compiler (amalgamate.py).
 *
 * A lane is the place of one thread: its queue, buffers, current command buffer and current
 * encoder. Unless it says otherwise, a lane is used by one thread at a time. Steps that cannot fail
 * in Metal return nothing here; what an API violation does is the backend's own affair: it may well
 * crash, that is what the program is for.
 */
#ifndef REPRO_TRIAL_BACKEND_H
#define REPRO_TRIAL_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element-wise, on float32. */
enum kernel {
	KERNEL_ADD,  /* out[i] = a[i] + b[i] */
	KERNEL_MUL,  /* out[i] = a[i] * b[i] */
	KERNEL_COPY, /* out[i] = a[i] */
	KERNEL_COUNT,
};

extern const char *const kernel_names[KERNEL_COUNT];

/* What went wrong, in the words of whoever said it. */
struct trial_error {
	char code[64];  /* of a failed command buffer "MTLCommandBufferErrorPageFault", else "" */
	char text[512]; /* one line */
};

/* What the simulated backend does wrong when it is told to, for rehearsals of what may go wrong. */
enum rehearsal {
	REHEARSAL_NONE,
	REHEARSAL_GPU_ERROR,    /* command buffers fail */
	REHEARSAL_WRONG_RESULT, /* the last element of an output is wrong */
	REHEARSAL_HANG,         /* command buffers never complete */
	REHEARSAL_COUNT,
};

struct backend_setup {
	unsigned lanes;           /* threads, at least 1 */
	size_t elements;          /* of each buffer, at least 1 */
	bool shared_queue;        /* one queue for all lanes; else one per lane */
	unsigned latency_us;      /* simulated only: how long a submission takes, 0 .. */
	uint64_t seed;            /* of the buffers' contents */
	enum rehearsal rehearsal; /* simulated only */
};

struct gpu; /* device, pipeline states, queues: shared by all threads */
struct lane;

/* How a lane comes by what another lane has made. */
enum adopt {
	ADOPT_COMMANDS,           /* its command buffer */
	ADOPT_ENCODER,            /* its encoder, kept alive by a reference of our own */
	ADOPT_ENCODER_UNRETAINED, /* its encoder, without one */
};

struct backend {
	const char *name;  /* "metal", "sim" */
	const char *about; /* one line */

	/* Device, kernels compiled from source, pipeline states, queues and lanes. 0, or -1 with
	 * *err set: no device, the compiler's text, out of memory. */
	int (*open)(const struct backend_setup *setup, struct gpu **ret, struct trial_error *err);
	void (*close)(struct gpu *gpu); /* NULL is fine */
	/* What the device is called: "Apple M4 Max". Borrowed. */
	const char *(*device)(const struct gpu *gpu);
	struct lane *(*lane)(struct gpu *gpu, unsigned index); /* borrowed */

	/* One operation, in this order. */
	int (*begin)(struct lane *lane, struct trial_error *err);   /* a new command buffer */
	int (*encoder)(struct lane *lane, struct trial_error *err); /* its compute encoder */
	void (*pipeline)(struct lane *lane, enum kernel kernel);    /* setComputePipelineState: */
	void (*buffers)(struct lane *lane, enum kernel kernel);     /* setBuffer:offset:atIndex: */
	void (*dispatch)(struct lane *lane);                        /* dispatchThreads: */
	void (*end)(struct lane *lane);                             /* endEncoding */
	void (*commit)(struct lane *lane);
	/* Until the last committed command buffer has completed. -1: it failed. */
	int (*wait)(struct lane *lane, struct trial_error *err);
	/* After wait(): the output is what the kernel should have made of the input. -1: it is not.
	 */
	int (*check)(struct lane *lane, enum kernel kernel, struct trial_error *err);

	/* For scenarios that misuse the API: other lanes may be in the middle of anything. Where
	 * the other has none, the lane has none then, and the steps that want one do nothing. */
	void (*adopt)(struct lane *lane, const struct lane *other, enum adopt what);
	/* Gives up the lane's references to its encoder, ended or not; and to its command buffer.
	 */
	void (*release_encoder)(struct lane *lane);
	void (*release)(struct lane *lane);
};

extern const struct backend backend_sim;
extern const struct backend backend_metal; /* macOS only */

#endif
