"""A cluster as a target. Nothing here is imported while the room watches the local stack only."""
