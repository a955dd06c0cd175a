# What contrib/mac-acceptance writes down, and how it runs what may hang. Sourced by it, on bash 3.2.
# shellcheck shell=bash disable=SC2154

# Set by whoever sources this: the folder for everything that is made, and whether a signal has come.
: "${work:?}"
child=''

# ---- running what may hang

# Whatever the child started is in its process group. A process that hangs in the kernel does not end even then.
end_child() {
	local name deadline
	[ -n "$child" ] || return 0
	# An experiment that is interrupted keeps and prints what it has.
	for name in INT TERM KILL; do
		kill -s "$name" -- "-$child" 2>/dev/null
		deadline=$((SECONDS + grace))
		while kill -0 "$child"; do
			[ $SECONDS -lt $deadline ] || continue 2
			sleep 0.1
		done 2>/dev/null
		return 0
	done
	return 1
}

# bounded SECONDS NAME COMMAND...: runs it with its output in $work/log/NAME.out and .err. Its status; 124 when it was ended
# because the time was over, 125 when it could not be ended. macOS has no timeout(1).
bounded() {
	local deadline=$((SECONDS + $1)) out=$work/log/$2.out err=$work/log/$2.err status=0
	shift 2
	# With job control, so that the child has a process group of its own and does not ignore SIGINT.
	set -m
	"$@" >"$out" 2>"$err" </dev/null 3<&- &
	child=$!
	set +m
	# The shell itself tells there of the signal that ended the child.
	while kill -0 "$child"; do
		[ $SECONDS -lt $deadline ] || { status=124; break; }
		sleep 0.1
	done 2>/dev/null
	if [ $status = 124 ] && ! end_child; then
		child=''
		return 125
	fi
	if [ $status = 124 ]; then
		wait "$child" 2>/dev/null
	else
		wait "$child" 2>/dev/null || status=$?
	fi
	child=''
	return $status
}

# The end of what a command said, for the record.
said() {
	tail -n "${2:-5}" "$work/log/$1.out" "$work/log/$1.err" 2>/dev/null | grep -v -e '^==> ' -e '^$'
}

# ---- private words

# private WORD REPLACEMENT: from now on WORD is replaced wherever it stands between other letters and digits. Words that JSON has
# itself, or that tell nothing, stay.
private() {
	local escaped
	case $1 in
	'' | ? | root | true | false | null | localhost | *$'\n'*) return ;;
	*[!0-9]*) ;;
	*) return ;;
	esac
	printf '%s\t%s\n' "$1" "$2" >>"$work/private"
	escaped=$(printf '%s\n' "$1" | sed 's/[\\"]/\\&/g')
	[ "$escaped" = "$1" ] || printf '%s\t%s\n' "$escaped" "$2" >>"$work/private"
}

redact() {
	LC_ALL=C awk -v words="$work/private" '
		function is_part(c) { return c ~ /[A-Za-z0-9]/ }
		function without(text, word, instead,    ret, at, len, before) {
			len = length(word)
			while ((at = index(text, word)) > 0) {
				before = at > 1 ? substr(text, at - 1, 1) : substr(ret, length(ret), 1)
				if ((is_part(before) && is_part(substr(word, 1, 1))) ||
					(is_part(substr(text, at + len, 1)) && is_part(substr(word, len, 1)))) {
					ret = ret substr(text, 1, at)
					text = substr(text, at + 1)
				} else {
					ret = ret substr(text, 1, at - 1) instead
					text = substr(text, at + len)
				}
			}
			return ret text
		}
		BEGIN {
			while ((getline row < words) > 0) {
				at = index(row, "\t")
				word[++count] = substr(row, 1, at - 1)
				instead[count] = substr(row, at + 1)
			}
		}
		{
			for (i = 1; i <= count; i++)
				$0 = without($0, word[i], instead[i])
			print
		}'
}

# ---- JSON

