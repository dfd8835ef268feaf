"""Seeded bugs (25): each a small change to the source that would make loadgen say what did not happen, and the tests
that have to find it. `python -m tests.truth.mutate` tries them all; a test of the default suite sees to it that each
still applies, once."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """In `file` (below loadgen/), `old` becomes `new`. `tests` are pytest's, below tests/; one of them has to fail."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


LATENCIES, OMISSION, TIMEOUTS = "truth/test_latencies.py", "truth/test_omission.py", "truth/test_timeouts.py"
BOUNDARIES, SCHEDULE, STAMPS = "truth/test_boundaries.py", "truth/test_schedule.py", "truth/test_stamps.py"
CONSERVATION, HISTOGRAMS = "truth/test_conservation.py", "truth/test_histograms.py"
INTERVALS, VERDICT = "truth/test_intervals.py", "truth/test_verdict.py"

METRICS, RECORDER, LEDGER = "record/metrics.py", "record/recorder.py", "record/ledger.py"
ENGINE, AGENDA, PLAN, ACCOUNTS = "engine/engine.py", "engine/agenda.py", "engine/plan.py", "engine/accounts.py"
RESULT, LATENCY, SECONDS = "analysis/build.py", "analysis/latency.py", "analysis/per_second.py"
HISTOGRAM, OF_RUN, COMPARISON = "stats/histogram.py", "stats/intervals.py", "stats/comparison.py"
CONNECTION, STREAM = "transport/wire/connection.py", "transport/wire/stream.py"
RESOLUTION = "result/resolution.py"
FIGURE, RATE = "trust/figure.py", "profile/rate.py"
ATTRIBUTION, COMPARED = "record/attribution.py", "experiment/comparison.py"
BACKLOG = "fleet/backlog.py"

RESPONSE = "np.where(of.due > 0, of.done - of.due, -1)"
SERVICE = "np.where(of.started > 0, of.done - of.started, -1)"
AGE = "if 0 <= age <= done - x.sent:"
ARRIVE = "                self._arrive(due)\n"
INDEX = "np.where(values < HALF, values, counters)"
RANK = "return max(1, math.ceil(p * n))"

