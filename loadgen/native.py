"""What modules tell mypyc. In the pure form it means nothing, and the package that defines it is not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from librt.strings import BytesWriter, write_i64_le
    from mypy_extensions import i64, mypyc_attr
else:
    i64 = int  # an int of 64 bits, which is not boxed
    BytesWriter = write_i64_le = None  # for compiled code, which calls them directly

    def mypyc_attr(**_: bool):
        """How mypyc compiles a class, for example so that classes that are not compiled can extend it."""
        return lambda kind: kind


__all__ = ["BytesWriter", "i64", "mypyc_attr", "write_i64_le"]
