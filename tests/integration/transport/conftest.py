import pytest

from tasks.celery_app import make_app
from tasks.publishing import Publisher
from tests.integration.transport.broker import Broker
from tests.integration.transport.consumers import Running


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.client.close()
    broker.kill()


@pytest.fixture
def publisher(broker):
    publisher = Publisher(make_app("tests", broker.url))
    yield publisher
    publisher.close()


@pytest.fixture
def start(broker, tmp_path):
    """Start consumers that end with the test."""
    running = []

    def start(host="web-1", **wanted):
        running.append(Running(tmp_path, broker.url, host, **wanted))
        return running[-1]

    yield start
    for consumer in running:
        consumer.kill()


@pytest.fixture
def send(publisher):
    """Send one message to a consumer and return its id."""

    def send(consumer, identity, what="nothing"):
        publisher.send(
            consumer.queue,
            consumer.name,
            ["s3cr3t-body", what, "k"],
            task_id=identity,
            summary="shop 1.1.0 · web",
        )
        return identity

    return send
