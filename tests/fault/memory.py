"""A machine with too little memory: every command works or says why not, and a later scan brings what this one could not.

Not for builds with sanitizers, which need terabytes of address space.
"""
import random
import resource

from outsider import Outsider, good, limit

o = Outsider()
random.seed(6)
COUNT = 200
folder = o.new('some')
for n in range(COUNT):
    o.write('%s/Python-%05d.ips' % (folder, n), good(n, procPath=random.randbytes(3000).hex()))
base_db = o.db()
o.run('scan', folder, '--json', db=base_db)


def complete(db, label):
    took = o.run('scan', folder, '--json', db=db)
    o.check(took.status == 0 and took.summary.get('added', -1) + took.summary.get('known', -1) == COUNT and
            not took.summary['rejected'], label + ': a later scan brings all', took)
    o.check(o.count(db) == COUNT, label + ': all there', o.count(db))
    o.integrity(db, label)


huge = o.write(o.path('huge.ips'), good(1).replace(b'-[AGXBuffer init]', b'A' * (30 << 20)))
for megabytes in (6, 9, 12, 16, 20, 24, 28, 32, 40, 64, 150):
    for args in (('scan', folder, '--json'), ('show', huge), ('list', '--json'), ('top',), ('scan', huge), ('show', 'latest', '--json'),
                 ('sql', 'select hex(zeroblob(20000000))'), ('rules', 'list'), ('gc', '--recompress'), ('reclassify',)):
        db = o.db() if args[0] == 'scan' else base_db
        answer = o.finish(o.start(*args, db=db, before=limit(resource.RLIMIT_AS, megabytes << 20)), timeout=30)
        o.starved(answer, '%r in %d MB' % (args, megabytes))
        if args == ('scan', folder, '--json'):
            complete(db, 'after %d MB' % megabytes)
o.integrity(base_db, 'little memory')
o.check(o.count(base_db) == COUNT, 'little memory', '')
o.end()
