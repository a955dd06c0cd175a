/* Terminals and what stands in for them: when colours are used, how wide, what happens when writing
 * fails. */
#include "export/pager.h"
#include "export/term.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* A pseudo terminal of 100 columns; the program's side. */
static FILE *open_tty(int *ret_master) {
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	const struct winsize size = {.ws_row = 24, .ws_col = 100};
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	*ret_master = master;
	return fdopen(slave, "w");
}

static int setup(void **state) {
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
	setenv("TERM", "xterm", 1);
	return 0;
}

static bool colored(FILE *file, enum term_color color) {
	struct term term;
	term_init(&term, file, color);
	return term.color;
}

static void test_color(void **state) {
	int master;
	FILE *tty = open_tty(&master), *file = tmpfile();
	assert_true(colored(tty, TERM_COLOR_AUTO));
	assert_false(colored(file, TERM_COLOR_AUTO));
	assert_true(colored(file, TERM_COLOR_ALWAYS));
	assert_false(colored(tty, TERM_COLOR_NEVER));
	setenv("NO_COLOR", "", 1);
	assert_true(colored(tty, TERM_COLOR_AUTO));
	setenv("NO_COLOR", "1", 1);
	assert_false(colored(tty, TERM_COLOR_AUTO));
	assert_true(colored(tty, TERM_COLOR_ALWAYS));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(colored(tty, TERM_COLOR_AUTO));
	unsetenv("TERM");
	assert_false(colored(tty, TERM_COLOR_AUTO));
	fclose(tty);
	fclose(file);
	close(master);
}

static size_t columns(FILE *file) {
	struct term term;
	term_init(&term, file, TERM_COLOR_AUTO);
	return term.columns;
}

static void test_columns(void **state) {
	int master;
	FILE *tty = open_tty(&master), *file = tmpfile();
	assert_int_equal(columns(tty), 100);
	setenv("COLUMNS", "132", 1);
	assert_int_equal(columns(tty), 132);
	assert_int_equal(columns(file), 0);
	setenv("COLUMNS", "1", 1);
	assert_int_equal(columns(tty), 20);
	setenv("COLUMNS", "wide", 1);
	assert_int_equal(columns(tty), 100);
	fclose(tty);
	fclose(file);
	close(master);
}

static void test_closed_pipe(void **state) {
	int fds[2];
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	FILE *file = fdopen(fds[1], "w");
	struct term term;
	term_init(&term, file, TERM_COLOR_AUTO);
	assert_int_equal(term_put(&term, "line\n", 5), -EPIPE);
	assert_int_equal(term.error, -EPIPE);
	assert_int_equal(term_put(&term, "more\n", 5), -EPIPE);
	assert_int_equal(term_flush(&term), -EPIPE);
	fclose(file);
}

static void test_full_disk(void **state) {
	FILE *file = fopen("/dev/full", "w");
	if (!file)
		skip();
	struct term term;
	term_init(&term, file, TERM_COLOR_AUTO);
	assert_int_equal(term_put(&term, "line\n", 5), -ENOSPC);
	assert_int_equal(term_flush(&term), -ENOSPC);
	fclose(file);
}

static void test_first_line_arrives_at_once(void **state) {
	int fds[2];
	char text[16];
	assert_int_equal(pipe(fds), 0);
	FILE *file = fdopen(fds[1], "w");
	struct term term;
	struct buf line = {0};
	term_init(&term, file, TERM_COLOR_AUTO);
	buf_add_str(&line, "first\n");
	assert_int_equal(term_put_buf(&term, &line), 0);
	assert_int_equal(line.len, 0);
	assert_int_equal(read(fds[0], text, sizeof text), 6);
	buf_finish(&line);
	fclose(file);
	close(fds[0]);
}

static void test_pager_needs_a_terminal(void **state) {
	struct pager pager = {0};
	setenv("AGXTRIAGE_PAGER", "false", 1);
	int saved = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
	fflush(stdout);
	dup2(null, STDOUT_FILENO);
	pager_start(&pager);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(null);
	assert_int_equal(pager.pid, 0);
	pager_stop(&pager);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_color, setup),
		cmocka_unit_test_setup(test_columns, setup),
		cmocka_unit_test_setup(test_closed_pipe, setup),
		cmocka_unit_test_setup(test_full_disk, setup),
		cmocka_unit_test_setup(test_first_line_arrives_at_once, setup),
		cmocka_unit_test_setup(test_pager_needs_a_terminal, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
