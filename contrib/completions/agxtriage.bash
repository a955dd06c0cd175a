# Completes agxtriage in bash 4 or newer, with or without the package bash-completion. It was not tried with the bash 3.2 of macOS.
#
# Sites, processes and the like come from reports and rules that strangers wrote: their text is compared and quoted, never
# expanded or run. The program is asked for them only as the PATH has it.
# shellcheck shell=bash

# The words up to the cursor into words, without their quoting, and where each begins in COMP_WORDS into starts: readline cuts
# words at = and :. The last one as it stands on the line into raw, the quote that is open at its end into quote.
_agxtriage_read() {
	local rest=$COMP_LINE piece before i
	words=() starts=() raw='' quote=''
	for ((i = 0; i <= COMP_CWORD; i++)); do
		piece=${COMP_WORDS[i]}
		before=${rest%%"$piece"*}
		rest=${rest#"$before$piece"}
		if [[ $piece && ! $before && $i -gt 0 ]]; then
			raw+=$piece
		else
			raw=$piece
			starts+=("$i")
			words+=('')
		fi
		_agxtriage_unquote
		words[${#words[@]} - 1]=$plain
	done
}

# raw without its quoting into plain.
_agxtriage_unquote() {
	local i char
	plain='' quote=''
	for ((i = 0; i < ${#raw}; i++)); do
		char=${raw:i:1}
		if [[ $char == "$quote" ]]; then
			quote=''
		elif [[ ! $quote && $char == [\'\"] ]]; then
			quote=$char
		elif [[ $char == \\ && $quote != \' ]]; then
			i=$((i + 1))
			plain+=${raw:i:1}
		else
			plain+=$char
		fi
	done
}

# Offers $head$1 if that is how the word may go on. Readline replaces what stands behind the last break, or the open quote.
_agxtriage_offer() {
	local whole=$head$1 quoted=$head$1 lead
	[[ $whole == "$plain"* ]] || return
	if [[ $quote ]]; then
		# What would end the quote, or mean something in it, has to be typed.
		[[ $whole != *[\'\"\\\$\`!]* && $raw == "$quote"* ]] && COMPREPLY+=("$whole")
		return
	fi
	[[ $whole == *[!A-Za-z0-9_=:,./@%+-]* ]] && printf -v quoted %q "$whole"
	lead=$raw
	[[ $piece != *[!=:]* ]] || lead=${raw%"$piece"}
	[[ $quoted == "$lead"* ]] && COMPREPLY+=("${quoted#"$lead"}")
}

_agxtriage_offer_all() {
	local value
	for value in "$@"; do
		_agxtriage_offer "$value"
	done
}

# What the database has for a query of _agxtriage_query; nothing without a database.
_agxtriage_ask() {
	local line query='' header=yes
	_agxtriage_query "$1"
	[[ $query ]] || return
	while IFS= read -r line; do
		if [[ $header ]]; then
			header=
			continue
		fi
		if [[ $line == \"*\" ]]; then
			line=${line:1:${#line}-2}
			line=${line//\"\"/\"}
		fi
		_agxtriage_offer "${line%%$'\t'*}"
	done < <(command agxtriage ${database[@]+"${database[@]}"} --quiet sql --csv --no-pager --timeout=2 "$query" \
		</dev/null 2>/dev/null)
}

_agxtriage_files() {
	# Readline's own way with names of files, as far as this bash can choose it here.
	if compopt -o default 2>/dev/null; then
		COMPREPLY=()
		return
	fi
	local name
	while IFS= read -r name; do
		_agxtriage_offer "$name"
	done < <(compgen -f -- "${plain#"$head"}")
}

# What may stand after commas.
_agxtriage_list() {
	[[ $plain == *,* ]] && head=${plain%,*},
	_agxtriage_offer_all "$@"
}

_agxtriage_match() {
	local field=${plain%%=*}
	if [[ $plain == /* ]]; then
		_agxtriage_files
	elif [[ $plain == *=* ]]; then
		head=$field=
		_agxtriage_ask "field $field"
	else
		_agxtriage_offer_all "${fields[@]/%/=}"
		_agxtriage_ask process
	fi
}

# Offers what fits the kinds, which are separated by semicolons: a word and what it needs.
_agxtriage_kinds() {
	local kinds kind rest
	IFS=';' read -r -a kinds <<<"$1"
	for kind in "${kinds[@]}"; do
		rest=${kind#* }
		case $kind in
		words\ *) read -r -a kinds <<<"$rest" && _agxtriage_offer_all "${kinds[@]}" ;;
		list\ *) read -r -a kinds <<<"$rest" && _agxtriage_list "${kinds[@]}" ;;
		fields) _agxtriage_list "${fields[@]}" ;;
		match) _agxtriage_match ;;
		command) _agxtriage_offer_all "${commands[@]}" ;;
		ask\ *) _agxtriage_ask "$rest" ;;
		# Names of files only where nothing else fits.
		file) [[ ${#COMPREPLY[@]} -gt 0 ]] || _agxtriage_files ;;
		program) _agxtriage_programs ;;
		esac
	done
}

_agxtriage_programs() {
	local name
	if [[ ${plain#"$head"} == */* ]]; then
		_agxtriage_files
		return
	fi
	while IFS= read -r name; do
		_agxtriage_offer "$name"
	done < <(compgen -c -- "${plain#"$head"}")
}

# The command behind run: its own completion where bash-completion can find it.
_agxtriage_foreign() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "${starts[$1]}"
	elif (($1 == ${#words[@]} - 1)); then
		_agxtriage_programs
	else
		_agxtriage_files
	fi
}

# Sets pending when the option that stands alone as $1 wants a value in the next word.
_agxtriage_option() {
	local i kind='' letters=${1#-}
	if [[ $1 == --* ]]; then
		_agxtriage_value "$command" "$1"
		[[ $kind ]] && pending=$1
		return
	fi
	for ((i = 0; i < ${#letters}; i++)); do
		_agxtriage_value "$command" "-${letters:i:1}"
		[[ $kind ]] || continue
		((i == ${#letters} - 1)) && pending=-${letters:i:1}
		return
	done
}

# Reads what stands before the cursor. Status 1: the command behind run was reached, at index i.
_agxtriage_before() {
	local word
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		if [[ $pending ]]; then
			[[ $pending == --db ]] && database=(--db "$word")
			pending=''
		elif [[ ! $dashes && $word == -- ]]; then
			dashes=yes
		elif [[ ! $dashes && $word == --db=* ]]; then
			database=("$word")
		elif [[ ! $dashes && $word == --*=* ]]; then
			:
		elif [[ ! $dashes && $word == -?* ]]; then
			_agxtriage_option "$word"
		elif [[ ! $command ]]; then
			command=$word
			_agxtriage_table "$command"
		elif [[ $operands == foreign ]]; then
			return 1
		else
			operand=${operand:-$word}
		fi
	done
}

_agxtriage() {
	local words starts raw plain quote piece='' head='' command='' operand='' operands='' pending='' dashes='' kind='' i
	local database=() options=() commands=() fields=()
	COMPREPLY=()
	_agxtriage_read
	piece=${COMP_WORDS[COMP_CWORD]}
	plain=${words[${#words[@]} - 1]}
	_agxtriage_table ''
	if ! _agxtriage_before; then
		_agxtriage_foreign "$i"
	elif [[ $pending ]]; then
		_agxtriage_value "$command" "$pending"
		_agxtriage_kinds "$kind"
	elif [[ ! $dashes && $plain == --*=* ]]; then
		head=${plain%%=*}=
		_agxtriage_value "$command" "${plain%%=*}"
		_agxtriage_kinds "$kind"
	elif [[ ! $dashes && $plain == -* && ! ( $plain == - && $operands == *-* ) ]]; then
		_agxtriage_offer_all "${options[@]}"
	elif [[ ! $command ]]; then
		_agxtriage_offer_all "${commands[@]}"
	elif [[ $operands == foreign ]]; then
		_agxtriage_foreign "$i"
	else
		[[ $operand ]] && _agxtriage_after "$command" "$operand"
		_agxtriage_kinds "$operands"
	fi
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}

complete -F _agxtriage agxtriage

# ---- What follows is written by contrib/completions/make.

# Options and operands of a command, and what holds for all.
_agxtriage_table() {
	case $1 in
	'')
		commands=(scan daemon agent list show top watch run repro compare experiments report export import rules triage reclassify status doctor gc sql help)
		fields=(id incident_id kind captured_at process pid os_version os_build hardware_model cpu_type exception_type signal fault_address fault_kind fault_access site signature component operation driver_image driver_version crashed_thread queue concurrent_threads simulated status path size sha256 site_title attribution base_register displacement offset_unknown bug_type form process_path gpu_signature rules_version ordinal conflicts warnings first_seen_at raw_gone machine hour hour_of_day day week month)
		;;
	scan)
		operands='file'
		options+=(-a --all --include= --exclude= --recursive --json)
		;;
	daemon)
		operands='file'
		options+=(-a --all --include= --exclude= --max-age= --raw-max-age= --max-size= --hook= --hook-arg= --hook-timeout= --hook-max-running= --hook-kind= --forwarder= --forwarder-arg= --symbolicate --symbols= --check --json --log= --agent)
		;;
	agent)
		operands='words install uninstall status'
		options+=(--json)
		;;
	list)
		operands='match'
		options+=(-n --limit= -1 -r --reverse --since= --until= --rejected --json --no-pager)
		;;
	show)
		operands='words latest;ask incident;file'
		options+=(-a --all --explain --raw --symbolicate --symbols= --json --no-pager)
		;;
	top)
		operands='match'
		options+=(--by= -n --limit= --since= --until= --json --no-pager)
		;;
	watch)
		operands='match'
		options+=(-n --limit= --last= --exec= --exec-arg= --json)
		;;
	run)
		operands='foreign'
		options+=(--fail-on-crash --wait= --timeout= --summary= --junit= -n --runs= --env= --matrix= --metric= --metric-unit= --seed= --resume --json --csv --markdown --hyperfine)
		;;
	repro)
		operands='words latest;ask experiment'
		options+=(--backend= --scenario= --lock= --threads= -n --runs= --operations= --seconds= --elements= --kernels= --queues= --warm-up= --wait-every= --gpu-latency= --trial-seed= --python= --sim-fault= --env= --matrix= --timeout= --wait= --seed= --resume --json --csv --markdown --hyperfine)
		;;
	compare)
		operands='words latest;ask experiment'
		options+=(--json --csv --markdown --hyperfine --no-pager)
		;;
	experiments)
		operands='words latest;ask experiment'
		options+=(-n --limit= --trials --json --csv --markdown --hyperfine --no-pager)
		;;
	report)
		operands='match'
		options+=(--since= --until= --html= --json --redact --no-experiments --no-pager)
		;;
	export)
		operands='match'
		options+=(-o --output= --format= --for= --site= --since= --until= --max-size= --redact= --no-redact --no-experiments --review -y --yes --flat= --json)
		;;
	import)
		operands='file'
		options+=(--json)
		;;
	rules)
		operands='words list check test'
		options+=(--json --no-pager)
		;;
	triage)
		operands='ask site;ask signature'
		options+=(--status= --note= --url= --fixed-in= --json --no-pager)
		;;
	reclassify)
		operands='none'
		options+=(--dry-run --json --no-pager)
		;;
	status)
		operands='none'
		options+=(--json)
		;;
	doctor)
		operands='none'
		options+=(-n --dry-run --full --self-test --wait= --json)
		;;
	gc)
		operands='none'
		options+=(--max-age= --raw-max-age= --max-size= --dry-run --recompress --json)
		;;
	sql)
		operands='none'
		options+=(--csv --max-rows= --timeout= --json --no-pager)
		;;
	help)
		operands='command'
		options+=(--json)
		;;
	esac
	[[ $1 ]] || options=(--db= --config= -q --quiet -v --verbose --color= --version -h --help)
}

# What the value of option $2 of command $1 is; nothing for one that takes none.
_agxtriage_value() {
	kind=''
	case "$1 $2" in
	'scan --include') kind='none' ;;
	'scan --exclude') kind='none' ;;
	'daemon --include') kind='none' ;;
	'daemon --exclude') kind='none' ;;
	'daemon --max-age') kind='none' ;;
	'daemon --raw-max-age') kind='none' ;;
	'daemon --max-size') kind='none' ;;
	'daemon --hook') kind='program' ;;
	'daemon --hook-arg') kind='none' ;;
	'daemon --hook-timeout') kind='none' ;;
	'daemon --hook-max-running') kind='none' ;;
	'daemon --hook-kind') kind='words crash user_fault gpu_event panic jetsam hang stackshot resource other' ;;
	'daemon --forwarder') kind='program' ;;
	'daemon --forwarder-arg') kind='none' ;;
	'daemon --symbols') kind='file' ;;
	'daemon --log') kind='file' ;;
	'list -n' | 'list --limit') kind='none' ;;
	'list --since') kind='none' ;;
	'list --until') kind='none' ;;
	'show --symbols') kind='file' ;;
	'top --by') kind='fields' ;;
	'top -n' | 'top --limit') kind='none' ;;
	'top --since') kind='none' ;;
	'top --until') kind='none' ;;
	'watch -n' | 'watch --limit') kind='none' ;;
	'watch --last') kind='none' ;;
	'watch --exec') kind='program' ;;
	'watch --exec-arg') kind='none' ;;
	'run --wait') kind='none' ;;
	'run --timeout') kind='none' ;;
	'run --summary') kind='file' ;;
	'run --junit') kind='file' ;;
	'run -n' | 'run --runs') kind='none' ;;
	'run --env') kind='none' ;;
	'run --matrix') kind='none' ;;
	'run --metric') kind='none' ;;
	'run --metric-unit') kind='none' ;;
	'run --seed') kind='none' ;;
	'repro --backend') kind='words metal sim' ;;
	'repro --scenario') kind='list independent shared-queue shared-buffer use-after-end release-in-use torch' ;;
	'repro --lock') kind='list none global pipeline queue' ;;
	'repro --threads') kind='none' ;;
	'repro -n' | 'repro --runs') kind='none' ;;
	'repro --operations') kind='none' ;;
	'repro --seconds') kind='none' ;;
	'repro --elements') kind='none' ;;
	'repro --kernels') kind='list add mul copy' ;;
	'repro --queues') kind='words shared per-thread' ;;
	'repro --warm-up') kind='none' ;;
	'repro --wait-every') kind='none' ;;
	'repro --gpu-latency') kind='none' ;;
	'repro --trial-seed') kind='none' ;;
	'repro --python') kind='file' ;;
	'repro --sim-fault') kind='words none gpu-error wrong-result hang' ;;
	'repro --env') kind='none' ;;
	'repro --matrix') kind='none' ;;
	'repro --timeout') kind='none' ;;
	'repro --wait') kind='none' ;;
	'repro --seed') kind='none' ;;
	'experiments -n' | 'experiments --limit') kind='none' ;;
	'report --since') kind='none' ;;
	'report --until') kind='none' ;;
	'report --html') kind='file' ;;
	'export -o' | 'export --output') kind='file' ;;
	'export --format') kind='words auto tar.gz tar.zst zip' ;;
	'export --for') kind='words archive apple github' ;;
	'export --site') kind='ask site' ;;
	'export --since') kind='none' ;;
	'export --until') kind='none' ;;
	'export --max-size') kind='none' ;;
	'export --redact') kind='none' ;;
	'export --flat') kind='file' ;;
	'triage --status') kind='words open known fixed ignored' ;;
	'triage --note') kind='none' ;;
	'triage --url') kind='none' ;;
	'triage --fixed-in') kind='ask field os_build' ;;
	'doctor --wait') kind='none' ;;
	'gc --max-age') kind='none' ;;
	'gc --raw-max-age') kind='none' ;;
	'gc --max-size') kind='none' ;;
	'sql --max-rows') kind='none' ;;
	'sql --timeout') kind='none' ;;
	*' --db') kind='file' ;;
	*' --config') kind='file' ;;
	*' --color') kind='words auto always never' ;;
	esac
}

