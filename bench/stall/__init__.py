"""One stall of two seconds, many tools, the truth: `python -m bench.stall`."""
