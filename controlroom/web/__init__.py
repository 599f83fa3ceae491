"""The room in a browser: a terminal for each visitor, behind a door with a token."""
