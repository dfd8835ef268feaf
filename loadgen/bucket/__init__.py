"""Copies of run folders in S3: made while a run goes on, by a process of its own, and fetched to be reported."""
