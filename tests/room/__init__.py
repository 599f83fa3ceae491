"""Tests of the room: its looks, its keys, its manners."""
