/* The fault itself. Its functions are visible so that the backtrace finds their names. */
#include "repro/self_test.h"

#include <stdint.h>

/* Every function stands in the backtrace, and no sanitizer speaks before the processor does. */
#define IN_BACKTRACE                                                            \
	__attribute__((noinline, visibility("default"), no_sanitize("address"), \
		no_sanitize("undefined"), no_sanitize("thread")))

struct simulated_encoder {
	char unused[SELF_TEST_ADDRESS];
	volatile uint32_t state;
};

int agxtriage_self_test_use(uint32_t state);
int agxtriage_simulated_set_pipeline_state(const struct simulated_encoder *encoder);
int agxtriage_simulated_dispatch(const struct simulated_encoder *encoder);
int agxtriage_simulated_kernel(const struct simulated_encoder *encoder);

/* Nobody can know in advance that it is NULL, so the load is not left out. */
static const struct simulated_encoder *volatile released_encoder;

IN_BACKTRACE int agxtriage_self_test_use(uint32_t state) {
	static volatile uint32_t seen;
	seen = state;
	return (int)seen;
}

/* Between two calls the frame is whole: compilers set it up late and take it down early. */
IN_BACKTRACE int agxtriage_simulated_set_pipeline_state(const struct simulated_encoder *encoder) {
	int used = agxtriage_self_test_use(1);
	return agxtriage_self_test_use(encoder->state) + used;
}

/* The sums keep the calls from becoming jumps, which leave no frame. */
IN_BACKTRACE int agxtriage_simulated_dispatch(const struct simulated_encoder *encoder) {
	return agxtriage_simulated_set_pipeline_state(encoder) + 1;
}

IN_BACKTRACE int agxtriage_simulated_kernel(const struct simulated_encoder *encoder) {
	return agxtriage_simulated_dispatch(encoder) + 1;
}

IN_BACKTRACE int self_test_crash(void *user) {
	(void)user;
	return agxtriage_simulated_kernel(released_encoder) + 1;
}
