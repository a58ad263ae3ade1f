"""Inputs of a workspace damaged in five ways, and what a run makes of each: `python -m tests.damage --help`."""
