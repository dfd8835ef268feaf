"""Locust's fast user: GETs of `/`, BENCH_RATE a second each (0: no pause), kept connections if BENCH_REUSE is 1."""
# mypy: disable-error-code="import-not-found,import-untyped,misc,untyped-decorator"

from __future__ import annotations

import os

from gevent import ssl
from locust import FastHttpUser, constant, constant_throughput, task

RATE = float(os.environ["BENCH_RATE"])
HEADERS = {} if os.environ["BENCH_REUSE"] == "1" else {"Connection": "close"}
# one for all: each user would load every authority there is, which takes a large part of a short load
CONTEXT = ssl.create_default_context(cafile=os.environ["BENCH_CA"])


class User(FastHttpUser):
    wait_time = constant_throughput(RATE) if RATE else constant(0)
    insecure = False
    ssl_context_factory = staticmethod(lambda **_: CONTEXT)

    @task
    def get(self) -> None:
        self.client.get("/", headers=HEADERS)
