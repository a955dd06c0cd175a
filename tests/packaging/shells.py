"""Drives real shells at a terminal of their own: types a line and TAB, and reads what the shell offers and what it makes of the
line."""
import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import termios
import time

PATIENCE_S = 60
# What the keys do: ^X^L leaves the line as it is then in the file "line", ^U empties it.
LEAVE, EMPTY = b"\x18\x0c", b"\x15"
BASH = r"""
PS1=
bind 'set bell-style none'
bind 'set completion-query-items -1'
bind 'set page-completions off'
bind 'set enable-bracketed-paste off'
. "$COMPLETIONS/agxtriage.bash"
probe() { _agxtriage "$@"; printf '%s\0' "${COMPREPLY[@]}" >offered; }
complete -F probe agxtriage
leave() { printf '%s' "$READLINE_LINE" >line.new; mv line.new line; }
bind -x '"\C-x\C-l": leave'
bind '"\C-u": kill-whole-line'
"""
ZSH = r"""
PS1= PS2= RPS1=
fpath=("$COMPLETIONS" $fpath)
autoload -Uz compinit
compinit -D -u
setopt no_beep no_list_ambiguous auto_list no_always_last_prompt
LISTMAX=10000
zstyle ':completion:*' list-prompt ''
compadd() {
	if (( ${@[(I)-[OADE]]} )); then
		builtin compadd "$@"
		return
	fi
	local -a probe_hits
	builtin compadd -A probe_hits "$@"
	(( $#probe_hits )) && printf '%s\0' "${probe_hits[@]}" >>offered
	builtin compadd "$@"
}
leave() { print -rn -- "$BUFFER" >line.new; mv line.new line; }
zle -N leave
bindkey -e
bindkey '^I' complete-word '^X^L' leave '^U' kill-whole-line
"""
FISH = r"""
function fish_prompt; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0
source "$COMPLETIONS/agxtriage.fish"
function leave; commandline | string collect >line.new; mv line.new line; end
bind \cx\cl leave
bind \cu 'commandline ""'
"""
START = {"bash": (BASH, ["--norc", "--noprofile", "-i"], ". ./start"), "zsh": (ZSH, ["-f", "-i"], ". ./start"),
         "fish": (FISH, ["--no-config", "-i"], "source ./start")}


def find(name):
    return shutil.which(name)


def own_terminal():
    """In the child: a shell without a controlling terminal would not read from it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Shell:
    """One interactive shell in folder, with completions from that folder and environ."""

    def __init__(self, name, folder, completions, environ):
        text, options, start = START[name]
        self.name, self.folder = name, folder
        with open(os.path.join(folder, "start"), "w", encoding="utf-8") as file:
            file.write(text)
        self.env = dict(environ, COMPLETIONS=completions, TERM="xterm")
        master, slave = pty.openpty()
        self.process = subprocess.Popen([find(name), *options], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
                                        env=self.env, start_new_session=True, preexec_fn=own_terminal)
        os.close(slave)
        self.terminal, self.said = master, b""
        self.type(f" {start}; : >ready\r".encode())
        self.wait_for("ready")

    def type(self, text):
        os.write(self.terminal, text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def wait_for(self, name):
        """Until the shell has made that file; what it says meanwhile is read, or it would stop."""
        end = time.monotonic() + PATIENCE_S
        while not os.path.exists(self.path(name)):
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{self.name} made no '{name}'; it said {self.said[-2000:]!r}")
            if select.select([self.terminal], [], [], 0.01)[0]:
                self.said += os.read(self.terminal, 65536)

    def complete(self, line):
        """What stands on the line after TAB, and what was offered (not by fish)."""
        for name in ("line", "offered"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        self.type(EMPTY + line.encode() + b"\t" + LEAVE)
        self.wait_for("line")
        offered = []
        if os.path.exists(self.path("offered")):
            with open(self.path("offered"), encoding="utf-8") as file:
                offered = [word for word in file.read().split("\0") if word]
        with open(self.path("line"), encoding="utf-8") as file:
            return file.read(), offered

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.terminal)


class FishList:
    """What fish would list for a line; it has no way to tell that at a terminal."""

    def __init__(self, folder, completions, environ):
        script = (f"source {shlex.quote(completions + '/agxtriage.fish')}; "
                  "while read -l line; complete -C \"$line\"; printf '\\0'; end")
        self.process = subprocess.Popen([find("fish"), "--no-config", "-c", script], env=environ, cwd=folder,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def offers(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        text = b""
        while not text.endswith(b"\0"):
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise AssertionError("fish ended at " + line)
            text += more
        return [row.split("\t")[0] for row in text[:-1].decode("utf-8", "replace").splitlines()]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
