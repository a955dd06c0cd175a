/* A program that crashes before main() does: in a constructor, as a library that is being loaded
 * may. */
#include <signal.h>

__attribute__((constructor)) static void crash_early(void) {
	/* Sanitizers take the signal for themselves. */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

int main(void) {
	return 0;
}
