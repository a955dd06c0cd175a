-- Incidents, their exact bytes, and what triage said of them.
--
-- Texts that repeat from row to row stand once in word; an incident holds their numbers. Other programs
-- read the views at the end, which never change a name; the tables may.
-- Times are microseconds since 1970, UTC. Booleans are 0 and 1.

create table word (
	id integer primary key,
	hash integer not null, -- first eight bytes of the text's SHA-256
	text text not null
) strict;
create index word_by_hash on word (hash);

-- Names of images and symbols in frames: many, long, and of no use to a search in word.
create table symbol (
	id integer primary key,
	hash integer not null,
	text text not null
) strict;
create index symbol_by_hash on symbol (hash);

-- Crashed threads, each different one once. id: 63 bits of the content's SHA-256.
-- frames: [[image, symbol, symbol offset], ...]; with symbol null: [image, null, image offset].
create table stack (
	id integer primary key,
	frames text not null
) strict;

create table site (
	id integer primary key,
	name text not null unique,
	title text,
	status text check (status in ('open', 'known', 'fixed', 'ignored', 'regressed')),
	note text,
	url text,
	fixed_in text
) strict;

create table signature (
	id integer primary key,
	hash text not null,
	version integer not null,
	text text not null,
	site_id integer references site (id),
	status text check (status in ('open', 'known', 'fixed', 'ignored', 'regressed')),
	note text,
	url text,
	fixed_in text,
	unique (hash, version)
) strict;
create index signature_by_site on signature (site_id);

