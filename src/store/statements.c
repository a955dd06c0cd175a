/*
 * The hot statements of a handle and the translation of SQLite's codes. Knows no caller.
 */
#include "store/near.h"
#include "store/state_parts.h"

#include <errno.h>

#define COLUMN(name, column) ", " column
#define PLACE(name, column) ", ?"
#define WALKED                                                                         \
	"select id, captured_at, coalesce(captured_at, first_seen_at), signature_id, " \
	"kind, raw_id from incident "
#define DATED "where captured_at >= ?1 and (captured_at > ?1 or id > ?2) "
#define UNDATED "where captured_at is null and id > ?1 "
#define ASSIGN(name, column) ", " column " = ?"
/* A list of [image, symbol, ...] with the texts of the first two. */
#define LISTED(more, table, column)                                                                \
	"select (select text from symbol where id = json_extract(f.value, '$[0]')), "              \
	"(select text from symbol where id = json_extract(f.value, '$[1]')), " more " from " table \
	" s, json_each(s." column ") f where s.id = ? order by f.key"

#define ANNOTATED(row)                                                    \
	"(" row ".status is not null or " row ".note is not null or " row \
	".url is not null or " row ".fixed_in is not null)"
/* A signature by its hash, unless its incidents have left it. */
#define LIVE(hash) \
	"exists (select 1 from signature g where g.hash = " hash " and not " STATE_REPLACED ")"
/* How successor names a site: no hash begins like that. */
#define OF_SITE(name) "'site ' || " name
#define BEGINS "hash >= ?1 and hash < ?1 || 'g'"
#define EVENT                                                                                    \
	"select at, cause, target, name, status_before, status, note, url, fixed_in, os_build, " \
	"incident from state_change "
/* Incidents of each build, and how many of them are crashes. */
#define BUILDS(from)                                                                              \
	"select (select text from word where id = build), n, crashes from (select i.os_build as " \
	"build, count(*) as n, sum(i.kind in (select id from word where hash = ?2 and "           \
	"text = 'crash')) as crashes from " from " group by 1)"
#define SYSTEMS(column)                                                                    \
	"select text from word where id in (select os_version from incident where " column \
	" = ?1 and id <> ?2 limit 1000)"

