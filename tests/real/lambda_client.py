"""boto3's client of a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadgen.aws.credentials import SANDBOX
from loadgen.sandbox.process import SandboxProcess


@contextmanager
def boto3_client(
    process: SandboxProcess, scheme: str = "http", secret: str = SANDBOX.secret_key, service: str = "lambda"
) -> Iterator[Any]:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config

    client = boto3.client(
        service,
        endpoint_url=process.http if scheme == "http" else process.https,
        verify=str(process.ca),
        region_name="eu-west-1",
        aws_access_key_id=SANDBOX.access_key,
        aws_secret_access_key=secret,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}, max_pool_connections=20),
    )
    try:
        yield client
    finally:
        client.close()
