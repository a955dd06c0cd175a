#!/usr/bin/env python3
"""A program that crashes, and the crash reporter that writes its report.

    crasher.py FOLDER [options]

--report N      reports that are written (0: none), --late S: so many seconds behind the death
--child         a child crashes and is reported, the program itself ends with 0
--orphan        as --child, and the child's parent is gone by then
--pid N, --launch S, --captured S   what the report says instead: another pid, times shifted by so many seconds
--parent N      the same for its parent's pid
--name NAME     of the process in the report and of the report's file; --plain: nothing of Metal on its stack
--hostile       names and texts that no page and no terminal should take as they are
--say TEXT      on standard error before it crashes; --signal N: how it ends, 0: with status 0
"""
import argparse
import os
import resource
import signal
import sys
import time

import outsider

HOSTILE = 'x`|</pre>]]><script>alert(1)</script>\x1b[31m&amp;**b**\u202e'


def started():
    """When this process started, as the kernel knows it."""
    try:
        with open('/proc/self/stat', encoding='utf-8') as file:
            ticks = int(file.read().rsplit(')', 1)[1].split()[19])
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf('SC_CLK_TCK')
    except OSError:
        return time.time()


def apple(seconds):
    return time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds)) + '.%04d +0000' % (seconds % 1 * 10000)


def write(options, pid, launched, parent, number):
    header, body = outsider.report(number)
    name = options.name
    body.update(pid=options.pid or pid, procName=name, procLaunch=apple(launched + options.launch),
                captureTime=apple(time.time() + options.captured), parentPid=options.parent or parent)
    header.update(name=name, app_name=name)
    header['incident_id'] = body['incident'] = outsider.incident(time.time_ns() % 0x7fffffff + number)
    if options.plain:
        body['threads'][0]['frames'] = [{'imageOffset': 64, 'imageIndex': 1, 'symbol': 'main', 'symbolLocation': 4}]
        body['threads'][0]['queue'] = 'com.apple.main-thread'
        body['asi'] = {}
    if options.hostile:
        body['procName'] = HOSTILE
        body['threads'][0]['frames'] = [{'imageOffset': 64, 'imageIndex': 1, 'symbol': HOSTILE, 'symbolLocation': 4}]
    stamp = time.strftime('%Y-%m-%d-%H%M%S', time.gmtime()) + '-%d-%d' % (pid, number)
    path = os.path.join(options.folder, name + '-' + stamp + '.ips')
    hidden = os.path.join(options.folder, '.' + os.path.basename(path))
    with open(hidden, 'wb') as file:
        file.write(outsider.dump(header, body))
    os.rename(hidden, path)


def crash(options):
    """Ends this process; its report is written before, or later by somebody who belongs to nobody."""
    pid, launched, parent = os.getpid(), started(), os.getppid()
    if options.say:
        sys.stderr.write(options.say + '\n')
        sys.stderr.flush()
    if options.late and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(3):
                os.dup2(os.open(os.devnull, os.O_RDWR), fd)
            time.sleep(options.late)
            for number in range(options.report):
                write(options, pid, launched, parent, number + 1)
        os._exit(0)
    for number in range(0 if options.late else options.report):
        write(options, pid, launched, parent, number + 1)
    if not options.signal:
        os._exit(0)
    if options.signal != signal.SIGKILL:
        signal.signal(options.signal, signal.SIG_DFL)
    os.kill(pid, options.signal)
    time.sleep(10)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--report', type=int, default=1)
    parser.add_argument('--late', type=float, default=0)
    parser.add_argument('--child', action='store_true')
    parser.add_argument('--orphan', action='store_true')
    parser.add_argument('--pid', type=int)
    parser.add_argument('--parent', type=int)
    parser.add_argument('--launch', type=float, default=0)
    parser.add_argument('--captured', type=float, default=0)
    parser.add_argument('--name', default='python3')
    parser.add_argument('--plain', action='store_true')
    parser.add_argument('--hostile', action='store_true')
    parser.add_argument('--say')
    parser.add_argument('--signal', type=int, default=signal.SIGSEGV)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not options.child and not options.orphan:
        crash(options)
    child = os.fork()
    if child == 0:
        if options.orphan and os.fork():
            time.sleep(0.7)
            os._exit(0)
        time.sleep(1.2 if options.orphan else 0.3)
        crash(options)
    os.waitpid(child, 0)
    if options.orphan:
        time.sleep(1.5)
    print('all is well')


main()
