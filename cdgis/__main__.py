"""Run the command line with ``python -m cdgis``."""

from cdgis.cli import main

if __name__ == "__main__":
    main()
