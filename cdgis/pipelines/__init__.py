"""Pipelines behind the commands: one module a job, each a straight function that reads like DESIGN section 3.

load_workspace → read_subjects → measure_overlaps → judge → (propose_relocations ∥ account_carbon) → Assessment

A module loads only what its own job needs: screening a site starts without rasters and without a solver.
"""
