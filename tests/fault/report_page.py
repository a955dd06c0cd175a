"""report --html: a page stands under its name whole or not at all, however the program ends."""
import os
import random
import resource
import signal
import time

from outsider import Outsider, good, limit

o = Outsider()
random.seed(int(os.environ.get('AGXTRIAGE_FAULT_SEED', '12')))
COUNT, KILLS = 20, int(os.environ.get('AGXTRIAGE_FAULT_KILLS', '12'))


def whole(path):
    with open(path, 'rb') as file:
        page = file.read()
    return page.startswith(b'<!doctype html>') and page.endswith(b'</html>\n')


def filled():
    place, db = o.new('reports'), o.db()
    for number in range(1, COUNT + 1):
        o.write('%s/Python-%d.ips' % (place, number), good(number))
    o.run('scan', '-q', place, db=db)
    return db


def too_large(db):
    """The system ends who writes more than it may, in the middle of the page."""
    for old in (None, b'old'):
        place = o.new()
        path = place + '/R.html'
        if old:
            o.write(path, old)
        process = o.start('report', '--html', path, db=db, before=limit(resource.RLIMIT_FSIZE, 40000))
        process.communicate(timeout=60)
        o.check(process.returncode != 0, 'a page that is too large', process.returncode)
        names = os.listdir(place)
        o.check(names == (['R.html'] if old else []), 'a page that is too large leaves nothing', names)
        o.check(not old or open(path, 'rb').read() == old, 'the old page stays')


def killed(db):
    path = o.new() + '/R.html'
    began = time.monotonic()
    answer = o.run('report', '--html', path, db=db)
    took = time.monotonic() - began
    o.check(answer.status == 0 and whole(path) and os.stat(path).st_mode & 0o777 == 0o644, 'the page', answer)
    for number in range(KILLS):
        place = o.new()
        process = o.start('report', '--html', place + '/R.html', db=db)
        time.sleep(took * random.uniform(0.3, 1.1))
        process.send_signal(random.choice((signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)))
        process.communicate(timeout=60)
        names = os.listdir(place)
        o.check(names in ([], ['R.html']), 'killed: nothing is left', names)
        o.check(not names or whole(place + '/R.html'), 'killed: the page is whole')


def places(db):
    place = o.new()
    os.symlink('elsewhere', place + '/link')
    os.mkfifo(place + '/pipe')
    for name in ('link', 'pipe', '.', 'none/R.html'):
        answer = o.run('report', '--html', place + '/' + name, db=db, timeout=20)
        o.check(answer.status == 1, 'a place for no page: ' + name, answer)
        o.one_line(answer, 'a place for no page: ' + name)
    o.check(sorted(os.listdir(place)) == ['link', 'pipe'], 'a place for no page: nothing is left', os.listdir(place))


def main():
    db = filled()
    too_large(db)
    killed(db)
    places(db)
    o.end()


main()
