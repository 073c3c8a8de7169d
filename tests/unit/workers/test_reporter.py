"""Reports: kept while the broker is away, sent again until confirmed, masked before they are written."""

import json

import pytest

from tasks import clock
from tasks.keys import HostKeys
from tasks.masking import Mask
from tasks.reports import Log, LogLine
from tests.fakes import MemorySender
from tests.lab import wait_until
from workers.journal import Entry, Journal
from workers.logs import BATCH_LINES, LiveLog
from workers.reporter import Post, Reporter


@pytest.fixture
def journal(tmp_path):
    one = Journal(tmp_path / "journal.sqlite")
    one.accept(Entry("a.b.1", 1, "shop", "uat", "web@web-1", "a", "deploy_image", {"step": "web"}, 1.0))
    yield one
    one.close()


@pytest.fixture
def sender():
    return MemorySender()


@pytest.fixture
def reporter(journal, sender):
    one = Reporter(journal, Post("web-1", HostKeys.generate(), sender), resend_first=0.1)
    one.start()
    yield one
    one.stop()


def line(text):
    return Log(lines=(LogLine(at=clock.now(), stream="stdout", text=text),))


def sent(sender):
    return [json.loads(message.args[0])["seq"] for message in sender.sent]


def test_reports_wait_for_the_broker(reporter, sender):
    """While it is away nothing is lost; on its return all comes, in order."""
    sender.away = True
    for text in ("one", "two"):
        reporter.report("a.b.1", "log", line(text))
    sender.away = False
    wait_until(lambda: sent(sender)[:3] == [1, 2, 3], "three reports")


def test_what_is_not_confirmed_is_sent_again(reporter, sender):
    """Sent is not stored: only a confirmation ends the sending."""
    wait_until(lambda: sent(sender).count(1) >= 3, "the same report three times")
    reporter.report("a.b.1", "finished", line("x"), final=True)
    wait_until(lambda: 2 in sent(sender), "the final one")
    reporter.confirmed("a.b.1", 2, final=True)
    assert reporter._overdue() == []


def test_many_reports_do_not_wait_for_confirmations(reporter, sender):
    """More than one batch goes out although nothing is confirmed."""
    for number in range(450):
        reporter.report("a.b.1", "log", line(str(number)))
    wait_until(lambda: set(range(1, 452)) <= set(sent(sender)), "all 451")


def test_lines_are_masked_batched_and_limited():
    """A full batch goes at once, the rest on flush; no secret and no endless line is among them."""
    batches = []
    live = LiveLog(Mask(["hunter22"]), batches.append)
    for number in range(BATCH_LINES + 1):
        live.add("stdout", f"{number} hunter22")
    live.add("stdout", "x" * 20_000)
    live.flush()
    texts = [each.text for batch in batches for each in batch.lines]
    assert [len(batch.lines) for batch in batches] == [BATCH_LINES, 2]
    assert texts[0] == "0 [REDACTED]"
    assert texts[-1].endswith("… (3616 more characters)")


def test_a_batch_of_any_output_fits_into_a_report(sender):
    """Control bytes take six bytes in JSON, emoji four: what a program prints never makes a report too long to sign."""
    post = Post("web-1", HostKeys.generate(), sender)
    live = LiveLog(Mask(()), lambda log: post.send("log", log))
    for text in ("\x01" * 16_000, "\U0001f600" * 16_000):
        for _ in range(20):
            live.add("stdout", text)
        live.flush()
    texts = [line["text"] for each in sender.sent for line in json.loads(each.args[0])["body"]["lines"]]
    assert [len(text) for text in texts] == [16_000] * 40


def test_a_report_that_cannot_be_sent_does_not_end_the_sending(reporter, sender):
    """Whatever goes wrong with one round, the next one comes: nobody else sends what this host has to say."""
    original, failed = sender.send_all, []

    def broken(messages):
        if not failed:
            failed.append(True)
            raise KeyError("a closed channel")
        original(messages)

    sender.send_all = broken
    reporter.report("a.b.1", "log", line("x"))
    wait_until(lambda: 2 in sent(sender), "the report")
