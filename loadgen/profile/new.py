"""A profile to start from: what `loadgen new URL` writes."""

from __future__ import annotations

import json

from loadgen.errors import ProfileError
from loadgen.profile.load import from_url, load

_TEXT = """\
# A profile for loadgen.
#
#   loadgen check FILE      what it would send, when, and at what cost; sends nothing
#   loadgen once FILE       one request of each step, everything shown
#   loadgen run FILE        the load itself
#
# Every value has its unit: 200/s, 250ms, 5m, 4KiB, 5%. Any key can be set from the command line, items of a list by
# their name: --set load.steady.rate=50/s. `loadgen schema` describes all keys, also to an editor.
name: {name}

target: {url}

# Which connections are used again: shared (one pool), per-iteration, or per-request.
session: {{reuse: shared}}

# Phases, one after the other. rate = iterations started a second, whatever the target does.
load:
  - {{name: warm-up, rate: 10/s, for: 5s, measure: false}}
  - {{name: steady, rate: 20/s, for: 30s}}
# - {{name: climb, rate: 20/s..200/s, for: 30s}}              # a ramp
# - {{name: users, users: 10, think: 1s..3s, for: 30s}}       # a closed load: users who wait for their answers

# What an iteration does: steps in order.
scenarios:
  - name: main
    steps:
      - name: get
        get: {path}
        expect: {{status: 2xx}}
#       capture: {{id: body.items.0.id}}                      # for later steps, as {{{{id}}}}
#     - name: put
#       post: /orders
#       headers: {{authorization: "Bearer ${{TOKEN}}"}}         # from the environment; never write a secret here
#       json: {{id: "{{{{uuid}}}}", total: "{{{{int 1 500}}}}"}}      # drawn anew each time
#       timeout: 2s

# What must hold; otherwise the exit status is 4, or 7 if there are too few requests to tell. response is the time from
# the instant that a request was due.
thresholds:
  steady: [errors < 1%, response p99 < 500ms]

# When to give up.
stop_if: errors > 50% for 5s
"""


def commented_profile(url: str) -> str:
    """A commented profile for `url`, which can be loaded as it is. Raises ProfileError if `url` is no URL, or if it has
    a value from the environment, which would be written to the file."""
    if "${" in url:
        raise ProfileError("holds ${…}, whose value would be written", file="URL", remedy="Put it into the profile")
    loaded = from_url(url)
    target = loaded.profile.target
    (scenario,) = loaded.profile.scenarios
    path = target.prefix + scenario.steps[0].path
    base = url if target.sandbox else target.origin
    text = _TEXT.format(name=loaded.profile.name, url=json.dumps(base), path=json.dumps(path))
    load(f"{loaded.profile.name}.yaml", text=text)
    return text
