"""The journal outlives the process: what it took, what it has to say, what it may forget."""

import pytest

from workers.journal import Entry, Journal


@pytest.fixture
def journal(tmp_path):
    one = Journal(tmp_path / "journal.sqlite")
    yield one
    one.close()


def entry(attempt="a.b.1", epoch=3, created=100.0):
    return Entry(
        attempt, epoch, "shop", "uat", "web@web-1", "shop-1", "deploy_image", {"step": "web"}, created
    )


def test_an_attempt_is_taken_once(journal):
    """The second order of the same attempt is told apart; `accepted` is report 1."""
    assert [journal.accept(entry()), journal.accept(entry())] == [True, False]
    assert [(r.seq, r.kind) for r in journal.reports("a.b.1")] == [(1, "accepted")]


def test_the_epoch_only_grows(journal):
    """An order of an older epoch does not lower what was seen."""
    journal.accept(entry("a.b.1", 5))
    journal.accept(entry("a.b.2", 4))
    assert (journal.epoch("shop", "uat"), journal.epoch("shop", "production")) == (5, 0)


def test_reports_are_kept_until_confirmed(journal):
    """Numbers have no gaps; an attempt is settled when its final report and all before it are confirmed."""
    journal.accept(entry())
    journal.write("a.b.1", "log", {"lines": []})
    journal.write("a.b.1", "finished", {}, 200.0)
    assert [r.seq for r in journal.unconfirmed()] == [1, 2, 3]
    journal.confirm("a.b.1", 2, final=False)
    assert ([r.seq for r in journal.unconfirmed()], journal.unconfirmed_attempts()) == ([3], ("a.b.1",))
    journal.confirm("a.b.1", 3, final=True)
    assert (journal.unconfirmed(), journal.find("a.b.1").state) == ((), "confirmed")
    journal.reopen("a.b.1")
    assert [r.seq for r in journal.unconfirmed()] == [1, 2, 3]


def test_after_a_crash_all_is_there(journal, tmp_path):
    """A second look at the file sees what was noted: the phase, and what is not finished."""
    journal.accept(entry())
    journal.begin("a.b.1")
    journal.note("a.b.1", "dumping", {"file": "x"})
    again = Journal(tmp_path / "journal.sqlite")
    (found,) = again.unfinished()
    again.close()
    assert (found.phase, found.detail, found.state) == ("dumping", {"file": "x"}, "running")


def test_what_is_settled_and_old_is_forgotten(journal):
    """Only confirmed attempts are dropped; the epoch stays."""
    for name in ("a.b.1", "a.b.2"):
        journal.accept(entry(name))
        journal.write(name, "finished", {}, 200.0)
    journal.confirm("a.b.1", 2, final=True)
    journal.cancel("a.b.9", "why", 50.0)
    journal.forget(300.0)
    assert [journal.find("a.b.1"), journal.find("a.b.2").state, journal.cancelled("a.b.9")] == [
        None,
        "finished",
        None,
    ]
    assert journal.epoch("shop", "uat") == 3
