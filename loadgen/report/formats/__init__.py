"""A result for programs: what pipelines, spreadsheets and pages take.

csv       a row for each figure          junit     a test for each threshold
markdown  the first screen, for a page   github    that page in the summary of a job of GitHub Actions
twin_profile  a fitted profile as YAML     png       a picture, where matplotlib is installed
"""

from __future__ import annotations

import json

from loadgen.result.codec import to_json


def json_text(result: object) -> str:
    """`result`, a dataclass of `loadgen.result`, as one JSON object in ASCII."""
    return json.dumps(to_json(result), indent=2, allow_nan=False)
