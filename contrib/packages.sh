# Installs what is missing, for the scripts beside this file; sourced by them. Never asks a question.
# shellcheck shell=bash

readonly MESON_MIN=1.0
# Programs that run, for those who source this.
MESON='' PYTHON=''
export MESON PYTHON

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The first program of that name on the PATH that runs: a shim without a version behind it does not.
working_program() {
	local candidate
	while read -r candidate; do
		if "$candidate" --version >/dev/null 2>&1; then
			printf '%s\n' "$candidate"
			return 0
		fi
	done < <(type -ap "$1" | awk '!seen[$0]++')
	return 1
}

version_at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -n "$@" || die "needs root for: $* (sudo wants a password; run that yourself, then this again)"
	else
		die "needs root for: $* (there is no sudo; run that yourself, then this again)"
	fi
}

apt_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 \
		--no-install-recommends "$@" </dev/null
}

apt_install() {
	local missing=() package
	for package in "$@"; do
		apt_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return
	say "Installing with apt-get: ${missing[*]}"
	# Lists that are missing or too old show only when something cannot be had.
	apt_get install "${missing[@]}" >/dev/null 2>&1 ||
		{ apt_get update && apt_get install "${missing[@]}" >/dev/null; } ||
		die "apt-get could not install: ${missing[*]}"
}

brew_install() {
	local missing=() package
	command -v brew >/dev/null || die "needs Homebrew (https://brew.sh)"
	for package in "$@"; do
		brew list --formula "$package" >/dev/null 2>&1 || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return
	say "Installing with brew: ${missing[*]}"
	HOMEBREW_NO_AUTO_UPDATE=1 HOMEBREW_NO_ENV_HINTS=1 brew install --quiet "${missing[@]}" </dev/null ||
		die "brew could not install: ${missing[*]}"
}

# What the build needs.
install_build() {
	if command -v apt-get >/dev/null; then
		apt_install gcc libc6-dev meson ninja-build pkg-config libcjson-dev libsqlite3-dev libzstd-dev \
			libuv1-dev libarchive-dev
		apt_install "libstdc++-$(gcc -dumpversion | cut -d. -f1)-dev"
	elif [ "$(uname)" = Darwin ]; then
		xcode-select -p >/dev/null 2>&1 || die "needs Apple's compiler: xcode-select --install"
		brew_install meson ninja pkg-config cjson sqlite zstd libuv libarchive
		# Homebrew keeps these apart from the system's: its SQLite is older than we need on some versions, its libarchive
		# has no headers.
		PKG_CONFIG_PATH="$(brew --prefix sqlite)/lib/pkgconfig:$(brew --prefix libarchive)/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
		export PKG_CONFIG_PATH
	else
		say "Neither apt-get nor brew: taking the compiler and the libraries as they are."
	fi
	MESON=$(working_program meson) || die "no meson that runs"
	version_at_least "$("$MESON" --version)" "$MESON_MIN" || die "$MESON is older than $MESON_MIN"
}

# What the tests and checks need beyond that.
install_check() {
	if command -v apt-get >/dev/null; then
		local version=14 suffix=-14 package
		apt_install python3 libcmocka-dev clang shellcheck mandoc sqlite3 jq git curl valgrind strace
		# For the completions and the syntax of the Homebrew formula: 14 MB to fetch, 67 MB of disk. Without them those tests
		# are skipped.
		for package in zsh fish ruby; do
			(apt_install "$package") || say "No $package: what is tested with it will be skipped."
		done
		# To run and to compile the Metal backend without a Mac.
		apt_install libgnustep-base-dev musl-dev
		# For the HTML report. Ubuntu's package of that name only installs a snap: there, and where none can be had, its
		# test looks for another browser, or is skipped and says so.
		[ "$(. /etc/os-release && printf '%s' "${ID:-}")" = ubuntu ] || command -v chromium >/dev/null ||
			(apt_install chromium) || say "No chromium: the test of the HTML report will be skipped."
		# Formatting and findings differ between versions, so this one is pinned where there is a choice.
		apt_installed clang-format-14 || apt-cache show clang-format-14 >/dev/null 2>&1 || suffix=
		apt_install "clang-format$suffix" "clang-tidy$suffix"
		version=$(clang -dumpversion | cut -d. -f1)
		if apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1 || apt_installed "libclang-rt-$version-dev"; then
			apt_install "libclang-rt-$version-dev"
		else
			apt_install "libclang-common-$version-dev"
		fi
		install_cross
	elif [ "$(uname)" = Darwin ]; then
		brew_install cmocka llvm shellcheck jq
	fi
	PYTHON=$(working_program python3) || die "no python3 that runs"
}

# What contrib/cross/macos needs beyond that: to unpack the sources of libraries, to make SQLite's one file, to join two processors'
# programs, the library that it builds and that nothing else here needs for itself, and npm, which brings the compiler. Its recipes
# are for Debian 12.
install_cross() {
	[ "$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") $(uname -m)" = "bookworm x86_64" ] || return 0
	apt_install dpkg-dev make tcl llvm-14 zlib1g-dev
	command -v npm >/dev/null || (apt_install npm) || say "No npm: the build for macOS will be skipped."
}
