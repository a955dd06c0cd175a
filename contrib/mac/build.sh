# The points of contrib/mac-acceptance about the machine and the build. Sourced by it, on bash 3.2.
# shellcheck shell=bash disable=SC2034,SC2154

program='' helper=''

# ---- the machine

# Words that must not leave the Mac, longest first where one holds another.
learn_private() {
	private "$work" '<work>'
	private "$root" '<source>'
	private "$HOME" '~'
	private "$(id -F 2>/dev/null)" '<name>'
	private "$(scutil --get ComputerName 2>/dev/null)" '<host>'
	private "$(scutil --get LocalHostName 2>/dev/null)" '<host>'
	private "$(hostname 2>/dev/null)" '<host>'
	private "$(hostname -s 2>/dev/null)" '<host>'
	private "$(id -un)" '<user>'
	private "$(registry_value IOPlatformSerialNumber)" '<serial>'
	private "$(registry_value IOPlatformUUID)" '<serial>'
}

registry_value() {
	ioreg -rd1 -c IOPlatformExpertDevice 2>/dev/null | sed -n "s/.*\"$1\" = \"\\([^\"]*\\)\".*/\\1/p"
}

# Asked once; nothing where the tool is missing.
fact_of() {
	case $1 in
	model) sysctl -n hw.model 2>/dev/null ;;
	os_version) sw_vers -productVersion 2>/dev/null ;;
	os_build) sw_vers -buildVersion 2>/dev/null ;;
	cpu) sysctl -n machdep.cpu.brand_string 2>/dev/null ;;
	cores) sysctl -n hw.logicalcpu 2>/dev/null ;;
	memory_bytes) sysctl -n hw.memsize 2>/dev/null ;;
	gpu) display_value 'Chipset Model' ;;
	gpu_cores) display_value 'Total Number of Cores' ;;
	metal) display_value 'Metal[^:]*' ;;
	tools) xcode-select -p 2>/dev/null ;;
	compiler) cc --version 2>/dev/null | head -n 1 ;;
	esac
}

display_value() {
	[ -f "$work/displays" ] || {
		bounded 60 displays system_profiler SPDisplaysDataType
		cp "$work/log/displays.out" "$work/displays"
	}
	sed -n "s/^ *$1: *//p" "$work/displays" | head -n 1
}

point_machine() {
	local key os tools
	for key in model os_version os_build cpu cores memory_bytes gpu gpu_cores metal tools compiler; do
		fact "$key" "$(fact_of "$key")"
	done
	commit=$(git -C "$root" rev-parse HEAD 2>/dev/null)
	if [ -n "$commit" ]; then
		changed=false
		[ -z "$(git -C "$root" status --porcelain 2>/dev/null)" ] || changed=true
	fi
	os=$(fact_of os_version) tools=$(fact_of tools)
	if [ -z "$os" ]; then
		skip "no sw_vers: not a Mac"
	elif [ "${os%%.*}" -lt 13 ]; then
		fail "macOS $os is older than 13"
	elif [ -z "$tools" ]; then
		fail "no developer tools: xcode-select --install"
	elif [ -z "$(fact_of metal)" ]; then
		fail "system_profiler names no GPU with Metal"
	else
		pass "$(fact_of model), macOS $os ($(fact_of os_build)), $(fact_of gpu)"
	fi
}

# Whether one of the displays' GPUs is called that.
is_gpu() {
	fact_of gpu >/dev/null
	[ -n "$1" ] && grep -qF "Chipset Model: $1" "$work/displays"
}

# ---- build

# sample FILE NUMBER: a report of an incident of its own, as ReportCrash would lay it out.
sample() {
	local id now
	id=$(printf '%08X-ACCE-4000-8000-%012X' "$2" $$)
	now=$(date '+%Y-%m-%d %H:%M:%S.00 %z')
	cat >"$1" <<END
{"app_name":"agxtriage-repro","timestamp":"$now","bug_type":"309","os_version":"macOS 13.0 (22A380)","incident_id":"$id","name":"agxtriage-repro","agxtriage_simulated":true}
{"captureTime":"$now","procLaunch":"$now","incident":"$id","pid":$((1000 + $2)),"cpuType":"ARM-64","procName":"agxtriage-repro","procPath":"/opt/example/agxtriage-repro","osVersion":{"train":"macOS 13.0","build":"22A380"},"exception":{"codes":"0x0000000000000001, 0x00000000000005c8","rawCodes":[1,1480],"type":"EXC_BAD_ACCESS","signal":"SIGSEGV","subtype":"KERN_INVALID_ADDRESS at 0x00000000000005c8"},"faultingThread":0,"threads":[{"triggered":true,"id":1,"frames":[{"imageOffset":16,"imageIndex":0,"symbol":"acceptance_sample","symbolLocation":4}]}],"usedImages":[{"source":"P","arch":"arm64","base":4294967296,"size":4096,"uuid":"11111111-2222-3333-4444-555555555555","path":"/opt/example/agxtriage-repro","name":"agxtriage-repro"}]}
END
}

