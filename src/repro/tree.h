/*
 * Which processes belong to a run: the command and all that came from it, as samples of the
 * system's list show them. Pure: is given lists, asks nothing, and knows nothing of crash reports
 * but what they say of their process.
 */
#ifndef REPRO_TREE_H
#define REPRO_TREE_H

#include "base/process.h"
#include "ips/report.h"

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
};

/* -ENOMEM. */
int tree_init(struct tree *ret, const struct process_info *root, int64_t now_us);
void tree_finish(struct tree *tree);

/*
 * Takes one sample; all is sorted by it. Who once belonged to the tree still does when its parent
 * is gone; who has the pid of a member that ended is somebody else. Members that ended so long ago
 * that no report can come any more are forgotten. -ENOMEM: the tree is as good as before.
 */
int tree_update(struct tree *tree, struct process_info *all, size_t count, int64_t now_us);

/* What a report says of where its process came from. */
struct tree_claim {
	struct i64_opt pid, parent_pid, responsible_pid, launched_at_us, captured_at_us;
};

/*
 * Whether that process is a member (same pid, and started at the same time as far as both clocks
 * tell), or was started by one or on behalf of one while that one lived.
 */
bool tree_owns(const struct tree *tree, const struct tree_claim *claim);

#endif
