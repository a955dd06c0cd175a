/* What commands with MATCH have in common: checking the names of fields, and what to say of an
 * empty answer. */
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

#include <string.h>

static size_t field_count(void) {
	size_t count = 0;
	while (store_fields[count])
		count++;
	return count;
}

enum cli_status cli_check_field(const struct cli *cli, const char *name, size_t len) {
	char typed[40];
	for (size_t i = 0; store_fields[i]; i++)
		if (strlen(store_fields[i]) == len && !memcmp(store_fields[i], name, len))
			return CLI_DONE;
	if (len >= sizeof typed)
		len = sizeof typed - 1;
	memcpy(typed, name, len);
	typed[len] = '\0';
	const char *meant = text_suggest(typed, store_fields, field_count());
	if (meant)
		log_error(
			"%s: no field '%s'; did you mean '%s'?", cli->command->name, typed, meant);
	else
		log_error("%s: no field '%s'", cli->command->name, typed);
	log_error("'agxtriage help %s' names the fields", cli->command->name);
	return CLI_USAGE;
}

enum cli_status cli_check_matches(const struct cli *cli, char **operands) {
	for (; *operands; operands++) {
		const char *equals = strchr(*operands, '=');
		if (!equals || **operands == '/')
			continue;
		enum cli_status status =
			cli_check_field(cli, *operands, (size_t)(equals - *operands));
		if (status != CLI_DONE)
			return status;
	}
	return CLI_DONE;
}

/* The first operand that was taken for a process or an incident id; NULL when there is none. */
static const char *bare_word(char **operands) {
	for (; *operands; operands++)
		if (**operands != '/' && !strchr(*operands, '='))
			return *operands;
	return NULL;
}

enum cli_status cli_nothing(struct cli *cli, char **operands) {
	const struct store_filter any = {.limit = 1};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	struct err err = {0};
	int r = store_list(cli->store, &any, &cursor, &err);
	if (r >= 0)
		r = store_cursor_next(cursor, &incident, &err);
	store_cursor_close(cursor);
	if (r < 0)
		return cli_fail(&err);
	const char *word = bare_word(operands);
	if (r == 0) {
		log_info("the database is empty: 'agxtriage scan' takes in the reports of this");
		log_info("machine, 'agxtriage scan PATH' those of a file or folder");
		return CLI_NOTHING;
	}
	log_info("nothing matched");
	if (word) {
		log_info("'%s' was taken for a process, a PID or an incident id;", word);
		log_info("for anything else write FIELD=GLOB, such as site=agx-*");
	}
	return CLI_NOTHING;
}
