/*
 * Which file reads which form.
 */
#include "triage/redact_scan.h"

void redact_scan(const struct redact_scan *scan, enum redact_form form) {
	switch (form) {
	case REDACT_FORM_SYMBOL:
		redact_scan_symbol(scan, 0, scan->len);
		break;
	case REDACT_FORM_PATH:
	case REDACT_FORM_NAME:
		redact_scan_name(scan, 0, scan->len);
		break;
	case REDACT_FORM_TEXT:
	case REDACT_FORM_COUNT:
		redact_scan_text(scan, 0, scan->len);
		break;
	}
}
