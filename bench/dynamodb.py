"""The clients of a DynamoDB table: loadgen's in each session mode, and a program that uses aioboto3 by itself."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

from bench.tools import CLIENTS, CannotSay, Load, Loadgen, Reported, Tool

KEYS = ["AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench"]  # nginx asks for none, but a call is signed
ITEM = {"pk": "{{uuid}}", "v": "{{bytes 150}}"}


class LoadgenTable(Loadgen):
    """`client` wire or sdk, and a session: what is renewed for each request, nothing if it is shared."""

    def __init__(self, client: str, renew: str = "") -> None:
        self.name = f"loadgen {client}" + (f", {renew} per request" if renew else "")
        self.client, self.renew = client, renew

    def command(self, load: Load, folder: Path) -> list[str]:
        return ["env", *KEYS, *super().command(load, folder)]

    def profile(self, load: Load) -> dict[str, object]:
        put = {"name": "put", "PutItem": {"Item": ITEM}}
        table = {"table": "bench", "region": "eu-west-1", "endpoint": load.url, "consumed_capacity": 0}
        reuse = {"reuse": "per-request", "renew": self.renew} if self.renew else {"reuse": "shared"}
        return {
            **super().profile(load),
            "target": {"dynamodb": table},
            "client": self.client,
            "session": {**reuse, "connections": load.connections},
            "scenarios": [{"name": "put", "steps": [put]}],
        }


class Aioboto3(Tool):
    """A shared client called in 64 tasks, what a program without a load generator would do."""

    name = "aioboto3"
    needs = sys.executable

    def command(self, load: Load, folder: Path) -> list[str]:
        if load.rate:
            raise CannotSay("is a plain loop, which paces nothing")
        numbers = [str(load.seconds), str(load.connections)]
        return [sys.executable, str(CLIENTS / "aioboto3_client.py"), load.url, *numbers]

    def read(self, output: str) -> Reported:
        told = json.loads(output)
        return Reported({"requests_s": told["requests"] / told["seconds"], "failed": told["failed"]})

    def version(self) -> str:
        return importlib.metadata.version("aioboto3")


ON_A_TABLE: tuple[Tool, ...] = (
    LoadgenTable("wire"),
    Aioboto3(),
    LoadgenTable("wire", "connection"),
    LoadgenTable("sdk"),
    LoadgenTable("sdk", "connection"),
    LoadgenTable("sdk", "client"),
    LoadgenTable("sdk", "session"),
)
