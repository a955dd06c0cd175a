#!/usr/bin/env python3
"""From the rename into the watched folder to the incident in another process's database: median and p99.

Files arrive one at a time. Beside it, in the same run: how long a bare inotify takes to tell a process of such a rename.
"Visible" is that a connection of another process finds this very incident; then list is asked for it once.
Once in a database's life, after some 128 reports, one file waits for the dictionary that is trained then: the maximum.
With --limit it fails when p99 is higher three times in a row; on a machine that was busy with other work all the time it ends
with 77 (skipped) instead.
usage: latency.py --program AGXTRIAGE [--count 1000] [--limit MS] [--json]
"""
import argparse
import ctypes
import ctypes.util
import json
import os
import shutil
import sqlite3
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fault'))


# From here on a machine is not quiet.
BUSY = 0.2


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def child(work):
    """A process that answers each line on its stdin by the moment at which work(line) returned."""
    to_child, from_child = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(to_child[0])
        os.close(from_child[1])
        return pid, os.fdopen(to_child[1], 'wb', 0), os.fdopen(from_child[0], 'rb', 0)
    os.close(to_child[1])
    os.close(from_child[0])
    answer = work()
    next(answer)
    os.write(from_child[1], b'\0' * 8)
    buffer = b''
    while True:
        part = os.read(to_child[0], 4096)
        if not part:
            os._exit(0)
        buffer += part
        while b'\n' in buffer:
            line, buffer = buffer.split(b'\n', 1)
            answer.send(line.decode())
            os.write(from_child[1], struct.pack('q', time.monotonic_ns()))


def inotify_reader(folder):
    """Waits for the name to appear, with nothing but inotify."""
    def work():
        libc = ctypes.CDLL(ctypes.util.find_library('c'), use_errno=True)
        fd = libc.inotify_init1(0)
        libc.inotify_add_watch(fd, folder.encode(), 0x80)  # IN_MOVED_TO
        name = yield
        while True:
            seen = b''
            while name.encode() not in seen:
                seen = os.read(fd, 65536)
            name = yield
    return work


def database_reader(db):
    def work():
        base = sqlite3.connect('file:%s?mode=ro' % db, uri=True, isolation_level=None)
        number = yield
        while True:
            end = time.monotonic() + 30
            while not base.execute('select 1 from incident where incident_id = ?', (number,)).fetchone():
                if time.monotonic() > end:
                    os._exit(1)
                time.sleep(0.0001)
            number = yield
    return work


def measure(reader, folder, prepare, count):
    """prepare(n): (name, word for the reader); its hidden file stands in folder."""
    pid, ask, answers = reader
    answers.read(8)
    took = []
    try:
        for n in range(count):
            name, word = prepare(n)
            ask.write(word.encode() + b'\n')
            time.sleep(0.003)  # the reader waits by now
            began = time.monotonic_ns()
            os.rename('%s/.%s' % (folder, name), '%s/%s' % (folder, name))
            answer = answers.read(8)
            if len(answer) != 8:
                sys.exit('not visible after 30 s')
            took.append((struct.unpack('q', answer)[0] - began) / 1e6)
    finally:
        ask.close()
        os.waitpid(pid, 0)
    return took


def work_done():
    """Seconds of processor time: of the whole machine, and of this process and what it has waited for."""
    with open('/proc/stat') as file:
        fields = [int(word) for word in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf('SC_CLK_TCK'), sum(os.times()[:4])


def busy_since(before, began):
    """Which part of all processors others have used."""
    everybody, us = (now - then for now, then in zip(work_done(), before))
    return (everybody - us) / (time.monotonic() - began) / os.cpu_count()


def measure_both(options, outsider, watched):
    o = outsider.Outsider()
    folder, floor = o.new('reports'), o.new('floor')

    def prepare(place, first):
        def one(n):
            name = 'Python-%06d.ips' % (first + n)
            o.write('%s/.%s' % (place, name), outsider.good(first + n, vmSummary='x' * 40000))
            return name, name if place == floor else outsider.incident(first + n)
        return one

    daemon = None
    try:
        bare = measure(child(inotify_reader(floor)), floor, prepare(floor, 1), options.count)
        daemon = watched.Watched(o, [folder]).start()
        ours = measure(child(database_reader(daemon.db)), folder, prepare(folder, 1), options.count)
        last = o.run('list', '-1', '--json', outsider.incident(options.count), db=daemon.db)
        if last.status or len(last.lines) != 1:
            sys.exit('list does not show the last one: %s' % last)
    finally:
        if daemon:
            daemon.stop()
        shutil.rmtree(o.folder, ignore_errors=True)
    result = {'count': options.count}
    for name, values in (('inotify', bare), ('agxtriage', ours)):
        result[name] = {'median_ms': round(percentile(values, 0.5), 3), 'p99_ms': round(percentile(values, 0.99), 3),
                        'max_ms': round(max(values), 3)}
    for key in ('median', 'p99'):
        result['ratio_' + key] = round(result['agxtriage'][key + '_ms'] / result['inotify'][key + '_ms'], 1)
    return result


def show(result):
    print('%d files of 42 kB, one at a time, from the rename to the incident in another process' % result['count'])
    for name in ('inotify', 'agxtriage'):
        print('  %-10s median %7.3f ms   p99 %7.3f ms   max %7.3f ms' % (
            name, result[name]['median_ms'], result[name]['p99_ms'], result[name]['max_ms']))
    print('  ratio of the medians %.1f, of the p99 %.1f' % (result['ratio_median'], result['ratio_p99']), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True)
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--limit', type=float)
    parser.add_argument('--json', action='store_true')
    options = parser.parse_args()
    os.environ['AGXTRIAGE'] = options.program
    import outsider
    import watched
    quiet = False
    for _ in range(3 if options.limit else 1):
        before, began = work_done(), time.monotonic()
        result = measure_both(options, outsider, watched)
        if options.json:
            print(json.dumps(result))
        else:
            show(result)
        if not options.limit or result['agxtriage']['p99_ms'] <= options.limit:
            return
        busy = busy_since(before, began)
        # Other work makes some of them late, not most of them.
        quiet = quiet or busy < BUSY or result['agxtriage']['median_ms'] > options.limit
        print('  others used %.0f %% of the processors' % (busy * 100), flush=True)
    if not quiet:
        print('p99 is above %g ms, on a machine that had other work to do' % options.limit)
        sys.exit(77)
    sys.exit('p99 is above %g ms' % options.limit)


if __name__ == '__main__':
    main()
