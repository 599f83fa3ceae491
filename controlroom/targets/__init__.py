"""What can be done to a world: the local stack now, clusters by the same abilities."""
