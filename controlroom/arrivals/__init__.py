"""Open-loop load: arrivals on a schedule, whatever the answers do; in a process of its own.

python -m controlroom.arrivals PLAN.json RESULT_FOLDER
"""