static const char *const texts[ST_COUNT] = {
	[ST_BEGIN] = "begin immediate",
	[ST_COMMIT] = "commit",
	[ST_ROLLBACK] = "rollback",
	[ST_DATA_VERSION] = "pragma data_version",
	[ST_WORD_FIND] = "select id from word where hash = ? and text = ?",
	[ST_WORD_ADD] = "insert into word (hash, text) values (?, ?)",
	[ST_WORD_TEXT] = "select text from word where id = ?",
	[ST_SYMBOL_FIND] = "select id from symbol where hash = ? and text = ?",
	[ST_SYMBOL_ADD] = "insert into symbol (hash, text) values (?, ?)",
	[ST_SYMBOL_TEXT] = "select text from symbol where id = ?",
	[ST_STACK_FIND] = "select 1 from stack where id = ?",
	[ST_STACK_ADD] = "insert into stack (id, frames) values (?, ?)",
	[ST_STACK_FRAMES] = LISTED("json_extract(f.value, '$[2]')", "stack", "frames"),
	[ST_CALLS_FIND] = "select 1 from call_list where id = ?",
	[ST_CALLS_ADD] = "insert into call_list (id, calls) values (?, ?)",
	[ST_CALLS_LIST] = LISTED("json_extract(f.value, '$[2]'), json_extract(f.value, '$[3]')",
		"call_list", "calls"),
	[ST_SITE_FIND] = "select id, title from site where name = ?",
	[ST_SITE_ADD] = "insert into site (name, title) values (?, ?)",
	[ST_SITE_TITLE] = "update site set title = ? where id = ?",
	[ST_SIGNATURE_FIND] = "select id, site_id from signature where hash = ? and version = ?",
	[ST_SIGNATURE_ADD] =
		"insert into signature (hash, version, text, site_id) values (?, ?, ?, ?)",
	[ST_SIGNATURE_SITE] = "update signature set site_id = ? where id = ?",
	[ST_FOLDER_FIND] = "select id from folder where path = ?",
	[ST_FOLDER_ADD] = "insert into folder (path) values (?)",
	[ST_FILE_STATE] =
		"select state, device, inode, size, mtime_ns, ctime_ns, reports from file "
		"where folder_id = ? and name = ?",
	[ST_FILE_PUT] =
		"insert into file (folder_id, name, state, device, inode, size, mtime_ns, "
		"ctime_ns, seen_at, reason, reports) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
		"on conflict (folder_id, name) do update set state = excluded.state, "
		"device = excluded.device, inode = excluded.inode, size = excluded.size, "
		"mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, "
		"seen_at = excluded.seen_at, reason = excluded.reason, "
		"reports = excluded.reports returning id",
	[ST_FILE_ELSEWHERE] =
		"insert into file (folder_id, name, state, device, inode, size, mtime_ns, "
		"ctime_ns, seen_at, reports) values (?, ?, 7, 0, 0, 0, 0, 0, ?, 0) "
		"on conflict do nothing",
	[ST_FILE_FIND] = "select id from file where folder_id = ? and name = ?",
	[ST_INCIDENT_BY_ID] =
		"select i.id, i.raw_id, r.sha256, i.form, i.file_id, i.incident_id, i.raw_gone "
		"from incident i join raw r on r.id = i.raw_id where i.incident_id = ?",
	[ST_INCIDENT_BY_RAW] =
		"select i.id, i.raw_id, r.sha256, i.form, i.file_id, i.incident_id, i.raw_gone "
		"from raw r join incident i on i.raw_id = r.id where r.sha256 = ? and i.ordinal = ?",
	[ST_INCIDENT_NAMELESS] =
		"select i.id, i.raw_id, r.sha256, i.form, i.file_id, i.incident_id, i.raw_gone "
		"from incident i indexed by incident_nameless join raw r on r.id = i.raw_id "
		"where i.incident_id is null and i.captured_at = ? and i.pid = ? and i.process = ? "
		"and i.form = ? order by i.id limit 1",
	[ST_INCIDENT_BY_FACTS] =
		"select i.id, i.raw_id, r.sha256, i.form, i.file_id, i.incident_id, i.raw_gone "
		"from incident i indexed by incident_by_time join raw r on r.id = i.raw_id "
		"where i.captured_at = ? and i.pid = ? and i.process = ? order by i.id limit 1",
	[ST_INCIDENT_TAKEN] = "select 1 from incident where id = ?",
	[ST_INCIDENT_ADD] = "insert into incident (incident_id, raw_id, ordinal, file_id, "
			    "first_seen_at, id, conflicts, warnings" STORE_FACTS(
				    COLUMN) ") values "
					    "(?, ?, ?, ?, ?, ?, ?, ?" STORE_FACTS(PLACE) ")",
	[ST_INCIDENT_FACTS] = "select warnings" STORE_FACTS(COLUMN) " from incident where id = ?",
	[ST_INCIDENT_UPDATE] =
		"update incident set warnings = ?" STORE_FACTS(ASSIGN) " where id = ?",
	[ST_INCIDENT_REPLACE] = "update incident set raw_id = ?, ordinal = ?, file_id = ?, "
				"raw_gone = 0 where id = ?",
	[ST_INCIDENT_NAME] = "update incident set incident_id = ? where id = ?",
	[ST_INCIDENT_CONFLICT] = "update incident set conflicts = conflicts + 1 where id = ?",
	[ST_SIGHTING_FIND] = "select 1 from sighting where incident_id = ? and file_id is ? "
			     "and sha256 is ?",
	[ST_SIGHTING_BYTES] = "select 1 from sighting where incident_id = ? and sha256 = ?",
	[ST_SIGHTING_ADD] = "insert into sighting (incident_id, file_id, sha256, seen_at) "
			    "values (?, ?, ?, ?)",
	[ST_RAW_FIND] = "select id, length(packed) from raw where sha256 = ?",
	[ST_RAW_ADD] = "insert into raw (sha256, size, effort, dictionary_id, packed) "
		       "values (?, ?, 0, ?, ?)",
	[ST_RAW_DROP] = "delete from raw where id = ?1 and not exists "
			"(select 1 from incident where raw_id = ?1)",
	[ST_RAW_OF_INCIDENT] = "select raw_id from incident where id = ?",
	[ST_RAW_BYTES] = "select sha256, size, dictionary_id, packed, effort from raw where id = ?",
	[ST_RAW_TO_PACK] = "select id from raw where effort < ? and id > ? order by id limit 1",
	[ST_RAW_REPACK] = "update raw set effort = ?, dictionary_id = ?, packed = ? where id = ?",
	[ST_DICTIONARY] = "select size, bytes from dictionary where id = ?",
	[ST_DICTIONARY_NEWEST] = "select id, population from dictionary where purpose = ? "
				 "order by id desc limit 1",
	[ST_DICTIONARY_ADD] = "insert into dictionary (purpose, trained_at, samples, population, "
			      "size, bytes) values (?, ?, ?, ?, ?, ?)",
	[ST_DAEMON_PUT] = "insert or replace into daemon (id, pid, started_at, stopped_at, "
			  "last_event_at, last_scan_at, last_error, last_error_at, queue, folders) "
			  "values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_DAEMON_FIND] = "select pid, started_at, stopped_at, last_event_at, last_scan_at, "
			   "last_error, last_error_at, queue, folders from daemon where id = 1",
	[ST_COUNTS] = "select (select coalesce(sum(n), 0) from site_count), "
		      "(select n from tally where what = 4), (select n from tally where what = 3), "
		      "(select n from tally where what = 2), (select n from tally where what = 5), "
		      "(select coalesce(max(id), 0) from incident), "
		      "(select coalesce(sum(n), 0) from site_count where simulated)",
	[ST_FORGOTTEN_FIND] = "select 1 from forgotten where key = ?",
	[ST_FORGOTTEN_ADD] = "insert or ignore into forgotten (key) values (?)",
	[ST_FORGOTTEN_DROP] = "delete from forgotten where key = ?",
	[ST_KEPT_ADD] = "insert or replace into kept (incident_id, kept_at) values (?, ?)",
	[ST_RAW_FILL] = "update raw set effort = 0, dictionary_id = ?, packed = ? where id = ?",
	[ST_RAW_WHOLE] = "update incident set raw_gone = 0 where raw_id = ? and raw_gone <> 0",
	[ST_FILE_LOST] =
		"select exists (select 1 from incident where file_id = f.id and raw_gone <> 0) "
		"or exists (select 1 from sighting s join incident i on i.id = s.incident_id "
		"where s.file_id = f.id and i.raw_gone <> 0) "
		"or not (exists (select 1 from incident where file_id = f.id) "
		"or exists (select 1 from sighting where file_id = f.id)) "
		"from file f where f.folder_id = ? and f.name = ?",
	[ST_RETAIN_ROWS] =
		WALKED "indexed by incident_by_time " DATED "order by captured_at, id limit 32",
	[ST_RETAIN_ROWS_UNDATED] =
		WALKED "indexed by incident_by_time " UNDATED "order by id limit 32",
	[ST_RETAIN_WHOLE] = WALKED "indexed by incident_whole " DATED
				   "and raw_gone = 0 order by captured_at, id limit 32",
	[ST_RETAIN_WHOLE_UNDATED] =
		WALKED "indexed by incident_whole " UNDATED "and raw_gone = 0 order by id limit 32",
	[ST_RETAIN_FIRST] = "select id from incident where signature_id is ?1 and kind = ?2 "
			    "order by captured_at, id limit 1",
	[ST_RETAIN_NEWEST] = "select id from incident where signature_id is ?1 and kind = ?2 "
			     "order by captured_at desc, id desc limit 3",
	[ST_RETAIN_NEWEST_ID] = "select max(id) from incident",
	[ST_RETAIN_KEPT] = "select 1 from kept where incident_id = ? and kept_at > ?",
	[ST_RETAIN_KEPT_OLD] = "delete from kept where kept_at <= ?",
	[ST_RETAIN_KEPT_DROP] = "delete from kept where incident_id = ?",
	[ST_RETAIN_OF_RAW] = WALKED "where raw_id = ?",
	[ST_RETAIN_OF_FILE] = WALKED "where file_id = ?1 union all " WALKED
				     "where id in (select incident_id from sighting "
				     "where file_id = ?1)",
	[ST_RETAIN_RAW_LENGTH] = "select length(packed) from raw where id = ?",
	[ST_RETAIN_RAW_COUNT] = "select count(*) from incident where raw_id = ? and raw_gone = 0",
	[ST_RETAIN_RAW_FACTS] = "select sha256, size from raw where id = ?",
	[ST_RETAIN_RAW_DROP] = "delete from raw where id = ?",
	[ST_RETAIN_RAW_EMPTY] = "insert into raw (id, sha256, size, effort, packed) "
				"values (?, ?, ?, 2, x'')",
	[ST_RETAIN_RAW_GONE] = "update incident set raw_gone = 1 where raw_id = ? "
			       "and raw_gone = 0",
	[ST_RETAIN_FILES_OF] = "select file_id from incident where id = ?1 "
			       "and file_id is not null union "
			       "select file_id from sighting where incident_id = ?1 "
			       "and file_id is not null",
	[ST_RETAIN_FILE_PATH] = "select d.path, f.name, f.state = 7 from file f join folder d "
				"on d.id = f.folder_id where f.id = ?",
	[ST_RETAIN_FILE_DROP] = "delete from file where id = ?",
	[ST_RETAIN_FILE_NEEDED] = "select exists (select 1 from incident where file_id = ?1) "
				  "or exists (select 1 from sighting where file_id = ?1)",
	[ST_RETAIN_FILE_NEXT] = "select id, exists (select 1 from incident where file_id = f.id) "
				"or exists (select 1 from sighting where file_id = f.id) "
				"from file f where id > ? order by id limit 1",
	[ST_RETAIN_ROW] = "select i.incident_id, r.sha256, i.stack_id, i.calls_id from incident i "
			  "join raw r on r.id = i.raw_id where i.id = ?",
	[ST_RETAIN_ROW_DROP] = "delete from incident where id = ?",
	[ST_RETAIN_SIGHTINGS] = "select sha256 from sighting where incident_id = ? "
				"and sha256 is not null",
	[ST_RETAIN_SIGHTINGS_DROP] = "delete from sighting where incident_id = ?",
	[ST_RETAIN_STACK_DROP] = "delete from stack where id = ?1 and not exists "
				 "(select 1 from incident where stack_id = ?1)",
	[ST_RETAIN_CALLS_DROP] = "delete from call_list where id = ?1 and not exists "
				 "(select 1 from incident where calls_id = ?1 and calls_id > 0)",
	[ST_RETAIN_PAGE_SIZE] = "pragma page_size",
	[ST_RETAIN_PAGE_COUNT] = "pragma page_count",
	[ST_RETAIN_FREE_COUNT] = "pragma freelist_count",
	[ST_RETAIN_OLDEST] = "select min(captured_at) from incident",
	[ST_RETAIN_OLDEST_WHOLE] = "select captured_at from incident where raw_gone = 0 "
				   "and captured_at is not null order by captured_at limit 1",
	[ST_TEXT_LAST_WORD] = "select coalesce(max(id), 0) from word",
	[ST_TEXT_LAST_SYMBOL] = "select coalesce(max(id), 0) from symbol",
	[ST_TEXT_ROWS] = "select id" STORE_FACTS(COLUMN) " from incident where id > ? "
							 "order by id limit 64",
	[ST_TEXT_STACKS] = "select id, frames from stack where id > ? order by id limit 64",
	[ST_TEXT_CALLS] = "select id, calls from call_list where id > ? order by id limit 64",
	[ST_TEXT_NEXT_WORD] = "select id from word where id > ? order by id limit 1",
	[ST_TEXT_NEXT_SYMBOL] = "select id from symbol where id > ? order by id limit 1",
	[ST_TEXT_WORD_DROP] = "delete from word where id = ?",
	[ST_TEXT_SYMBOL_DROP] = "delete from symbol where id = ?",
	[ST_STATE_SITE] = "update site set status = ?, note = ?, url = ?, fixed_in = ? "
			  "where name = ?",
	[ST_STATE_SIGNATURE] = "update signature set status = ?, note = ?, url = ?, fixed_in = ? "
			       "where hash = ?",
	[ST_STATE_NOTE] =
		"insert into state_change (at, cause, target, name, status_before, status, note, "
		"url, fixed_in, os_build, incident, incident_id) values (?1, ?2, ?3, ?4, ?5, ?6, "
		"?7, ?8, ?9, ?10, ?11, (select incident_id from incident where id = ?11))",
	[ST_STATE_OF_SITE] =
		"select status, note, url, fixed_in, name, title, null, null from site "
		"where name = ?",
	[ST_STATE_OF_SIGNATURE] =
		"select g.status, g.note, g.url, g.fixed_in, g.hash, g.text, "
		"s.name, s.status from signature g left join site s on s.id = g.site_id where g.hash = ? "
		"order by g.version desc limit 1",
	[ST_STATE_FIND_HASH] =
		"with recursive begun (hash) as (select hash from signature where " BEGINS
		" union select hash from successor where " BEGINS
		"), reached (hash) as (select hash from begun union "
		"select s.successor from reached r join successor s on s.hash = r.hash "
		"where not " LIVE("r.hash") ") select r.hash from reached r where " LIVE(
			"r.hash") " order by r.hash limit 10",
	[ST_STATE_FIND_SITE] = "with recursive reached (name) as (select " OF_SITE(
		"?1") " union select s.successor "
		      "from reached r join successor s on s.hash = r.name) select s.name from reached r "
		      "join site s on s.name = substr(r.name, 1 + length(" OF_SITE(
			      "''") ")) "
				    "where " ANNOTATED("s") " limit 2",
	[ST_STATE_SITE_BUILDS] =
		BUILDS("site s join incident i on i.site_id = s.id where s.name = ?1"),
	[ST_STATE_SIGNATURE_BUILDS] =
		BUILDS("signature g join incident i on i.signature_id = g.id where g.hash = ?1"),
	[ST_STATES] =
		"select s.status, s.note, s.url, s.fixed_in, s.name, s.title, null, 0 as target "
		"from site s where " ANNOTATED(
			"s") " union all "
			     "select g.status, g.note, g.url, g.fixed_in, g.hash, g.text, "
			     "(select name from site where id = g.site_id), 1 from signature g where " ANNOTATED(
				     "g") " and not " STATE_REPLACED
					  " and not exists (select 1 from "
					  "signature n where n.hash = g.hash and n.version > g.version) order by target, 5",
	[ST_STATE_HISTORY] = "with recursive names (name) as (select iif(?1 = 'site', " OF_SITE(
		"?2") ", ?2) union select s.hash from names n join successor s "
		      "on s.successor = n.name), plain (name) as (select iif(?1 = 'site', "
		      "substr(name, 1 + length(" OF_SITE(
			      "''") ")), name) from names) " EVENT
				    "where target = ?1 and name in (select name from plain) order by id",
	[ST_STATE_HISTORIES] = EVENT "order by id",
	[ST_STATE_FIXED] =
		"select g.status, g.note, g.url, g.fixed_in, g.hash, s.status, s.fixed_in, s.id "
		"from signature g left join site s on s.id = g.site_id where g.id = ?",
	[ST_STATE_REGRESS] = "update signature set status = 'regressed', fixed_in = ?2 "
			     "where hash = ?1",
	[ST_STATE_SYSTEMS] = SYSTEMS("signature_id"),
	[ST_STATE_SITE_SYSTEMS] = SYSTEMS("site_id"),
	[ST_STATE_INHERIT] =
		"select a.status, a.note, a.url, a.fixed_in, b.status, b.note, b.url, b.fixed_in, "
		"a.hash, b.hash from signature a, signature b where a.id = ? and b.id = ?",
	[ST_STATE_SUCCEED] =
		"insert into successor (hash, successor, at, moved) values (?, ?, ?, ?) "
		"on conflict do update set moved = moved + excluded.moved",
	[ST_STATE_MOVE] =
		"select a.status, a.note, a.url, a.fixed_in from site a, site b "
		"where a.name = ?1 and b.name = ?2 and a.id <> b.id and " ANNOTATED(
			"a") " and not " ANNOTATED("b") " and not exists (select 1 from incident "
							"where site_id = a.id)",
	[ST_STATE_MOVED] =
		"insert into successor (hash, successor, at, moved) "
		"values (" OF_SITE("?1") ", " OF_SITE("?2") ", ?3, 0) on conflict do nothing",
	[ST_STATE_RETURN] = "update successor set moved = max(moved - 1, 0) "
			    "where hash = ? and successor = ?",
	[ST_STATE_LEFT] = "select 1 from signature g join incident i on i.signature_id = g.id "
			  "where g.hash = ? limit 1",
	[ST_STATE_HEIRS] =
		"select s.successor, 2 * s.moved >= (select count(*) from signature g join incident "
		"i on i.signature_id = g.id where g.hash = s.successor) from successor s "
		"where s.hash = ? and exists (select 1 from signature g join incident i "
		"on i.signature_id = g.id where g.hash = s.successor) and not exists "
		"(select 1 from signature g where g.hash = s.successor and " ANNOTATED("g") ")",
	[ST_STATE_HEIR] = "select g.hash from incident i join signature g on g.id = i.signature_id "
			  "where i.incident_id = ?",
	[ST_NEAR_SELF] = "select " NEAR_COLUMNS ", (select text from word where id = i.process) "
			 "from incident i where i.id = ?",
	[ST_NEAR_WINDOW] = "select " NEAR_COLUMNS " from incident i indexed by incident_by_time "
			   "where i.captured_at between ? and ?",
	[ST_NEAR_TELL] = "select " NEAR_COLUMNS ", (select text from word where id = i.process), "
			 "i.incident_id, s.name, s.title, g.text from incident i "
			 "left join site s on s.id = i.site_id "
			 "left join signature g on g.id = i.signature_id where i.id = ?",
	[ST_NEAR_GPU_EVENTS] = "select " NEAR_COLUMNS " from incident i where i.kind = (select id "
			       "from word where hash = ? and text = 'gpu_event') "
			       "and i.captured_at is not null",
	[ST_EXPERIMENT_ADD] = "insert into experiment (kind, started_at, ended_at, runs, seed, "
			      "command, settings, platform) values (?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_EXPERIMENT_END] = "update experiment set ended_at = ?2 where id = ?1",
	[ST_CONDITION_ADD] =
		"insert into condition (experiment_id, number, backend, scenario, lock, threads, "
		"env, command, throughput_unit) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_TRIAL_ADD] = "insert into trial (experiment_id, condition, slot, outcome, started_at) "
			 "values (?, ?, ?, 'started', ?)",
	[ST_TRIAL_LAUNCHED] = "update trial set pid = ?2, launched_at = ?3 where id = ?1",
	[ST_TRIAL_END] = "update trial set outcome = ?2, ended_at = ?3, pid = coalesce(?4, pid), "
			 "launched_at = coalesce(?5, launched_at), exit_status = ?6, signal = ?7, "
			 "signal_name = ?8, operations = ?9, throughput = ?10, lock_wait_s = ?11, "
			 "latency = ?12, error = ?13 where id = ?1",
	[ST_TRIAL_OUTPUT_ADD] =
		"insert into trial_output (trial_id, stacks, stderr_tail) values (?, ?, ?)",
	[ST_TRIAL_OUTPUT_DROP] = "delete from trial_output where trial_id = ?",
	[ST_TRIAL_FIND] = "select t.paired, t.incident_id is not null and t.incident_id = "
			  "(select incident_id from incident where id = ?2) "
			  "from trial t where t.id = ?1",
	[ST_TRIAL_OF_INCIDENT] = "select id from trial where incident = ?",
	[ST_TRIAL_PAIR] = "update trial set paired = 1, label = null, incident = i.id, "
			  "incident_id = i.incident_id, simulated = i.simulated, "
			  "site = (select name from site where id = i.site_id) "
			  "from incident i where i.id = ?2 and trial.id = ?1",
	[ST_TRIAL_HIDING] =
		"select t.id from trial t indexed by trial_by_pid "
		"join experiment e on e.id = t.experiment_id "
		"where t.paired = 0 and t.pid in (?1, ?2) and t.launched_at <= ?3 + ?4 and "
		"t.ended_at >= ?3 and t.outcome in ('finished', 'failed') and e.kind = 'run' and "
		"e.ended_at is not null order by t.id desc limit 1",
	[ST_TRIAL_HID] = "update trial set outcome = 'crashed' where id = ?",
	[ST_TRIAL_UNREPORTED] =
		"select id from trial indexed by trial_by_pid where label is not null and "
		"paired = 0 and pid = ?1 and launched_at between ?2 - ?3 and ?2 + ?3 "
		"order by abs(launched_at - ?2) limit 1",
	[ST_TRIAL_LABEL] =
		"update trial set label = case when paired then null else ?2 end where id = ?1",
	[ST_FOUND_SYMBOL_ANY] = "select 1 from found_symbol limit 1",
	[ST_FOUND_SYMBOL_IMAGE] = "select 1 from found_symbol where uuid = ? limit 1",
	[ST_FOUND_SYMBOL_FIND] =
		"select symbol, symbol_offset, source_file, source_line, depth, source, at "
		"from found_symbol where uuid = ? and offset = ? order by depth",
	[ST_FOUND_SYMBOL_DROP] = "delete from found_symbol where uuid = ? and offset = ?",
	[ST_FOUND_SYMBOL_ADD] =
		"insert into found_symbol (uuid, offset, depth, symbol, symbol_offset, "
		"source_file, source_line, source, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_FOUND_SYMBOL_BOUND] = "delete from found_symbol where id <= "
				  "(select max(id) from found_symbol) - ?",
	[ST_FOUND_SYMBOL_AGED] = "delete from found_symbol where at < ?1 or "
				 "(symbol is null and at < ?2)",
};

