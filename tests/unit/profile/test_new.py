"""A profile that `loadgen new` writes."""

from __future__ import annotations

import pytest

from loadgen.profile.load import from_url, load
from loadgen.profile.new import commented_profile


@pytest.mark.parametrize("url", ["sandbox", "http://h", "https://h:8443/prod/items?a=b&c=%20", "http://[::1]:80/"])
def test_a_new_profile_asks_for_its_url(url: str) -> None:
    text = commented_profile(url)
    found = load("new.yaml", text=text).profile
    whole = from_url(url).profile
    assert (
        found.target.prefix + found.scenarios[0].steps[0].path == whole.target.prefix + whole.scenarios[0].steps[0].path
    )
    assert (found.target.host, found.target.port) == (whole.target.host, whole.target.port)
