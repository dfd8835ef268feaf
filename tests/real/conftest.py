"""The servers as fixtures: `nginx`, `caddy`, `haproxy`, `node`, `uvicorn`, each started once a session; `server`, which
is every one of them in turn; `start_nginx` for a test that wants one for itself (workers, a log of its own). The
engines `dynoxide` and `ministack`, which are downloaded into pytest's cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import engines
import pytest
import servers
from engines import Engine
from servers import Server

T = TypeVar("T")


@pytest.fixture(scope="session", autouse=True)
def no_keys() -> Iterator[None]:
    """No AWS keys and settings of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as environment:
        for name in filter(lambda name: name.startswith("AWS_"), [*os.environ]):
            environment.delenv(name)
        for name, value in engines.NO_KEYS.items():
            environment.setenv(name, value)
        yield


def _session(start: Callable[..., AbstractContextManager[Server]]) -> Any:
    @pytest.fixture(scope="session", name=start.__name__)
    def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        with ExitStack() as stack:
            yield _enter(stack, start(tmp_path_factory.mktemp(start.__name__)))

    return fixture


def _engine(start: Callable[..., AbstractContextManager[Engine]]) -> Any:
    @pytest.fixture(scope="session", name=start.__name__)
    def fixture(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
        assert pytestconfig.cache
        with ExitStack() as stack:
            cache = pytestconfig.cache.mkdir("engines")
            yield _enter(stack, start(tmp_path_factory.mktemp(start.__name__), cache))

    return fixture


def _enter(stack: ExitStack, server: AbstractContextManager[T]) -> T:
    try:
        return stack.enter_context(server)
    except servers.Absent as absent:
        pytest.skip(str(absent))


nginx, caddy, haproxy, node, uvicorn = (_session(start) for start in servers.ALL)
dynoxide, ministack = (_engine(start) for start in engines.ALL)


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
