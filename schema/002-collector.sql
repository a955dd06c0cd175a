-- What the daemon says of itself, and what retention has forgotten.

-- One row: the daemon that runs, or ran last. Whether it runs is told by its lock, not by this row.
create table daemon (
	id integer primary key check (id = 1),
	pid integer not null,
	started_at integer not null,
	stopped_at integer, -- null: it runs, or died
	last_event_at integer,
	last_scan_at integer,
	last_error text,
	last_error_at integer,
	queue integer not null,
	folders text not null -- JSON: [{"path": ..., "state": ...}, ...]
) strict;

-- Incidents whose row was deleted, so that a copy that is still on disk does not bring them back: the
-- first eight bytes of the SHA-256 of the incident id, or of the file's bytes where it has none.
create table forgotten (
	key integer primary key
) strict;
