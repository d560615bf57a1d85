"""What operators count, in Prometheus' terms (https://prometheus.io/docs/concepts/metric_types/)."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("kg_service_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "kg_service_request_seconds",
    "Time from the head of a request to the last byte of its answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PROBLEMS = Counter("kg_service_problems", "Requests refused or failed, by what was wrong", ["problem"])
DROPPED = Counter("kg_service_log_lines_dropped", "Lines of the log that nobody took")
SENT = Counter("kg_service_sent_bytes", "Bytes of bodies sent")
UNDER_WAY = Gauge("kg_service_requests_under_way", "Requests being read, answered or sent")
WAITING = Gauge("kg_service_requests_waiting", "Requests that wait for a worker")
BUSY = Gauge("kg_service_workers_busy", "Workers that answer a request")
ENDED = Counter("kg_service_workers_ended", "Workers ended by the service, and why", ["why"])
LOST = Counter("kg_service_workers_lost", "Workers that ended by themselves, and when", ["when"])
CACHE = Counter("kg_service_cache", "Answers looked up in the cache", ["outcome"])
CACHED = Gauge("kg_service_cache_bytes", "Bytes of answers kept")
