"""DynamoDB and API Gateway that check signatures, tokens, keys and rights: ministack, whose IAM nobody here wrote.
loadgen has the keys of a user who may do what the load does, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import gateway
import operations
import pytest
from engines import Engine, Keys
from gateway import BURST, Account, Api
from operations import Item, Sent
from program import VALID, Ran, prepare, run

pytestmark = pytest.mark.real

SIGNED = "sigv4: {service: execute-api, region: us-east-1}"
TOKEN = "bearer: {token_url: URL, client_id: {env: ID}, client_secret: {env: SECRET}, scope: orders/write}"


@pytest.fixture
def engine(ministack: Engine) -> Iterator[Engine]:
    yield ministack
    ministack.clear()


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with gateway.orders(engine) as api:
        yield api


@pytest.mark.parametrize(("client", "who"), [("wire", "role"), ("aiohttp", "user"), ("sdk", "role")])
def test_every_operation_is_signed_and_carried_out(
    engine: Engine, account: Account, tmp_path: Path, client: str, who: str
) -> None:
    ran = operations.carry_out(engine, getattr(account, who), tmp_path, 5, f"client={client}")
    operations.check(engine, ran, 5)


def profile(api: Api, auth: str = SIGNED, path: str = "orders", more: str = "") -> str:
    step = f"""
      - name: put
        post: '/{path}/{{{{choice plain "a b" "ü+x~y"}}}}'
        query: {{of: "{{{{seq}}}} ä/&=", nothing: ""}}
        json: {{id: "{{{{uuid}}}}", total: "{{{{int 1 500}}}}"}}
        expect: {{status: 201}}
        capture: {{cold: header.x-cold}}
        record: {{put: header.server-timing.put}}"""
    about = f"name: orders\ntarget: {api.url}\nauth: {{{auth}}}\n{more}\n"
    phase = "load: [{name: a, users: 2, iterations: 30}]\n"
    return f"{about}{phase}scenarios:\n  - name: order\n    steps:{step}\n    split_by: [cold]\n"


WAYS = [("wire", "shared", "orders"), ("aiohttp", "per-request", "orders"), ("wire", "per-request", "tokens")]


@pytest.mark.parametrize(("client", "reuse", "path"), WAYS)
def test_an_api_and_its_function(
    engine: Engine, account: Account, api: Api, tmp_path: Path, client: str, reuse: str, path: str
) -> None:
    """What the function put, and told of itself, is what boto3 finds and what the result says."""
    auth = TOKEN.replace("URL", f"'{api.token_url}'") if path == "tokens" else SIGNED
    text = profile(api, auth, path, f"client: {client}\nsession: {reuse}")
    secrets = {"ID": api.client_id, "SECRET": api.client_secret}
    ran = run(tmp_path, *prepare(tmp_path, text), "--json", env={**account.user.environment, **secrets})
    assert ran.status in VALID, ran.err
    assert ran.requests == {"sent": 30, "on_wire": 30, "outcomes": {"ok": 30}}
    items = {item["pk"]["S"]: item for item in engine.items(api.table)}
    sent = Sent(ran, tmp_path / "profile.yaml")
    for i in range(30):
        order = ordered(sent, i)
        item = items[order["pk"]["S"]]
        assert {**item, **order} == item
    assert len(items) == 30
    assert {item["name"]["S"] for item in items.values()} == {"plain", "a b", "ü+x~y"}
    cold = sum(item["cold"]["BOOL"] for item in items.values())
    [step] = ran.phases["a"]["steps"]
    assert cold == len({item["environment"]["S"] for item in items.values()}) > 0
    strata = {stratum["stratum"]: stratum["count"] for stratum in step["strata"]}
    assert strata == {"cold=true": cold, "cold=false": 30 - cold}
    assert step["recorded_ms"]["put"]["count"] == 30


def ordered(sent: Sent, i: int) -> Item:
    """What of iteration i is in its item, read from the request as the standard library reads it."""
    request = sent.request("put", i)
    order, url = json.loads(request.body), urlsplit(request.path)
    query = parse_qs(url.query, keep_blank_values=True)
    assert query == {"of": [f"{i} ä/&="], "nothing": [""]}
    return {
        "pk": {"S": order["id"]},
        "total": {"N": str(order["total"])},
        "name": {"S": unquote(url.path.rpartition("/")[2])},
        "of": {"S": query["of"][0]},
    }


REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "a wrong secret": ("user", {"secret": "x" * 40}),
    "a key that nobody has": ("user", {"access": "AKIA" + "X" * 16}),
    "a wrong token": ("role", {"token": "x" * 100}),
    "no token": ("role", {"token": ""}),
    "no rights": ("nobody", {}),
}


def refused(account: Account, why: str, folder: Path, text: str) -> Ran:
    who, change = REFUSED[why]
    keys: Keys = replace(getattr(account, who), **change)
    ran = run(folder, *prepare(folder, text), env=keys.environment)
    assert ran.status == 3, ran.out + ran.err
    for secret in filter(None, (keys.secret, keys.token)):
        assert secret not in ran.out + ran.err
    return ran


@pytest.mark.parametrize("why", REFUSED)
def test_a_table_refuses(engine: Engine, account: Account, tmp_path: Path, why: str) -> None:
    """One line, and nothing has been sent."""
    text = operations.PROFILE.read_text().replace("endpoint: sandbox", f'endpoint: "{engine.url}"')
    ran = refused(account, why, tmp_path, text)
    assert ran.err.startswith("loadgen: ")
    assert ran.err.count("\n") == 1
    assert engine.tables() == []


def test_an_api_refuses(engine: Engine, account: Account, api: Api, tmp_path: Path) -> None:
    """The run ends at once, and the function has not been called."""
    for why in REFUSED:
        if why != "no rights":
            (folder := tmp_path / why).mkdir()
            ran = refused(account, why, folder, profile(api))
            assert "the run was ended" in ran.err, why
    assert engine.items(api.table) == []


def test_an_api_denies(engine: Engine, account: Account, api: Api, tmp_path: Path) -> None:
    """A policy may be about some of the calls alone: the run goes on, and says what it met."""
    ran = run(tmp_path, *prepare(tmp_path, profile(api)), "--json", env=account.nobody.environment)
    assert ran.requests["outcomes"] == {"http_4xx": 30}
    [failure] = ran.phases["a"]["steps"][0]["failures"]
    assert failure["reasons"] == {"403 access denied by a policy, not 201": 30}
    assert engine.items(api.table) == []


def test_a_token_that_is_not_given(api: Api, tmp_path: Path) -> None:
    text = profile(api, TOKEN.replace("URL", f"'{api.token_url}'"), "tokens")
    ran = run(tmp_path, *prepare(tmp_path, text), env={"ID": api.client_id, "SECRET": "canary" * 8})
    assert ran.status == 3
    assert ran.err.startswith("loadgen: auth.bearer: no token from ")
    assert ran.err.count("\n") == 1
    assert "canary" not in ran.out + ran.err


LIMITED = """
name: limited
target: URL
auth: {api_key: {env: KEY}}
load: [{name: a, users: 2, iterations: 40}]
scenarios: [{name: s, steps: [{name: get, get: /limited}]}]
"""


def test_a_key_and_its_usage_plan(engine: Engine, tmp_path: Path) -> None:
    """The share that is throttled is what the plan leaves over; a wrong key is refused, always for the same reason."""
    url, key = gateway.limited(engine)
    outcomes = {}
    for given in (key, "canary" * 5):
        (folder := tmp_path / given[:6]).mkdir()
        ran = run(folder, *prepare(folder, LIMITED.replace("URL", url)), "--json", env={"KEY": given})
        assert given not in ran.out + ran.err
        [failure] = ran.phases["a"]["steps"][0]["failures"]
        outcomes[given] = (ran.requests["outcomes"], failure["reasons"])
    throttled = 40 - BURST
    assert outcomes.pop(key) == (
        {"ok": BURST, "throttled": throttled},
        {"429 Too Many Requests: throttled by the stage or the account": throttled},
    )
    assert [*outcomes.values()] == [({"http_4xx": 40}, {"403 Forbidden: API key or policy": 40})]
