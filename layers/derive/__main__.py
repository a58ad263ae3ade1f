"""Makes all derived layers again. Run from the repository root: python -m layers.derive"""

from layers.derive.geography import write_layers

if __name__ == "__main__":
    write_layers()
