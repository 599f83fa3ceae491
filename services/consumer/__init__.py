"""Moves events from the queue into MongoDB and Redis, each exactly once."""
