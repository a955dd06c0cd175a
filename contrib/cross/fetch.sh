# What the cross build needs from elsewhere: a compiler with macOS's headers, and the sources of libraries. Sourced by macos, which
# stands at the top of the source tree; whatever comes stays below $cross.
# shellcheck shell=bash disable=SC2154 # macos sets what both know: root, cross, out, processors, macos_min, settings

# The Debian packages of what we link, and of what our tests link, with the names of their sources' folders in ours.
readonly packages=(libuv1-dev libcjson-dev libsqlite3-dev libzstd-dev libarchive-dev zlib1g-dev libcmocka-dev)

# Nothing of what is needed can be had here: no failure, and the last line says why.
cannot() {
	say "$*"
	exit 77
}

# A stamp says what the folder holds; one that is half done has none.
stamped() {
	[ "$(cat "$1/.stamp" 2>/dev/null)" = "$2" ]
}

# ---- the compiler

fetch_compiler() {
	local dir=$cross/zig lock
	lock=$(sha256sum <contrib/cross/package-lock.json)
	stamped "$dir" "$lock" && return
	command -v npm >/dev/null || cannot "no npm, which brings the compiler"
	say "Fetching the compiler with npm (400 MB unpacked)"
	rm -rf "$dir"
	mkdir -p "$dir"
	cp contrib/cross/package.json contrib/cross/package-lock.json "$dir"
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund </dev/null) || cannot "npm could not fetch the compiler"
	printf '%s\n' "$lock" >"$dir/.stamp"
}

# ---- sources

# The versions that are installed are the ones that everything else is tested with. Fails when one is not.
installed_versions() {
	dpkg-query -W -f '${source:Package}=${source:Version}\n' "${packages[@]}" | sort -u
}

# apt with folders of its own, so that the lists of sources do not become part of this machine's configuration.
own_apt() {
	local dir=$root/$cross/apt program=$1
	shift
	"$program" -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$dir/sources.list.d" -o Dir::State::lists="$dir/lists" \
		-o Dir::Cache="$dir/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@" </dev/null
}

update_lists() {
	local dir=$cross/apt
	mkdir -p "$dir/sources.list.d" "$dir/lists/partial" "$dir/cache/archives/partial"
	"$PYTHON" -B contrib/cross/sources.py >"$dir/sources.list.d/sources.sources" || cannot "apt has no repository whose sources we could name"
	own_apt apt-get update
}

# The installed version, or the newest when the repository has another by now.
fetch_source() {
	own_apt apt-get source "$1" || own_apt apt-get source "${1%%=*}"
}

# SQLite in one file, by its own recipe.
amalgamate() (
	mkdir -p sqlite3/amalgamation && cd sqlite3/amalgamation &&
		make -s -f ../main.mk TOP=.. TCC=cc BCC=cc TCL_FLAGS= NAWK=awk OPTS= sqlite3.c
)

fetch_sources() {
	local dir=$cross/sources versions wanted
	versions=$(installed_versions) || cannot "one of these packages is not installed: ${packages[*]}"
	stamped "$dir" "$versions" && return
	say "Fetching sources with apt-get: ${versions//$'\n'/ }"
	rm -rf "$dir"
	mkdir -p "$dir"
	update_lists || cannot "apt-get could not fetch the lists of sources"
	for wanted in $versions; do
		(cd "$dir" && fetch_source "$wanted") || cannot "apt-get could not fetch the sources of $wanted"
		mv "$dir/${wanted%%=*}"-*/ "$dir/${wanted%%=*}"
	done
	(cd "$dir" && amalgamate) || die "SQLite's sources did not become one file"
	printf '%s\n' "$versions" >"$dir/.stamp"
}