-- purpose 0: trained (zstd's format), for taking in; 1: pieces of reports, for packing again when idle.
create table dictionary (
	id integer primary key autoincrement,
	purpose integer not null,
	trained_at integer not null,
	samples integer not null,    -- reports it was made of
	population integer not null, -- reports there were
	size integer not null,
	bytes blob not null -- as one zstd frame
) strict;

-- One stored file. effort 0: packed in passing; 1: packed hard without a dictionary; 2: with one.
create table raw (
	id integer primary key,
	sha256 blob not null unique,
	size integer not null,
	effort integer not null,
	dictionary_id integer references dictionary (id),
	packed blob not null
) strict;
create index raw_by_dictionary on raw (dictionary_id) where dictionary_id is not null;
create index raw_to_pack on raw (effort) where effort < 2;

create table folder (
	id integer primary key,
	path text not null unique -- without a slash at the end
) strict;

-- state 1: its incident is stored; 2: passed over; 3: rejected; 6: as 1, but reports of it were left out.
-- device, inode: 64 bits, two's complement.
create table file (
	id integer primary key,
	folder_id integer not null references folder (id),
	name text not null,
	state integer not null,
	device integer not null,
	inode integer not null,
	size integer not null,
	mtime_ns integer not null,
	ctime_ns integer not null,
	seen_at integer not null,
	reports integer not null, -- found in it when it was read
	reason text,
	unique (folder_id, name)
) strict;
create index file_rejected on file (seen_at) where state = 3;

create table incident (
	id integer primary key,
	incident_id text collate nocase unique,
	raw_id integer not null references raw (id),
	ordinal integer not null, -- which report of the stored file
	file_id integer,	  -- where it was first seen; null: not a file
	first_seen_at integer not null,
	conflicts integer not null,
	warnings text, -- JSON array
	kind integer not null,
	form integer not null,
	simulated integer not null,
	bug_type integer,
	captured_at integer,
	process integer,
	pid integer,
	process_path integer,
	os_version integer,
	os_build integer,
	hardware_model integer,
	cpu_type integer,
	exception_type integer,
	signal integer,
	fault_address integer, -- modulo 2^64, two's complement
	fault_kind integer,
	fault_access integer,
	base_register integer,
	displacement integer,
	site_id integer references site (id),
	signature_id integer references signature (id),
	component integer,
	operation integer,
	driver_image integer,
	driver_version integer,
	crashed_thread integer,
	queue integer,
	concurrent_threads integer not null,
	attribution integer,
	offset_unknown integer not null,
	gpu_signature integer,
	rules_version integer,
	stack_id integer
) strict;
create index incident_by_time on incident (captured_at);
create index incident_by_site on incident (site_id, kind, simulated, captured_at);
create index incident_by_signature on incident (signature_id, kind, captured_at);
create index incident_by_raw on incident (raw_id, ordinal);
create index incident_nameless on incident (captured_at) where incident_id is null;

-- How many incidents each site has, kept by triggers: counting 200,000 rows takes too long for a glance.
create table site_count (
	site_id integer not null, -- 0: no site
	kind integer not null,
	simulated integer not null,
	n integer not null,
	primary key (site_id, kind, simulated)
) strict, without rowid;
create trigger incident_counted after insert on incident begin
	insert into site_count values (coalesce(new.site_id, 0), new.kind, new.simulated, 1)
	on conflict do update set n = n + 1;
end;
create trigger incident_uncounted after delete on incident begin
	update site_count set n = n - 1
	where site_id = coalesce(old.site_id, 0) and kind = old.kind and simulated = old.simulated;
end;
create trigger incident_recounted after update of site_id, kind, simulated on incident begin
	update site_count set n = n - 1
	where site_id = coalesce(old.site_id, 0) and kind = old.kind and simulated = old.simulated;
	insert into site_count values (coalesce(new.site_id, 0), new.kind, new.simulated, 1)
	on conflict do update set n = n + 1;
end;

-- Further files with the same incident. sha256: of that file where its bytes are others than the stored ones.
create table sighting (
	id integer primary key,
	incident_id integer not null references incident (id),
	file_id integer,
	sha256 blob,
	seen_at integer not null
) strict;
create index sighting_by_incident on sighting (incident_id);

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
		|| printf('.%06dZ', i.first_seen_at % 1000000) as first_seen_at
from incident i;

-- Each frame is an array: image, symbol, offset in the symbol (in the image when there is no symbol).
-- Read with json_each alone: where views are not trusted, SQLite 3.40 refuses json_extract in them.
create view frames as select
	i.id as incident,
	i.crashed_thread as thread,
	f.key as "index",
	(select text from symbol where id = (select value from json_each(f.value) where key = 0)) as image,
	(select text from symbol where id = (select value from json_each(f.value) where key = 1)) as symbol,
	(select o.value from json_each(f.value) o join json_each(f.value) n
		where o.key = 2 and n.key = 1 and n.value is not null) as symbol_offset,
	(select o.value from json_each(f.value) o join json_each(f.value) n
		where o.key = 2 and n.key = 1 and n.value is null) as image_offset,
	i.incident_id as incident_id
from incident i join stack s on s.id = i.stack_id join json_each(s.frames) f;

create view sites as select
	s.name as site,
	s.title as title,
	(select count(*) from incident i where i.site_id = s.id) as count,
	(select strftime('%Y-%m-%dT%H:%M:%S', min(i.captured_at) / 1000000, 'unixepoch')
		|| printf('.%06dZ', min(i.captured_at) % 1000000)
		from incident i where i.site_id = s.id) as first_at,
	(select strftime('%Y-%m-%dT%H:%M:%S', max(i.captured_at) / 1000000, 'unixepoch')
		|| printf('.%06dZ', max(i.captured_at) % 1000000)
		from incident i where i.site_id = s.id) as last_at,
	coalesce(s.status, 'open') as status,
	s.note as note,
	s.url as url,
	s.fixed_in as fixed_in,
	(select count(*) from incident i where i.site_id = s.id and i.simulated) as simulated
from site s;

create view signatures as select
	g.hash as hash,
	g.text as text,
	g.version as version,
	(select name from site where id = g.site_id) as site,
	(select count(*) from incident i where i.signature_id = g.id) as count,
	(select strftime('%Y-%m-%dT%H:%M:%S', min(i.captured_at) / 1000000, 'unixepoch')
		|| printf('.%06dZ', min(i.captured_at) % 1000000)
		from incident i where i.signature_id = g.id) as first_at,
	(select strftime('%Y-%m-%dT%H:%M:%S', max(i.captured_at) / 1000000, 'unixepoch')
		|| printf('.%06dZ', max(i.captured_at) % 1000000)
		from incident i where i.signature_id = g.id) as last_at,
	coalesce(g.status, (select status from site where id = g.site_id), 'open') as status,
	g.note as note,
	g.url as url,
	g.fixed_in as fixed_in
from signature g;

create view rejections as select
	d.path || '/' || f.name as path,
	f.reason as reason,
	f.size as size,
	strftime('%Y-%m-%dT%H:%M:%S', f.seen_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', f.seen_at % 1000000) as seen_at
from file f join folder d on d.id = f.folder_id
where f.state = 3;
