# The points of contrib/mac-acceptance that use the GPU. Sourced by it, on bash 3.2.
# shellcheck shell=bash disable=SC2034,SC2154

# Of the first condition of an answer, or of another by its number.
condition() {
	LC_ALL=C awk -v start="{\"index\":${2:-0}," '
		{
			at = index($0, start)
			if (!at)
				next
			text = substr($0, at + 1)
			end = index(text, "{\"index\":")
			if (!end)
				end = index(text, "\"comparisons\":")
			print end ? substr(text, 1, end - 1) : text
		}' "$work/log/$1.out"
}

# number NAME KEY [CONDITION]: 0 where there is none.
number() {
	local value
	value=$(condition "$1" "${3:-0}" | json_first "$2")
	case $value in
	'' | *[!0-9]*) echo 0 ;;
	*) echo "$value" ;;
	esac
}

percent() {
	awk -v low="$1" -v high="$2" 'BEGIN { printf "%.1f to %.1f %%", 100 * low, 100 * high }'
}

# describe NAME CONDITION: counts, the interval of the rate, where it crashed.
describe() {
	local facts key count more=''
	facts=$(condition "$1" "$2")
	for key in hung gpu_error wrong_result failed; do
		count=$(number "$1" "$key" "$2")
		[ "$count" = 0 ] || more="$more, $count $key"
	done
	printf '%d of %d crashed (95 %%: %s)%s; sites %s' "$(number "$1" crashed "$2")" "$(number "$1" runs "$2")" \
		"$(percent "$(printf '%s' "$facts" | json_first rate_low)" "$(printf '%s' "$facts" | json_first rate_high)")" \
		"$more" "$(printf '%s' "$facts" | sed -n 's/.*"sites":\({[^}]*}\).*/\1/p')"
}

# What an experiment printed. Its record of the environment may name folders outside of the user's own.
experiment() {
	json_object "$work/log/$1.out" | sed 's#:"/[^"]*"#:"<path>"#g'
}

# scenario NAME RUNS OPTION...: false when it came to nothing; what it came to is in the log of that name.
scenario() {
	local name=$1 runs=$2 status=0 wait=20
	shift 2
	lacks_program && return 1
	write_config
	$quick && runs=$((runs / 4 + 1))
	[ "$limit" -lt 40 ] && wait=5
	bounded $((limit - 5)) "$name" "$program" --db "$work/harness.db" --config "$config" repro --backend "$backend" \
		--scenario "$name" --runs "$runs" --timeout $((20 * patience)) --wait $wait --json "$@" || status=$?
	data=$(experiment "$name")
	$keep || remove_reports
	if [ "$(number "$name" runs)" = 0 ]; then
		fail "status $status, no trial ended: $(said "$name" 1)"
		return 1
	fi
	came=$(describe "$name" 0)
	if [ $status = 124 ]; then
		came="stopped when its time was over: $came"
	fi
}

# How many trials neither finished nor crashed.
odd_ends() {
	echo $(($(number "$1" hung) + $(number "$1" gpu_error) + $(number "$1" wrong_result) + $(number "$1" failed)))
}

# What is only recorded is what it is; a trial that hangs or fails is told all the same.
recorded() {
	scenario "$@" && note "$came"
}

# ---- the points

point_gpu() {
	local device status=0
	lacks_program && return
	bounded "$limit" gpu "$helper" --backend "$backend" --scenario independent --threads 1 --operations 60 || status=$?
	device=$(grep '"type":"start"' "$work/log/gpu.out" | json_first device)
	if [ $status != 0 ]; then
		fail "status $status: $(grep '"type":"end"' "$work/log/gpu.out" | json_first error)"
	elif ! $rehearsal && ! is_gpu "$device"; then
		fail "the device is '$device', system_profiler says '$(fact_of gpu)'"
	else
		data=$(grep '"type":"end"' "$work/log/gpu.out" | redact)
		pass "60 operations on $device"
	fi
}

# differs KEY EXPECTED: says so where the record of an experiment has another value. Other systems than macOS tell less.
differs() {
	local found
	found=$(sed 's/.*"platforms":\[//' "$work/log/fingerprint.out" | json_first "$1")
	$rehearsal && [ -z "$found" ] && return
	# A Mac with two GPUs has two right answers.
	[ "$1" = gpu ] && is_gpu "$found" && return
	[ -z "$2" ] || [ "$found" = "$2" ] || printf "%s is '%s' instead of '%s'; " "$1" "$found" "$2"
}

point_fingerprint() {
	local wrong
	lacks_program && return
	[ -n "$(fact_of os_build)" ] || { skip "no sw_vers to compare with"; return; }
	write_config
	bounded "$limit" fingerprint "$program" --db "$work/fingerprint.db" --config "$config" run -n 1 --wait 1 --json -- true ||
		{ fail "status $?: $(said fingerprint 1)"; return; }
	data=$(experiment fingerprint)
	wrong=$(differs model "$(fact_of model)"
		$rehearsal || differs os_version "macOS $(fact_of os_version)"
		differs os_build "$(fact_of os_build)"
		differs cpu "$(fact_of cpu)"
		differs cores "$(fact_of cores)"
		differs memory_bytes "$(fact_of memory_bytes)"
		differs gpu "$(fact_of gpu)"
		differs gpu_cores "$(fact_of gpu_cores)")
	if [ -n "$wrong" ]; then
		fail "${wrong%; }"
	else
		pass "model, system, processor, memory and GPU are the same"
	fi
}

point_independent() {
	scenario independent 20 --lock none --threads 4 || return
	if [ "$(number independent crashed)" != 0 ] || [ "$(odd_ends independent)" != 0 ]; then
		fail "$came"
	elif [ "$(number independent runs)" -lt 5 ]; then
		note "too few runs: $came"
	else
		pass "$came"
	fi
}

point_shared_queue() {
	recorded shared-queue 20 --lock none --threads 4
}

# Without Metal's validation layer and with it: one of them must tell.
point_shared_buffer() {
	local site='"agx-encoder-coalescing":'
	scenario shared-buffer 8 --lock none --threads 4 --matrix MTL_DEBUG_LAYER=0,1 || return
	came="MTL_DEBUG_LAYER=0: $came; MTL_DEBUG_LAYER=1: $(describe shared-buffer 1)"
	if grep -qF -e "$site" -e 'already encoding to this command buffer' "$work/log/shared-buffer.out"; then
		pass "$came"
	else
		fail "$came"
	fi
}

# A lock around all that a thread does with its encoder should prevent it.
point_use_after_end() {
	scenario use-after-end 10 --lock none,global --threads 4 || return
	note "no lock: $came; one lock for all: $(describe use-after-end 1)"
}

point_release_in_use() {
	recorded release-in-use 15 --lock none --threads 4
}

# A Python whose PyTorch sees the GPU.
point_torch() {
	lacks_program && return
	if ! bounded $((40 * patience)) torch-version "$python" -c 'import torch; assert torch.backends.mps.is_available(); print(torch.__version__)'; then
		skip "no PyTorch with MPS in $python (--python names another)"
		return
	fi
	scenario torch 10 --python "$python" --lock none --threads 4 || return
	note "PyTorch $(tail -n 1 "$work/log/torch-version.out"): $came"
}

# ---- what crashed

# Of the crashes made here, without anybody's name and without other programs' reports.
gather_crashes() {
	[ -n "$program" ] && [ -f "$work/harness.db" ] || return 0
	bounded $((30 * patience)) crashes "$program" --db "$work/harness.db" --config "$config" report --redact --json process=agxtriage-repro
	cp "$work/log/crashes.out" "$work/crashes"
}
