# Completes agxtriage in fish.
#
# Sites, processes and the like come from reports and rules that strangers wrote: fish quotes what it inserts, and nothing here
# evaluates it. The program is asked for them only as the PATH has it.

# The command of the line before the cursor and its operands so far, into __agxtriage_seen: many conditions ask for the same line.
function __agxtriage_read
    set -l line "$(commandline -cp)"
    test "$line" = "$__agxtriage_line"; and return
    set -l words (commandline -opc)
    set -l with_value (__agxtriage_with_value)
    set -l dashes
    set -g __agxtriage_line $line
    set -g __agxtriage_seen
    set -e words[1]
    while set -q words[1]
        if test -z "$dashes"; and contains -- $words[1] $with_value
            set -e words[1]
        else if test -z "$dashes"; and test "$words[1]" = --
            set dashes yes
        else if test -n "$dashes"; or not string match -q -- '-?*' $words[1]
            set -a __agxtriage_seen $words[1]
            set -q __agxtriage_seen[2]; or set with_value (__agxtriage_with_value $words[1])
        end
        set -e words[1]
    end
end

function __agxtriage_starts
    __agxtriage_read
    not set -q __agxtriage_seen[1]
end

function __agxtriage_command
    __agxtriage_read
    test "$__agxtriage_seen[1]" = $argv[1]
end

# Whether the command has an operand already, and it is that one if one is named.
function __agxtriage_after
    __agxtriage_command $argv[1]; and set -q __agxtriage_seen[2]; or return
    test -z "$argv[2]"; or test "$__agxtriage_seen[2]" = "$argv[2]"
end

# Whether the line has come to the command line that run is to start.
function __agxtriage_foreign
    __agxtriage_after run
end

function __agxtriage_own
    __agxtriage_command $argv[1]; and not __agxtriage_foreign
end

# Completes that command line as fish would alone.
function __agxtriage_run
    __agxtriage_read
    complete -C (string join ' ' -- (string escape -- $__agxtriage_seen[2..]) (commandline -ct))
end

# What the database has for a query of __agxtriage_query, with what it means behind a tab; nothing without a database.
function __agxtriage_ask
    # Options are no values, and without the program there is nobody to ask.
    command -q agxtriage; and not string match -rq -- '^-[^=]*$' (commandline -ct); or return
    set -l query (__agxtriage_query "$argv[1]")
    set -l database
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case --db
                set database --db $words[(math $i + 1)]
            case '--db=*'
                set database $words[$i]
        end
    end
    test -n "$query"; or return
    for line in (command agxtriage $database --quiet sql --csv --no-pager --timeout=2 $query </dev/null 2>/dev/null)[2..]
        if string match -q -- '"*"' $line
            set line (string sub -s 2 -e -1 -- $line | string replace -a '""' '"')
        end
        printf '%s\n' $line
    end
end

function __agxtriage_match
    set -l word (commandline -ct | string collect)
    if string match -q -- '*=*' $word
        set -l field (string replace -r '=.*' '' -- $word)
        for value in (__agxtriage_ask "field $field")
            printf '%s=%s\n' $field $value
        end
    else
        printf '%s=\tField\n' (__agxtriage_fields)
        __agxtriage_ask process
    end
end

# What may stand behind the commas of a list.
function __agxtriage_list
    set -l word (commandline -ct | string collect)
    # Of --option=a,b the part behind the =.
    string match -q -- '--*' $word; and set word (string replace -r '^--[^=]*=' '' -- $word)
    set -l head "$(string match -r -- '^.*,' $word)"
    printf '%s\n' $head$argv
end

# ---- What follows is written by contrib/completions/make.

function __agxtriage_fields
    printf '%s\n' id incident_id kind captured_at process pid os_version os_build hardware_model cpu_type exception_type signal fault_address fault_kind fault_access site signature component operation driver_image driver_version crashed_thread queue concurrent_threads simulated status path size sha256 site_title attribution base_register displacement offset_unknown bug_type form process_path gpu_signature rules_version ordinal conflicts warnings first_seen_at raw_gone machine hour hour_of_day day week month
