"""Mistakes in a profile, and the line that each has to give."""

# ruff: noqa: E501

from __future__ import annotations

from loadgen.profile.model import Beside, Step

GOOD = """\
name: x
target: http://127.0.0.1:1
load:
  - {name: a, rate: 5/s, for: 1s}
scenarios:
  - name: s
    steps:
      - {name: one, get: /, capture: {id: body.id}}
      - {name: two, get: "/{{id}}"}
"""
LINES = GOOD.splitlines()
PHASE, STEP, END = 4, 9, 10


def with_line(number: int, text: str) -> str:
    """The good profile with another line `number`; one past the end is added."""
    return "\n".join([*LINES[: number - 1], text, *LINES[number:]])


def phase(text: str) -> str:
    return with_line(PHASE, f"  - {text}")


def step(text: str) -> str:
    return with_line(STEP, f"      - {{name: two, {text}}}")


DURATION = "expected a number and its unit (ns, us, ms, s, m, h), for example 250ms, 1.5s, 5m or 1m30s"
RATE = "expected a number a second, minute or hour, for example 200/s, 12000/m or 1/h"
TOP = (
    "name, target, sandbox, auth, workers, client, session, tls, load, beside, cycles, scenarios, keys, setup, teardown, retries, "
    "max_cost, experiment, capacity, thresholds, stop_if, in_flight_limit, max_rate, timeout, seed"
)
PHASE_KEYS = "name, rate, users, at-once, for, iterations, arrivals, think, measure"
BESIDE_KEYS = ", ".join(Beside.keys())
STEP_KEYS = ", ".join(Step.keys())
VERBS = "get, post, put, delete, patch, head, options"
VARIANTS = "experiment: {variants: {x: {}, y: {session: per-request}}}"
ANCHORS = "anchors (&) and aliases (*) are not supported. Write the value out or quote it"

