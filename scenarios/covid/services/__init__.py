"""The programs of the scenario covid."""
