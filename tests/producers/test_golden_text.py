"""What a scrape is told of the traffic, and that it costs nothing while there is none."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from services.shared.golden import Golden


class Counted(Golden):
    """Counts how often it is written anew."""

    written = 0

    def collect(self) -> Iterable[Metric]:
        self.written += 1
        return super().collect()


def requests(golden: Golden) -> dict[str, float]:
    """Direction -> requests, as Prometheus reads them."""
    return {
        sample.labels["direction"]: sample.value
        for family in text_string_to_metric_families(golden.text().decode())
        for sample in family.samples
        if sample.name == "request_total"
    }


def answers(golden: Golden) -> float:
    """Answers in the histogram."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(golden.text().decode())
        for sample in family.samples
        if sample.name == "response_latency_ms_count"
    )


def test_each_request_and_each_answer_is_told_by_the_next_scrape() -> None:
    golden = Golden()
    assert requests(golden) == {}
    inbound = golden.traffic({"direction": "inbound"})
    assert requests(golden) == {"inbound": 0}
    started = inbound.begin()
    assert (requests(golden), answers(golden)) == ({"inbound": 1}, 0)
    inbound.end(started, 503)
    assert (requests(golden), answers(golden)) == ({"inbound": 1}, 1)
    golden.traffic({"direction": "outbound"})
    assert requests(golden) == {"inbound": 1, "outbound": 0}


def test_scrapes_without_traffic_between_them_write_once() -> None:
    golden = Counted()
    traffic = golden.traffic({"direction": "inbound"})
    traffic.end(traffic.begin())
    texts = {golden.text() for _ in range(10)}
    assert (len(texts), golden.written) == (1, 1)
    traffic.end(traffic.begin(), 500)
    assert golden.text() not in texts
    assert golden.written == 2
