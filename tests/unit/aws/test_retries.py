"""Standard retries: the same decisions, the same quota as botocore's own, and back-off in nanoseconds."""

from __future__ import annotations

import random
from typing import Any

import botocore.awsrequest
import botocore.exceptions
import botocore.session
import pytest
from botocore.retries import quota, standard
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.aws.retries import CODES, LONGEST, QUOTA, STATUSES, UNANSWERED, Standard
from loadgen.clock import SECOND
from loadgen.exchange import Outcome

ERRORS: dict[Outcome, Exception] = {
    Outcome.TIMEOUT: botocore.exceptions.ReadTimeoutError(endpoint_url="u"),
    Outcome.REFUSED: botocore.exceptions.EndpointConnectionError(endpoint_url="u"),
    Outcome.DNS: botocore.exceptions.EndpointConnectionError(endpoint_url="u"),
    Outcome.CLIENT_RESOURCE: botocore.exceptions.EndpointConnectionError(endpoint_url="u"),
    Outcome.TLS: botocore.exceptions.SSLError(endpoint_url="u", error="e"),
    Outcome.RESET: botocore.exceptions.ConnectionClosedError(endpoint_url="u"),
    Outcome.BAD_RESPONSE: botocore.exceptions.HTTPClientError(error="e"),
}
ANSWERS = [
    (Outcome.HTTP_4XX, 400, "ValidationException"),
    (Outcome.HTTP_4XX, 400, ""),
    (Outcome.CONDITION_FAILED, 400, "ConditionalCheckFailedException"),
    (Outcome.HTTP_4XX, 400, "TransactionCanceledException"),
    (Outcome.THROTTLED, 400, "ProvisionedThroughputExceededException"),
    (Outcome.THROTTLED, 429, ""),
    (Outcome.HTTP_4XX, 409, "ReplicatedWriteConflictException"),
    (Outcome.HTTP_4XX, 400, "TransactionInProgressException"),
    (Outcome.HTTP_5XX, 500, "InternalServerError"),
    (Outcome.HTTP_5XX, 501, ""),
    (Outcome.HTTP_5XX, 503, ""),
]
ENDINGS = ANSWERS + [(outcome, 0, "") for outcome in ERRORS]
MODEL = botocore.session.get_session().get_service_model("dynamodb").operation_model("PutItem")


class Botocores:
    """botocore's own standard mode, fed with what our clients say."""

    def __init__(self, attempts: int) -> None:
        self.quota = quota.RetryQuota()
        self._conditions = standard.StandardRetryConditions(max_attempts=attempts)
        self._checker = standard.RetryQuotaChecker(self.quota)
        self._backoff = standard.ExponentialBackoff(random=lambda: 1.0)

    def delay(self, outcome: Outcome, status: int, code: str, attempt: int, context: dict[str, Any]) -> float | None:
        answered = outcome not in ERRORS
        asked = standard.RetryContext(
            attempt_number=attempt,
            operation_model=MODEL,
            parsed_response={"Error": {"Code": code}} if answered else None,
            http_response=botocore.awsrequest.AWSResponse("u", status, {}, None) if answered else None,
            caught_exception=None if answered else ERRORS[outcome],
            request_context=context,
        )
        if not self._conditions.is_retryable(asked) or not self._checker.acquire_retry_quota(asked):
            return None
        return float(self._backoff.delay_amount(asked))

    def succeeded(self, context: dict[str, Any]) -> None:
        self._checker.release_retry_quota(context, botocore.awsrequest.AWSResponse("u", 200, {}, None))


@settings(max_examples=examples(300), deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.sampled_from(ENDINGS), max_size=6), max_size=60), st.integers(1, 5))
def test_every_decision_and_the_quota_are_botocores(operations: list[list[Any]], attempts: int) -> None:
    ours, theirs = Standard(attempts, lambda: 1.0), Botocores(attempts)
    for endings in operations:
        context: dict[str, Any] = {}
        before = None
        for attempt, (outcome, status, code) in enumerate(endings, 1):
            expected = theirs.delay(outcome, status, code, attempt, context)
            delay = ours.delay(outcome, status, code, attempt)
            assert delay == (None if expected is None else int(expected * SECOND))
            if delay is None:
                break
            before = outcome
        else:
            ours.succeeded(before)
            theirs.succeeded(context)
        assert ours.quota == theirs.quota.available_capacity


def test_what_is_retried_is_what_botocore_retries() -> None:
    transient, throttled = standard.TransientRetryableChecker(), standard.ThrottledRetryableChecker()
    assert set(transient._transient_status_codes) == STATUSES
    codes = {*transient._transient_error_codes, *throttled._throttled_error_codes}
    assert codes | {"ReplicatedWriteConflictException"} == CODES
    assert set(ERRORS) == UNANSWERED


def test_backoff_grows_with_full_jitter_up_to_twenty_seconds() -> None:
    full = Standard(99, lambda: 1.0)
    assert [full.delay(Outcome.RESET, 0, "", attempt) for attempt in range(1, 8)] == [
        seconds * SECOND for seconds in (1, 2, 4, 8, 16, LONGEST, LONGEST)
    ]
    draw = random.Random(1).random
    expected = random.Random(1).random
    drawn = Standard(99, draw)
    for attempt in (1, 2, 3):
        assert drawn.delay(Outcome.RESET, 0, "", attempt) == int(expected() * 2 ** (attempt - 1) * SECOND)


def test_one_attempt_is_one_attempt() -> None:
    assert Standard(1, lambda: 1.0).delay(Outcome.RESET, 0, "", 1) is None


@pytest.mark.parametrize(("outcome", "retries"), [(Outcome.RESET, 100), (Outcome.TIMEOUT, 50)])
def test_a_target_that_only_fails_empties_the_quota(outcome: Outcome, retries: int) -> None:
    shared = Standard(3, lambda: 0.0)
    assert sum(shared.delay(outcome, 0, "", 1) is not None for _ in range(1000)) == retries
    assert shared.quota == 0
    shared.succeeded(outcome)
    assert shared.delay(outcome, 0, "", 1) == 0
    for _ in range(2 * QUOTA):
        shared.succeeded()
    assert shared.quota == QUOTA
