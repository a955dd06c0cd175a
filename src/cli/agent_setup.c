/* What the agent is made of: paths, the program, the words of its command line. */
#include "base/file.h"
#include "base/path.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/agent.h"
#include "cli/launchd_plist.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define PLIST_BYTES_MAX (256u << 10)
#define ARGUMENTS_MAX 9

static int no_memory(struct err *err) {
	return err_set(err, -ENOMEM, "out of memory");
}

__attribute__((format(printf, 1, 2))) static char *format_path(const char *fmt, ...) {
	va_list args;
	char *path;
	va_start(args, fmt);
	int r = vasprintf(&path, fmt, args);
	va_end(args);
	return r < 0 ? NULL : path;
}

static bool same_file(const char *a, const char *b) {
	struct stat a_status, b_status;
	return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 &&
	       a_status.st_dev == b_status.st_dev && a_status.st_ino == b_status.st_ino;
}

char *agent_stable_program(const char *path) {
	static const char cellar[] = "/Cellar/";
	const char *at = strstr(path, cellar);
	const char *name = at ? at + sizeof cellar - 1 : NULL;
	const char *version = name ? strchr(name, '/') : NULL;
	const char *rest = version ? strchr(version + 1, '/') : NULL;
	if (!rest)
		return strdup(path);
	char *stable = format_path(
		"%.*s/opt/%.*s%s", (int)(at - path), path, (int)(version - name), name, rest);
	if (stable && !same_file(stable, path)) {
		free(stable);
		stable = strdup(path);
	}
	return stable;
}

const char *agent_program_doubt(const char *path, const char *home) {
	static const char *const temporary[] = {
		"/tmp/", "/private/tmp/", "/var/folders/", "/private/var/folders/"};
	size_t home_len = strlen(home);
	if (home_len > 1 && !strncmp(path, home, home_len) && path[home_len] == '/')
		return NULL;
	for (size_t i = 0; i < sizeof temporary / sizeof *temporary; i++)
		if (text_starts(path, temporary[i]))
			return "is in a temporary folder, which the system empties";
	return NULL;
}

static int own_program(char **ret, struct err *err) {
	char path[PATH_MAX];
	size_t len = sizeof path;
	int r = uv_exepath(path, &len);
	if (r < 0)
		return err_set(err, r, "cannot tell where this program is: %s", uv_strerror(r));
	char *real = realpath(path, NULL);
	if (!real)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	*ret = agent_stable_program(real);
	free(real);
	return *ret ? 0 : no_memory(err);
}

static int set_paths(struct agent *agent, struct err *err) {
	const char *home = getenv("HOME");
	if (!home || home[0] != '/')
		return err_set(err, -ENOENT, "HOME is not set to a folder: no place for an agent");
	agent->plist_path = format_path("%s/Library/LaunchAgents/" AGENT_LABEL ".plist", home);
	agent->log_path = format_path("%s/Library/Logs/agxtriage/daemon.log", home);
	return agent->plist_path && agent->log_path ? 0 : no_memory(err);
}

/* *ret stays NULL for what was not named. */
static int set_named(const char *path, char **ret, struct err *err) {
	if (!path || !*path)
		return 0;
	/* launchd starts the daemon in another folder than this one. */
	*ret = path_absolute(path);
	return *ret ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
}

int agent_init(struct cli *cli, struct agent *ret, struct err *err) {
	struct agent agent = {0};
	const char *db = cli->globals.db ? cli->globals.db : getenv("AGXTRIAGE_DB");
	int r = launchd_open(&agent.launchd, AGENT_LABEL, err);
	if (r == -ENOENT)
		err_set(err, r,
			"the agent needs launchd, which only macOS has; elsewhere run 'agxtriage "
			"daemon', or have systemd run it, see agxtriage-daemon(1)");
	if (r >= 0)
		r = set_paths(&agent, err);
	if (r >= 0)
		r = set_named(db, &agent.db, err);
	if (r >= 0)
		r = set_named(cli->globals.config, &agent.config, err);
	if (r >= 0)
		r = own_program(&agent.program, err);
	if (r < 0)
		agent_finish(&agent);
	else
		*ret = agent;
	return r;
}

void agent_finish(struct agent *agent) {
	launchd_close(&agent->launchd);
	free(agent->plist_path);
	free(agent->log_path);
	free(agent->program);
	free(agent->db);
	free(agent->config);
	*agent = (struct agent){0};
}

char *agent_db_path(const struct agent *agent) {
	if (agent->db)
		return strdup(agent->db);
	char *folder = places_data_folder();
	char *path = folder ? format_path("%s/crashes.db", folder) : NULL;
	free(folder);
	return path;
}

int agent_plist(
	const struct agent *agent, enum launchd_domain domain, struct buf *ret, struct err *err) {
	const char *arguments[ARGUMENTS_MAX + 1] = {
		agent->program, "daemon", "--agent", "--log", agent->log_path};
	size_t count = 5;
	if (agent->db) {
		arguments[count++] = "--db";
		arguments[count++] = agent->db;
	}
	if (agent->config) {
		arguments[count++] = "--config";
		arguments[count++] = agent->config;
	}
	const struct launchd_plist plist = {
		.label = AGENT_LABEL,
		.arguments = arguments,
		.log_path = agent->log_path,
		.background = domain == LAUNCHD_USER,
	};
	return launchd_plist_format(&plist, ret, err);
}

char *agent_plist_option(const char *plist, const char *name) {
	char **arguments = launchd_plist_arguments(plist), *value = NULL;
	for (size_t i = 0; arguments && arguments[i] && !value; i++)
		if (!strcmp(arguments[i], name) && arguments[i + 1])
			value = strdup(arguments[i + 1]);
	launchd_plist_free_arguments(arguments);
	return value;
}

int agent_read_plist(struct agent *agent, bool adopt, struct buf *ret, struct err *err) {
	struct stat st;
	if (lstat(agent->plist_path, &st) < 0 && errno == ENOENT)
		return 0;
	int r = file_read(
		AT_FDCWD, agent->plist_path, FILE_FOLLOW, PLIST_BYTES_MAX, ret, NULL, err);
	if (r < 0)
		return r;
	if (adopt && !agent->db)
		agent->db = agent_plist_option(buf_str(ret), "--db");
	if (adopt && !agent->config)
		agent->config = agent_plist_option(buf_str(ret), "--config");
	return 1;
}

void agent_put(struct cli *cli, struct buf *text) {
	struct buf safe = {0};
	text_terminal(&safe, buf_str(text), text->len, TEXT_LINES);
	term_put_buf(&cli->out, &safe);
	buf_finish(&safe);
	buf_reset(text);
}
