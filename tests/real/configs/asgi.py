"""The application that uvicorn serves. `LOADGEN_WWW` names the folder of the files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

WWW = Path(os.environ["LOADGEN_WWW"])
BIG = (WWW / "big").read_bytes()
CHUNKED = (WWW / "chunked").read_bytes()

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


FOUR = asyncio.Semaphore(4)
SERVICE = 0.02  # s


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    headers = {b"content-type": b"application/json"}
    parts = [b"{}"]
    match scope["path"]:
        case "/upload":
            parts = [str(await body_length(receive)).encode()]
        case "/big":
            parts = [BIG]
        case "/chunked":
            parts = [CHUNKED[at : at + 16384] for at in range(0, len(CHUNKED), 16384)]
        case "/queue":
            async with FOUR:
                await asyncio.sleep(SERVICE)
        case "/close":
            headers[b"connection"] = b"close"
    if scope["path"] != "/chunked":  # without a length, the parts are sent chunked
        headers[b"content-length"] = str(sum(map(len, parts))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": list(headers.items())})
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def body_length(receive: Receive) -> int:
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    return length
