"""Looks at the machine and says what is in the way of the stack, with a fix for each."""

from stack.doctor.examination import examine, first_fault

__all__ = ["examine", "first_fault"]
