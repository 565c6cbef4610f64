"""The lists of demands, the tests that they name, and the page made of both."""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.spec.demands import DOCUMENTS
from tests.spec.demands.demand import Document
from tests.support.conformance import (
    PAGE,
    Citation,
    SpecTest,
    citation,
    every_demand,
    holder,
    page,
    spec_tests,
)

TESTS = spec_tests()


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "`python -m tests.support.conformance` writes it"


def test_a_demand_is_held_or_is_a_gap() -> None:
    wrong = [(document.name, each.text) for document, each in every_demand() if bool(each.held_by) == bool(each.gap)]
    assert not wrong


def test_each_test_that_a_demand_names_is_there() -> None:
    for _, demand in every_demand():
        for name in demand.held_by:
            assert holder(name, TESTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_documents_demands_are_sentences_told_once_and_in_order(document: Document) -> None:
    texts = [each.text for each in document.demands]
    assert len(set(texts)) == len(texts)
    for each in document.demands:
        assert each.text[0].isupper()
        assert each.text.endswith(".")
        assert len(set(each.held_by)) == len(each.held_by)
        assert not set("|\n") & set(each.text + each.gap)
    sections = [section for section, _ in groupby(document.demands, key=lambda each: each.section)]
    assert len(set(sections)) == len(sections), "a section's demands stand together"
    numbered = [[int(number) for number in section[1:].split(".")] for section in sections if section.startswith("§")]
    assert numbered == sorted(numbered)


def test_a_test_says_where_its_rule_comes_from() -> None:
    assert not [f"{test} {test.docstring}" for test in TESTS if citation(test.docstring) is None]


@pytest.mark.parametrize(
    ("docstring", "cited"),
    [
        ("RFC 2131 §4.3.2: a server is silent.", Citation("RFC 2131", "§4.3.2")),
        ("RFC 2131 §2.2, RFC 5227 §2.1: nobody answers.", Citation("RFC 2131", "§2.2")),
        ("RFC 1350 appendix: error 3.", Citation("RFC 1350", "appendix")),
        ("PXE 2.1 table 2-1, tag 6 bit 3.", Citation("PXE 2.1", "table 2-1")),
        ("RFC 2347: names in any case.", Citation("RFC 2347", "")),
        ("Firmware: EDK2 shows 24.", Citation("Firmware", "")),
        ("Ours: nothing wakes.", Citation("Ours", "")),
        ("RFC 2131: somewhere.", None),
        ("PXE 2.1, somewhere.", None),
        ("§4.3.1.", None),
        ("No RFC says so.", None),
        ("RFC 2131 §: nowhere.", None),
        ("", None),
    ],
)
def test_first_words_are_a_citation_or_none(docstring: str, cited: Citation | None) -> None:
    assert citation(docstring) == cited


def test_a_name_means_one_test() -> None:
    tests = [
        SpecTest("test_a", "test_x.py", ""),
        SpecTest("test_a", "test_y.py", ""),
        SpecTest("test_b", "test_y.py", ""),
    ]
    assert holder("test_b", tests) == tests[2]
    assert holder("test_y.py::test_a", tests) == tests[1]
    for name in ("test_a", "test_c", "a"):
        with pytest.raises(LookupError):
            holder(name, tests)
