#!/usr/bin/env python3
"""Calls that we do not use, because they cannot be bounded, or because one of the platforms lacks them."""

import re

import csource

UNSAFE = ["sprintf", "vsprintf", "strcpy", "stpcpy", "strcat", "strncpy", "strncat", "strtok", "atoi", "atol",
          "atof", "gets", "system", "popen", "tmpnam", "mktemp", "alloca", "cJSON_GetErrorPtr",
          "cJSON_GetObjectItem"]
# Only in files made for one platform.
LINUX_ONLY = ["statx", "epoll_create1", "epoll_ctl", "epoll_wait", "inotify_init1", "memrchr", "strchrnul",
              "qsort_r", "program_invocation_name", "program_invocation_short_name", "signalfd", "eventfd",
              "timerfd_create", "renameat2", "copy_file_range", "mremap", "fallocate"]
PLATFORM = re.compile(r"\b(__APPLE__|__MACH__|__linux__|__x86_64__|__aarch64__|__arm64__)\b")
PLATFORM_FILE = re.compile(r"(_darwin|_linux|_xdg|_x86|_arm|/file_times)\.[ch]$|\.m$")
# Declarations of an interface that is not ours.
FOREIGN = re.compile(r"^tests/metal/(darwin|include)/")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|enum|union)\b")


def calls(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\b(?=\s*\(|\s*[,);])")


UNSAFE_CALL = re.compile(r"(?<![\w.>])(" + "|".join(UNSAFE) + r")\s*\(")
LINUX_CALL = calls(LINUX_ONLY)


def check(path):
    own_platform = PLATFORM_FILE.search(path)
    for number, line in enumerate(csource.code(path).split("\n"), 1):
        for match in UNSAFE_CALL.finditer(line):
            yield f"{path}:{number}: {match.group(1)}() is not used here"
        if TYPEDEF.match(line) and not FOREIGN.match(path):
            yield f"{path}:{number}: no typedef for structs, enums and unions"
        if own_platform:
            continue
        for pattern in (LINUX_CALL, PLATFORM):
            for match in pattern.finditer(line):
                yield f"{path}:{number}: {match.group(1)} belongs to a file made for one platform"


def main():
    paths = [p for p in csource.files(".c", ".h", ".m") if p.startswith(("src/", "include/", "tests/"))]
    csource.finish("banned", len(paths), [f for p in paths for f in check(p)])


main()
