"""How the desk's database came to its present form (Alembic)."""
