"""Workers: processes that share nothing, start together, and whose figures add up exactly."""
