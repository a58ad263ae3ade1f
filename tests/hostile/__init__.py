"""Hostile and unlucky use in numbers: `python -m tests.hostile --help`."""
