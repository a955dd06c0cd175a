/*
 * Which processes belong to a run: the command and all that came from it, as samples of the
 * system's list show them. Pure: is given lists, asks nothing, and knows nothing of crash reports
 * but what they say of their process.
 */
#ifndef REPRO_TREE_H
#define REPRO_TREE_H

#include "base/process.h"
#include "ips/report.h"
#include "repro/pid_set.h"

#include <stdbool.h>

struct tree_member {
	pid_t pid;
	int64_t birth, started_at_us;
	int64_t seen_at_us; /* by the last sample that had it */
	bool alive;         /* then */
	char name[64];
};

struct tree {
	struct tree_member *items; /* owned; [0] is the command */
	size_t count, cap;
	uint64_t changes; /* counts members that came and that went */
	/* Of others: numbers of processes that were there before the command and, as far as samples
	 * had them, of what came from these. */
	struct pid_set strangers;
	pid_t *present; /* owned; the last sample's, sorted; NULL: there was none */
	size_t present_count;
};

/*
 * before: the system's list from a moment before the command was started; without it nothing is
 * claimed by launch. -ENOMEM: *ret is released with tree_finish() all the same.
 */
int tree_init(struct tree *ret, const struct process_info *root, const struct process_info *before,
	size_t before_count, int64_t now_us);
void tree_finish(struct tree *tree);

/*
 * Takes one sample; all is sorted by it. Who once belonged to the tree still does when its parent
 * is gone; who has the pid of a member that ended is somebody else. Members that ended so long ago
 * that no report can come any more are forgotten. -ENOMEM: the tree is as good as before.
 */
int tree_update(struct tree *tree, struct process_info *all, size_t count, int64_t now_us);

/* Of a tree that hardly grows any more: gives back memory. whole: what is known of others stays;
 * else nothing is told by launch from now on. */
void tree_trim(struct tree *tree, bool whole);

/* What a report says of where its process came from. */
struct tree_claim {
	struct i64_opt pid, parent_pid, responsible_pid, launched_at_us, captured_at_us;
};

/* Why a process belongs to the tree. */
enum tree_tie {
	TREE_NONE,
	TREE_PID, /* it is a member: same pid, started at the same time as far as both clocks tell
		   */
	TREE_PARENT, /* started by a member, or on behalf of one, while that one lived */
	/* No sample had it or its parent; both began while members lived, the parent is gone, and
	 * nothing ties it to a process that is none of ours. */
	TREE_LAUNCH,
	TREE_OPEN, /* TREE_LAUNCH once its parent is gone */
	TREE_TIE_COUNT,
};

/* "pid", "parent" and "launch"; NULL for those that are no answer. */
extern const char *const tree_tie_names[TREE_TIE_COUNT];

/* As of the last sample. */
enum tree_tie tree_find_tie(const struct tree *tree, const struct tree_claim *claim);

#endif
