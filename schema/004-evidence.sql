-- Evidence: which machine an incident is of, in which calls its other threads were, and what people decided of
-- a crash, with its history.

-- machine: a word, the report's crashReporterKey. calls_id: 0: there are none; null: stored before they were kept.
alter table incident add column machine integer;
alter table incident add column calls_id integer;
create index incident_by_calls on incident (calls_id) where calls_id > 0;

-- The calls in which other threads were inside Metal or the driver, each different list once. id: 63 bits of the
-- content's SHA-256. calls: [[image, symbol, blocked, threads], ...]; image and symbol: rows of symbol, or null.
create table call_list (
	id integer primary key,
	calls text not null
) strict;

-- A signature whose incidents have got another one since, when they were classified again. One that was split has
-- several successors. moved: so many of its incidents. Also a site whose state has gone with its incidents to another
-- one: as 'site ' and its name.
create table successor (
	hash text not null,
	successor text not null, -- hash too
	at integer not null,
	moved integer not null,
	primary key (hash, successor)
) strict, without rowid;
create index successor_of on successor (successor);

-- name: of the site, or hash of the signature, at that moment. status, note, url and fixed_in: as they were
-- afterwards. os_build: of the incident that regressed it. incident: null again when retention has deleted the row.
create table state_change (
	id integer primary key,
	at integer not null,
	cause text not null check (cause in ('user', 'regression', 'reclassify', 'import')),
	target text not null check (target in ('site', 'signature')),
	name text not null,
	status_before text,
	status text,
	note text,
	url text,
	fixed_in text,
	os_build text,
	incident integer,
	incident_id text
) strict;
create index state_change_by_name on state_change (target, name);
create index state_change_by_incident on state_change (incident) where incident is not null;
create trigger incident_leaves_history before delete on incident begin
	update state_change set incident = null where incident = old.id;
end;

create view state_history as select
	c.id as id,
	strftime('%Y-%m-%dT%H:%M:%S', c.at / 1000000, 'unixepoch') || printf('.%06dZ', c.at % 1000000) as changed_at,
	c.cause as cause,
	c.target as target,
	c.name as name,
	coalesce(c.status_before, 'open') as status_before,
	coalesce(c.status, 'open') as status,
	c.note as note,
	c.url as url,
	c.fixed_in as fixed_in,
	c.os_build as os_build,
	c.incident as incident,
	c.incident_id as incident_id
from state_change c;

-- Like frames, read with json_each alone.
create view calls as select
	i.id as incident,
	(select text from symbol where id = (select value from json_each(c.value) where key = 0)) as image,
	(select text from symbol where id = (select value from json_each(c.value) where key = 1)) as symbol,
	(select value from json_each(c.value) where key = 2) as blocked,
	(select value from json_each(c.value) where key = 3) as threads,
	i.incident_id as incident_id
from incident i join call_list l on l.id = i.calls_id join json_each(l.calls) c;

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
	i.raw_gone as raw_gone,
	(select text from word where id = i.machine) as machine
from incident i;
