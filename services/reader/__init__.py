"""Answers what is in the stores: tallies, logs, totals, books; and purges the logs."""
