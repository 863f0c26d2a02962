"""The results of the verification as a file: read as written, and written loss by loss."""

import math
from dataclasses import replace

from loss_cases import verified

from losses import OURS
from verification.document import document
from verification.results import Results, Run, read_results, versions


def test_results_are_read_as_they_were_written():
    arcface = verified(OURS["arcface"])
    failure = replace(arcface.rows[0], ok=False, deviation=math.inf, where="margin=0.3")
    reports = [arcface, replace(arcface, slug="failing", rows=(failure, *arcface.rows[1:]))]
    results = Results.now(reports)
    read = Results.read(results.write())
    assert read.write() == results.write()
    assert read.versions == versions()
    assert [row.topic for row in read.reports[0].rows] == [row.topic for row in reports[0].rows]
    assert read.of("nowhere") is None


def rounded(report, share):
    """A report as another processor would give it: deviations that are rounding differ."""
    rows = (replace(row, deviation=row.deviation * share) if row.deviation < 1e-13 else row for row in report.rows)
    return replace(report, rows=tuple(rows))


def test_results_that_show_the_same_stay_as_they_are_to_the_last_digit():
    results = replace(read_results(), day="2000-01-01")
    assert rounded(results.of("hinge"), 0.5) != results.of("hinge")
    assert results.replace([rounded(report, 0.5) for report in results.reports], OURS) == results
    assert results.replace([rounded(results.of("hinge"), 0.5)], OURS) == results


def test_one_loss_is_written_without_a_change_to_the_others():
    results = replace(read_results(), day="2000-01-01")
    old = results.of("hinge")
    new = replace(rounded(old, 0.5), rows=(replace(old.rows[0], actual="6.1001"), *rounded(old, 0.5).rows[1:]))
    after = results.replace([new], OURS)
    assert after.of("hinge").rows == (new.rows[0], *old.rows[1:])
    assert [report for report in after.reports if report.slug != "hinge"] == [
        report for report in results.reports if report.slug != "hinge"
    ]
    assert after.day == "2000-01-01"
    assert after.alone == {"hinge": Run.today()}
    assert Results.read(after.write()) == after
    assert "Verified by itself on" in document(after)
    # once more all together, it needs no day of its own
    again = after.replace([replace(after.of("nsl"), rows=()), *(r for r in after.reports if r.slug != "nsl")], OURS)
    assert (again.day, again.alone) == (Run.today().day, {})


def test_a_new_loss_gets_its_place_in_the_order_of_menus():
    results = read_results()
    fewer = replace(results, reports=tuple(report for report in results.reports if report.slug != "hinge"))
    assert [report.slug for report in fewer.replace([results.of("hinge")], OURS).reports] == list(OURS)
    assert [report.slug for report in results.replace([], [*OURS][:3]).reports] == [*OURS][:3]
