"""Local exchanges that speak the venues' own wire formats."""
