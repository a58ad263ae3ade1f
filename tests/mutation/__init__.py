"""Mutation testing of the law-bearing modules: `python -m tests.mutation --help`."""
