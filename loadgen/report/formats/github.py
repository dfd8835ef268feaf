"""The summary of a job of GitHub Actions: Markdown that is added to the file that the environment names."""

from __future__ import annotations

import os

from loadgen.files import why, write
from loadgen.report.formats.markdown import markdown_text
from loadgen.report.verdict import Result

NAMED_BY = "GITHUB_STEP_SUMMARY"


def add_to_summary(result: Result) -> str:
    """Add the result to the job's summary, if there is one. Why that failed, or an empty text: a page that cannot be
    written is no reason to lose a result."""
    path = os.environ.get(NAMED_BY)
    if not path:
        return ""
    try:
        write(path, markdown_text(result), append=True)
    except OSError as error:
        return f"{NAMED_BY} cannot be written: {why(error)}"
    return ""
