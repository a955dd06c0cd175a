-- What was measured: experiments, their conditions, and one row for each trial.
--
-- Texts stand in the rows themselves: word belongs to the incidents, and retention clears it.

create table experiment (
	id integer primary key autoincrement, -- people name it: no number comes twice
	kind text not null check (kind in ('repro', 'run')),
	started_at integer not null,
	ended_at integer, -- null: it runs, or can be resumed
	runs integer not null, -- of each condition, as planned
	seed integer not null, -- of the order; 64 bits, two's complement
	command text not null, -- JSON array
	settings text not null, -- JSON object
	platform text not null -- JSON object
) strict;

create table condition (
	id integer primary key,
	experiment_id integer not null references experiment (id),
	number integer not null, -- from 0
	backend text,
	scenario text,
	lock text,
	threads integer,
	env text not null, -- JSON object
	command text not null, -- JSON array
	throughput_unit text,
	unique (experiment_id, number)
) strict;

create table trial (
	id integer primary key,
	experiment_id integer not null,
	condition integer not null,
	slot integer not null,
	outcome text not null check (outcome in ('started', 'finished', 'crashed', 'hung', 'gpu_error',
		'wrong_result', 'failed', 'interrupted')),
	started_at integer not null,
	ended_at integer,
	pid integer,
	launched_at integer,
	exit_status integer,
	signal integer,
	signal_name text, -- numbers differ from system to system; null: none that has a name
	operations integer,
	throughput real,
	lock_wait_s real,
	-- 1: an incident was found for it, whether its row is still there or not
	paired integer not null default 0,
	incident integer references incident (id), -- null again when retention has deleted the row
	incident_id text,
	site text,
	simulated integer not null default 0, -- as its incident says
	label text,
	error text,
	latency text, -- JSON object
	foreign key (experiment_id, condition) references condition (experiment_id, number)
) strict;
create index trial_by_experiment on trial (experiment_id);
create index trial_by_outcome on trial (experiment_id, outcome, paired);
create index trial_simulated on trial (experiment_id) where simulated = 1;
-- What a late report may belong to: a crash whose report was given up, or a trial that hid its child's.
create index trial_by_pid on trial (pid, launched_at) where paired = 0;
create unique index trial_by_incident on trial (incident) where incident is not null;

-- Long texts, apart from what is counted.
create table trial_output (
	trial_id integer primary key references trial (id),
	stacks text,
	stderr_tail text
) strict;

-- What is known of an incident at the end outlives its row.
create trigger incident_leaves_trial before delete on incident begin
	update trial set incident = null, incident_id = old.incident_id,
		site = (select name from site where id = old.site_id)
	where incident = old.id;
end;

create view experiments as select
	e.id as id,
	e.kind as kind,
	strftime('%Y-%m-%dT%H:%M:%S', e.started_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', e.started_at % 1000000) as started_at,
	strftime('%Y-%m-%dT%H:%M:%S', e.ended_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', e.ended_at % 1000000) as ended_at,
	(select count(*) from condition where experiment_id = e.id) as conditions,
	e.runs as runs,
	(select count(*) from trial where experiment_id = e.id
		and outcome not in ('started', 'interrupted')) as trials,
	(select count(*) from trial where experiment_id = e.id and outcome = 'finished') as finished,
	(select count(*) from trial where experiment_id = e.id and outcome = 'crashed') as crashed,
	(select count(*) from trial where experiment_id = e.id and outcome = 'hung') as hung,
	(select count(*) from trial where experiment_id = e.id and outcome = 'gpu_error') as gpu_error,
	(select count(*) from trial where experiment_id = e.id and outcome = 'wrong_result')
		as wrong_result,
	(select count(*) from trial where experiment_id = e.id and outcome = 'failed') as failed,
	(select count(*) from trial where experiment_id = e.id and outcome = 'interrupted')
		as interrupted,
	(select count(*) from trial where experiment_id = e.id and outcome = 'started') as started,
	(select count(*) from trial where experiment_id = e.id and outcome = 'crashed' and paired = 1)
		as paired,
	exists (select 1 from condition where experiment_id = e.id and backend = 'sim')
		or exists (select 1 from trial where experiment_id = e.id and simulated = 1) as simulated,
	printf('%u', e.seed) as seed,
	e.command as command,
	e.settings as settings,
	e.platform as platform
from experiment e;

create view trials as select
	t.id as id,
	t.experiment_id as experiment,
	t.condition as condition,
	t.slot as slot,
	e.kind as kind,
	c.backend as backend,
	c.scenario as scenario,
	c.lock as lock,
	c.threads as threads,
	c.env as env,
	c.command as command,
	t.outcome as outcome,
	strftime('%Y-%m-%dT%H:%M:%S', t.started_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', t.started_at % 1000000) as started_at,
	strftime('%Y-%m-%dT%H:%M:%S', t.ended_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', t.ended_at % 1000000) as ended_at,
	(t.ended_at - t.started_at) / 1e6 as duration_s,
	t.pid as pid,
	strftime('%Y-%m-%dT%H:%M:%S', t.launched_at / 1000000, 'unixepoch')
		|| printf('.%06dZ', t.launched_at % 1000000) as launched_at,
	t.exit_status as exit_status,
	coalesce(t.signal_name, t.signal) as signal,
	t.throughput as throughput,
	c.throughput_unit as throughput_unit,
	t.operations as operations,
	t.lock_wait_s as lock_wait_s,
	t.latency as latency,
	t.incident as incident,
	case when t.incident is null then t.incident_id
		else (select incident_id from incident where id = t.incident) end as incident_id,
	case when t.incident is null then t.site
		else (select s.name from incident i join site s on s.id = i.site_id
			where i.id = t.incident) end as site,
	t.label as label,
	t.error as error,
	(select stacks from trial_output where trial_id = t.id) as stacks,
	(select stderr_tail from trial_output where trial_id = t.id) as stderr_tail,
	t.simulated = 1 or c.backend is 'sim' as simulated
from trial t
join condition c on c.experiment_id = t.experiment_id and c.number = t.condition
join experiment e on e.id = t.experiment_id;
