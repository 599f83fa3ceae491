"""Quantities as Kubernetes writes them: `250m`, `128Mi`, `1e3`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip


def quantity(text: object) -> float | None:
    """`250m` is 0.25, `128Mi` is 134217728; None for what is no quantity."""
    word = str(text)
    for length in (2, 1):
        factor = _SUFFIXES.get(word[-length:])
        if factor is not None:
            word = word[:-length]
            break
    else:
        factor = Decimal(1)
    try:
        return float(Decimal(word) * factor)
    except InvalidOperation:
        return None
