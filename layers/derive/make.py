"""Makes all derived layers again. Run from anywhere: python layers/derive/make.py"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from layers.derive.geography import write_layers  # noqa: E402  needs the path set above

if __name__ == "__main__":
    write_layers()
