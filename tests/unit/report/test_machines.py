"""`report.machines`: the machines that shared a load, on a screen, on a page, and for others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine_harness import always, profile
from shared_runs import part, write_share

from loadgen.experiment.merge.merged import merge
from loadgen.report.formats.markdown import markdown_text
from loadgen.report.headline import what
from loadgen.report.html.text import html_text
from loadgen.report.senders import senders
from loadgen.report.sentences import notice_text
from loadgen.report.sharing import shared
from loadgen.report.terminal.run import render
from loadgen.report.trust import meaning, observed, reason
from loadgen.result.node import Node
from loadgen.result.reason import Reason
from loadgen.result.run import RunResult, TrustSignal


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    folder = tmp_path_factory.mktemp("machines")
    load = profile("load: [{name: a, rate: 40/s, for: 2s}]")
    for index in (1, 3):
        write_share(folder / f"host-{index}", load, always(after=5_000_000), part(index, 3))
    return merge([folder / "host-1", folder / "host-3"], folder / "whole")


def test_a_screen_has_a_row_for_each_machine(merged: RunResult) -> None:
    text = render(merged, width=100, color=False)
    assert "by machine  2 of 3 machines, to begin at 2025-12-31T12:00:00Z; at most 1.50 ms apart" in text
    assert "4 workers on 2 machines" in text
    rows = [line.split() for line in text.partition("by machine")[2].splitlines() if " VALID " in line]
    assert [row[row.index("VALID") - 1] for row in rows] == ["1", "3"]
    assert sum(int(row[row.index("VALID") + 1]) for row in rows) == merged.variant.requests.sent


def test_the_first_line_says_that_machines_are_missing(merged: RunResult) -> None:
    said = "".join(part if isinstance(part, str) else part[0] for part in what(merged))
    assert said.endswith("2 of 3 machines")


def test_a_machine_s_own_run_says_whose_part_it_is(merged: RunResult) -> None:
    own = replace(merged, machines=None, share=part(2, 8))
    assert "share 2 of 8" in render(own, width=100, color=False)
    assert "".join(each if isinstance(each, str) else each[0] for each in what(own)).endswith("share 2 of 8")


def test_a_run_from_nodes_says_so(merged: RunResult) -> None:
    node = Node(1, "host", "10.0.0.7", 2, 2, 100, 3000.0, 0.5, 0.2, 1.0, None)
    own = replace(merged, machines=None, nodes=(node, replace(node, node=2)))
    assert "4 workers on 2 nodes" in render(own, width=100, color=False)
    assert "".join(each if isinstance(each, str) else each[0] for each in what(own)).endswith("· 2 nodes")


def test_a_node_s_row_has_its_way_to_the_target(merged: RunResult) -> None:
    node = Node(1, "host", "10.0.0.7", 2, 2, 100, 3000.0, 0.5, 0.2, 1.0, None, False, "10.0.0.7", "192.0.2.1")
    other = replace(node, node=2, address="10.0.0.8", source="172.31.0.8", target="192.0.2.2", lost="it died")
    text = render(replace(merged, machines=None, nodes=(node, other)), width=100, color=False)
    assert [" ".join(line.split()) for line in text.splitlines() if "192.0.2" in line] == [
        "1 10.0.0.7 192.0.2.1 2 100 3000.000 ± 0.500 0.200 ± 1.000",
        "2 10.0.0.8 (lost), from 172.31.0.8 192.0.2.2 2 100 3000.000 ± 0.500 0.200 ± 1.000",
    ]


def test_a_page_has_the_table_too(merged: RunResult) -> None:
    page = html_text(merged)
    assert "By machine" in page
    assert page.count("<td>VALID</td>") >= 2


def test_what_is_given_away_has_no_folder_s_name(merged: RunResult) -> None:
    given = shared(merged)
    assert isinstance(given, RunResult)
    assert given.machines
    assert [of.run for of in given.machines.machines] == ["", ""]


def test_what_is_about_one_machine_says_which() -> None:
    quota = TrustSignal("CPU quota", "INVALID", Reason.of("quota", periods=7), "INVALID", False, machine=3)
    assert reason(quota).startswith("machine 3: CPU quota throttled in 7 periods")
    assert observed(quota) == "machine 3: CPU quota throttled in 7 periods"
    assert reason(replace(quota, machine=None, node=2)).startswith("node 2: CPU quota throttled")
    assert notice_text(Reason.of("tls_not_verified").of_machine(2)).startswith("machine 2: TLS certificates")


def of_nodes(merged: RunResult, *numbers: int) -> RunResult:
    node = Node(1, "host", "10.0.0.7", 2, 2, 100, 3000.0, 0.5, 0.2, 1.0, None, False, "10.0.0.7", "192.0.2.1")
    return replace(merged, machines=None, nodes=tuple(replace(node, node=number) for number in numbers))


def test_what_several_made_is_said_of_them(merged: RunResult) -> None:
    said = [meaning("INVALID", ["share_of_figure"], senders(of)).partition(" made")[0]
            for of in (merged, of_nodes(merged, 1, 2), of_nodes(merged, 1), of_nodes(merged))]  # fmt: skip
    assert said == ["one of the machines", "the nodes", "the node", "this machine"]


@pytest.mark.parametrize("numbers", [(), (1,), (1, 2)])
def test_a_report_of_a_load_from_elsewhere_blames_not_this_machine(merged: RunResult, numbers: tuple[int, ...]) -> None:
    doubted = tuple(replace(figure, verdict="INVALID", share=0.5, machine=None) for figure in merged.trust.figures)
    of = of_nodes(merged, *numbers) if numbers else merged
    of = replace(of, trust=replace(of.trust, verdict="INVALID", figures=doubted))
    for text in (render(of, width=100, color=False), html_text(of), markdown_text(of)):
        assert "this machine" not in text.lower()
