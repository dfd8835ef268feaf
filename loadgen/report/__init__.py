"""Shows what a run found. Reads finished plain values: the only room that knows rich, and that knows no engine."""
