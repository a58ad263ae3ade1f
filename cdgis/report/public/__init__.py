"""The public version: reduced, and searched for leaks."""