end

function __agxtriage_commands
    printf '%s\t%s\n' scan 'take in reports once, from files and folders'
    printf '%s\t%s\n' daemon 'take in reports as they appear, for ever'
    printf '%s\t%s\n' agent 'have launchd keep the daemon running (macOS)'
    printf '%s\t%s\n' list 'list incidents, newest first'
    printf '%s\t%s\n' show 'explain one report: what crashed where, what else ran'
    printf '%s\t%s\n' top 'count incidents by site or by any other field'
    printf '%s\t%s\n' watch 'print incidents as they are stored'
    printf '%s\t%s\n' run 'run a command and tell what of it crashed'
    printf '%s\t%s\n' repro 'measure crash rates under locking policies'
    printf '%s\t%s\n' compare 'lay experiments, or conditions of them, side by side'
    printf '%s\t%s\n' experiments 'list experiments, or show what one came to'
    printf '%s\t%s\n' report 'write the analysis of what is stored: Markdown, HTML'
    printf '%s\t%s\n' export 'an archive of reports and evidence, redacted, to send'
    printf '%s\t%s\n' import 'take in an archive that \'agxtriage export\' made'
    printf '%s\t%s\n' rules 'list or check the rules of sites, or test a report'
    printf '%s\t%s\n' triage 'keep track of what is known, fixed or ignored'
    printf '%s\t%s\n' reclassify 'run today\'s rules over the stored reports'
    printf '%s\t%s\n' status 'whether the daemon runs and is well'
    printf '%s\t%s\n' doctor 'check the collector and repair what can be repaired'
    printf '%s\t%s\n' gc 'make the database smaller: retention, compression'
    printf '%s\t%s\n' sql 'ask the database in SQL, read-only'
    printf '%s\t%s\n' help 'explain a command'
end

# The options of a command that take the next word for their value.
function __agxtriage_with_value
    printf '%s\n' --db --config --color
    switch $argv[1]
        case scan
            printf '%s\n' --include --exclude
        case daemon
            printf '%s\n' --include --exclude --max-age --raw-max-age --max-size --hook --hook-arg --hook-timeout --hook-max-running --hook-kind --forwarder --forwarder-arg --symbols --log
        case list
            printf '%s\n' -n --limit --since --until
        case show
            printf '%s\n' --symbols
        case top
            printf '%s\n' --by -n --limit --since --until
        case watch
            printf '%s\n' -n --limit --last --exec --exec-arg
        case run
            printf '%s\n' --wait --timeout --summary --junit -n --runs --env --matrix --metric --metric-unit --seed
        case repro
            printf '%s\n' --backend --scenario --lock --threads -n --runs --operations --seconds --elements --kernels --queues --warm-up --wait-every --gpu-latency --trial-seed --python --sim-fault --env --matrix --timeout --wait --seed
        case experiments
            printf '%s\n' -n --limit
        case report
            printf '%s\n' --since --until --html
        case export
            printf '%s\n' -o --output --format --for --site --since --until --max-size --redact --flat
        case triage
            printf '%s\n' --status --note --url --fixed-in
        case doctor
            printf '%s\n' --wait
        case gc
            printf '%s\n' --max-age --raw-max-age --max-size
        case sql
            printf '%s\n' --max-rows --timeout
    end
end

