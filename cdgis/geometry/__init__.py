"""Where a point is, how large an area is, how shapes overlap: arithmetic on coordinates, no zones and no rules."""
