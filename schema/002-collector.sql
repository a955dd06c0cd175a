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

-- Incidents whose row retention has deleted, so that a copy that is still on disk does not bring them back: the
-- first eight bytes of the SHA-256 of the incident id in lower case, and of the digest of each content that came
-- without an id or as another version.
create table forgotten (
	key integer primary key
) strict;

-- What the user asked back by name after retention had removed it; left alone for a while.
create table kept (
	incident_id integer primary key,
	kept_at integer not null
) strict;

-- raw_gone 1: retention has removed the bytes. The row of raw stays, with an empty packed.
alter table incident add column raw_gone integer not null default 0;
create index incident_whole on incident (captured_at) where raw_gone = 0;
create index incident_by_file on incident (file_id) where file_id is not null;
create index incident_by_stack on incident (stack_id) where stack_id is not null;
create index sighting_by_file on sighting (file_id) where file_id is not null;

-- Numbers that status shows, kept by triggers. what 1, 2, 3: files of that state; 4: sightings; 5: incidents
-- without their bytes.
create table tally (
	what integer primary key,
	n integer not null
) strict;
insert into tally values
	(1, (select count(*) from file where state = 1)),
	(2, (select count(*) from file where state = 2)),
	(3, (select count(*) from file where state = 3)),
	(4, (select count(*) from sighting)),
	(5, 0);
create trigger file_counted after insert on file begin
	update tally set n = n + 1 where what = new.state;
end;
create trigger file_uncounted after delete on file begin
	update tally set n = n - 1 where what = old.state;
end;
create trigger file_recounted after update of state on file when old.state <> new.state begin
	update tally set n = n - 1 where what = old.state;
	update tally set n = n + 1 where what = new.state;
end;
create trigger sighting_counted after insert on sighting begin
	update tally set n = n + 1 where what = 4;
end;
create trigger sighting_uncounted after delete on sighting begin
	update tally set n = n - 1 where what = 4;
end;
create trigger raw_lost after update of raw_gone on incident when old.raw_gone <> new.raw_gone begin
	update tally set n = n + new.raw_gone - old.raw_gone where what = 5;
end;
create trigger raw_lost_with_row after delete on incident when old.raw_gone <> 0 begin
	update tally set n = n - 1 where what = 5;
end;

drop view incidents;
create view incidents as select
	i.id as id,
	i.incident_id as incident_id,
	(select text from word where id = i.kind) as kind,
	strftime('%Y-%m-%dT%H:%M:%S', i.captured_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', i.captured_at % 1000000) as captured_at,
	(select text from word where id = i.process) as process,
	i.pid as pid,
	(select text from word where id = i.os_version) as os_version,
	(select text from word where id = i.os_build) as os_build,
	(select text from word where id = i.hardware_model) as hardware_model,
	(select text from word where id = i.cpu_type) as cpu_type,
	(select text from word where id = i.exception_type) as exception_type,
	(select text from word where id = i.signal) as signal,
	case when i.fault_address is not null then printf('0x%x', i.fault_address) end as fault_address,
	(select text from word where id = i.fault_kind) as fault_kind,
	(select text from word where id = i.fault_access) as fault_access,
	(select name from site where id = i.site_id) as site,
	(select hash from signature where id = i.signature_id) as signature,
	(select text from word where id = i.component) as component,
	(select text from word where id = i.operation) as operation,
	(select text from word where id = i.driver_image) as driver_image,
	(select text from word where id = i.driver_version) as driver_version,
	i.crashed_thread as crashed_thread,
	(select text from word where id = i.queue) as queue,
	i.concurrent_threads as concurrent_threads,
	i.simulated as simulated,
	coalesce((select status from signature where id = i.signature_id),
		(select status from site where id = i.site_id), 'open') as status,
	(select d.path || '/' || f.name from file f join folder d on d.id = f.folder_id
		where f.id = i.file_id) as path,
	(select size from raw where id = i.raw_id) as size,
	(select lower(hex(sha256)) from raw where id = i.raw_id) as sha256,
	(select title from site where id = i.site_id) as site_title,
	(select text from word where id = i.attribution) as attribution,
	(select text from word where id = i.base_register) as base_register,
	i.displacement as displacement,
	i.offset_unknown as offset_unknown,
	(select text from word where id = i.bug_type) as bug_type,
	(select text from word where id = i.form) as form,
	(select text from word where id = i.process_path) as process_path,
	i.gpu_signature as gpu_signature,
	(select text from word where id = i.rules_version) as rules_version,
	i.ordinal as ordinal,
	i.conflicts as conflicts,
	i.warnings as warnings,
	strftime('%Y-%m-%dT%H:%M:%S', i.first_seen_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', i.first_seen_at % 1000000) as first_seen_at,
	i.raw_gone as raw_gone
from incident i;
