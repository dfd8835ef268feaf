"""What the tests of the sandbox's DynamoDB start from."""

from __future__ import annotations

import pytest
from dynamodb_sandbox import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    """With one table, which is empty."""
    sandbox = Sandbox()
    sandbox.create()
    return sandbox