BROKEN = [
    # not a profile at all
    ("", "p.yaml: is empty. `loadgen new URL` writes a profile to start from"),
    ("- a\n- b", "p.yaml:1: is not a mapping. Begin with name: and target:"),
    ("a: b: c", "p.yaml:1: not YAML: a ':' where none can be. Put text that holds ': ' in quotes"),
    ("a: [1, 2", "p.yaml:1: not YAML: a [ that is not closed, or a missing comma. Write [a, b]"),
    ("a: {b: 1", "p.yaml:1: not YAML: a { that is not closed, or a missing comma. Write {a: 1, b: \"{{uuid}}\"}"),
    ("a: {b: /{{id}}}", "p.yaml:1: not YAML: a { that is not closed, or a missing comma. Write {a: 1, b: \"{{uuid}}\"}"),
    ("a: 'b", "p.yaml:1: not YAML: a quote or bracket that is not closed. Close it"),
    ("a:\n\t- b", "p.yaml:2: not YAML: a tab. Indent with spaces"),
    ("a:\n  - b\n c: d", "p.yaml:3: not YAML: a line whose indentation does not fit those above. Line it up with its neighbours"),
    ("a: \x07", "p.yaml:1: holds a control character, which YAML does not allow"),
    ("a: &b 1", f"p.yaml:1: a: {ANCHORS}"),
    ("a: 1\nb: *a", f"p.yaml:2: b: {ANCHORS}"),
    ("a: !!python/object/apply:os.system [ls]", "p.yaml:1: a: tags (!) are not supported. Leave it out, or put the text in quotes"),
    ("%YAML 1.1\n---\na: yes", "p.yaml:2: begins with a % directive. Leave it out: profiles are YAML 1.2"),
    ("a: 1\n---\nb: 2", "p.yaml:2: holds a second document after '---'. Write one profile a file"),
    ("[" * 60, "p.yaml:1: is nested deeper than 50 levels"),
    ("a: " + "x" * 2**20, "p.yaml: is larger than 1MiB: it cannot be a profile"),
    # the top
    (with_line(1, "nam: x"), f"p.yaml:1: nam: unknown key. Did you mean name? Known: {TOP}"),
    (with_line(1, ""), "p.yaml:1: name: is missing. Add it: the profile's name, which the folders of its runs are named after"),
    (with_line(1, "name: a b"), "p.yaml:1: name: 'a b' is not a name: expected letters, digits, '-' and '_', 64 at most"),
    (with_line(1, "name:"), "p.yaml:1: name: has no value. Give it one, or leave the key out"),
    (with_line(END, "name: y"), "p.yaml:10: name: is given twice. Keep one of them"),
    (with_line(END, "cycles: 0"), "p.yaml:10: cycles: 0 is out of range: expected at least 1"),
    (with_line(END, "cycles: 2.5"), "p.yaml:10: cycles: 2.5 is not a whole number"),
    (with_line(END, "timeout: 30"), f"p.yaml:10: timeout: '30' is not a duration: {DURATION}"),
    (with_line(END, "max_rate: 2/s"), "p.yaml:4: load.a.rate: 5/s is more than max_rate allows, 2/s. Lower the rate, or raise max_rate"),
    (with_line(END, "stop_if: errors > 50%"), "p.yaml:10: stop_if: 'errors > 50%' is not a condition to stop: expected 'errors > 50% for 5s' or never"),
    (with_line(END, "client: sdk"), "p.yaml:10: client: sdk is a client of AWS's services. Use it with target: {dynamodb: ...} or {lambda: ...}"),
    # target, session, tls
    (with_line(2, "target: example.com"), "p.yaml:2: target: 'example.com' is not a URL: expected sandbox, http://HOST/PATH or https://HOST/PATH. Did you mean https://example.com?"),
    (with_line(2, "target: {url: 'https://u:p@h/'}"), "p.yaml:2: target.url: a URL's user name and password would be shown in reports: send an authorization header instead"),
    (with_line(2, "target: http://h/#top"), "p.yaml:2: target: 'http://h/#top' has a fragment, which is never sent: leave out '#' and what follows"),
    (with_line(2, "target: http://169.254.169.254/"), "p.yaml:2: target: 169.254.169.254 is an address where cloud machines serve credentials: choose another target"),
    (with_line(2, "target: http://h/?a=b"), "p.yaml:2: target: a query in the URL would be lost. Write it as the query of a step"),
    (with_line(2, "target: {dynamodb: {table: orders}}"), "p.yaml:2: target.dynamodb.region: is missing. Add it, for example eu-west-1"),
    (with_line(END, "session: per-reqest"), "p.yaml:10: session: 'per-reqest' is not accepted here. Did you mean per-request? Known: shared, per-iteration, per-request"),
    (with_line(END, "session: {renew: client}"), "p.yaml:10: session.renew: wire cannot renew the client. It can renew: connection"),
    (with_line(END, "client: aiohttp\nsession: {renew: session}"), "p.yaml:11: session.renew: aiohttp cannot renew the session. It can renew: connection, client"),
    (with_line(END, "session: {order: random}"), "p.yaml:10: session.order: 'random' is not accepted here. Known: lifo, fifo"),
    (with_line(END, "session: {reuse: per-request, order: fifo}"), "p.yaml:10: session.order: a per-request session has no idle connections to choose from. Use it with reuse: shared"),
    (with_line(END, "client: aiohttp\nsession: {order: fifo}"), "p.yaml:11: session.order: aiohttp chooses that itself. Use client: wire"),
    (with_line(END, "client: aiohttp\nsession: {bind: [127.0.0.2]}"), "p.yaml:11: session.bind: aiohttp chooses that itself. Use client: wire"),
    (with_line(END, "session: {bind: [localhost]}"), "p.yaml:10: session.bind.0: 'localhost' is not an IP address: expected one such as 127.0.0.2"),
    (with_line(END, "tls: {verify: yes}"), "p.yaml:10: tls.verify: 'yes' is neither true nor false"),
    (with_line(END, "tls: {ca: no.pem}"), "p.yaml:10: tls.ca: 'no.pem' cannot be read: no such file or directory"),
    # phases
    (phase("{name: a, rate: 5, for: 1s}"), f"p.yaml:4: load.a.rate: '5' is not a rate: {RATE}"),
    (phase("{name: a, rate: 5/s, for: 10 sec}"), f"p.yaml:4: load.a.for: '10 sec' is not a duration: {DURATION}"),
    (phase("{name: a, rate: 5/s}"), "p.yaml:4: load.a: never ends. Add for: 30s or iterations: 1000"),
    (phase("{name: a, for: 5s}"), "p.yaml:4: load.a: has no load. Give it exactly one of rate: 200/s, users: 10 or at-once: 100"),
    (phase("{name: a, rate: 5/s, users: 3, for: 1s}"), "p.yaml:4: load.a: has both rate and users. Give it exactly one of rate: 200/s, users: 10 or at-once: 100"),
    (phase("{name: a, rate: 0/s, for: 1s}"), "p.yaml:4: load.a.rate: '0/s' starts nothing: expected more than 0/s, at one end of a ramp at least"),
    (phase("{name: a, rate: 1/s..5/s, iterations: 5}"), "p.yaml:4: load.a.iterations: a rate that changes needs a duration. Use for instead"),
    (phase("{name: a, rate: 5/s, for: 1s, iterations: 5}"), "p.yaml:4: load.a.iterations: for and iterations would both end it. Leave out one of them"),
    (phase("{name: a, at-once: 5, for: 1s}"), "p.yaml:4: load.a.for: a phase with at-once ends when all are done. Leave this out"),
    (phase("{name: a, at_once: 5}"), f"p.yaml:4: load.a.at_once: unknown key. Did you mean at-once? Known: {PHASE_KEYS}"),
    (phase("{name: a, rate: 5/s, duration: 1s}"), f"p.yaml:4: load.a.duration: unknown key. Known: {PHASE_KEYS}"),
    (phase("{name: a, rate: 5/s, for: 1s, think: 1s}"), "p.yaml:4: load.a.think: think goes with users, not with rate. Leave it out"),
    (phase("{name: a, users: 2, for: 1s, think: 3s..1s}"), "p.yaml:4: load.a.think: '3s..1s' is backwards: expected the shorter time first, for example 1s..3s"),
    (phase("{name: a, rate: 5/s, for: 1s, measure: false}"), "p.yaml:3: load: no phase is measured. Leave out measure: false in one of them"),
    (phase("{name: a, rate: 5/s, for: 1s}\n  - {name: a, users: 1, for: 1s}"), "p.yaml:5: load.a.name: there are two phases called a. Give each its own name"),
    (phase("a"), f"p.yaml:4: load.0: 'a' is not a mapping. Its keys: {PHASE_KEYS}"),
    (phase("{name: a, at-once: 0}"), "p.yaml:4: load.a.at-once: 0 is out of range: expected at least 1"),
    # thresholds
    (with_line(END, "thresholds: {'a${HOME:-}': [errors < 5%]}"), "p.yaml:10: thresholds.a${HOME:-}: a key takes no variables. Write its text out"),
    (with_line(END, "thresholds: {b: [errors < 5%]}"), "p.yaml:10: thresholds.b: there is no phase called b. Known: a"),
    (with_line(END, "thresholds:\n  a:\n    - errors < 5"), "p.yaml:12: thresholds.a.0: '5' is not a share: expected a percentage from 0% to 100%, for example 5% or 0.1%"),
    (with_line(END, "thresholds: {a: [response p99 < 5]}"), f"p.yaml:10: thresholds.a.0: '5' is not a duration: {DURATION}"),
    (with_line(END, "thresholds: {a: [p99 < 5ms]}"), "p.yaml:10: thresholds.a.0: 'p99 < 5ms' is not a threshold: expected for example 'response p99 < 250ms', 'errors < 5%', 'rate > 190/s', 'cold < 5%', 'recovery < 20s', or for two variants 'fresh / shared p99 < 3'. Latencies are response, service, connect, lag, wait, client_delay, target, ttfb, iteration, operation, build, each with p50, p99.9, mean, min or max"),
    (with_line(END, "thresholds: {a: errors < 5%}"), "p.yaml:10: thresholds.a: 'errors < 5%' is not a list. Write [a, b], or '- ' before each item on a line of its own"),
    (phase("{name: a, at-once: 10}") + "\nthresholds: {a: [rate > 1/s]}", "p.yaml:10: thresholds.a.0: a takes as long as its iterations do, and so has no rate. Use a quantile or errors"),
    (phase("{name: a, users: 1, for: 1s, iterations: 5}") + "\nthresholds: {a: [rate > 1/s]}", "p.yaml:10: thresholds.a.0: a takes as long as its iterations do, and so has no rate. Use a quantile or errors"),
    (phase("{name: a, users: 1, for: 1s}") + "\nthresholds: {a: [response p99 < 1s]}", "p.yaml:10: thresholds.a.0: a closed load has no due time, and so no response. Use service"),
    (with_line(END, "thresholds: {a: [x / y p99 < 3]}"), "p.yaml:10: thresholds.a.0: 'x / y p99 < 3' compares two variants, and there is no experiment. Add experiment: {variants: ...}, or leave it out"),
    (with_line(END, "thresholds: {a: [x / y p99 < 3ms]}"), "p.yaml:10: thresholds.a.0: '3ms' is not a ratio: expected a number of times, for example 3 or 1.05"),
    (with_line(END, f"thresholds: {{a: [x / z p99 < 3]}}\n{VARIANTS}"), "p.yaml:10: thresholds.a.0: there is no variant z. Known: x, y"),
    (with_line(END, f"thresholds: {{a: [x / x p99 < 3]}}\n{VARIANTS}"), "p.yaml:10: thresholds.a.0: 'x / x p99 < 3' compares a variant with itself. Name two that differ"),
    (phase("{name: a, users: 1, for: 1s}") + f"\nthresholds: {{a: [x / y response p99 < 3]}}\n{VARIANTS}", "p.yaml:10: thresholds.a.0: a closed load has no due time, and so no response. Use service"),
    (with_line(END, "client: aiohttp\nthresholds: {a: [target p99 < 1s]}"), "p.yaml:11: thresholds.a.0: target is known to the wire client only, and this is client: aiohttp. Use service, or client: wire"),
    (with_line(END, "client: aiohttp\nexperiment: {variants: {x: {}, y: {}}, primary: a two ttfb p99}"), "p.yaml:11: experiment.primary: ttfb is known to the wire client only, and this is client: aiohttp. Use service, or client: wire"),
    # steps
    (with_line(STEP, "      - {name: two}"), f"p.yaml:9: scenarios.s.steps.two: has no request. Give it exactly one of {VERBS}, for example get: /orders"),
    (step("GET: /"), f"p.yaml:9: scenarios.s.steps.two.GET: unknown key. Did you mean get? Known: {STEP_KEYS}"),
    (step("get: /, post: /"), f"p.yaml:9: scenarios.s.steps.two: has both get and post. Give it exactly one of {VERBS}, for example get: /orders"),
    (step("get: orders"), "p.yaml:9: scenarios.s.steps.two.get: 'orders' is not a path: expected one that begins with / and is added to the target's"),
    (step('get: "/a\\r\\nb"'), "p.yaml:9: scenarios.s.steps.two.get: '/a\\r\\nb' holds a line break or a character beyond ASCII, which a path must not hold"),
    (step("get: '/{{idd}}'"), "p.yaml:9: scenarios.s.steps.two.get: {{idd}} is neither a value that an earlier step captures nor a column of data. Did you mean id? Known: uuid, seq, int, choice, bytes, now, id"),
    (step("get: '/{{x}}', capture: {x: body.x}"), "p.yaml:9: scenarios.s.steps.two.get: {{x}} is captured by two, which comes later. Known: uuid, seq, int, choice, bytes, now, id"),
    (step("get: '/{{itn 1 5}}'"), "p.yaml:9: scenarios.s.steps.two.get: '{{itn 1 5}}' is not a placeholder. Did you mean int? Known: uuid, seq, int LOW HIGH, choice A B ..., bytes N [MOST], now, or the name of a captured value or data column"),
    (step("get: '/{{int 5}}'"), "p.yaml:9: scenarios.s.steps.two.get: '{{int 5}}' needs two whole numbers, the smaller first: for example {{int 1 500}}"),
    (step("get: '/{{uuid'"), "p.yaml:9: scenarios.s.steps.two.get: '/{{uuid' opens a placeholder that is not closed: expected for example {{uuid}}"),
    (step("post: /, json: {a: {{uuid}}}"), 'p.yaml:9: scenarios.s.steps.two.json.a: a key that is itself a mapping or list. Put placeholders in quotes: "{{uuid}}"'),
    (step("post: /, json: {a: ['{{zip}}']}"), "p.yaml:9: scenarios.s.steps.two.json.a.0: {{zip}} is neither a value that an earlier step captures nor a column of data. Known: uuid, seq, int, choice, bytes, now, id"),
    (step("post: /, json: {a: 1}, text: b"), "p.yaml:9: scenarios.s.steps.two.text: has both json and text. A request has one body"),
    (step("post: /, json: {a: .nan}"), "p.yaml:9: scenarios.s.steps.two.json.a: '.nan' is not a number in JSON. Put it in quotes"),
    (step("post: /, file: ../x"), "p.yaml:9: scenarios.s.steps.two.file: '../x' is not below the profile's folder: copy the file there"),
    (step("post: /, file: /etc/passwd"), "p.yaml:9: scenarios.s.steps.two.file: '/etc/passwd' is not below the profile's folder: copy the file there"),
    (step("post: /, file: link"), "p.yaml:9: scenarios.s.steps.two.file: 'link' is a link that leads out of the profile's folder: copy the file there"),
    (step("get: /, headers: {Content-Length: '5'}"), "p.yaml:9: scenarios.s.steps.two.headers.Content-Length: loadgen sets Content-Length from the body and the session: leave it out"),
    (step("get: /, headers: {a b: x}"), "p.yaml:9: scenarios.s.steps.two.headers.a b: 'a b' is not a header name: expected letters, digits and '-'"),
    (step('get: /, headers: {a: "x\\ny"}'), "p.yaml:9: scenarios.s.steps.two.headers.a: 'x\\ny' holds a line break or a character beyond ASCII, which a header must not hold"),
    (step("get: /, headers: {a: 5}"), "p.yaml:9: scenarios.s.steps.two.headers.a: 5 is not text: put it in quotes"),
    (step("get: /, headers: {a: AKIAABCDEFGHIJKLMNOP}"), "p.yaml:9: scenarios.s.steps.two.headers.a: holds an AWS access key id. Keep it in the environment, and write ${AWS_ACCESS_KEY_ID}"),
    (step("get: /, headers: {a: '${NOT_SET}'}"), "p.yaml:9: scenarios.s.steps.two.headers.a: ${NOT_SET} is not set. Set it, or write ${NOT_SET:-default}"),
    (step("get: /, expect: {status: 20}"), "p.yaml:9: scenarios.s.steps.two.expect.status: 20 is not a status: expected 201, 2xx, 200..299 or a list of them"),
    (step("get: /, expect: {headers: {a: {matches: '['}}}"), "p.yaml:9: scenarios.s.steps.two.expect.headers.a: '[' is not a regular expression: unterminated character set at position 0"),
    (step("get: /, capture: {uuid: body.id}"), "p.yaml:9: scenarios.s.steps.two.capture.uuid: 'uuid' already has another meaning: choose another name"),
    (step("get: /, capture: {x: boddy.id}"), "p.yaml:9: scenarios.s.steps.two.capture.x: 'boddy.id' is not a part of an answer: expected status, header.NAME, header.server-timing.METRIC, body, body.KEY.0.KEY, on DynamoDB item.NAME and items.0.NAME, or on Lambda report.NAME"),
    (step("get: /, record: {x: status}"), "p.yaml:9: scenarios.s.steps.two.record.x: status is not a time. Record for example header.server-timing.db"),
    (with_line(STEP, "      - {name: one, get: /}"), "p.yaml:9: scenarios.s.steps.one.name: there are two steps called one. Give each its own name"),
    (with_line(END, "    split_by: [cold]"), "p.yaml:10: scenarios.s.split_by.0: no step captures cold. Known: id"),
    (with_line(END, "    environment: env"), "p.yaml:10: scenarios.s.environment: no step captures env. Known: id"),
    # data
    (with_line(END, "    data: {file: ragged.csv}"), "p.yaml:10: scenarios.s.data.file: ragged.csv, line 3: 1 values for 2 columns"),
    (with_line(END, "    data: {file: users.csv, order: any}"), "p.yaml:10: scenarios.s.data.order: 'any' is not accepted here. Known: sequential, random, shuffle"),
    (with_line(END, "    data: {rows: []}"), "p.yaml:10: scenarios.s.data.rows: unknown key. Known: file, order"),
    (with_line(END, "    data: users.csv"), "p.yaml:8: scenarios.s.steps.one.capture.id: id is already a column of the data. Choose another name"),
    (with_line(END, "    data: broken.jsonl"), "p.yaml:10: scenarios.s.data: broken.jsonl, line 2: not JSON"),
    # beside
    (with_line(END, "beside: [{name: p, get: /}]"), "p.yaml:10: beside.p.every: is missing. Add it: the time from one group of requests to the next"),
    (with_line(END, "beside: [{name: p, every: 5, get: /}]"), f"p.yaml:10: beside.p.every: '5' is not a duration: {DURATION}"),
    (with_line(END, "beside: [{name: p, every: 5s, at-once: 0, get: /}]"), "p.yaml:10: beside.p.at-once: 0 is out of range: expected at least 1"),
    (with_line(END, "beside: [{name: p, every: 5s, rate: 5/s, get: /}]"), f"p.yaml:10: beside.p.rate: unknown key. Known: {BESIDE_KEYS}"),
    (with_line(END, "beside: [{name: p, every: 5s}]"), "p.yaml:10: beside.p: has no request. Give it exactly one of get, post, put, delete, patch, head, options, for example get: /orders"),
    (with_line(END, "beside: [{name: p, every: 5s, get: /, think: 1s}]"), "p.yaml:10: beside.p.think: is a pause between two steps, and this is one request. Use every"),
    (with_line(END, "beside: [{name: p, every: 5s, get: '/{{id}}'}]"), "p.yaml:10: beside.p.get: {{id}} is neither a value that an earlier step captures nor a column of data. Known: uuid, seq, int, choice, bytes, now"),
    (with_line(END, "beside: [{name: p, every: 5s, Invoke: {}}]"), "p.yaml:10: beside.p: calls Invoke, which the target does not take. Use target: {lambda: ...}"),
    (with_line(END, "beside: [{name: a, every: 5s, get: /}]"), "p.yaml:10: beside.a.name: a phase is called a too. Choose another name"),
    (with_line(END, "beside: [{name: p, every: 5s, after: 5m, get: /}]"), "p.yaml:10: beside.p.after: nothing is sent: the load ends after 1s. Begin sooner"),
    (with_line(END, "beside: [{name: drain, every: 5s, get: /}]"), "p.yaml:10: beside.drain.name: drain is what the end of a load is called. Choose another name"),
    (with_line(END, "beside: [{name: p, every: 5s, get: /}, {name: p, every: 5s, get: /}]"), "p.yaml:10: beside.p.name: there are two streams called p. Give each its own name"),
    (with_line(END, "beside: [{name: p, every: 5s, get: /}]\nthresholds: {p: [rate > 5/s]}"), "p.yaml:11: thresholds.p.0: p goes on beside the phases, and is judged by its times and errors alone. Use a quantile or errors"),
    (with_line(END, "beside: [{name: p, every: 5s, get: /}]\nthresholds: {q: [service p99 < 5s]}"), "p.yaml:11: thresholds.q: there is no phase called q. Known: a, p"),
    # sandbox
    (with_line(END, "sandbox: {environments: {init: 5ms}}"), "p.yaml:10: sandbox.environments.max: is missing. Add it: the greatest number of environments at once"),
]  # fmt: skip
