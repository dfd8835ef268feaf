"""What is kept of an exchange is cut at a number of bytes: wherever that falls, nothing of a secret is left."""

from __future__ import annotations

import json

import pytest
from canaries import SHAPES, WRITINGS, left, pieces
from recorded import ORIGIN, exchange

from loadgen.exchange import Outcome
from loadgen.net.http1 import EXCERPT
from loadgen.record.samples import MESSAGE, Sample, Samples
from loadgen.redaction import Secrets

WAYS = ("as it is", "percent", "JSON in JSON", "latin-1", "base64", "lower case")


def kept(head: str, body: str, reason: str) -> Sample:
    """The sample of a failing answer, whose beginning alone a client has kept."""
    x = exchange(1, 2, 3, 4, 5, 6, 7, outcome=Outcome.HTTP_4XX)
    x.status, x.reason = 403, reason
    x.excerpt = f"HTTP/1.1 403 No\r\n{head}\r\n\r\n{body}".encode("utf-8", "surrogateescape")[:EXCERPT]
    samples = Samples(ORIGIN, 1)
    samples.failed(x)
    (sample,) = samples.kept().failed
    return sample


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"short", "long"}))
def test_a_cut_at_any_byte_of_a_secret_leaves_nothing_of_it(shape: str) -> None:
    hide = Secrets(SHAPES[shape]).hide
    for writing in WAYS:
        form = WRITINGS[writing](SHAPES[shape])
        marks = pieces(WRITINGS[writing](SHAPES[shape].strip()))
        line = " ".join(form.split())
        for cut in range(len(form) + 2):
            padded = f"{'m' * (MESSAGE - cut)}{form}"
            body = json.dumps({"message": padded})
            # the head is as long as it takes for the cut of the excerpt to fall on this byte of the body
            head = f"X-Amzn-RequestId: {'r' * (MESSAGE - cut)}{line}\r\nServer: {line}"
            head += f"\r\nX-Pad: {'p' * max(0, EXCERPT - len(head.encode()) - 200 - cut)}"
            for sample in (kept(head, body, padded), kept("Server: x", body, form)):
                shown = [sample.message, sample.reason, sample.request_id, *sample.headers.values(), sample.path]
                assert not [text for text in map(hide, shown) if left(text, marks)], (writing, cut)
                sentence = hide(f"the target answers {sample.reason}: {sample.message}; check the key")
                assert left(sentence, marks) == "", (writing, cut)