# What stands behind operand $2 of command $1.
_agxtriage_after() {
	case "$1 $2" in
	agent*) operands='none' ;;
	show*) operands='none' ;;
	repro*) operands='none' ;;
	rules' check') operands='file' ;;
	rules' test') operands='ask incident;file' ;;
	rules*) operands='none' ;;
	triage*) operands='none' ;;
	reclassify*) operands='none' ;;
	status*) operands='none' ;;
	doctor*) operands='none' ;;
	gc*) operands='none' ;;
	sql*) operands='none' ;;
	help*) operands='none' ;;
	esac
}

_agxtriage_query() {
	local what
	case $1 in
	'field hour') what='substr(captured_at, 1, 13)' ;;
	'field hour_of_day') what='substr(captured_at, 12, 2)' ;;
	'field day') what='substr(captured_at, 1, 10)' ;;
	'field month') what='substr(captured_at, 1, 7)' ;;
	'field id' | 'field incident_id' | 'field kind' | 'field captured_at' | 'field process' | 'field pid' | 'field os_version' | 'field os_build' | 'field hardware_model' | 'field cpu_type' | 'field exception_type' | 'field signal' | 'field fault_address' | 'field fault_kind' | 'field fault_access' | 'field site' | 'field signature' | 'field component' | 'field operation' | 'field driver_image' | 'field driver_version' | 'field crashed_thread' | 'field queue' | 'field concurrent_threads' | 'field simulated' | 'field status' | 'field path' | 'field size' | 'field sha256' | 'field site_title' | 'field attribution' | 'field base_register' | 'field displacement' | 'field offset_unknown' | 'field bug_type' | 'field form' | 'field process_path' | 'field gpu_signature' | 'field rules_version' | 'field ordinal' | 'field conflicts' | 'field warnings' | 'field first_seen_at' | 'field raw_gone' | 'field machine') what=${1#field } ;;
	process) query="select v from (select replace(replace(replace(replace(process, char(92), char(92, 92)), '*', char(92) || '*'), '?', char(92) || '?'), '[', char(92) || '[') as v, id from incidents order by id desc limit 5000) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' and v not glob '*=*' and v not glob '[-/]*' group by v order by max(id) desc limit 500" ;;
	incident) query="select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select id as v, coalesce(process, kind) || ' ' || coalesce(site, signature, '') as d from incidents order by id desc limit 100) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'" ;;
	experiment) query="select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select id as v, substr(started_at, 1, 16) || ' ' || kind as d from experiments order by id desc limit 50) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'" ;;
	site) query="select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select site as v, title as d from sites order by site limit 500) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'" ;;
	signature) query="select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select hash as v, substr(text, 1, 100) as d from signatures order by hash limit 500) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'" ;;
	esac
	if [[ $what ]]; then
		query="select v from (select replace(replace(replace(replace($what, char(92), char(92, 92)), '*', char(92) || '*'), '?', char(92) || '?'), '[', char(92) || '[') as v, id from incidents order by id desc limit 5000) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' group by v order by max(id) desc limit 500"
	fi
}