static int code_of_io_error(sqlite3 *db) {
	int system = sqlite3_system_errno(db);
	if (system == ENOSPC || system == EFBIG || system == EDQUOT)
		return -ENOSPC;
	if (system == EROFS || system == EACCES || system == EPERM || system == ENOENT)
		return -system;
	/* What this process lacks says nothing about the file. */
	if (system == EMFILE || system == ENFILE || system == ENOMEM)
		return -system;
	switch (sqlite3_extended_errcode(db)) {
	case SQLITE_IOERR_SHORT_READ:
	case SQLITE_IOERR_CORRUPTFS:
	case SQLITE_IOERR_DATA:
		return -EIO;
	default: /* the disk may do better next time */
		return -ENXIO;
	}
}

int store_fail(sqlite3 *db, struct err *err, const char *what) {
	int code = sqlite3_errcode(db), system = -EIO;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		system = -EBUSY;
		break;
	case SQLITE_FULL:
		system = -ENOSPC;
		break;
	case SQLITE_READONLY:
		system = -EROFS;
		break;
	case SQLITE_NOTADB:
		system = -EPROTO;
		break;
	case SQLITE_NOMEM:
		system = -ENOMEM;
		break;
	case SQLITE_TOOBIG:
		system = -E2BIG;
		break;
	case SQLITE_INTERRUPT:
		system = -ETIMEDOUT;
		break;
	case SQLITE_AUTH:
		system = -EACCES;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		system = code_of_io_error(db);
		break;
	default:
		break;
	}
	return err_set(err, system, "%s: %s", what, sqlite3_errmsg(db));
}