function __agxtriage_query
    set -l what
    switch $argv[1]
        case 'field hour'
            set what 'substr(captured_at, 1, 13)'
        case 'field hour_of_day'
            set what 'substr(captured_at, 12, 2)'
        case 'field day'
            set what 'substr(captured_at, 1, 10)'
        case 'field month'
            set what 'substr(captured_at, 1, 7)'
        case 'field id' 'field incident_id' 'field kind' 'field captured_at' 'field process' 'field pid' 'field os_version' 'field os_build' 'field hardware_model' 'field cpu_type' 'field exception_type' 'field signal' 'field fault_address' 'field fault_kind' 'field fault_access' 'field site' 'field signature' 'field component' 'field operation' 'field driver_image' 'field driver_version' 'field crashed_thread' 'field queue' 'field concurrent_threads' 'field simulated' 'field status' 'field path' 'field size' 'field sha256' 'field site_title' 'field attribution' 'field base_register' 'field displacement' 'field offset_unknown' 'field bug_type' 'field form' 'field process_path' 'field gpu_signature' 'field rules_version' 'field ordinal' 'field conflicts' 'field warnings' 'field first_seen_at' 'field raw_gone' 'field machine'
            set what (string replace 'field ' '' -- $argv[1])
        case process
            echo "select v from (select replace(replace(replace(replace(process, char(92), char(92, 92)), '*', char(92) || '*'), '?', char(92) || '?'), '[', char(92) || '[') as v, id from incidents order by id desc limit 5000) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' and v not glob '*=*' and v not glob '[-/]*' group by v order by max(id) desc limit 500"
        case incident
            echo "select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select id as v, coalesce(process, kind) || ' ' || coalesce(site, signature, '') as d from incidents order by id desc limit 100) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'"
        case experiment
            echo "select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select id as v, substr(started_at, 1, 16) || ' ' || kind as d from experiments order by id desc limit 50) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'"
        case site
            echo "select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select site as v, title as d from sites order by site limit 500) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'"
        case signature
            echo "select v || case when d glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' then '' else coalesce(char(9) || d, '') end from (select hash as v, substr(text, 1, 100) as d from signatures order by hash limit 500) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*'"
    end
    test -n "$what"; and echo "select v from (select replace(replace(replace(replace($what, char(92), char(92, 92)), '*', char(92) || '*'), '?', char(92) || '?'), '[', char(92) || '[') as v, id from incidents order by id desc limit 5000) where length(v) between 1 and 200 and v not glob '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || char(8232) || '-' || char(8238) || char(8294) || '-' || char(8297) || ']*' group by v order by max(id) desc limit 500"
end

complete -c agxtriage -f
complete -c agxtriage -n __agxtriage_starts -a '(__agxtriage_commands)'
complete -c agxtriage -n 'not __agxtriage_foreign' -l db -r -F -d 'the database (else $AGXTRIAGE_DB, else your own)'
complete -c agxtriage -n 'not __agxtriage_foreign' -l config -r -F -d 'configuration file; rules.d beside it has your rules'
complete -c agxtriage -n 'not __agxtriage_foreign' -s q -l quiet -d 'on stderr errors only'
complete -c agxtriage -n 'not __agxtriage_foreign' -s v -l verbose -d 'on stderr what is done and why'
complete -c agxtriage -n 'not __agxtriage_foreign' -l color -x -a 'auto always never' -d 'auto, always or never (auto honours NO_COLOR)'
complete -c agxtriage -n 'not __agxtriage_foreign' -l version -d 'print the version'
complete -c agxtriage -n 'not __agxtriage_foreign' -s h -l help -d 'explain the program, or the command'

# scan
complete -c agxtriage -n '__agxtriage_command scan' -s a -l all -d 'take every process, not only Python, AGX and Metal'
complete -c agxtriage -n '__agxtriage_command scan' -l include -x -d 'names taken whatever they hold; may be repeated'
complete -c agxtriage -n '__agxtriage_command scan' -l exclude -x -d 'names never taken from a folder; may be repeated'
complete -c agxtriage -n '__agxtriage_command scan' -l recursive -d 'look into all subfolders, not only into Retired/'
complete -c agxtriage -n '__agxtriage_command scan' -l json -d 'the summary as one JSON object'
complete -c agxtriage -n '__agxtriage_command scan' -F

