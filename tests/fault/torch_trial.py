#!/usr/bin/env python3
"""torch_trial.py TRIAL: the scenario torch with a stand-in for PyTorch that computes in Python and can be told to fail."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

STAND_IN = '''
import os
HOW = os.environ.get('STAND_IN', '')
if HOW == 'broken':
    raise ImportError('no libtorch')
__version__ = '0.stand-in'
float32 = 'float32'

class Tensor:
    def __init__(self, values):
        self.values = list(values)
    def __add__(self, other):
        if HOW == 'error':
            raise RuntimeError('MPS backend:\\ncommand buffer failed')
        if HOW == 'crash':
            os.kill(os.getpid(), 11)
        return Tensor(a + b for a, b in zip(self.values, other.values))
    def __mul__(self, other):
        return Tensor(a * b for a, b in zip(self.values, other.values))
    def clone(self):
        return Tensor(self.values)
    def __getitem__(self, part):
        return Tensor(self.values[part])
    def cpu(self):
        return self
    def tolist(self):
        return [v + 1 for v in self.values] if HOW == 'wrong' else self.values

def tensor(values, dtype, device):
    assert dtype == 'float32' and device == 'mps'
    return Tensor(values)

class mps:
    synchronize = staticmethod(lambda: None)

class backends:
    pass

if HOW != 'old':
    backends.mps = type('', (), {'is_available': staticmethod(lambda: HOW != 'elsewhere')})
'''


class Torch:
    def __init__(self, folder):
        (folder / 'torch.py').write_text(STAND_IN)
        self.environment = dict(os.environ, PYTHONPATH=str(folder), PYTHONDONTWRITEBYTECODE='1')

    def run(self, *options, how='', python=sys.executable):
        done = subprocess.run(
            [sys.argv[1], '--scenario', 'torch', '--python', python, '--operations', '50', '--elements', '20', *options],
            capture_output=True, text=True, timeout=60, env=dict(self.environment, STAND_IN=how))
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def fails(self, outcome, status, words, **more):
        got, answers, stderr = self.run(**more)
        what = f'{more}: {got} {answers} {stderr}'
        assert got == status and len(answers) == 2, what
        assert answers[1]['outcome'] == outcome and words in answers[1]['error'], what


def finished(torch):
    for lock in ('none', 'global'):
        status, (start, end), stderr = torch.run('--threads', '4', '--lock', lock)
        assert status == 0 and stderr == '', stderr
        assert start['type'] == 'start' and start['backend'] == 'torch' and start['lock'] == lock and start['threads'] == 4
        assert end['outcome'] == 'finished' and end['operations'] == 50 and end['throughput'] > 0, end
        assert (end['lock_wait_s'] > 0) == (lock == 'global'), end
        assert all(end['latency_us'][call]['p50'] <= end['latency_us'][call]['p99'] for call in ('operation', 'wait')), end
    status, answers, _ = torch.run('--seconds', '0.2', '--operations', '0', '--kernels', 'copy')
    assert status == 0 and 0.2 <= answers[1]['elapsed_s'] < 20, answers


def main():
    with tempfile.TemporaryDirectory(prefix='agxtriage-torch-') as name:
        torch = Torch(pathlib.Path(name))
        finished(torch)
        torch.fails('failed', 1, 'no PyTorch', how='broken')
        torch.fails('failed', 1, 'knows no device mps', how='old')
        torch.fails('failed', 1, 'has no device mps on this machine', how='elsewhere')
        torch.fails('gpu_error', 3, 'MPS backend: command buffer failed', how='error')
        torch.fails('wrong_result', 4, 'should be', how='wrong')
        torch.fails('failed', 1, 'cannot run', python=name + '/no-python')
        status, answers, _ = torch.run(how='crash')
        assert status == -11 and [a['type'] for a in answers] == ['start'], (status, answers)
        status, answers, stderr = torch.run('--lock', 'queue')
        assert status == 2 and not answers and 'none and global only' in stderr, (status, stderr)
        assert sorted(p.name for p in pathlib.Path(name).iterdir()) == ['torch.py']
    print('the scenario torch answers for its Python')


main()
