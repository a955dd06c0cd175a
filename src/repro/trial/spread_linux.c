/* Thread by thread, the processors that the process may use, over and over. */
#include "repro/trial/spread.h"

#include <sched.h>

void spread_thread(unsigned index) {
	cpu_set_t allowed, one;
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || !CPU_COUNT(&allowed))
		return;
	unsigned left = index % (unsigned)CPU_COUNT(&allowed), cpu = 0;
	while (!CPU_ISSET(cpu, &allowed) || left-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}
