"""Speed, as ratios to peers in the same run: `python -m bench`.

What is measured is the loadgen that is installed, never a `loadgen/` that happens to lie in the current directory.
"""

import sys
from pathlib import Path

if sys.path[:1] in ([""], [str(Path.cwd())]):  # `python -m` puts it there; `bench` itself is found by now
    del sys.path[0]
