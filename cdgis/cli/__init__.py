"""The command line, in Chinese: one module a family of commands, the options they share, and its words."""

from cdgis.cli.app import app, main

__all__ = ["app", "main"]
