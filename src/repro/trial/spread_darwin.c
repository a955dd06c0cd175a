/* macOS offers no such thing; its scheduler spreads threads by itself. */
#include "repro/trial/spread.h"

void spread_thread(unsigned index) {
	(void)index;
}
