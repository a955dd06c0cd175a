#!/usr/bin/env python3
"""Judges the statistics by a computation of their own definitions, in exact fractions and 60 decimal digits.

    statistics.py CALCULATOR

The calculator reads lines "FUNCTION NUMBER..." and answers each with numbers. Nothing in here knows how it gets
them: intervals come from the roots of their quadratic equation, Fisher's test from whole numbers, the normal
distribution from its series, the generator from its publication.
"""

import decimal
import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

ABSOLUTE = Decimal("1e-9")
RELATIVE = Decimal("1e-9")
# Smaller probabilities come close to where a double ends.
TINY = Decimal("1e-300")
SEED, RESAMPLES = 1, 10000
MASK = (1 << 64) - 1
NO_NUMBER = 1 << 64

decimal.getcontext().prec = 60
decimal.getcontext().Emin = decimal.MIN_EMIN
decimal.getcontext().Emax = decimal.MAX_EMAX


# ---- the normal distribution ----

def arctan_of_inverse(x):
    """arctan(1 / x) for a whole x, by Gregory's series."""
    power = total = Decimal(1) / x
    n = 1
    while True:
        power /= -x * x
        n += 2
        term = power / n
        if total + term == total:
            return total
        total += term


def pi():
    """J. Machin's formula, 1706."""
    with decimal.localcontext() as context:
        context.prec += 10
        return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))


def erfc(x):
    """By the series of erf whose terms are all positive, with as many more digits as 1 - erf(x) loses."""
    if x < 0:
        return 2 - erfc(-x)
    with decimal.localcontext() as context:
        context.prec += int(x * x / 2) + 10
        term = total = x
        n = 1
        while True:
            term = term * 2 * x * x / (2 * n + 1)
            if total + term == total:
                break
            total += term
            n += 1
        return 1 - 2 / pi().sqrt() * (-x * x).exp() * total


def upper_tail(z):
    return erfc(z / Decimal(2).sqrt()) / 2


def normal_point(tail):
    """The z that leaves so much above it, by Newton's method."""
    z = Decimal(1)
    for _ in range(100):
        density = (-z * z / 2).exp() / (2 * pi()).sqrt()
        step = (upper_tail(z) - tail) / density
        z += step
        if abs(step) < Decimal("1e-50"):
            return z
    raise ArithmeticError("no normal point for %s" % tail)


Z = normal_point(Decimal("0.025"))
Z_POWER = normal_point(Decimal("0.2"))


def number(fraction):
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


# ---- rates ----

def wilson(count, runs):
    """The two rates p for which (share - p)^2 = z^2 p (1 - p) / runs."""
    a = runs + Z * Z
    b = 2 * count + Z * Z
    c = Decimal(count * count) / runs
    root = (b * b - 4 * a * c).sqrt()
    low = Decimal(0) if count == 0 else (b - root) / (2 * a)
    high = Decimal(1) if count == runs else (b + root) / (2 * a)
    return [Decimal(count) / runs, low, high]


def newcombe(a, a_runs, b, b_runs):
    rate_a, low_a, high_a = wilson(a, a_runs)
    rate_b, low_b, high_b = wilson(b, b_runs)
    difference = number(Fraction(a, a_runs) - Fraction(b, b_runs))
    return [difference,
            max(Decimal(-1), difference - ((rate_a - low_a) ** 2 + (high_b - rate_b) ** 2).sqrt()),
            min(Decimal(1), difference + ((high_a - rate_a) ** 2 + (rate_b - low_b) ** 2).sqrt())]


def fisher(a, a_runs, b, b_runs):
    """Whole numbers only: a table counts when 10^7 times its ways are at most 10^7 + 1 times those of this one."""
    events = a + b
    first, last = max(0, events - b_runs), min(a_runs, events)
    ways = math.comb(a_runs, first) * math.comb(b_runs, events - first)
    table = []
    for count in range(first, last + 1):
        table.append(ways)
        ways = ways * (a_runs - count) * (events - count) // ((count + 1) * (b_runs - events + count + 1))
    most = table[a - first] * (10 ** 7 + 1)
    return [number(Fraction(sum(ways for ways in table if ways * 10 ** 7 <= most),
                            math.comb(a_runs + b_runs, events)))]


def weights(a_runs, b_runs, events):
    """How likely each number of a's events is, in units of the first; in 60 digits, whose exponents do not end."""
    weight = Decimal(1)
    for count in range(max(0, events - b_runs), min(a_runs, events) + 1):
        yield count, weight
        weight = weight * ((a_runs - count) * (events - count)) / ((count + 1) * (b_runs - events + count + 1))


