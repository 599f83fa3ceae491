"""Looks at the machine: what a check says, and checks of folders and disks."""

from host.doctor.check import Check

__all__ = ["Check"]
