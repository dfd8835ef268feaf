"""What a program that uses aiohttp by itself reaches: URL CA SECONDS CONNECTIONS REUSE (1 or 0)."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

import aiohttp
import uvloop

from loadgen.clock import SECOND, now


async def main(url: str, ca: str, seconds: int, connections: int, reuse: bool) -> dict[str, float]:
    requests = failed = 0
    context = ssl.create_default_context(cafile=ca)
    connector = aiohttp.TCPConnector(limit=connections, ssl=context, force_close=not reuse)
    began = now()
    end = began + seconds * SECOND

    async def loop(session: aiohttp.ClientSession) -> None:
        nonlocal requests, failed
        while now() < end:
            try:
                async with session.get(url) as response:
                    await response.read()
                    requests += response.status == 200
                    failed += response.status != 200
            except aiohttp.ClientError:
                failed += 1

    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(loop(session))
    return {"requests": requests, "failed": failed, "seconds": (now() - began) / SECOND}


if __name__ == "__main__":
    url, ca, *numbers = sys.argv[1:]
    seconds, connections, reuse = map(int, numbers)
    print(json.dumps(uvloop.run(main(url, ca, seconds, connections, bool(reuse)))))
