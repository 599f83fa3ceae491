"""`python -m services.consumer`"""

from __future__ import annotations

from services.consumer.serve import NEEDED, serve
from services.shared.loop import run
from services.shared.start import main, start

if __name__ == "__main__":
    # nobody connects to a consumer, so there is nothing to wait for before it stops
    main(start("consumer", NEEDED, serve, drain_seconds=0.0, runner=run))
