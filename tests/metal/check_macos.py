#!/usr/bin/env python3
"""check_macos.py BACKEND AMALGAM: both compile with ARC for both processors of macOS, against declarations of our own, and what
they leave to the linker is something that macOS has. The amalgam needs nothing but the command in its first comment. Nothing is
linked and nothing runs."""

import os
import re
import shlex
import sys
import tempfile

import metal

# What is only declared, in LLVM's text: functions but for those of LLVM itself, and variables.
FUNCTION = re.compile(r'^declare [^@\n]*@"?(?:\\01_)?(?!llvm\.)([^"(]+)"?\(', re.M)
VARIABLE = re.compile(r'^@"?(?:\\01_)?([^" ]+)"? = external\b', re.M)
# Of the frameworks and of the Objective-C runtime (ARC's part of it is older than any macOS that has Metal).
FRAMEWORKS = re.compile(r"^(MTL\w+|NS\w+|OBJC_CLASS_\$_NS\w+|__CFConstantStringClassReference|_NSConcrete\w+|"
                        r"objc_(msgSend|alloc|alloc_init|opt_self|retain|release|autorelease\w*|retainAutorelease\w*|"
                        r"retainAutoreleasedReturnValue|unsafeClaimAutoreleasedReturnValue|storeStrong))$")
# Of POSIX, but not of macOS; the headers used here have them.
NOT_ON_MACOS = re.compile(r"^(pthread_(barrier\w+|spin_\w+|timedjoin_np|setaffinity_np|getaffinity_np|mutex_timedlock|"
                          r"condattr_setclock|rwlock_timed\w+)|clock_nanosleep|timer_\w+|sem_timedwait|posix_fallocate|"
                          r"pipe2|accept4|dup3|ppoll|fdatasync|sched_setaffinity|sched_getcpu|explicit_bzero|"
                          r"getrandom|memfd_create|gettid|tgkill|sigtimedwait|sigwaitinfo|error|qsort_r|mempcpy|strchrnul)$")


# The command that the amalgam tells its reader, but for its frameworks.
COMMAND = re.compile(r"^ \*\s+(clang .*)$", re.M)
WANTED = ["clang", "-fobjc-arc", "-O2", "agxtriage-repro.m", "-o", "agxtriage-repro"]


def libc_symbols():
    """What libc declares, as far as words go."""
    words = set()
    for folder, _, names in os.walk(metal.LIBC):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                words.update(re.findall(r"\b[a-z_]\w*(?=\s*\()", file.read()))
    return words | {"__stderrp", "stderr", "stdout", "stdin", "environ", "optarg", "optind"}


def check(path, target, folder, libc):
    command = [metal.clang(), *metal.macos_options(target), "-O2"]
    done = metal.run([*command, "-c", path, "-o", os.path.join(folder, "file.o")])
    if done.returncode:
        yield f"{target}: {path}: does not compile\n{done.stdout}"
        return
    text = metal.must([*command, "-S", "-emit-llvm", path, "-o", "-"])
    for symbol in FUNCTION.findall(text) + VARIABLE.findall(text):
        if NOT_ON_MACOS.match(symbol):
            yield f"{target}: {path}: macOS has no {symbol}()"
        elif not FRAMEWORKS.match(symbol) and symbol not in libc:
            yield f"{target}: {path}: nobody defines {symbol}"


def check_alone(path, folder):
    """Compiled as its first comment says, in a folder without our headers, it says nothing."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = COMMAND.search(text[:text.index("*/")])
    words = shlex.split(found.group(1)) if found else []
    frameworks = [after for word, after in zip(words, words[1:]) if word == "-framework"]
    rest = [word for word in words if word != "-framework" and word not in frameworks]
    if rest != WANTED or sorted(frameworks) != ["Foundation", "Metal"]:
        yield f"{path}: its first comment has no such command: {words}"
        return
    for target in metal.TARGETS:
        done = metal.run([metal.clang(), "-target", target, *rest[1:3], *metal.macos_headers(), "-c", os.path.abspath(path),
                          "-o", "alone.o"], cwd=folder)
        if done.returncode or done.stdout:
            yield f"{target}: {path}: is not clean on its own\n{done.stdout}"


def main():
    libc = libc_symbols() if metal.LIBC else set()
    with tempfile.TemporaryDirectory(prefix="agxtriage-macos-") as folder:
        faults = [fault for path in sys.argv[1:] for target in metal.TARGETS for fault in check(path, target, folder, libc)]
        faults += check_alone(sys.argv[2], folder)
    for fault in faults:
        print(fault)
    print(f"{len(sys.argv) - 1} files for {len(metal.TARGETS)} targets, {len(faults)} findings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
