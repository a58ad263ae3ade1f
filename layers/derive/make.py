"""Makes all derived layers again. Run from anywhere: python layers/derive/make.py"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from layers.derive.geography import write_layers

if __name__ == "__main__":
    write_layers()
