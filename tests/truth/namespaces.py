"""Network namespaces, for tests that need a network of their own: few ports, or a link with a delay."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

CLONE_NEWNET = 0x40000000
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
HERE, THERE = "10.9.0.1", "10.9.0.2"
LINK = Path(__file__).with_name("link.py")
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network of its own, which lives as long as something is in it or this is not closed."""

    def __init__(self) -> None:
        home = _here()
        if _libc.unshare(CLONE_NEWNET):
            os.close(home)
            pytest.skip(f"a network namespace takes CAP_SYS_ADMIN: {os.strerror(ctypes.get_errno())}")
        self._descriptor = _here()
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread is in it, and every process and socket that it makes meanwhile stays there."""
        home = _here()
        assert not _libc.setns(self._descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            _libc.setns(home, CLONE_NEWNET)
            os.close(home)

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def few_ports(first: int, last: int, reuse: int) -> Iterator[None]:
    """Inside of a namespace with a loopback and those ephemeral ports. `reuse`: net.ipv4.tcp_tw_reuse."""
    with _new() as namespace, namespace.inside():
        ip("link set lo up")
        setting("ip_local_port_range", f"{first} {last}")
        setting("tcp_tw_reuse", str(reuse))
        yield


@contextmanager
def apart(delay_us: int, lost: int = 0) -> Iterator[tuple[Namespace, Namespace]]:
    """(here, there): what listens at 127.0.0.1 there is reached at 127.0.0.1 from here, over a link as of `linked`."""
    with linked(delay_us, lost) as (here, there):
        with there.inside():
            ip("link set lo up")
        with here.inside():  # without a loopback of its own
            ip(f"route add 127.0.0.1/32 via {THERE} dev near src {HERE}")
        yield here, there


@contextmanager
def linked(delay_us: int, lost: int = 0) -> Iterator[tuple[Namespace, Namespace]]:
    """(here, there), with the addresses HERE and THERE: what one sends arrives `delay_us` later at the other, over veth
    pairs and a program in user space between them. The device here is `near`. Of what goes there, each `lost`th frame
    does not arrive."""
    with ExitStack() as stack:
        here, between, there = (stack.enter_context(_new()) for _ in range(3))
        with between.inside():
            for device, end, namespace in (("left", "near", here), ("right", "far", there)):
                ip(f"link add {device} type veth peer name {end}")
                ip(f"link set {end} netns {namespace.path}")
                ip(f"link set {device} up")
        with there.inside():
            _attach("far", f"{THERE}/24")
        with here.inside():
            _attach("near", f"{HERE}/24")
        with between.inside():
            command = [sys.executable, str(LINK), "left", "right", str(delay_us), str(lost)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE)
        stack.callback(_stop, process)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield here, there


def ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def setting(name: str, value: str) -> None:
    Path("/proc/sys/net/ipv4", name).write_text(value)


def _attach(device: str, address: str) -> None:
    for scope in ("all", device):
        setting(f"conf/{scope}/route_localnet", "1")
        setting(f"conf/{scope}/rp_filter", "0")
    ip(f"addr add {address} dev {device}")
    ip(f"link set {device} up")
    _sum_in_software(device)


def _sum_in_software(device: str) -> None:
    """What is carried on as bytes must have its checksums in it."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0), 8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sP", device.encode(), ctypes.addressof(value)))


@contextmanager
def _new() -> Iterator[Namespace]:
    namespace = Namespace()
    try:
        yield namespace
    finally:
        namespace.close()


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
