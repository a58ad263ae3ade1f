"""From overlaps and rules to findings and verdicts."""