def fisher_large(a, a_runs, b, b_runs):
    """The same for a million runs."""
    margins = a_runs, b_runs, a + b
    most = next(weight for count, weight in weights(*margins) if count == a) * (10 ** 7 + 1) / 10 ** 7
    total = unlikely = Decimal(0)
    for _, weight in weights(*margins):
        total += weight
        if weight <= most:
            unlikely += weight
    return [unlikely / total]


def trend(groups):
    """Of (count, runs, score): the score test's z, squared exactly."""
    if len({Fraction(count, runs) for count, runs, _ in groups}) == 1 or len({score for _, _, score in groups}) == 1:
        return [Decimal(1)]
    scores = [Fraction(score) for _, _, score in groups]
    runs = sum(n for _, n, _ in groups)
    rate = Fraction(sum(count for count, _, _ in groups), runs)
    mean = sum(n * s for (_, n, _), s in zip(groups, scores)) / runs
    above = sum(s * (count - n * rate) for (count, n, _), s in zip(groups, scores))
    variance = rate * (1 - rate) * sum(n * (s - mean) ** 2 for (_, n, _), s in zip(groups, scores))
    z = number(above * above / variance).sqrt()
    return [upper_tail(z if above > 0 else -z)]


def needed(a, b):
    """Fleiss, Levin and Paik, 4.2: (4.14) and its correction for continuity; how many, before rounding up."""
    if a == b:
        return Decimal(0)
    a, b = number(Fraction(a)), number(Fraction(b))
    mean = (a + b) / 2
    distance = abs(a - b)
    plain = ((Z * (2 * mean * (1 - mean)).sqrt() + Z_POWER * (a * (1 - a) + b * (1 - b)).sqrt()) / distance) ** 2
    return plain / 4 * (1 + (1 + 4 / (plain * distance)).sqrt()) ** 2


def bound(most):
    """Of none among n, Wilson's upper end is z^2 / (n + z^2)."""
    if most == 0:
        return Decimal("Infinity")
    most = number(Fraction(most))
    return max(Decimal(1), Z * Z * (1 - most) / most)


# ---- samples ----

