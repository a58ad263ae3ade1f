"""Writes the demonstration enterprises and project sites of the Chengde workspace.

Run after geography.py, from anywhere:

    python layers/derive/subjects.py [--layers DIR] [--out DIR]

Reads only the layers under ``--layers`` (default: the folder above this one) and writes ``enterprises/`` and
``projects/`` under ``--out`` (default: the same folder). Seeded: the same layers give the same bytes.
Everything it writes is fictitious and marked official = false in the catalogue.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from subjects_enterprises import enrol
from subjects_projects import BOOKS, plan_sites, write_project_files
from subjects_spots import survey_land
from subjects_tables import write_enterprise_tables

LAYERS = Path(__file__).resolve().parent.parent


def write_subjects(layers_dir: Path, out_dir: Path) -> None:
    """Write every subject file of the workspace into `out_dir`/enterprises and `out_dir`/projects.

    Sites are placed first, because the edge cases need particular ground; enterprises take what is left.
    """
    land = survey_land(layers_dir)
    sites = plan_sites(land, BOOKS[0])
    enterprises = enrol(land)
    sites += [site for book in BOOKS[1:] for site in plan_sites(land, book)]
    write_project_files(sites, out_dir / "projects")
    write_enterprise_tables(enterprises, out_dir / "enterprises")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="生成示范企业与示范项目地块")
    parser.add_argument("--layers", type=Path, default=LAYERS, help="图层所在目录（只读）")
    parser.add_argument("--out", type=Path, default=LAYERS, help="输出目录")
    options = parser.parse_args(arguments)
    write_subjects(options.layers, options.out)


if __name__ == "__main__":
    main()
