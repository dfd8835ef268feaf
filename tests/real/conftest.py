"""The servers as fixtures: `nginx`, `caddy`, `haproxy`, `node`, `uvicorn`, each started once a session; `server`, which
is every one of them in turn; `start_nginx` for a test that wants one for itself (workers, a log of its own)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
import servers
from servers import Server


def _session(start: Callable[..., AbstractContextManager[Server]]) -> Any:
    @pytest.fixture(scope="session", name=start.__name__)
    def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with ExitStack() as stack:
            yield _enter(stack, start(tmp_path_factory.mktemp(start.__name__)))

    return fixture


def _enter(stack: ExitStack, server: AbstractContextManager[Server]) -> Server:
    try:
        return stack.enter_context(server)
    except servers.Absent as absent:
        pytest.skip(str(absent))


nginx, caddy, haproxy, node, uvicorn = (_session(start) for start in servers.ALL)


@pytest.fixture(params=[start.__name__ for start in servers.ALL])
def server(request: pytest.FixtureRequest) -> Server:
    running: Server = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def start_nginx(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Server]]:
    """`with start_nginx(workers=2) as server: …`; after it `server.log` is complete, one line for each request."""

    def start(**options: Any) -> AbstractContextManager[Server]:
        try:
            servers.binary("nginx")
        except servers.Absent as absent:
            pytest.skip(str(absent))
        return servers.nginx(tmp_path_factory.mktemp("nginx"), **options)

    return start
