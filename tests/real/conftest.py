"""The servers as fixtures: `nginx`, `caddy`, `haproxy`, `node`, `uvicorn`, each started once a session; `server`, which
is every one of them in turn; `start_nginx` for a test that wants one for itself (workers, a log of its own). The
engines `dynoxide` and `ministack`, which are downloaded into pytest's cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import engines
import gateway
import pytest
import servers
from engines import Engine
from gateway import Account
from program import FULL
from servers import Server
from stamps import stamping

T = TypeVar("T")

pytest.register_assert_rewrite("operations")  # so that its assertions tell what differed


@pytest.fixture(scope="session", autouse=True)
def stamped() -> Iterator[None]:
    """The kernel stamps what comes."""
    with stamping():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No AWS keys and settings of whoever runs the tests, and no self-test of theirs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
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


@pytest.fixture(scope="session")
def account(ministack: Engine) -> Account:
    """Its users and its role: there can be one of each, whatever files ask for them."""
    return gateway.account(ministack)


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


# CI has twenty minutes for everything: of a test of many variants, each of which is a run or more, it takes two, and it
# leaves out those that last
MANY = (
    "articles", "dynamodb_engines", "experiment_scaling", "ministack", "run_auth", "run_dynamodb", "run_killed",
    "run_lambda", "run_nginx", "run_resources", "run_restart", "run_sandbox", "run_sessions", "run_until", "throttled",
)  # fmt: skip
LASTING = {
    "test_a_phase_goes_on_until_it_tells_enough", "test_tables_listed_from_afar",
    "test_the_curves_bend_where_the_function_is_full", "test_under_a_cap_fresh_bends_first",
}  # fmt: skip
# files that take long, most of them with few tests
LONG = (
    "articles", "capacity", "copy_to", "examples", "experiment_validity", "join", "merge", "ministack", "run_auth",
    "run_beside", "run_dead_port", "run_dynamodb", "run_experiment", "run_fit", "run_force_cold", "run_killed",
    "run_sandbox", "run_selftest", "run_signals", "run_tune", "secrets", "transport_contract", "variants_of_a_function",
)  # fmt: skip
ELSE = pytest.mark.skip(reason="takes long, or is one of many variants; set LOADGEN_FULL_TESTS=1")


@pytest.hookimpl(trylast=True)  # after what draws their order
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out those that last, and all but the first and the last variant of the tests in `MANY`; in the full form
    none. The files in `LONG` begin first: one that began last would keep a process busy, and leave the others idle."""
    items.sort(key=lambda item: item.path.stem.removeprefix("test_") not in LONG)
    variants: dict[str, list[pytest.Item]] = {}
    for item in items if not FULL else ():
        if item.path.stem.removeprefix("test_") in MANY:
            variants.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for name, alike in variants.items():
        ordered = sorted(alike, key=lambda item: item.nodeid)
        for item in ordered if name.rpartition("::")[2] in LASTING else ordered[1:-1]:
            item.add_marker(ELSE)
