"""Tables and files on disk."""
