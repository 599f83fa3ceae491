"""Tests of runs: load, chaos, their folders and their commands."""
