"""A paced loop of `session.get`, as programs have it: URL RATE SECONDS TASKS."""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp

from loadgen.clock import SECOND, now


async def main(url: str, rate: int, seconds: int, tasks: int) -> dict[str, object]:
    times: list[int] = []
    failed = 0
    each = tasks * SECOND // rate
    end = now() + seconds * SECOND

    async def loop(session: aiohttp.ClientSession) -> None:
        nonlocal failed
        while (began := now()) < end:
            try:
                async with session.get(url) as response:
                    await response.read()
                times.append(now() - began)
            except aiohttp.ClientError:
                failed += 1
            await asyncio.sleep(max(0, began + each - now()) / SECOND)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(loop(session))
    return {"times_ns": times, "failed": failed}


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(main(where, *map(int, numbers)))))
