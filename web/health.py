"""For those who watch the server: is it well, and how busy is it."""

from time import perf_counter

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from outbound import db
from outbound.db import DatabaseOutOfReach
from web.guard import engine, open_to_all

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@open_to_all
def healthz() -> Response:
    """Whether the console answers and reaches its database."""
    try:
        with db.reading(engine()) as session:
            session.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError as failed:
        raise DatabaseOutOfReach(reason=type(failed).__name__) from None
    return jsonify(status="ok")


@bp.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Requests and their duration, for Prometheus."""
    return Response(generate_latest(current_app.extensions["metrics"]), content_type=CONTENT_TYPE_LATEST)


def set_up(app: Flask) -> None:
    """Count the requests of `app`."""
    registry = app.extensions["metrics"] = CollectorRegistry()
    requests = Counter("outbound_requests", "Requests answered", ["endpoint", "status"], registry=registry)
    seconds = Histogram("outbound_request_seconds", "Seconds until an answer", ["endpoint"], registry=registry)

    def begin() -> None:
        g.began = perf_counter()

    def count(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        requests.labels(endpoint, response.status_code).inc()
        seconds.labels(endpoint).observe(perf_counter() - g.get("began", perf_counter()))
        return response

    app.before_request(begin)
    app.after_request(count)
    app.register_blueprint(bp)
