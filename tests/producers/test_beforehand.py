"""Counters are there before the first answer, so that the first failures are a rise."""

from __future__ import annotations

from services.shared.golden import BEFOREHAND, Golden


def test_failures_have_a_counter_at_zero_before_there_is_one() -> None:
    golden = Golden()
    traffic = golden.traffic({"direction": "inbound"})

    def counts() -> dict[tuple[str, str], float]:
        (responses,) = (one for one in golden.collect() if one.name == "response")
        return {
            (one.labels["status_code"], one.labels["classification"]): one.value
            for one in responses.samples
            if one.name == "response_total"
        }

    before = counts()
    assert len(before) == len(BEFOREHAND)
    assert before["503", "failure"] == before["201", "success"] == 0
    traffic.end(traffic.begin(), 503)
    assert counts() == before | {("503", "failure"): 1}
