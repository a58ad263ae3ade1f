"""Pages and cards on relocation."""
