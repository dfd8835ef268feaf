"""The profile: what the user writes, as plain frozen values.

    units          durations, rates, sizes, shares
    rate           the shapes of an open load
    values         what is written as text: selectors, thresholds
    placeholders   {{uuid}} and its kin
    clients        what each client can do
    document       YAML, with the place of each value; environment and overrides change it before it is checked
    model          the values; with phase, scenario, expect, connection and sandbox: what may be written, what is wrong
    explain        a mistake in plain words
    load           from a file, a shipped name or a URL to a Profile
    schema, new    for people who write one

Nothing is imported here, so that a caller of `units` does not pay for pydantic.
"""
