"""Routes of the reader that belong to the scenario covid."""
