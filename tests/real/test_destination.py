"""Several addresses of one name: those that take no connection are left out, unless none does."""

import socket

import pytest

from loadgen.net.names import Address
from loadgen.profile.model import Profile
from loadgen.runner import destination

pytestmark = pytest.mark.real


async def reached(monkeypatch, *addresses):
    monkeypatch.setattr(destination, "resolve", lambda origin: addresses)
    load = [{"name": "one", "at-once": 1}]
    profile = Profile.model_validate({"name": "x", "target": "http://two.example/", "load": load})
    async with destination.destination(profile, None) as to:
        return to.addresses, to.left_out


async def test_an_address_that_refuses_is_left_out_and_said(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Address(socket.AF_INET, server.getsockname())
        dead = Address(socket.AF_INET, ("127.0.0.2", here.sockaddr[1]))
        assert await reached(monkeypatch, dead, here) == ((here,), (dead,))


async def test_if_none_answers_the_load_meets_the_reason(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    dead = tuple(Address(socket.AF_INET, (f"127.0.0.{n}", port)) for n in (2, 3))
    assert await reached(monkeypatch, *dead) == (dead, ())
