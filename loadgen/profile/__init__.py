"""The profile: what the user writes, as plain frozen values."""