# daemon
complete -c agxtriage -n '__agxtriage_command daemon' -s a -l all -d 'take every process, not only Python, AGX and Metal'
complete -c agxtriage -n '__agxtriage_command daemon' -l include -x -d 'names taken whatever they hold; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l exclude -x -d 'names never taken; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l max-age -x -d 'drop incidents captured longer ago: 365d; 0: never'
complete -c agxtriage -n '__agxtriage_command daemon' -l raw-max-age -x -d 'drop only the reports\' bytes, keep the facts'
complete -c agxtriage -n '__agxtriage_command daemon' -l max-size -x -d 'of the database: 500M, 2G ...; 0: no limit'
complete -c agxtriage -n '__agxtriage_command daemon' -l hook -x -a '(__fish_complete_command)' -d 'run for each new crash, with its JSON on stdin'
complete -c agxtriage -n '__agxtriage_command daemon' -l hook-arg -x -d 'an argument of the hook; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l hook-timeout -x -d 'end a hook after 30s, 2m ...'
complete -c agxtriage -n '__agxtriage_command daemon' -l hook-max-running -x -d 'at most N hooks at once'
complete -c agxtriage -n '__agxtriage_command daemon' -l hook-kind -x -a 'crash user_fault gpu_event panic jetsam hang stackshot resource other' -d 'run it for crash, panic ...; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l forwarder -x -a '(__fish_complete_command)' -d 'a program to keep running beside the daemon'
complete -c agxtriage -n '__agxtriage_command daemon' -l forwarder-arg -x -d 'an argument of the forwarder; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l symbolicate -d 'ask atos for symbols that new crashes lack'
complete -c agxtriage -n '__agxtriage_command daemon' -l symbols -r -F -d 'with dSYMs; may be repeated'
complete -c agxtriage -n '__agxtriage_command daemon' -l check -d 'print what is in force, and whether it can work'
complete -c agxtriage -n '__agxtriage_command daemon' -l json -d 'with --check: one JSON object'
complete -c agxtriage -n '__agxtriage_command daemon' -l log -r -F -d 'append messages there; two files of at most 1 MiB'
complete -c agxtriage -n '__agxtriage_command daemon' -l agent -d 'as launchd starts it: a second daemon is no failure'
complete -c agxtriage -n '__agxtriage_command daemon' -F

# agent
complete -c agxtriage -n '__agxtriage_command agent' -l json -d 'status as one JSON object'
complete -c agxtriage -n '__agxtriage_command agent; and not __agxtriage_after agent' -k -a 'install uninstall status'

# list
complete -c agxtriage -n '__agxtriage_command list' -s n -l limit -x -d 'at most N'
complete -c agxtriage -n '__agxtriage_command list' -s 1 -d 'the newest alone'
complete -c agxtriage -n '__agxtriage_command list' -s r -l reverse -d 'oldest first'
complete -c agxtriage -n '__agxtriage_command list' -l since -x -d 'captured at or after: 2d, 2025-12-20, ISO 8601'
complete -c agxtriage -n '__agxtriage_command list' -l until -x -d 'captured before'
complete -c agxtriage -n '__agxtriage_command list' -l rejected -d 'the files that could not be read, and why'
complete -c agxtriage -n '__agxtriage_command list' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command list' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command list; and string match -q -- "/*" (commandline -ct)' -F
complete -c agxtriage -n '__agxtriage_command list' -k -a '(__agxtriage_match)'

# show
complete -c agxtriage -n '__agxtriage_command show' -s a -l all -d 'every thread, the registers, nothing shortened'
complete -c agxtriage -n '__agxtriage_command show' -l explain -d 'step by step: which rule matched, the signature'
complete -c agxtriage -n '__agxtriage_command show' -l raw -d 'the exact bytes'
complete -c agxtriage -n '__agxtriage_command show' -l symbolicate -d 'ask atos for the symbols that the report lacks'
complete -c agxtriage -n '__agxtriage_command show' -l symbols -r -F -d 'with dSYMs, for --symbolicate; may be repeated'
complete -c agxtriage -n '__agxtriage_command show' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command show' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command show; and not __agxtriage_after show' -k -a 'latest'
complete -c agxtriage -n '__agxtriage_command show; and not __agxtriage_after show' -k -a '(__agxtriage_ask "incident")'
complete -c agxtriage -n '__agxtriage_command show; and not __agxtriage_after show' -F

