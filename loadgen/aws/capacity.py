"""Capacity units by size.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

WRITE_BLOCK = 1024  # bytes a unit
READ_BLOCK = 4096


def write_units(size: int, transactional: bool = False) -> int:
    """Units that writing `size` bytes takes: one a started kilobyte, at least one; twice that in a transaction.

    An update and a delete count the larger of the item before and after.
    """
    return max(1, -(-size // WRITE_BLOCK)) * (2 if transactional else 1)


def read_units(size: int, consistent: bool = False, transactional: bool = False) -> float:
    """Units that reading `size` bytes takes: one for each started 4 kilobytes if consistent, half if not, two in a
    transaction; as for one block where there is nothing. A query or scan counts the sum of what it reads.
    """
    blocks = max(1, -(-size // READ_BLOCK))
    return blocks * (2.0 if transactional else 1.0 if consistent else 0.5)
