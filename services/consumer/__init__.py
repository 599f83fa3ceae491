"""Moves events from Kafka into MongoDB and Redis, each exactly once."""