# Standard input as it may stand in a string of JSON, line by line, private words replaced. Bytes beyond ASCII become question
# marks.
json_escape() {
	redact | LC_ALL=C tr '\011\015\200-\377' '  ?' | LC_ALL=C tr -d '\000-\010\013\014\016-\037\177' |
		LC_ALL=C sed 's/[\\"]/\\&/g'
}

# Standard input as one string.
json_string() {
	json_escape | LC_ALL=C awk '{ printf "%s%s", (NR > 1 ? "\\n" : "\""), $0 } END { printf "%s\"", (NR > 0 ? "" : "\"") }'
}

json_text() {
	printf '%s\n' "$1" | json_string
}

# The first value of KEY in standard input, without quotes; nothing where there is none.
json_first() {
	LC_ALL=C awk -v key="\"$1\":" '
		{
			at = index($0, key)
			if (!at)
				next
			rest = substr($0, at + length(key))
			if (match(rest, /^"([^"\\]|\\.)*"/))
				print substr(rest, 2, RLENGTH - 2)
			else if (match(rest, /^[^]},]*/))
				print substr(rest, 1, RLENGTH)
			exit
		}'
}

# An object that agxtriage printed, as it is but for private words; null where a file has no whole one.
json_object() {
	local line
	line=$(tail -n 1 "$1" 2>/dev/null)
	case $line in
	'{'*'}') printf '%s\n' "$line" | redact ;;
	*) echo null ;;
	esac
}

# ---- the record

passed=0 failed=0 noted=0 skipped=0
result='' came='' data=null

# Each point ends with one of these: what came of it, in words.
pass() { result=pass came=$*; }
fail() { result=fail came=$*; }
note() { result=note came=$*; }
skip() { result=skip came=$*; }

# settle NAME SECONDS EXPECTED: prints and keeps how the point ended.
settle() {
	local word=$result
	case $result in
	pass) passed=$((passed + 1)) word=ok ;;
	fail) failed=$((failed + 1)) word=FAILED ;;
	note) noted=$((noted + 1)) ;;
	*) skipped=$((skipped + 1)) word=skipped ;;
	esac
	printf '%-7s %-15s %4d s  %s\n' "$word" "$1" "$2" "$came" | redact | tee -a "$work/text"
	if [ "$result" = fail ]; then
		said "$1" 15 | redact | sed 's/^/        /' | tee -a "$work/text"
	fi
	{
		[ -s "$work/points" ] && printf ',\n'
		printf '{"name":"%s","result":"%s","seconds":%d,"expected":%s,"came":%s,"data":%s}' "$1" "$result" "$2" \
			"$(json_text "$3")" "$(json_text "$came")" "${data:-null}"
	} >>"$work/points.new" && cat "$work/points.new" >>"$work/points" && rm -f "$work/points.new"
}

# A fact of the machine, for the record: KEY VALUE.
fact() {
	[ -n "$2" ] || return 0
	printf '%s"%s":%s' "$([ -s "$work/facts" ] && echo ,)" "$1" "$(json_text "$2")" >>"$work/facts.new"
	cat "$work/facts.new" >>"$work/facts"
	rm -f "$work/facts.new"
}

# The file to send back.
write_record() {
	printf '{\n"format":"agxtriage-acceptance","format_version":1,"rehearsal":%s,"complete":%s,\n' "$rehearsal" "$complete"
	printf '"agxtriage":%s,"commit":%s,"changed":%s,\n' "$(json_text "$version")" "$(json_text "$commit")" "$changed"
	printf '"started_at":"%s","ended_at":"%s","seconds":%d,\n' "$started_at" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$SECONDS"
	printf '"summary":{"passed":%d,"failed":%d,"noted":%d,"skipped":%d},\n' $passed $failed $noted $skipped
	printf '"machine":{%s},\n"points":[\n' "$(cat "$work/facts" 2>/dev/null)"
	cat "$work/points" 2>/dev/null
	printf '\n],\n"crashes":%s,\n"text":[' "$(json_object "$work/crashes")"
	json_escape <"$work/text" | LC_ALL=C awk '{ printf "%s\n\"%s\"", (NR > 1 ? "," : ""), $0 }'
	printf '\n]\n}\n'
}