class Generator:
    """splitmix64, and D. Lemire's numbers below a bound from its upper halves."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        bits = self.state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        return bits ^ (bits >> 31)

    def below(self, bound):
        while True:
            product = (self.next() >> 32) * bound
            if product % 2 ** 32 >= 2 ** 32 % bound:
                return product >> 32


def quantile(values, p):
    """Type 7 of R. J. Hyndman and Y. Fan (1996)."""
    place = (len(values) - 1) * Fraction(p)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return Fraction(values[below]) + (place - below) * (Fraction(values[above]) - Fraction(values[below]))


def median(values):
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def resampled(generator, values):
    values = sorted(values)
    return [median([values[generator.below(len(values))] for _ in values]) for _ in range(RESAMPLES)]


def interval(value, values):
    values.sort()
    return [Decimal(value), number(quantile(values, 0.025)), number(quantile(values, 0.975))]


def median_interval(values):
    return interval(median(values), resampled(Generator(SEED), values))


def ratio_interval(a, b):
    generator = Generator(SEED)
    over = resampled(generator, a)
    under = resampled(generator, b)
    return interval(median(a) / median(b), [x / y for x, y in zip(over, under)])


# ---- questions ----

def edges(runs):
    """Counts that matter among so many runs."""
    return sorted({count for count in (0, 1, 2, runs // 10, runs // 4, runs // 3, runs // 2, 3 * runs // 4,
                                       runs - 2, runs - 1, runs) if 0 <= count <= runs})


SPARSE = [13, 15, 20, 29, 30, 56, 60, 97, 100, 250, 499, 500, 720, 999, 1000]


def single_counts():
    for runs in list(range(1, 61)) + [100, 263, 500, 720, 999, 1000]:
        for count in range(runs + 1):
            yield count, runs
    for runs in (12345, 1000000):
        for count in edges(runs):
            yield count, runs


def double_counts():
    """Every table of at most 11 runs each, then chosen ones up to 1,000, with equal and very unequal numbers."""
    seen = set()
    for a_runs in range(1, 12):
        for b_runs in range(1, 12):
            for a in range(a_runs + 1):
                for b in range(b_runs + 1):
                    yield a, a_runs, b, b_runs
    for a_runs in SPARSE + [1, 4]:
        for b_runs in SPARSE:
            for a in edges(a_runs):
                # Of the other the same counts, equal rates, and near ones.
                near = a * b_runs // a_runs
                for b in set(edges(b_runs)) | {max(0, near - 3), near, min(b_runs, near + 5)}:
                    if (a, a_runs, b, b_runs) not in seen:
                        seen.add((a, a_runs, b, b_runs))
                        yield a, a_runs, b, b_runs


def nearly_equal_tables():
    """Two tables whose likelihoods differ by less and less: by 1e-7, where they count as equal, near 740 runs."""
    for third in range(4, 333):
        a, a_runs, events = third + 1, 3 * third - 1, 2 * third - 2
        for count in (a, a - 3):
            yield count, a_runs, events - count, a_runs - 3


def large_counts():
    yield 500000, 1000000, 501000, 1000000
    yield 10, 1000000, 40, 1000000
    yield 3000, 20000, 2000, 20000
    yield 20000, 100000, 15000, 100000
    yield 999990, 1000000, 995, 1000


def trends():
    generator = Generator(2)
    threads = [1.0, 2.0, 4.0, 8.0, 16.0]
    yield [(count, 60, score) for count, score in zip((0, 5, 14, 22, 17), threads)]
    yield [(count, 60, score) for count, score in zip((22, 14, 5, 2, 0), threads)]
    yield [(0, 5, 1.0), (0, 7, 2.0)]
    yield [(5, 5, 1.0), (7, 7, 2.0)]
    yield [(1, 5, 1.0), (2, 10, 2.0), (200, 1000, 3.0)]
    yield [(1, 5, 3.0), (4, 9, 3.0)]
    yield [(0, 1000, 1.0), (1000, 1000, 2.0)]
    yield [(1000, 1000, 1.0), (0, 1000, 2.0)]
    yield [(3, 9, 1e15 + 1), (5, 9, 1e15 + 2), (9, 11, 1e15 + 4)]
    yield [(3, 9, -1e300), (5, 9, 0.0), (9, 11, 1e300)]
    for _ in range(1500):
        groups = []
        for index in range(2 + generator.below(5)):
            runs = 1 + generator.below((10, 100, 1000)[generator.below(3)])
            score = (generator.below(2001) - 1000) / 8 if generator.below(3) else float(index)
            groups.append((generator.below(runs + 1), runs, score))
        yield groups


def rate_pairs():
    steps = [0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.55, 0.6, 0.75, 0.9, 0.95, 0.99, 1.0]
    for a in steps:
        for b in steps:
            yield a, b
    yield 0.5, 0.5000001
    yield 1 / 3, 2 / 3
    yield 0.0, 1e-12


def bounds():
    yield from (0.0, 0.001, 0.0123, 0.05, 0.1, 1 / 3, 0.5, 0.79, 0.7934, 0.7935, 0.9, 1.0)
    yield from (1 / n for n in range(2, 400))


def values_of(count, generator):
    """Throughputs as they are measured: irregular, some equal."""
    return [round(100 + generator.below(40000) / 997, 1 + generator.below(6)) for _ in range(count)]


def samples():
    generator = Generator(3)
    for count in (1, 2, 3, 4, 5, 6, 9, 10, 15, 30, 60, 61):
        yield values_of(count, generator)
    yield [float(generator.below(3)) for _ in range(40)]
    yield [-1.5, -2.25, 0.0, 3.0]


# ---- asking and comparing ----

class Judge:
    def __init__(self, calculator):
        self.calculator = calculator
        self.questions = []
        self.findings = 0
        self.worst = {}

    def ask(self, check, expected, function, *numbers):
        line = " ".join([function] + [repr(value) for value in numbers])
        self.questions.append((line, function, check, expected))

    def finding(self, line, text):
        self.findings += 1
        if self.findings <= 50:
            print("%s: %s" % (line[:200], text))

    def note(self, function, error):
        self.worst[function] = max(self.worst.get(function, Decimal(0)), error)

    def close(self, line, function, answer, expected):
        """Every number within 1e-9 of what it is."""
        got = [Decimal(word) for word in answer.split()]
        if len(got) != len(expected) or not all(value.is_finite() for value in got):
            return self.finding(line, "%s, not %s" % (answer, expected))
        for value, wanted in zip(got, expected):
            self.note(function, abs(value - wanted))
            if abs(value - wanted) > ABSOLUTE:
                self.finding(line, "%s, not %s" % (value, wanted))

    def probability(self, line, function, answer, expected):
        """Small probabilities also within 1e-9 of their own size."""
        self.close(line, function, answer, expected)
        value, wanted = Decimal(answer), expected[0]
        if not 0 <= value <= 1:
            self.finding(line, "%s is no probability" % value)
        if wanted >= TINY:
            self.note(function + ", relative", abs(value / wanted - 1))
            if abs(value / wanted - 1) > RELATIVE:
                self.finding(line, "%s, not %s" % (value, wanted))

    def whole(self, line, function, answer, expected):
        """The next whole number; where rounding decides, one of its neighbours."""
        got = int(answer)
        if expected >= NO_NUMBER:
            return self.finding(line, "%d, not the largest number" % got) if got != NO_NUMBER - 1 else None
        slack = max(expected, 1) * Decimal("1e-13")
        if not expected - slack <= got < expected + 1 + slack:
            self.finding(line, "%d, not %s rounded up" % (got, expected))

    def same(self, line, function, answer, expected):
        """Exactly these; only where two values are weighted may the last digit differ."""
        got = [Decimal(word) for word in answer.split()] if not answer.startswith("error") else answer
        if len(got) != len(expected) or any(abs(value - wanted) > abs(wanted) * Decimal("1e-15")
                                            for value, wanted in zip(got, expected)):
            self.finding(line, "%s, not %s" % (answer, [float(wanted) for wanted in expected]))

    def words(self, line, function, answer, expected):
        if answer != expected:
            self.finding(line, "%r, not %r" % (answer, expected))

    def finish(self):
        text = "".join(line + "\n" for line, _, _, _ in self.questions)
        run = subprocess.run([self.calculator], input=text, capture_output=True, text=True, timeout=240)
        answers = run.stdout.splitlines()
        if run.returncode != 0 or len(answers) != len(self.questions):
            print("the calculator ended with %d after %d of %d answers: %s" % (
                run.returncode, len(answers), len(self.questions), run.stderr[-2000:]))
            return 1
        for (line, function, check, expected), answer in zip(self.questions, answers):
            check(line, function, answer, expected)
        for function, error in sorted(self.worst.items()):
            print("%-20s largest error %.1e" % (function, error))
        print("%d questions, %d findings" % (len(answers), self.findings))
        return 1 if self.findings else 0


def check_myself():
    """The computation itself against digits that stand in books."""
    known = [(pi(), "3.14159265358979323846264338327950288419716939937510"),
             (Z, "1.95996398454005423552459443052055152795555007786954"),
             (Z_POWER, "0.84162123357291420517"),
             (erfc(Decimal(1)), "0.15729920705028513065877936491739074070393300203370"),
             (erfc(Decimal(10)), "2.08848758376254475700078629495778861156081811932E-45")]
    for value, digits in known:
        wanted = Decimal(digits)
        places = Decimal(1).scaleb(wanted.adjusted() + 2 - len(wanted.as_tuple().digits))
        if abs(value - wanted) > places:
            raise ArithmeticError("%s is not %s" % (value, digits))
    if fisher(3, 4, 1, 4) != [number(Fraction(34, 70))]:
        raise ArithmeticError("the lady's tea")


def ask_rates(judge):
    for counts in single_counts():
        judge.ask(judge.close, wilson(*counts), "wilson", *counts)
    for counts in double_counts():
        judge.ask(judge.close, newcombe(*counts), "newcombe", *counts)
        judge.ask(judge.probability, fisher(*counts), "fisher", *counts)
    for counts in nearly_equal_tables():
        judge.ask(judge.probability, fisher(*counts), "fisher", *counts)
    for counts in large_counts():
        judge.ask(judge.close, newcombe(*counts), "newcombe", *counts)
        judge.ask(judge.probability, fisher_large(*counts), "fisher", *counts)
    for groups in trends():
        judge.ask(judge.probability, trend(groups), "trend", *[value for group in groups for value in group])
    for a, b in rate_pairs():
        judge.ask(judge.whole, needed(a, b), "needed", a, b)
    for most in bounds():
        judge.ask(judge.whole, bound(most), "bound", most)


def ask_samples(judge):
    for seed, below in ((0, 7), (1, 60), (12345, 3 << 30), (99, 1), (5, 2 ** 32 - 1)):
        generator = Generator(seed)
        draws = " ".join(str(generator.below(below)) for _ in range(500))
        judge.ask(judge.words, draws, "draws", seed, below, 500)
    everything = list(samples())
    for values in everything:
        judge.ask(judge.same, median_interval(values), "median", *values)
        for p in (0.0, 0.025, 0.1, 0.25, 0.5, 0.9, 0.975, 1.0):
            judge.ask(judge.same, [number(quantile(sorted(values), p))], "quantile", p, *sorted(values))
    for a, b in ((0, 0), (1, 2), (4, 8), (9, 10), (10, 9), (13, 7)):
        a, b = everything[a], everything[b]
        judge.ask(judge.same, ratio_interval(a, b), "ratio", len(a), *(a + b))
    judge.ask(judge.words, "error -22", "median")
    judge.ask(judge.words, "error -22", "ratio", 1, 2.0, 0.0)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check_myself()
    judge = Judge(sys.argv[1])
    ask_rates(judge)
    ask_samples(judge)
    return judge.finish()


if __name__ == "__main__":
    sys.exit(main())
