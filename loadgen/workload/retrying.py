"""Whether a step makes another attempt: by the rules of the AWS SDKs, or to send what a batch left unprocessed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from loadgen.aws.errors import fault_of
from loadgen.aws.retries import UNANSWERED, Standard
from loadgen.clock import MILLISECOND, SECOND
from loadgen.exchange import Exchange, Outcome, Request
from loadgen.profile.model import Profile, Step
from loadgen.workload.dynamodb import rest_of

FIRST_PAUSE, LONGEST_PAUSE = 50 * MILLISECOND, 5 * SECOND  # before the rest of a batch is sent again
MOST_RESENT = 50  # times

Again = Callable[[Exchange, int], tuple[int, Request | None] | None]
Retry = Callable[[Exchange, int], int | None]


def retrying(profile: Profile) -> Retry | None:
    """The function (attempt's exchange, its number) -> back-off in ns, or None for no further attempt. All steps of a
    client share one quota, as in an SDK. None if nothing is tried again, or if the client retries by itself."""
    if not profile.retries or profile.retries.attempts < 2 or profile.abilities.retries:
        return None
    rules = Standard(profile.retries.attempts, Random(profile.seed).random)
    failed: dict[object, Outcome] = {}  # the outcome of an operation's last attempt, by its iteration

    def retry(x: Exchange, attempt: int) -> int | None:
        if not x.outcome or (200 <= x.status < 300 and x.outcome not in UNANSWERED):
            rules.succeeded(failed.pop(x.owner, None))
            return None
        code = ""
        if x.status >= 300:
            fault = fault_of(x.status, x.headers or {}, x.body or b"")
            code = fault.code if fault else "Throttling" if x.outcome == Outcome.THROTTLED else ""
        delay = rules.delay(x.outcome, x.status, code, attempt)
        if delay is None:
            failed.pop(x.owner, None)
        else:
            failed[x.owner] = x.outcome
        return delay

    return retry


def again(step: Step, retry: Retry | None) -> Again | None:
    """The function that the engine asks after each attempt of the step; None for a step that makes only one."""
    if step.unprocessed == "resend":
        return _resending(retry or _never)
    return _repeating(retry) if retry else None


def _repeating(retry: Retry) -> Again:
    def more(x: Exchange, attempt: int) -> tuple[int, Request | None] | None:
        delay = retry(x, attempt)
        return None if delay is None else (delay, None)

    return more


def _resending(retry: Retry) -> Again:
    """The same; and the rest of a batch is sent as another call. That call has all its attempts left, as in an SDK."""
    earlier: dict[object, tuple[int, int]] = {}  # an operation's earlier calls and their attempts, by iteration

    def more(x: Exchange, attempt: int) -> tuple[int, Request | None] | None:
        calls, attempts = earlier.get(x.owner, (0, 0))
        delay = retry(x, attempt - attempts)
        if delay is not None:
            return delay, None
        if x.outcome == Outcome.PARTIAL and calls < MOST_RESENT and (rest := rest_of(x)):
            earlier[x.owner] = calls + 1, attempt
            return min(FIRST_PAUSE << min(calls, 10), LONGEST_PAUSE), rest  # doubled, as DynamoDB's guide advises
        earlier.pop(x.owner, None)
        return None

    return more


def _never(x: Exchange, attempt: int) -> None:
    return None