# top
complete -c agxtriage -n '__agxtriage_command top' -l by -x -a '(__agxtriage_list (__agxtriage_fields))' -d 'what to count by (default: site); up to 4 fields'
complete -c agxtriage -n '__agxtriage_command top' -s n -l limit -x -d 'the N largest'
complete -c agxtriage -n '__agxtriage_command top' -l since -x -d 'captured at or after: 2d, 2025-12-20, ISO 8601'
complete -c agxtriage -n '__agxtriage_command top' -l until -x -d 'captured before'
complete -c agxtriage -n '__agxtriage_command top' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command top' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command top; and string match -q -- "/*" (commandline -ct)' -F
complete -c agxtriage -n '__agxtriage_command top' -k -a '(__agxtriage_match)'

# watch
complete -c agxtriage -n '__agxtriage_command watch' -s n -l limit -x -d 'end after N new ones'
complete -c agxtriage -n '__agxtriage_command watch' -l last -x -d 'first show the newest N that are stored already'
complete -c agxtriage -n '__agxtriage_command watch' -l exec -x -a '(__fish_complete_command)' -d 'run it for each new one, with its JSON on stdin'
complete -c agxtriage -n '__agxtriage_command watch' -l exec-arg -x -d 'an argument of PROGRAM; may be repeated'
complete -c agxtriage -n '__agxtriage_command watch' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command watch; and string match -q -- "/*" (commandline -ct)' -F
complete -c agxtriage -n '__agxtriage_command watch' -k -a '(__agxtriage_match)'

# run
complete -c agxtriage -n '__agxtriage_own run' -l fail-on-crash -d 'end with 1 when anything crashed'
complete -c agxtriage -n '__agxtriage_own run' -l wait -x -d 'for reports (default: 60 after a crash, else 10)'
complete -c agxtriage -n '__agxtriage_own run' -l timeout -x -d 'end the command after so long; it counts as hung'
complete -c agxtriage -n '__agxtriage_own run' -l summary -r -F -d 'append the outcome in Markdown'
complete -c agxtriage -n '__agxtriage_own run' -l junit -r -F -d 'write the outcome as a JUnit file'
complete -c agxtriage -n '__agxtriage_own run' -s n -l runs -x -d 'run it N times (10) and tell how often it crashes'
complete -c agxtriage -n '__agxtriage_own run' -l env -x -d 'set a variable for the command'
complete -c agxtriage -n '__agxtriage_own run' -l matrix -x -d 'compare values of a variable, each with N runs'
complete -c agxtriage -n '__agxtriage_own run' -l metric -x -d 'read a throughput from the output: its last match'
complete -c agxtriage -n '__agxtriage_own run' -l metric-unit -x -d 'what it is called'
complete -c agxtriage -n '__agxtriage_own run' -l seed -x -d 'of the order of the runs'
complete -c agxtriage -n '__agxtriage_own run' -l resume -d 'go on with ID, or the last one that stopped'
complete -c agxtriage -n '__agxtriage_own run' -l json -d 'one JSON object'
complete -c agxtriage -n '__agxtriage_own run' -l csv -d 'a line of CSV for each condition'
complete -c agxtriage -n '__agxtriage_own run' -l markdown -d 'tables for an issue or a page'
complete -c agxtriage -n '__agxtriage_own run' -l hyperfine -d 'wall times in the shape of hyperfine\'s export'
complete -c agxtriage -n '__agxtriage_command run' -k -a '(__agxtriage_run)'

