"""The profile: the user's YAML as plain frozen values.

    units          durations, rates, sizes, shares
    rate           the shapes of an open load
    values         values that users write as text: selectors, thresholds
    placeholders   {{uuid}} and the others
    clients        what each client can do
    addresses      where machines get their credentials, which is no target
    document       YAML, with the place of each value; applies environment and overrides before the check
    model          the values; with phase, scenario, expect, connection, capacity and sandbox: what is allowed
    explain        a mistake in plain words
    load           makes a Profile of a file, a shipped name or a URL
    schema, new    help to write a profile

Nothing is imported here, so that an import of `units` does not import pydantic.
"""
