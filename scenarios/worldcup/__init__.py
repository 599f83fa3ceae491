"""What belongs to the scenario worldcup."""