# repro
complete -c agxtriage -n '__agxtriage_command repro' -l backend -x -a 'metal sim' -d 'metal or sim (default: metal on a Mac, else sim)'
complete -c agxtriage -n '__agxtriage_command repro' -l scenario -x -a '(__agxtriage_list independent shared-queue shared-buffer use-after-end release-in-use torch)' -d 'what the threads do (default: shared-queue)'
complete -c agxtriage -n '__agxtriage_command repro' -l lock -x -a '(__agxtriage_list none global pipeline queue)' -d 'locking policies to compare (default: none,global)'
complete -c agxtriage -n '__agxtriage_command repro' -l threads -x -d 'numbers of threads to compare (default: 4)'
complete -c agxtriage -n '__agxtriage_command repro' -s n -l runs -x -d 'trials of each condition (default: 20)'
complete -c agxtriage -n '__agxtriage_command repro' -l operations -x -d 'operations of a trial, all threads together'
complete -c agxtriage -n '__agxtriage_command repro' -l seconds -x -d 'or how long a trial goes on'
complete -c agxtriage -n '__agxtriage_command repro' -l elements -x -d 'numbers in each buffer'
complete -c agxtriage -n '__agxtriage_command repro' -l kernels -x -a '(__agxtriage_list add mul copy)' -d 'add, mul, copy'
complete -c agxtriage -n '__agxtriage_command repro' -l queues -x -a 'shared per-thread' -d 'shared or per-thread, whatever the scenario has'
complete -c agxtriage -n '__agxtriage_command repro' -l warm-up -x -d 'operations of each thread that are not measured'
complete -c agxtriage -n '__agxtriage_command repro' -l wait-every -x -d 'a thread waits for the GPU after so many'
complete -c agxtriage -n '__agxtriage_command repro' -l gpu-latency -x -d 'microseconds that the simulated GPU takes'
complete -c agxtriage -n '__agxtriage_command repro' -l trial-seed -x -d 'seed of the buffers\' contents'
complete -c agxtriage -n '__agxtriage_command repro' -l python -r -F -d 'the Python of the scenario torch'
complete -c agxtriage -n '__agxtriage_command repro' -l sim-fault -x -a 'none gpu-error wrong-result hang' -d 'gpu-error, wrong-result or hang, for rehearsals'
complete -c agxtriage -n '__agxtriage_command repro' -l env -x -d 'set a variable for every trial'
complete -c agxtriage -n '__agxtriage_command repro' -l matrix -x -d 'compare values of a variable'
complete -c agxtriage -n '__agxtriage_command repro' -l timeout -x -d 'of a trial; then it counts as hung (default: 60)'
complete -c agxtriage -n '__agxtriage_command repro' -l wait -x -d 'for the last crash reports (default: 60)'
complete -c agxtriage -n '__agxtriage_command repro' -l seed -x -d 'of the order of the trials'
complete -c agxtriage -n '__agxtriage_command repro' -l resume -d 'go on with ID, or the last one that stopped'
complete -c agxtriage -n '__agxtriage_command repro' -l json -d 'one JSON object'
complete -c agxtriage -n '__agxtriage_command repro' -l csv -d 'a line of CSV for each condition'
complete -c agxtriage -n '__agxtriage_command repro' -l markdown -d 'tables for an issue or a page'
complete -c agxtriage -n '__agxtriage_command repro' -l hyperfine -d 'wall times in the shape of hyperfine\'s export'
complete -c agxtriage -n '__agxtriage_command repro; and not __agxtriage_after repro' -k -a 'latest'
complete -c agxtriage -n '__agxtriage_command repro; and not __agxtriage_after repro' -k -a '(__agxtriage_ask "experiment")'

# compare
complete -c agxtriage -n '__agxtriage_command compare' -l json -d 'one JSON object'
complete -c agxtriage -n '__agxtriage_command compare' -l csv -d 'a line of CSV for each condition'
complete -c agxtriage -n '__agxtriage_command compare' -l markdown -d 'tables for an issue or a page'
complete -c agxtriage -n '__agxtriage_command compare' -l hyperfine -d 'wall times in the shape of hyperfine\'s export'
complete -c agxtriage -n '__agxtriage_command compare' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command compare' -k -a 'latest'
complete -c agxtriage -n '__agxtriage_command compare' -k -a '(__agxtriage_ask "experiment")'

