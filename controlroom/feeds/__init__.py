"""World to board: one file per source, one loop that runs them all."""
