/*
 * The script does what the other scenarios do, on top of PyTorch: threads start at a barrier, share
 * a number of operations, wait now and then, and the result is checked. It speaks the protocol of
 * repro/answer.h; "start" was said before it began. Everything it needs to know it is told in its
 * arguments, and it writes no file.
 */
#include "repro/trial/torch.h"

#include "repro/trial/locks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const torch_script[] = {
	"import json, random, sys, threading, time\n"
	"keys = ('threads', 'operations', 'elements', 'wait_every', 'warm_up', 'seed')\n"
	"o = dict(zip(keys, map(int, sys.argv[1:7])))\n"
	"seconds, policy, kernels = float(sys.argv[7]), sys.argv[8], sys.argv[9].split(',')\n"
	"status = {'finished': 0, 'failed': 1, 'gpu_error': 3, 'wrong_result': 4}\n"
	"state = {'outcome': 'finished', 'error': None, 'claimed': 0, 'stop': False}\n"
	"guard = threading.Lock()\n"
	"\n"
	"\n"
	"def end(**more):\n"
	"    line = {'type': 'end', 'outcome': state['outcome'], 'operations': 0}\n"
	"    line.update(more)\n"
	"    if state['error'] is not None:\n"
	"        line['error'] = state['error']\n"
	"    sys.stdout.write(json.dumps(line) + '\\n')\n"
	"    sys.stdout.flush()\n"
	"    sys.exit(status[state['outcome']])\n"
	"\n"
	"\n"
	"def fail(outcome, error):\n"
	"    with guard:\n"
	"        if state['outcome'] == 'finished':\n"
	"            state['outcome'] = outcome\n"
	"            state['error'] = ' '.join(str(error).split()) or type(error).__name__\n"
	"        state['stop'] = True\n"
	"\n"
	"\n"
	"try:\n"
	"    import torch\n"
	"except Exception as error:\n"
	"    fail('failed', 'no PyTorch in %s: %s' % (sys.executable, error))\n"
	"    end()\n"
	"version = getattr(torch, '__version__', '?')\n"
	"try:\n"
	"    usable = torch.backends.mps.is_available()\n"
	"except Exception as error:\n"
	"    fail('failed', 'PyTorch %s knows no device mps: %s' % (version, error))\n"
	"    end()\n"
	"if not usable:\n"
	"    fail('failed', 'PyTorch %s has no device mps on this machine' % version)\n"
	"    end()\n"
	"\n",
	"class Nothing:\n"
	"    def __enter__(self):\n"
	"        return self\n"
	"\n"
	"    def __exit__(self, *what):\n"
	"        return False\n"
	"\n"
	"\n"
	"lock = threading.Lock() if policy == 'global' else Nothing()\n"
	"clock = time.perf_counter\n"
	"compute = {'add': lambda a, b: a + b, 'mul': lambda a, b: a * b, 'copy': lambda a, b: a.clone()}\n"
	"\n"
	"\n"
	"def claim():\n"
	"    with guard:\n"
	"        if state['stop'] or (o['operations'] and state['claimed'] >= o['operations']):\n"
	"            return False\n"
	"        state['claimed'] += 1\n"
	"        return True\n"
	"\n"
	"\n"
	"def wanted(kernel, a, b):\n"
	"    if kernel == 'copy':\n"
	"        return a\n"
	"    return [x + y if kernel == 'add' else x * y for x, y in zip(a, b)]\n"
	"\n"
	"\n"
	"class Worker(threading.Thread):\n"
	"    def __init__(self, index):\n"
	"        super().__init__(name='trial %d' % index, daemon=True)\n"
	"        self.random = random.Random(o['seed'] * 1009 + index)\n"
	"        self.latencies, self.waits, self.locked = [], [], 0.0\n"
	"        self.ended = None\n"
	"\n"
	"    def inputs(self):\n"
	"        a = [self.random.randrange(1000) + 0.5 for _ in range(o['elements'])]\n"
	"        b = [self.random.randrange(1000) + 0.5 for _ in range(o['elements'])]\n"
	"        self.check = min(len(a), 16)\n"
	"        self.head = a[:self.check], b[:self.check]\n"
	"        self.a, self.b = (torch.tensor(v, dtype=torch.float32, device='mps') for v in (a, b))\n"
	"\n"
	"    def operate(self, wait):\n"
	"        kernel = self.random.choice(kernels)\n"
	"        before = clock()\n"
	"        with lock:\n"
	"            self.locked += clock() - before\n"
	"            out = compute[kernel](self.a, self.b)\n"
	"            if not wait:\n"
	"                return\n"
	"            before = clock()\n"
	"            torch.mps.synchronize()\n"
	"            self.waits.append(clock() - before)\n"
	"            head = out[:self.check].cpu().tolist()\n"
	"        if head != wanted(kernel, *self.head):\n"
	"            fail('wrong_result', '%s: %r should be %r' % (kernel, head[:4],\n"
	"                 wanted(kernel, *self.head)[:4]))\n"
	"\n",
	"    def repeat(self):\n"
	"        start = clock()\n"
	"        while claim():\n"
	"            self.operate((len(self.latencies) + 1) % o['wait_every'] == 0)\n"
	"            now = clock()\n"
	"            self.latencies.append(now - start)\n"
	"            start = now\n"
	"            if seconds and now - began[0] >= seconds:\n"
	"                state['stop'] = True\n"
	"        self.operate(True)\n"
	"\n"
	"    def run(self):\n"
	"        try:\n"
	"            with warming:\n"
	"                self.inputs()\n"
	"                for _ in range(o['warm_up']):\n"
	"                    self.operate(True)\n"
	"                self.waits, self.locked = [], 0.0\n"
	"            barrier.wait()\n"
	"            self.repeat()\n"
	"        except threading.BrokenBarrierError:\n"
	"            pass\n"
	"        except RuntimeError as error:\n"
	"            fail('gpu_error', error)\n"
	"        except Exception as error:\n"
	"            fail('failed', error)\n"
	"        finally:\n"
	"            self.ended = clock()\n"
	"            if state['outcome'] != 'finished':\n"
	"                barrier.abort()\n"
	"\n"
	"\n"
	"began = [clock()]\n"
	"warming = threading.Lock()\n"
	"barrier = threading.Barrier(o['threads'], action=lambda: began.__setitem__(0, clock()))\n"
	"workers = [Worker(index) for index in range(o['threads'])]\n"
	"try:\n"
	"    for worker in workers:\n"
	"        worker.start()\n"
	"except RuntimeError as error:\n"
	"    fail('failed', error)\n"
	"    end()\n"
	"for worker in workers:\n"
	"    worker.join()\n"
	"\n",
	"\n"
	"def quantiles(seconds):\n"
	"    values = sorted(seconds)\n"
	"    at = lambda p: round(values[max(0, -(-len(values) * p // 100) - 1)] * 1e6, 3)\n"
	"    return {'p50': at(50), 'p95': at(95), 'p99': at(99)}\n"
	"\n"
	"\n"
	"operations = sum(len(worker.latencies) for worker in workers)\n"
	"elapsed = max(worker.ended for worker in workers) - began[0]\n"
	"parts = {'operation': [v for worker in workers for v in worker.latencies],\n"
	"         'wait': [v for worker in workers for v in worker.waits]}\n"
	"end(operations=operations, elapsed_s=round(elapsed, 6),\n"
	"    throughput=round(operations / elapsed, 3) if elapsed > 0 else None,\n"
	"    lock_wait_s=round(sum(worker.locked for worker in workers), 6) if policy == 'global' else 0,\n"
	"    latency_us={name: quantiles(values) for name, values in parts.items() if values})\n",
};