# experiments
complete -c agxtriage -n '__agxtriage_command experiments' -s n -l limit -x -d 'list the newest N'
complete -c agxtriage -n '__agxtriage_command experiments' -l trials -d 'every trial on a line of its own'
complete -c agxtriage -n '__agxtriage_command experiments' -l json -d 'one JSON object'
complete -c agxtriage -n '__agxtriage_command experiments' -l csv -d 'a line of CSV for each condition'
complete -c agxtriage -n '__agxtriage_command experiments' -l markdown -d 'tables for an issue or a page'
complete -c agxtriage -n '__agxtriage_command experiments' -l hyperfine -d 'wall times in the shape of hyperfine\'s export'
complete -c agxtriage -n '__agxtriage_command experiments' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command experiments' -k -a 'latest'
complete -c agxtriage -n '__agxtriage_command experiments' -k -a '(__agxtriage_ask "experiment")'

# report
complete -c agxtriage -n '__agxtriage_command report' -l since -x -d 'captured at or after: 2d, 2025-12-20, ISO 8601'
complete -c agxtriage -n '__agxtriage_command report' -l until -x -d 'captured before'
complete -c agxtriage -n '__agxtriage_command report' -l html -r -F -d 'write one page that needs nothing else; - for stdout'
complete -c agxtriage -n '__agxtriage_command report' -l json -d 'one JSON object'
complete -c agxtriage -n '__agxtriage_command report' -l redact -d 'placeholders for what tells of persons, machines'
complete -c agxtriage -n '__agxtriage_command report' -l no-experiments -d 'leave out what was measured'
complete -c agxtriage -n '__agxtriage_command report' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command report; and string match -q -- "/*" (commandline -ct)' -F
complete -c agxtriage -n '__agxtriage_command report' -k -a '(__agxtriage_match)'

# export
complete -c agxtriage -n '__agxtriage_command export' -s o -l output -r -F -d 'the archive; - for standard output'
complete -c agxtriage -n '__agxtriage_command export' -l format -x -a 'auto tar.gz tar.zst zip' -d 'auto (by the name of FILE), tar.gz, tar.zst or zip'
complete -c agxtriage -n '__agxtriage_command export' -l for -x -a 'archive apple github' -d 'archive (everything), apple or github (at most 25 MB)'
complete -c agxtriage -n '__agxtriage_command export' -l site -x -a '(__agxtriage_ask "site")' -d 'of this crash site alone, whatever MATCH says'
complete -c agxtriage -n '__agxtriage_command export' -l since -x -d 'captured at or after: 2d, 2025-12-20, ISO 8601'
complete -c agxtriage -n '__agxtriage_command export' -l until -x -d 'captured before'
complete -c agxtriage -n '__agxtriage_command export' -l max-size -x -d 'drop the oldest incidents until FILE fits: 10M, 1G'
complete -c agxtriage -n '__agxtriage_command export' -l redact -x -d 'replace this word too; may be repeated'
complete -c agxtriage -n '__agxtriage_command export' -l no-redact -d 'originals, byte for byte, with everything private'
complete -c agxtriage -n '__agxtriage_command export' -l no-experiments -d 'leave out what was measured'
complete -c agxtriage -n '__agxtriage_command export' -l review -d 'show each replacement first; asks on a terminal'
complete -c agxtriage -n '__agxtriage_command export' -s y -l yes -d 'with --review: do not ask'
complete -c agxtriage -n '__agxtriage_command export' -l flat -r -F -d 'no archive: crash_YYYYMMDD_HHMMSS.json per incident'
complete -c agxtriage -n '__agxtriage_command export' -l json -d 'what came of it as one JSON object'
complete -c agxtriage -n '__agxtriage_command export; and string match -q -- "/*" (commandline -ct)' -F
complete -c agxtriage -n '__agxtriage_command export' -k -a '(__agxtriage_match)'

# import
complete -c agxtriage -n '__agxtriage_command import' -l json -d 'the summary as one JSON object'
complete -c agxtriage -n '__agxtriage_command import' -F

