"""What `loadgen tune --restore` says that it undid."""

from __future__ import annotations

from loadgen.report.restored import restored_lines
from loadgen.runner.function.calls import Settings
from loadgen.runner.function.cells import Undone
from loadgen.runner.function.versions import Gone


def test_all_that_was_undone_is_told() -> None:
    undone = Undone("orders", Settings(512, snap_start=False), True, (Gone("live", 5), Gone("3")))
    assert [*restored_lines([undone])] == [
        "The provisioned concurrency of live is taken away: 5 environments.",
        "Version 3 is deleted, which loadgen had published.",
        "The memory is 512 MB again, and SnapStart is off, as before.",
    ]


def test_of_several_functions_each_is_named() -> None:
    undone = [Undone("orders", Settings(512), False), Undone("others", None, False, (Gone("2"),))]
    assert [*restored_lines(undone)] == [
        "orders: The memory is 512 MB already, as before.",
        "others: Version 2 is deleted, which loadgen had published.",
    ]
    assert [*restored_lines([])] == []
