"""Lines of logs: REPORTs and access logs, as CloudWatch, its exports and the tools of AWS have them."""

from __future__ import annotations

import json

import pytest

from loadgen.aws.invocation import Report
from loadgen.aws.logs import LINE, Access, NoFormat, accesses, in_json, reader, reports

ID = "8286a188-ba32-4475-8077-530cd35c09a9"
TEXT = (
    f"REPORT RequestId: {ID}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 18 MB"
)
JSON = json.dumps(
    {
        "time": "2026-01-31T12:00:00.000Z",
        "type": "platform.report",
        "record": {
            "requestId": ID,
            "metrics": {"durationMs": 12.34, "billedDurationMs": 13, "memorySizeMB": 128, "maxMemoryUsedMB": 18},
            "status": "success",
        },
    }
)
REPORT = Report(12_340_000, 13, 128, 18)
WAYS = {
    "as CloudWatch has it": "{}",
    "as `aws logs tail` prints it": "2026-01-31T12:00:00.000000+00:00 2026/01/31/[$LATEST]abc {}",
    "as an export to S3 has it": "2026-01-31T12:00:00.000Z {}",
}


@pytest.mark.parametrize("line", [TEXT, JSON], ids=["text", "json"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_report_is_found_in_a_line(way: str, line: str) -> None:
    assert list(reports(way.format("") + line)) == [(ID, REPORT)]


@pytest.mark.parametrize("line", [TEXT, JSON], ids=["text", "json"])
def test_a_report_is_found_in_the_json_of_the_cli(line: str) -> None:
    event = {"logStreamName": "s", "timestamp": 1, "message": f"{line}\n"}
    assert dict(reports(json.dumps(event))) == {ID: REPORT}
    assert dict(reports(json.dumps({"events": [event, {"message": 5}]}))) == {ID: REPORT}
    pretty = json.dumps({"events": [event]}, indent=4).splitlines()
    assert [found for part in pretty for found in reports(part)] == [(ID, REPORT)]
    assert dict(reports(json.dumps({"@message": line}))) == {ID: REPORT}


@pytest.mark.parametrize("line", [TEXT, JSON], ids=["text", "json"])
@pytest.mark.parametrize("indent", [None, 4])
def test_a_report_is_found_in_the_json_of_insights(line: str, indent: int | None) -> None:
    """`get-query-results` has a list of fields for each row; an export has an object."""
    rows = [[{"field": "@timestamp", "value": "2026"}, {"field": "@message", "value": f"{line}\n"}]] * 2
    for content in ({"results": rows, "status": "Complete"}, [{"@message": line}] * 2):
        lines = json.dumps(content, indent=indent).splitlines()
        assert [found for part in lines for found in reports(part)] == [(ID, REPORT)] * 2


def test_a_document_in_one_line_is_read_whole() -> None:
    each = [f"{number:08x}{ID[8:]}" for number in range(LINE // 100)]
    events = [{"message": TEXT.replace(ID, of).replace("12.34", f"{n}.00")} for n, of in enumerate(each)]
    line = json.dumps({"events": events}, separators=(",", ":"))
    assert len(line) > LINE
    assert [(of, report.handler) for of, report in reports(line)] == [(of, n * 10**6) for n, of in enumerate(each)]


def test_a_report_with_members_of_its_own_is_found() -> None:
    tracing = json.loads(JSON)
    tracing["record"]["tracing"] = {"type": "X-Amzn-Trace-Id", "value": "Root=1-2-3", "message": "x"}
    assert dict(reports(json.dumps(tracing))) == {ID: REPORT}


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"START RequestId: {ID} Version: $LATEST",
        "REPORT RequestId: \x1b[2J\tDuration: 1 ms",
        f"REPORT RequestId: {ID}ff\tDuration: 1 ms",
        f"REPORT RequestId: {ID}\tDuration: inf ms",
        "{" * LINE,
        '{"message": ' * 1000,
        JSON.replace(ID, "x" * 36),
        JSON.replace("12.34", "1e300"),
    ],
)
def test_what_is_no_report_is_none(line: str) -> None:
    assert list(reports(line)) == []


OWN = """{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId",
 "integrationRequestId":"$context.integration.requestId","responseLatency":"$context.responseLatency",
 "integrationLatency":"$context.integrationLatency","path":"$context.path"}"""
LINE_OF_OWN = json.dumps(
    {
        "requestId": "JKJaXmPLvHcESHA=", "extendedRequestId": "JKJaXmPLvHcESHA=", "integrationRequestId": ID,
        "responseLatency": "412", "integrationLatency": "398", "path": "/orders",
    },
    separators=(",", ":"),
)  # fmt: skip
TOLD = Access("JKJaXmPLvHcESHA=", "JKJaXmPLvHcESHA=", ID, 412.0, 398.0)


def test_an_access_log_in_json_is_read_by_the_names_of_its_members() -> None:
    assert in_json(LINE_OF_OWN) == TOLD
    snake = {"request_id": "JKJaXmPLvHcESHA=", "aws_endpoint_request_id": ID, "integration_latency": 398}
    assert in_json(f"2026-01-31T12:00:00Z {json.dumps(snake)}") == Access("JKJaXmPLvHcESHA=", "", ID, -1.0, 398.0)


def test_an_access_log_is_read_by_its_format() -> None:
    line = LINE_OF_OWN.replace(',"integration', ', "integration')
    assert list(accesses(line, reader(OWN))) == [TOLD]
    common = (
        '$context.identity.sourceIp [$context.requestTime] "$context.httpMethod $context.path" $context.status '
        "$context.requestId $context.integration.requestId $context.responseLatency $context.integrationLatency"
    )
    line = f'1.2.3.4 [31/Jan/2026:12:00:00 +0000] "GET /a b" 200 JKJaXmPLvHcESHA= {ID} 412 -'
    assert list(accesses(line, reader(common))) == [TOLD._replace(extended_id="", integration_ms=-1.0)]


@pytest.mark.parametrize("template", ["", "$context.status", "$context.requestId" + " " * 5 + "x" * 5000])
def test_a_format_without_a_request_id_is_refused(template: str) -> None:
    with pytest.raises(NoFormat):
        reader(template)


@pytest.mark.parametrize(
    "line",
    ["", "x", "{}", '{"requestId": "\\u001b[2J12345678"}', JSON, TEXT, '{"requestId": null}', "{" * LINE],
)
def test_what_is_no_access_is_none(line: str) -> None:
    assert list(accesses(line, in_json)) == []
    assert list(accesses(line, reader("$context.requestId $context.status"))) == []


def test_a_hostile_line_takes_no_longer_than_its_length() -> None:
    """The walk goes forward only: no place is looked at twice by the same variable."""
    template = " ".join(f"$context.v{number}" for number in range(60)) + " $context.requestId !"
    assert list(accesses(" " * LINE, reader(template))) == []
    for hostile in ('"message":"', '"message" ', '\\"message":"\\', '"field":"@message",'):
        assert list(reports("{" + hostile * LINE)) == []