/* NULL: out of memory. */
static char *torch_script_text(void) {
	size_t size = 1, count = sizeof torch_script / sizeof torch_script[0];
	for (size_t i = 0; i < count; i++)
		size += strlen(torch_script[i]);
	char *text = malloc(size), *at = text;
	for (size_t i = 0; text && i < count; i++) {
		size_t len = strlen(torch_script[i]);
		memcpy(at, torch_script[i], len);
		at += len;
	}
	if (text)
		*at = '\0';
	return text;
}

static void torch_kernels(unsigned kernels, char *ret, size_t size) {
	size_t len = 0;
	for (int i = 0; i < KERNEL_COUNT && len < size; i++)
		if (kernels & 1u << i)
			len += (size_t)snprintf(
				ret + len, size - len, "%s%s", len ? "," : "", kernel_names[i]);
}

enum { TORCH_ARGUMENTS = 9, TORCH_ARGUMENT_BYTES = 32 };

/* In the order in which the script reads them. */
static void torch_arguments(
	const struct trial_options *options, char ret[TORCH_ARGUMENTS][TORCH_ARGUMENT_BYTES]) {
	const uint64_t numbers[] = {options->threads, options->operations, options->elements,
		options->wait_every, options->warm_up, options->seed};
	for (size_t i = 0; i < 6; i++)
		snprintf(ret[i], TORCH_ARGUMENT_BYTES, "%" PRIu64, numbers[i]);
	snprintf(ret[6], TORCH_ARGUMENT_BYTES, "%.6f", options->seconds);
	snprintf(ret[7], TORCH_ARGUMENT_BYTES, "%s", options->lock->name);
	torch_kernels(options->kernels, ret[8], TORCH_ARGUMENT_BYTES);
}

int torch_exec(const struct trial_options *options, struct trial_error *err) {
	char texts[TORCH_ARGUMENTS][TORCH_ARGUMENT_BYTES];
	char *script = torch_script_text(), *python = strdup(options->python);
	char option[] = "-c";
	char *arguments[3 + TORCH_ARGUMENTS + 1] = {python, option, script};
	int number = ENOMEM;
	torch_arguments(options, texts);
	for (int i = 0; i < TORCH_ARGUMENTS; i++)
		arguments[3 + i] = texts[i];
	if (script && python) {
		execvp(python, arguments);
		number = errno;
	}
	snprintf(err->text, sizeof err->text, "cannot run %s: %s", options->python,
		strerror(number));
	free(script);
	free(python);
	return -1;
}
