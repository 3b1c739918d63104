"""Figures for Prometheus: requests by operation, how long they took, and which build served them."""

import os

from flask import Response, current_app
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from backend.principals import PrincipalKind
from backend.web.operations import Blueprint
from backend.web.requests import current_notes

EXTENSION = "shangding.metrics"
# prometheus-client itself decides by this variable, when it is imported, whether figures live in shared files.
_SHARED_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

blueprint = Blueprint("metrics", __name__, description="Figures for the operator's monitoring")


class Metrics:
    """The figures of one application; labels are names of ours, so their number is bounded."""

    def __init__(self, *, commit: str) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "shangding_requests",
            "Requests answered",
            ["operation", "method", "status"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "shangding_request_duration_seconds",
            "Time from the first byte read to the answer made",
            ["operation"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        build = Gauge(
            "shangding_build_info",
            "Always 1; the labels name the build",
            ["commit"],
            registry=self._registry,
            multiprocess_mode="max",
        )
        build.labels(commit=commit).set(1)

    def count_response(self, response: Response) -> Response:
        """Count one answer under the operation that gave it."""
        notes = current_notes()
        self._requests.labels(notes.operation, notes.method, str(response.status_code)).inc()
        self._durations.labels(notes.operation).observe(notes.measure_duration_s())
        return response

    def write(self) -> str:
        """All figures in the Prometheus text format, of all processes where they share a folder."""
        if _SHARED_FOLDER is None:
            return generate_latest(self._registry).decode()
        together = CollectorRegistry()
        MultiProcessCollector(together, _SHARED_FOLDER)  # type: ignore[no-untyped-call]
        return generate_latest(together).decode()


@blueprint.operation(
    "GET",
    "/metrics",
    kinds={PrincipalKind.OPERATOR},
    scope="metrics:read",
    summary="Figures in the Prometheus text format",
    media_type=CONTENT_TYPE_PLAIN_0_0_4,
    example='shangding_build_info{commit="0a1b2c3"} 1.0',
    limited=False,
)
def read_metrics() -> str:
    """Give the figures of this instance."""
    metrics: Metrics = current_app.extensions[EXTENSION]
    return metrics.write()
