"""Rivers: flow on the elevation grid, the stream network, and what lies along it."""
