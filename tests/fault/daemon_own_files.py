"""What the daemon itself has open, found in its folders: closing another descriptor of it would cost the daemon its locks,
and with them a second daemon would start and the first one's log be deleted under it."""
import os

from outsider import Outsider, good, incident
from watched import Watched, put, same_bytes


def second(o, watched, label):
    answer = o.run('daemon', *watched.folders, db=watched.db, timeout=10)
    o.check(answer.status == 1, label + ': one daemon', answer)
    o.check(str(watched.process.pid).encode() in answer.err, label + ': says who', answer)


def go_on(o, watched, folder, label):
    """It still takes in, and what it takes in stays when others open and close the database."""
    expected = {}
    for number in range(10):
        expected[number] = good(number)
        put(folder, number, content=expected[number])
        watched.stored()
    o.check(watched.until(lambda: watched.stored() == 10, 10), label + ': takes in', watched.said())
    o.check(watched.sql('select count(*) from rejections') == [(0,)], label + ': no report', watched.said())
    o.check(watched.stop() == 0, label + ': ends', watched.said())
    same_bytes(o, watched, expected, label)


def inside(o):
    folder = o.new('reports')
    watched = Watched(o, [folder], db=folder + '/crashes.db', args=['--all']).start()
    second(o, watched, 'database in the folder')
    go_on(o, watched, folder, 'database in the folder')


def linked(o):
    folder = o.new('reports')
    watched = Watched(o, [folder]).start()
    put(folder, 0, content=good(0))
    watched.until(lambda: watched.stored() == 1, 10)
    for ending in ('', '-wal', '-shm', '.lock'):
        os.link(watched.db + ending, '%s/Python%s.ips' % (folder, ending))
    # Names come in their order: once this one is stored the links have been looked at.
    put(folder, 1, name='Python.zzz.ips', content=good(1))
    o.check(watched.until(lambda: watched.sql('select 1 from incidents where incident_id = ?', incident(1)), 10),
            'hard links: goes on', watched.said())
    second(o, watched, 'hard links')
    go_on(o, watched, folder, 'hard links')


def scan(o):
    """The same in the one process of a scan."""
    folder = o.new('reports')
    for number in range(50):
        put(folder, number)
    answer = o.run('scan', '--json', '--all', folder, db=folder + '/crashes.db')
    o.check(answer.status == 0 and answer.summary.get('added') == 50 and answer.summary.get('rejected') == 0,
            'scan', answer)
    o.integrity(folder + '/crashes.db', 'scan')


def main():
    o = Outsider()
    inside(o)
    linked(o)
    scan(o)
    o.end()


main()
