"""The truth suite: what is known to have happened must come back as what a user reads.

Every test injects a truth (latencies, stalls, losses, a crash), lets it pass through the product's own path, from the
profile's text to `result.json`, and holds the figures against an oracle of its own that shares no code with it.
`test_wall_*` do so with real sockets, the others in virtual time. docs/truth.md says which test keeps which promise.
`mutants` are seeded bugs that the tests have to find: `python -m tests.truth.mutate`.
"""
