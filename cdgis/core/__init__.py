"""Words, numbers and small tools that every room shares; knows no other room."""
