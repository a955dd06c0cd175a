"""A daemon on a folder of its own, with a hook that writes down what it is given."""
from outsider import good
from watched import Watched, put


class Scene:
    """A daemon on an empty folder, with one hook for the shell or flags of one's own."""

    def __init__(self, o, name, script, *args):
        self.o, self.name, self.folder, self.number = o, name, o.new(name), 0
        self.out = o.path(name + '.out')
        hook = ['--hook', '/bin/sh', '--hook-arg=-c', '--hook-arg', script] if script else []
        self.daemon = Watched(o, [self.folder], args=[*hook, *args], env=dict(o.env, OUT=self.out))

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *error):
        self.daemon.kill()
        self.daemon.log.close()

    def put(self, count=1, **changes):
        for _ in range(count):
            self.number += 1
            put(self.folder, self.number, content=good(self.number, **changes))

    def lines(self):
        """Those that are whole: a hook may be in the middle of one."""
        try:
            with open(self.out, encoding='utf-8') as file:
                return file.read().split('\n')[:-1]
        except FileNotFoundError:
            return []

    def await_lines(self, count, seconds=20):
        self.o.check(Watched.until(lambda: len(self.lines()) >= count, seconds), '%s: %d lines' % (self.name, count),
                     (len(self.lines()), self.daemon.said()))
        return self.lines()

    def await_log(self, text, seconds=20):
        self.o.check(Watched.until(lambda: text in self.daemon.said(), seconds), '%s: the log says %r' % (self.name, text),
                     self.daemon.said())

    def await_stored(self):
        self.o.check(Watched.until(lambda: self.daemon.stored() == self.number, 20), '%s: all are stored' % self.name,
                     (self.daemon.stored(), self.number))

    def stop(self, seconds=10):
        self.o.check(self.daemon.stop(seconds) == 0, '%s: the daemon stops' % self.name, self.daemon.said())
        return self.daemon.stopped_after