# rules
complete -c agxtriage -n '__agxtriage_command rules' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command rules' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command rules; and not __agxtriage_after rules' -k -a 'list check test'
complete -c agxtriage -n '__agxtriage_after rules check' -F
complete -c agxtriage -n '__agxtriage_after rules test' -k -a '(__agxtriage_ask "incident")'
complete -c agxtriage -n '__agxtriage_after rules test' -F

# triage
complete -c agxtriage -n '__agxtriage_command triage' -l status -x -a 'open known fixed ignored' -d 'open, known, fixed or ignored; \'\' takes it away'
complete -c agxtriage -n '__agxtriage_command triage' -l note -x -d 'what is known of it; \'\' takes it away'
complete -c agxtriage -n '__agxtriage_command triage' -l url -x -d 'where it is tracked; \'\' takes it away'
complete -c agxtriage -n '__agxtriage_command triage' -l fixed-in -x -a '(__agxtriage_ask "field os_build")' -d 'first OS build without it: 24G419; \'\' takes it away'
complete -c agxtriage -n '__agxtriage_command triage' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command triage' -l no-pager -d 'write straight to the terminal'
complete -c agxtriage -n '__agxtriage_command triage; and not __agxtriage_after triage' -k -a '(__agxtriage_ask "site")'
complete -c agxtriage -n '__agxtriage_command triage; and not __agxtriage_after triage' -k -a '(__agxtriage_ask "signature")'

# reclassify
complete -c agxtriage -n '__agxtriage_command reclassify' -l dry-run -d 'only say what would change'
complete -c agxtriage -n '__agxtriage_command reclassify' -l json -d 'the summary as one JSON object'
complete -c agxtriage -n '__agxtriage_command reclassify' -l no-pager -d 'write straight to the terminal'

# status
complete -c agxtriage -n '__agxtriage_command status' -l json -d 'as one JSON object'

# doctor
complete -c agxtriage -n '__agxtriage_command doctor' -s n -l dry-run -d 'only say what is wrong, repair nothing'
complete -c agxtriage -n '__agxtriage_command doctor' -l full -d 'check the whole database, unpack every report'
complete -c agxtriage -n '__agxtriage_command doctor' -l self-test -d 'crash a process of our own and wait for its report'
complete -c agxtriage -n '__agxtriage_command doctor' -l wait -x -d 'how long the self-test waits (default: 60)'
complete -c agxtriage -n '__agxtriage_command doctor' -l json -d 'one JSON object per finding'

# gc
complete -c agxtriage -n '__agxtriage_command gc' -l max-age -x -d 'drop incidents captured longer ago: 365d, 36h'
complete -c agxtriage -n '__agxtriage_command gc' -l raw-max-age -x -d 'drop only the reports\' bytes, keep the facts'
complete -c agxtriage -n '__agxtriage_command gc' -l max-size -x -d 'drop the oldest while the database is larger: 1G'
complete -c agxtriage -n '__agxtriage_command gc' -l dry-run -d 'only say what would be removed'
complete -c agxtriage -n '__agxtriage_command gc' -l recompress -d 'compress reports harder, with their own dictionary'
complete -c agxtriage -n '__agxtriage_command gc' -l json -d 'the summary as JSON, one object for each task'

# sql
complete -c agxtriage -n '__agxtriage_command sql' -l csv -d 'comma-separated, with a line of names'
complete -c agxtriage -n '__agxtriage_command sql' -l max-rows -x -d 'stop after N rows; 0, the default, means all'
complete -c agxtriage -n '__agxtriage_command sql' -l timeout -x -d 'time limit (default 60, in a pager none; 0: none)'
complete -c agxtriage -n '__agxtriage_command sql' -l json -d 'one JSON object per line'
complete -c agxtriage -n '__agxtriage_command sql' -l no-pager -d 'write straight to the terminal'

# help
complete -c agxtriage -n '__agxtriage_command help' -l json -d 'all commands and options as one JSON object'
complete -c agxtriage -n '__agxtriage_command help; and not __agxtriage_after help' -k -a '(__agxtriage_commands)'
