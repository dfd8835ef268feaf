"""What a program that puts items with aioboto3 by itself reaches: URL SECONDS CONNECTIONS."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid

import aioboto3
import uvloop
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from loadgen.clock import SECOND, now

TEXT = "x" * 150


async def main(url: str, seconds: int, connections: int) -> dict[str, float]:
    requests = failed = 0
    config = AioConfig(max_pool_connections=connections, retries={"mode": "standard", "total_max_attempts": 1})
    session = aioboto3.Session("bench", "bench", region_name="eu-west-1")
    began = now()
    end = began + seconds * SECOND
    async with session.client("dynamodb", endpoint_url=url, config=config) as client, asyncio.TaskGroup() as tasks:

        async def loop() -> None:
            nonlocal requests, failed
            while now() < end:
                try:
                    await client.put_item(TableName="bench", Item={"pk": {"S": str(uuid.uuid4())}, "v": {"S": TEXT}})
                    requests += 1
                except (BotoCoreError, ClientError):
                    failed += 1

        for _ in range(connections):
            tasks.create_task(loop())
    return {"requests": requests, "failed": failed, "seconds": (now() - began) / SECOND}


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    print(json.dumps(uvloop.run(main(url, *map(int, numbers)))))
