#!/usr/bin/env python3
"""terminal.py COLUMNS COMMAND...: runs COMMAND on a pseudo terminal of so many columns and prints what it wrote there, with
ESC as ^[ and without carriage returns. Ends with COMMAND's exit status."""

import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    columns, command = int(sys.argv[1]), sys.argv[2:]
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(command[0], command)
    text = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        text += piece
    _, status = os.waitpid(pid, 0)
    sys.stdout.buffer.write(text.replace(b"\r", b"").replace(b"\033", b"^["))
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
