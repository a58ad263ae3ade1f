"""Further measures of the plan: re-use of derelict land, synergy of pollutants and carbon."""