# Homebrew takes as long as it takes: the other points' time begins when it is done.
point_packages() {
	if [ -n "$build" ]; then
		skip "an existing build is used"
	elif bounded "$limit" packages install_packages; then
		pass "meson and the libraries are there"
	else
		fail "status $?: $(said packages 1)"
	fi
	budget=$((budget + SECONDS - began))
}

# In a process of its own, as all that sources packages.sh. Where meson is goes to a file.
install_packages() {
	# shellcheck source=contrib/packages.sh
	. "$root/contrib/packages.sh"
	install_build
	if [ "$(uname)" = Darwin ]; then
		brew_install cmocka
	fi
	printf '%s\n' "$MESON" >"$work/meson"
}

point_start() {
	if [ -n "$build" ]; then
		skip "an existing build is used"
		return
	fi
	sample "$work/sample.ips" 1
	if bounded "$limit" start env AGXTRIAGE_DB="$work/start.db" "$root/contrib/start" "$work/sample.ips"; then
		pass "built, and showed the report"
	else
		fail "status $?: $(said start 1)"
	fi
}

# A warning is told and does not stop the rest.
make_build() {
	install_packages
	"$MESON" setup --buildtype=release --prefix="$work/prefix" "$work/build" "$root" && "$MESON" compile -C "$work/build"
}

# The Meson that made the build, else that of the PATH.
run_meson() {
	"$(cat "$work/meson" 2>/dev/null || type -P meson)" "$@"
}

point_build() {
	local warnings
	if [ -n "$build" ]; then
		skip "an existing build is used"
		return
	fi
	if ! bounded "$limit" build make_build; then
		fail "it does not build: $(said build 1)"
		return
	fi
	build=$work/build
	warnings=$(cat "$work/log/build.out" "$work/log/build.err" | grep -c 'warning:')
	if [ "$warnings" = 0 ]; then
		pass "no warning"
	else
		fail "$warnings warnings"
	fi
}

point_tests() {
	local counts
	[ -n "$build" ] || { skip "no build"; return; }
	bounded "$limit" tests run_meson test -C "$build" --suite unit --no-suite long --timeout-multiplier 4 --print-errorlogs
	local status=$?
	counts=$(awk '/^(Ok|Fail|Timeout|Skipped):/ { printf "%s %s  ", $1, $2 }' "$work/log/tests.out")
	if [ $status = 0 ]; then
		pass "$counts"
	elif grep -q 'No suitable tests' "$work/log/tests.out" "$work/log/tests.err"; then
		skip "no unit tests in this build (cmocka is missing)"
	else
		fail "status $status: $counts"
	fi
}

point_install() {
	local folder=$work/prefix
	[ -n "$build" ] || { skip "no build"; return; }
	set -- --no-rebuild
	# A build with another prefix goes below a folder of ours as a whole.
	if [ "$build" != "$work/build" ]; then
		set -- "$@" --destdir "$folder"
	fi
	bounded "$limit" install run_meson install -C "$build" --quiet "$@" || { fail "status $?"; return; }
	program=$(find "$folder" -type f -path '*/bin/agxtriage' | head -n 1)
	helper=$(find "$folder" -type f -name agxtriage-repro | head -n 1)
	if [ -z "$program" ] || [ -z "$helper" ]; then
		fail "the program or its helper is not installed"
		program=''
		return
	fi
	version=$("$program" --version 2>/dev/null | awk '{ print $NF; exit }')
	sample "$work/sample.ips" 1
	if ! (cd / && "$program" show "$work/sample.ips") >"$work/log/install.out" 2>&1 ||
		! grep -q acceptance_sample "$work/log/install.out"; then
		fail "the installed program does not show a report"
	else
		pass "$(find "$folder" -type f | wc -l | tr -d ' ') files; version $version"
	fi
}

# Why a point about the program cannot be; false when it can.
lacks_program() {
	if [ -n "$program" ]; then
		return 1
	fi
	skip "no program to look at"
}