sqlite3_stmt *store_statement(struct store *store, enum statement id, struct err *err) {
	sqlite3_stmt **slot = &store->statements[id];
	if (*slot != NULL) {
		sqlite3_reset(*slot);
		return *slot;
	}
	if (sqlite3_prepare_v3(store->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) !=
		SQLITE_OK) {
		(void)store_fail(store->db, err, store->path);
		return NULL;
	}
	return *slot;
}

int store_step(struct store *store, sqlite3_stmt *statement, struct err *err) {
	int code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE) {
		sqlite3_reset(statement);
		return 0;
	}
	int r = store_fail(store->db, err, store->path);
	sqlite3_reset(statement);
	return r;
}

int store_run(struct store *store, sqlite3_stmt *statement, struct err *err) {
	int r = store_step(store, statement, err);
	sqlite3_reset(statement);
	return r < 0 ? r : 0;
}

int store_exec(struct store *store, const char *sql, struct err *err) {
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	return 0;
}

void store_statements_finish(struct store *store) {
	for (size_t i = 0; i < ST_COUNT; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
}

void store_bind_text(sqlite3_stmt *statement, int at, const char *text) {
	if (text != NULL)
		sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, at);
}

void store_bind_opt(sqlite3_stmt *statement, int at, struct i64_opt value) {
	if (value.set)
		sqlite3_bind_int64(statement, at, value.value);
	else
		sqlite3_bind_null(statement, at);
}

struct i64_opt store_column_opt(sqlite3_stmt *statement, int at) {
	struct i64_opt ret = {0};
	if (sqlite3_column_type(statement, at) != SQLITE_NULL) {
		ret.value = sqlite3_column_int64(statement, at);
		ret.set = true;
	}
	return ret;
}
