"""What belongs to the scenario covid."""
