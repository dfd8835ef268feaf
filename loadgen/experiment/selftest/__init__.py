"""`loadgen selftest`: what this machine can be trusted with, found by loading a target of its own on loopback."""

SCHEMA = "loadgen.selftest/1"
