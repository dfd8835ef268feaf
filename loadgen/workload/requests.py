"""Makes the function that makes a step's request, of the parts of it that are constant and of those that are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadgen.exchange import Request
from loadgen.workload.draws import Unsendable, Values

Render = Callable[[Values, int], Request]
"""Makes the request of an iteration, from its values and its index."""


def rendering(method: str, target: Any, headers: Any, body: Any, operation: str = "") -> Render:
    """The function that makes the request. Each part is what is sent, or a function (values, index) that makes it.
    What it returns raises Unsendable."""

    def render(values: Values, index: int) -> Request:
        try:
            path = target if isinstance(target, str) else target(values, index)
            lines = headers if isinstance(headers, tuple) else headers(values, index)
            content = body if isinstance(body, bytes) else body(values, index)
        except UnicodeEncodeError:
            raise Unsendable("a value that is no Unicode text cannot be sent") from None
        except RecursionError:
            raise Unsendable("a value that is nested so deeply cannot be sent") from None
        return Request(method, path, lines, content, operation)

    return render
