"""docs/concepts/one-boot.md is what really happens, and what happens is well-formed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lab.boot_client import ClientBoot
from tests.support.requirements import LAB, require
from tests.support.story import PAGE, frames_by_step, malformed, page, record


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClientBoot, Path]:
    require(*LAB, "tshark")
    return record(tmp_path_factory.mktemp("story"))


def test_the_boot_has_all_nine_steps_and_ends_authentic(told: tuple[ClientBoot, Path]) -> None:
    """PXE 2.1 §2.1."""
    boot, _ = told
    assert (boot.document["outcome"], boot.document["authentic"]) == ("booted", True), boot
    assert boot.document["transport"] == "mtftp"
    assert boot.steps == list(range(1, 10))


def test_every_step_that_has_packets_is_in_the_capture(told: tuple[ClientBoot, Path]) -> None:
    _, capture = told
    assert [step for step, frames in frames_by_step(capture).items() if frames] == [1, 2, 4, 5, 6, 7, 8]


def test_no_packet_is_malformed(told: tuple[ClientBoot, Path]) -> None:
    """As tshark reads them, ours and the server's."""
    _, capture = told
    assert malformed(capture) == []


def test_the_page_is_what_happens(told: tuple[ClientBoot, Path]) -> None:
    _, capture = told
    assert page(capture) == PAGE.read_text(encoding="utf-8"), "write it anew: python -m tests.support.story"
