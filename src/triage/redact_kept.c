/*
 * A slot holds the last text that came to it. Two texts with one hash of 64 bits would be a private
 * word in a signature of the report that has it, and in nothing that leaves.
 */
#include "triage/redact_kept.h"

#include "base/text.h"
#include "triage/redact_scan.h"

bool redact_stays(struct redact_kept *kept, enum redact_form form, const char *text, size_t len) {
	uint64_t hash = text_hash(TEXT_HASH_START + (uint64_t)form, text, len);
	_Atomic uint64_t *slot =
		kept != NULL ? &kept->slots[(hash ^ hash >> 32) & (REDACT_KEPT_SLOTS - 1)] : NULL;
	bool found;

	if (slot != NULL && hash != 0 && atomic_load_explicit(slot, memory_order_relaxed) == hash)
		return true;
	found = redact_finds((struct redact_scan){.text = text, .len = len}, form);
	if (slot != NULL && !found)
		atomic_store_explicit(slot, hash, memory_order_relaxed);
	return !found;
}
