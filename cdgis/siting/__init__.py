"""What would make a site pass, and where else a project could stand."""
