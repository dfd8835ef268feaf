"""In which form this loadgen runs: `hatch_build.py` compiles this module together with those of a request's way."""

from __future__ import annotations

from typing import Literal

Form = Literal["compiled", "pure"]

FORM: Form = "pure" if __file__.endswith(".py") else "compiled"
