"""Engines that speak AWS's protocols and that nobody here wrote, on free ports of 127.0.0.1:

    dynoxide    DynamoDB in one static binary, from npm (Linux on x86-64 alone). Refuses calls without a signature,
                takes any.
    ministack   DynamoDB, Lambda and API Gateway, from PyPI, in an environment of its own. Checks signatures and rights
                as IAM does, of every key but "test", which may do everything.

cfn-lint, AWS's own translator of SAM templates, its runtime client for Python and its SDKs for JavaScript are fetched
in the same way.

Each is downloaded once, in a fixed version, into a folder that later sessions find again. boto3 talks to them beside
loadgen: it makes what a test needs, and reads back what has become of it.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers import Absent, binary, free_ports, running

DYNOXIDE = "@dynoxide/linux-x64@1.2.1"
MINISTACK = ("ministack==1.5.33", "boto3==1.43.106", "cryptography==50.0.2")  # for functions, and for tokens
RUNTIME = ("awslambdaric==4.2.2", "boto3==1.43.106")  # what runs a function of Python's in Lambda
TEMPLATES = ("cfn-lint==1.58.0", "aws-sam-translator==1.115.0")
REGION = "us-east-1"
NO_KEYS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""An environment in which botocore finds no keys, where it has none of its own."""


@dataclass(frozen=True, slots=True)
class Keys:
    access: str = "test"
    secret: str = "test"
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a program finds them by."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret, **token}


ROOT = Keys()


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. `folder` is its own."""

    name: str
    url: str
    folder: Path
    keys: Keys = field(default=ROOT)

    @contextmanager
    def client(self, service: str = "dynamodb", keys: Keys | None = None) -> Iterator[Any]:
        """boto3's client, whose failures are seen at once; with the engine's own keys, if no others are given."""
        import boto3  # type: ignore[import-untyped]
        from botocore.config import Config

        keys = keys or self.keys
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys.access,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token or None,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}),
        )
        try:
            yield client
        finally:
            client.close()

    def create(self, name: str, **keys: str) -> None:
        """A table by its keys and their types: create("orders", pk="S", sk="N")."""
        kinds = zip(keys, ("HASH", "RANGE"), strict=False)
        with self.client() as dynamodb:
            dynamodb.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
                BillingMode="PAY_PER_REQUEST",
            )
            dynamodb.get_waiter("table_exists").wait(TableName=name)

    @contextmanager
    def table(self, name: str, **keys: str) -> Iterator[str]:
        """A table that is gone afterwards: what lists all tables must find those of its own test alone."""
        self.create(name, **keys)
        try:
            yield name
        finally:
            with self.client() as dynamodb:
                dynamodb.delete_table(TableName=name)

    def items(self, table: str) -> list[dict[str, Any]]:
        """All items of a table as attribute values, binaries as bytes."""
        with self.client() as dynamodb:
            pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
            return [item for page in pages for item in page["Items"]]

    def tables(self) -> list[str]:
        with self.client() as dynamodb:
            return [name for page in dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]

    def clear(self) -> None:
        """Delete all tables."""
        with self.client() as dynamodb:
            for name in self.tables():
                dynamodb.delete_table(TableName=name)


@contextmanager
def dynoxide(folder: Path, cache: Path) -> Iterator[Engine]:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Absent("dynoxide is made for Linux on x86-64")
    program = node_modules(cache, DYNOXIDE) / "@dynoxide/linux-x64/dynoxide"
    port = free_ports(1)[0]
    with running([str(program), "--host", "127.0.0.1", "--port", str(port)], folder, [port]):
        yield _answering(Engine("dynoxide", f"http://127.0.0.1:{port}", folder))


@contextmanager
def ministack(folder: Path, cache: Path) -> Iterator[Engine]:
    python = environment(cache, *MINISTACK) / "bin/python"
    port = free_ports(1)[0]
    settings = {
        "BIND_HOST": "127.0.0.1",  # else it is every interface
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    with running([str(python), "-m", "ministack"], folder, [port], env={**settings, **ROOT.environment}):
        yield _answering(Engine("ministack", f"http://127.0.0.1:{port}", folder))


ALL = (dynoxide, ministack)


def node_modules(cache: Path, *packages: str) -> Path:
    """The folder with these packages of npm and what they need."""
    npm = binary("npm")

    def install(to: Path) -> None:
        options = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--cache", to / "cache"]
        _called(npm, "install", "--prefix", to, *options, *packages)

    return _once(cache / "-".join(packages).replace("/", "-"), install) / "node_modules"


def environment(cache: Path, *packages: str) -> Path:
    """An environment of Python's with these packages of PyPI."""

    def install(to: Path) -> None:
        _called(sys.executable, "-m", "venv", to)
        _called(to / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return _once(cache / "-".join((*packages, version)), install)


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made by whoever comes first; what was left half made is made anew."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "complete").touch()
    return folder


def _called(*command: object) -> None:
    ended = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if ended.returncode:
        raise RuntimeError(f"{command[0]} ended with {ended.returncode}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")


def _answering(engine: Engine) -> Engine:
    engine.tables()
    return engine
