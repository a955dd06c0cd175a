"""Files that change a thousand times a second for seconds: little work, few words, and what they hold at the end is stored."""
import os
import time

from outsider import Outsider, good, incident
from watched import Watched, parameter, put

RATE = 1000


def replace(path, make):
    hidden = os.path.join(os.path.dirname(path), '.x')
    make(hidden)
    os.rename(hidden, path)


def storm(hits, seconds):
    """Each of hits about RATE times a second."""
    began, done = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        for hit in hits:
            hit(done)
        done += 1
        time.sleep(max(0, began + done / RATE - time.monotonic()))
    return done


def touch(path):
    return lambda n: os.utime(path, (n, n))


def written(watched):
    with open('/proc/%d/io' % watched.process.pid) as file:
        return int(dict(line.split(': ') for line in file)['wchar'])


def main():
    o = Outsider()
    seconds = parameter('SECONDS', 2)
    folder = o.new('reports')
    kinds = ['touched', 'fifo', 'link', 'large', 'moved']
    paths = {kind: '%s/Python-%s.ips' % (folder, kind) for kind in kinds}
    o.write(paths['touched'], good(1))
    o.write(paths['moved'], good(2))
    os.mkfifo(paths['fifo'])
    os.symlink('/etc/passwd', paths['link'])
    o.write(paths['large'], b'')
    os.truncate(paths['large'], 70 << 20)
    watched = Watched(o, [folder]).start()

    def move(n):
        os.rename(paths['moved'], paths['moved'] + '.ips')
        os.rename(paths['moved'] + '.ips', paths['moved'])
    wrote = written(watched)
    done = storm([touch(paths['touched']), touch(paths['fifo']), touch(paths['large']), move,
                  lambda n: replace(paths['link'], lambda path: os.symlink('/etc/passwd', path))], seconds)
    put(folder, 3)
    o.check(watched.until(lambda: watched.stored() == 3, 5), 'takes in what comes meanwhile', watched.said())
    wrote = written(watched) - wrote
    o.check(wrote < 200000 * seconds, 'little is written', (wrote, done))
    for kind, reason in (('fifo', b'FIFO'), ('link', b'link'), ('large', b'larger')):
        said = [line for line in watched.said().splitlines() if kind.encode() in line and reason in line]
        o.check(len(said) == 1, kind + ': said once', (len(said), said[:3]))
        replace(paths[kind], lambda path: o.write(path, good(10 + kinds.index(kind))))
    o.check(watched.until(lambda: watched.stored() == 6, 5), 'takes in what they are at last', watched.said())
    for number in (1, 2, 3, 11, 12, 13):
        o.check(watched.sql('select 1 from incidents where incident_id = ?', incident(number)), 'stored', number)
    o.check(watched.stop() == 0, 'ends', watched.said())
    o.integrity(watched.db, 'storms')
    o.end()


main()