MUTANTS = (
    # from when to when
    Mutant("response timed from send", METRICS, RESPONSE,
           RESPONSE.replace("of.due, -1", "np.maximum(of.started, of.due), -1"), (OMISSION,)),
    Mutant("response timed from release", METRICS, RESPONSE,
           RESPONSE.replace("of.done - of.due", "of.done - of.released"), (OMISSION,)),
    Mutant("response timed to the kernel's stamp", METRICS, RESPONSE,
           RESPONSE.replace("of.done - of.due", "np.where(of.received > 0, of.received, of.done) - of.due"),
           (LATENCIES,)),
    Mutant("service counted from due", METRICS, SERVICE, SERVICE.replace("of.done - of.started", "of.done - of.due"),
           (OMISSION,)),
    Mutant("the wait for a connection is the target's", METRICS, SERVICE,
           SERVICE.replace("of.done - of.started", "of.done - of.signed"), (LATENCIES,)),
    Mutant("the connect is left out of service", METRICS, SERVICE,
           SERVICE.replace("of.done - of.started", "of.done - np.maximum(of.started, of.connected)"), (LATENCIES,)),
    Mutant("lag is left out", METRICS, "np.where(of.due > 0, of.released - of.due, -1)",
           "np.where(of.due > 0, of.released - of.released, -1)", (OMISSION,)),
    Mutant("a client delay that nobody knows is 0", METRICS,
           "np.where(of.received > 0, of.done - of.received, -1)",
           "np.where(of.received > 0, of.done - of.received, 0)",
           ("unit/record/test_metrics.py",)),
    Mutant("a closed load has a response", ACCOUNTS, "due = x.due if iteration.run.open else 0", "due = x.due",
           ("unit/engine/test_engine_closed.py",)),
    Mutant("a step is due when the one before was due", ENGINE, "self._send(iteration, iteration.run, x.done)",
           "self._send(iteration, iteration.run, x.due)", ("unit/engine/test_engine_steps.py",)),
    # the kernel's stamp
    Mutant("a kernel stamp that is stale", STREAM, "        else:\n            self.stamp = 0\n", "", (STAMPS,)),
    Mutant("the kernel stamp of another packet", CONNECTION, AGE, "if 0 <= age:", (STAMPS,)),
    Mutant("a kernel stamp from the future", CONNECTION, AGE, "if age <= done - x.sent:", (STAMPS,)),
    Mutant("the stamp's age by the wrong clock", CONNECTION, "age = wall() - stream.stamp",
           "age = now() - stream.stamp", (STAMPS,)),
    # the target's own time
    Mutant("what the target took has this machine's part of connecting in it", METRICS,
           "np.maximum(until - of.started - own, 0)", "np.maximum(until - of.started, 0)",
           ("unit/record/test_attribution_table.py",)),
    Mutant("the target's own time decides whatever was sent", "analysis/off_schedule.py", "MOST = 0.1", "MOST = 1.0",
           ("truth/test_target.py",)),
    Mutant("what waited for a connection left as planned", "record/share.py",
           "waited | (scheduled & (of[Metric.LAG] > allowed))",
           "scheduled & (of[Metric.LAG] > allowed)",
           ("truth/test_target.py",)),
    Mutant("what was never sent is not missed", RESULT, "OffSchedule(requests + unsent, displaced + unsent, waited)",
           "OffSchedule(requests, displaced, waited)", ("truth/test_target.py",)),
    Mutant("equivalent whatever the target's own time", COMPARED, "target.verdict is not Decision.EQUIVALENT",
           "target.verdict is Decision.EQUIVALENT", ("truth/test_target.py",)),
    Mutant("the first byte is that of the last piece", CONNECTION, "if not self._first:\n", "if True:\n", (STAMPS,)),
    # what is sent when
    Mutant("an arrival that is late is skipped", AGENDA, ARRIVE,
           "                if now - due < 100_000_000:\n                    self._arrive(due)\n", (OMISSION,)),
    Mutant("an arrival that is late is timed anew", AGENDA, ARRIVE, ARRIVE.replace("due", "now"), (OMISSION,)),
    Mutant("the schedule drifts by a hundredth of a percent", RATE, "return count * SECOND / self.start",
           "return count * SECOND * 1.0001 / self.start", (SCHEDULE,)),
    Mutant("a ramp begins at its end's rate", RATE, "2 * count / (self.start + root)",
           "2 * count / (self.end + root)", (SCHEDULE,)),
    Mutant("gaps that are even and not exponential", "pacing.py", "np.cumsum(stream.standard_exponential(BLOCK))",
           "np.cumsum(2 * stream.random(BLOCK))", (SCHEDULE,)),
    Mutant("the Poisson stream is not striped: each worker has the same", "pacing.py",
           "yield self._due(positions[offset::workers])", "yield self._due(positions[::workers])", (SCHEDULE,)),
    Mutant("cycles have the same arrivals", PLAN, "seed = (self.seed, _ARRIVALS, self.position, self.cycle)",
           "seed = (self.seed, _ARRIVALS, self.position)", ("unit/engine/test_engine_phases.py",)),
    Mutant("rounds have the same seed", "experiment/rounds.py",
           "return int(stream_of((seed, _ROUND, number)).integers(2**62))", "return seed",
           ("unit/experiment/test_rounds.py",)),
    Mutant("rounds have the same order", "experiment/rounds.py",
           "stream_of((seed, _ORDER, number)).permutation(variants)", "range(variants)",
           ("unit/experiment/test_rounds.py",)),
    Mutant("the in-flight limit is one more", ENGINE, "if self.in_flight >= self._share.in_flight:",
           "if self.in_flight > self._share.in_flight:", ("unit/engine/test_engine_open.py",)),
    Mutant("no arrivals while the measured part drains", PLAN,
           "return rate is not None and rate.highest > 0 and not self.runs[-1].phase.iterations", "return False",
           (BOUNDARIES,)),
    # timeouts
    Mutant("timeouts of whole seconds", "workload/scenarios.py", "            step.timeout or timeout,\n",
           "            -(-(step.timeout or timeout) // 10**9) * 10**9,\n", (TIMEOUTS,)),
    Mutant("a timeout a millisecond early", "workload/scenarios.py", "            step.timeout or timeout,\n",
           "            (step.timeout or timeout) - 10**6,\n", (TIMEOUTS,)),
    Mutant("whatever ends within a millisecond times out with the first", "net/deadlines.py",
           "queue[0].deadline <= now)", "queue[0].deadline <= now + 10**6)", ("unit/net/test_deadlines.py",)),
    Mutant("a timeout counts from release", ENGINE,
           "x = Exchange(step.constant, slot, iteration, due, released, due + step.timeout, step.wants)",
           "x = Exchange(step.constant, slot, iteration, due, released, released + step.timeout, step.wants)",
           (TIMEOUTS,)),
    Mutant("timeouts are left out of the distribution", RESULT, "if metric in CENSORED else None", "if None else None",
           (TIMEOUTS,)),
    Mutant("a timeout is a value like any other", LATENCY, "    if position > values.count:\n",
           "    values.add(late)\n    if position > values.count:\n", (TIMEOUTS,)),
    Mutant("answers above a timeout have a rank", LATENCY, "if late.count and value > late.least:", "if False:",
           (TIMEOUTS,)),
    # ranks, counters, sums
    Mutant("a rank too many", HISTOGRAM, RANK, "return min(n, math.ceil(p * n) + 1)", (LATENCIES,)),
    Mutant("a rank too few", HISTOGRAM, RANK, "return max(1, math.ceil(p * n) - 1)", (LATENCIES,)),
    Mutant("a rank rounded down", HISTOGRAM, RANK, "return max(1, math.floor(p * n))", (LATENCIES,)),
    Mutant("a rank rounded to the nearest", HISTOGRAM, RANK, "return max(1, int(float(p) * n + 0.5))", (LATENCIES,)),
    Mutant("a rank of the last but one", HISTOGRAM, RANK, "return max(1, math.ceil(p * (n - 1)))", (LATENCIES,)),
    Mutant("a percentile of too few values", LATENCY, "    if count < needed:\n", "    if not count:\n", (LATENCIES,)),
    Mutant("a percentile is its counter's least value", HISTOGRAM, "else min(highest_of(index), self.most)",
           "else max(lowest_of(index), self.least)", (LATENCIES,)),
    Mutant("the next counter", HISTOGRAM, INDEX, INDEX + " + 1", (LATENCIES,)),
    Mutant("counters twice as wide", HISTOGRAM, INDEX, INDEX.replace("counters)", "counters | 1)"), (LATENCIES,)),
    Mutant("what lasted over an hour lasted an hour", HISTOGRAM, "np.where(values > HIGHEST, OVERFLOW,",
           "np.where(values > HIGHEST, 33_000,", (HISTOGRAMS,)),
    Mutant("what lasted over an hour is dropped", RECORDER, "measured = values >= 0",
           "measured = (values >= 0) & (values <= 3_600_000_000_000)", (HISTOGRAMS,)),
    Mutant("a counter that two have is that of the second", HISTOGRAM,
           "counts[other.index - first] += other.counts", "counts[other.index - first] = other.counts", (LATENCIES,)),
    Mutant("merged histograms have the mean of both", HISTOGRAM, "        self.total += other.total\n",
           "        self.total = (self.total + other.total) // 2\n", (LATENCIES,)),
    Mutant("merging forgets the lesser minimum", HISTOGRAM, "min(self.least, other.least)", "self.least",
           (HISTOGRAMS,)),
    Mutant("an hour and more is written as nothing", "record/hlog.py", "[min(index, _TOP) for index in",
           "[min(index, 0 if index > _TOP else index) for index in", (HISTOGRAMS,)),
    # what is counted where
    Mutant("an outcome class is dropped", RESULT, "if count and number != Outcome.OK:",
           "if count and number not in (Outcome.OK, Outcome.RESET):", (CONSERVATION,)),
    Mutant("failures are among the ok ones", RESULT, "if every or key.outcome == Outcome.OK]",
           "if every or key.outcome != Outcome.TIMEOUT]", (CONSERVATION,)),
    Mutant("phases are pooled", RESULT, "_step(m, run, slot, series[slot], sure)",
           "_step(m, run, slot, series[slot] + series[slot % len(m.plan.steps)] * (run.number > 0), sure)",
           (BOUNDARIES,)),
    Mutant("cycles are that of the first", RESULT, "slots = [m.plan.slot(run.number, step)",
           "slots = [m.plan.slot(run.position, step)", (BOUNDARIES,)),
    Mutant("strata are pooled", RESULT, "for name, value in wanted.items())\n    ]",
           "for name, value in wanted.items() if name != \"stratum\")\n    ]", (BOUNDARIES,)),
    Mutant("the warm-up is measured", PLAN, "phase.name, phase.measure)", "phase.name, True)", (BOUNDARIES,)),
    Mutant("unsent iterations are not counted", ENGINE,
           "            self._ledger.iterations[state.row + UNSENT_LIMIT] += 1\n", "            pass\n",
           ("unit/engine/test_engine_open.py",)),
    Mutant("what is stopped is not counted as unsent", ENGINE,
           "self._iterations[state.row + UNSENT_STOPPED] += state.left(self._iterations)", "pass",
           ("unit/engine/test_engine_stop.py",)),
    Mutant("retries are counted twice", ENGINE, "self._ledger.repeated[x.slot] += 1",
           "self._ledger.repeated[x.slot] += 2", ("unit/engine/test_engine_attempts.py",)),
    Mutant("a retry hides the attempt before it", ENGINE,
           "        self._count_repeated(x)\n        self._transmit(x)\n",
           "        self._ledger.repeated[x.slot] += 1\n        self._transmit(x)\n",
           ("unit/engine/test_engine_attempts.py",)),
    Mutant("what a dead worker had open is forgotten", LEDGER, "self.outcomes[row + Outcome.LOST] += missing", "pass",
           (CONSERVATION,)),
    Mutant("the last second that was written is lost", "store.py", "            yield value\n",
           "            if file.peek(1):\n                yield value\n", (CONSERVATION,)),
    Mutant("a batch loses its last row", RECORDER, "bytes(memoryview(self._buffer)[: self._position])",
           "bytes(memoryview(self._buffer)[: self._position - self._size])", (CONSERVATION,)),
    Mutant("what the aggregator had when it died is lost", BACKLOG, "        self._fold_lots()\n        self._fold([",
           "        self._fold([", ("unit/fleet/test_backlog.py",)),
    Mutant("what was folded here is counted again", BACKLOG, "            self._ignored = len(self._lots)\n", "",
           ("unit/fleet/test_backlog.py",)),
    Mutant("a second is that of the answer", RECORDER, "np.where(rows[:, 1] > 0, rows[:, 1], rows[:, 2])", "rows[:, 8]",
           ("unit/record/test_recorder.py",)),
    Mutant("what came in a phase's last bin is left out of its intervals", SECONDS,
           "    for tick, row in rows.items():\n        table",
           "    for tick, row in rows.items():\n        if tick < whole.stop * width:\n            table",
           ("unit/analysis/test_per_second.py",)),
    # how sure it is
    Mutant("requests are taken to be independent", OF_RUN,
           "variance = spread(beyond - counts * share, ramp)",
           "variance = replace(spread(beyond - counts * share, ramp), variance=count * share * (1 - share))",
           (INTERVALS, "unit/stats/test_intervals.py")),
    Mutant("an interval of any few events", OF_RUN, "    if events < EVENTS:\n", "    if events < 0:\n",
           (INTERVALS, "unit/stats/test_intervals.py")),
    Mutant("an interval of ten bins", OF_RUN, "LEAST = BLOCKS ", "LEAST = 10 ", (INTERVALS,)),
    Mutant("cold starts that came in one burst have one", OF_RUN,
           "    if (seen := bursts(counts)) < BURSTS:\n        return NoInterval("
           "Reason.of(\"few_bursts\", needs=BURSTS, bursts=seen))\n    normal", "    normal",
           ("unit/stats/test_intervals.py",)),
    Mutant("what load and target do in a ramp is chance", "stats/blocks.py", "TREND if ramp else 0", "0",
           ("unit/stats/test_blocks.py",)),
    Mutant("a short phase has bins of a second", RECORDER, "np.where(lasts > 0, lasts, since - began)",
           "np.full(len(since), 10**12)", ("unit/record/test_recorder.py",)),
    Mutant("faster is slower", COMPARISON, "Decision.SLOWER: 2 * judged.above(edge)",
           "Decision.SLOWER: 2 * judged.below(edge)", ("unit/stats/test_comparison.py",)),
    Mutant("twenty figures, each with all the doubt", COMPARISON, "<= level / (len(tested) - number)", "<= level",
           ("unit/stats/test_comparison.py",)),
    Mutant("a verdict of two rounds", COMPARISON, "if comparison.rounds < ROUNDS:", "if comparison.rounds < 2:",
           ("unit/stats/test_comparison.py",)),
    Mutant("each look spends all the doubt", "stats/looks.py", "budget = spent(", "budget = alpha or spent(",
           ("unit/stats/test_looks.py",)),
    Mutant("an interval that takes requests to be independent decides", "runner/until/until.py",
           'if estimate.kind != "full":', "if False:", ("unit/runner/until/test_until.py",)),
    # whose it was
    Mutant("who waits behind what was late waits for the target", "transport/pool.py",
           "return over.done - x.signed - least", "return 0", (VERDICT,)),
    Mutant("what waits behind what was late makes nobody else late", "transport/pool.py",
           "late = over.released - over.due + over.wait_delay + ", "late = over.released - over.due + ", (VERDICT,)),
    Mutant("a connect that was seen late is the target's", "net/tcp_info.py",
           "return max(0, took - info.rtt) if info.rtt else -1", "return 0", ("unit/net/test_tcp_info.py",)),
    Mutant("a late connect is left out of the share", ATTRIBUTION,
           'Row(Part.CONNECT_DELAY, Part.CONNECT, MACHINE, "own")',
           'Row(Part.CONNECT_DELAY, Part.CONNECT, TARGET, "connect")', ("unit/trust/test_figure.py",)),
    Mutant("a machine that stalls excuses itself", RESOLUTION, "max(LEAST, min(most, ms.get(name, most)))",
           "max(LEAST, ms.get(name, most))", ("unit/trust/test_idle.py",)),
    Mutant("a request meets one wake-up", "trust/idle.py", "np.add.outer(ticks, ticks)",
           "np.add.outer(ticks, 0 * ticks)", ("unit/trust/test_idle.py",)),
    Mutant("the run that is judged has a part in its resolution", "trust/idle.py", "        self._alarm.clear()\n", "",
           ("unit/trust/test_idle.py",)),
    Mutant("what a machine cannot tell is beyond every margin", COMPARISON, "by_resolution = resolution > margin * ",
           "by_resolution = resolution < margin * ", ("unit/stats/test_comparison.py",)),
    Mutant("a self-test of last year holds", "selftest/trusted.py", "HOLDS = timedelta(days=30)",
           "HOLDS = timedelta(days=3000)", ("unit/selftest/test_trusted.py",)),
    Mutant("what degrades a run makes it INVALID", "trust/finding.py",
           "if self.invalid is not None and value > self.invalid:",
           "if self.degraded is not None and value > self.degraded:", ("unit/trust/test_verdict.py",)),
    Mutant("what makes a run INVALID degrades it", "trust/finding.py", "            return Verdict.INVALID\n",
           "            return Verdict.DEGRADED\n", ("unit/trust/test_verdict.py",)),
    Mutant("what says why says INVALID by itself", "trust/signals.py",
           "limits if self.alone else min(limits, most)", "limits", ("unit/trust/test_verdict.py",)),
    Mutant("the client delay is the target's", ATTRIBUTION,
           'Row(Part.CLIENT_DELAY, Part.WHOLE, MACHINE, "own")', 'Row(Part.CLIENT_DELAY, Part.WHOLE, TARGET, "target")',
           (VERDICT,)),
    Mutant("without us, the slowest are the same ones", FIGURE,
           '    order = np.argsort(times, kind="stable")\n', "    order = np.arange(len(times))\n",
           ("unit/trust/test_figure.py",)),
    Mutant("our share is that of all, not of those about the quantile", FIGURE,
           "first, last = max(1, position - reach), min(count, position + reach)", "first, last = 1, count",
           ("unit/trust/test_figure.py",)),
    Mutant("what is below the resolution is judged", FIGURE,
           "if part >= resolution else Verdict.VALID", "if part >= 0 else Verdict.VALID",
           ("unit/trust/test_figure.py",)),
    Mutant("parts by how long the target took", "record/share.py", "whole = np.where(scheduled, response, service)",
           "whole = np.where(scheduled, service, service)", ("unit/record/test_share.py",)),
    Mutant("an INVALID figure decides", "analysis/standing.py",
           "is Verdict.INVALID\n        )", "is Verdict.DEGRADED\n        )", (VERDICT,)),
    Mutant("a limit that is missed is kept with our part inside", "analysis/standing.py",
           "met = passed and self.held and", "met = self.held and", (VERDICT,)),
    Mutant("lag is nobody's", ATTRIBUTION, '    Row(Part.LAG, Part.WHOLE, MACHINE, "own"),\n', "", (VERDICT,)),
    # what is said of it
    Mutant("a threshold on a figure among timeouts passes", "analysis/thresholds.py",
           'status="failed" if asked.op in ("<", "<=") else "passed"', 'status="passed"',
           ("unit/analysis/test_thresholds.py",)),
)  # fmt: skip
