"""The carbon page."""
