"""What can be done to a target: the local stack now, clusters by the same abilities."""
