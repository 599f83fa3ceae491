"""Prometheus: scrapes every second what the stack lists in a folder."""

from stack.engines.prometheus.server import (
    Prometheus,
    PrometheusKind,
    answer,
    external_prometheus,
    prometheus_program,
)

__all__ = ["ENGINE", "Prometheus", "answer", "external_prometheus", "prometheus_program"]

ENGINE = PrometheusKind()
