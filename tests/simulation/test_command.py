"""`wireboot simulate`: what it prints, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.sim import CONFIGURATIONS, MENU, PROFILES, SERVER, default
from wireboot.cli.main import app
from wireboot.config.findings import ConfigurationError
from wireboot.errors import OperatorError

CLI = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Its boot files are not there."""
    path = tmp_path / "wireboot.toml"
    path.write_text('boot_dir = "boot"\n' + CONFIGURATIONS["server"])
    return path


def simulate(config: Path, *arguments: str) -> tuple[int, str]:
    result = CLI.invoke(app, ["simulate", "--config", str(config), *arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


def test_the_document_says_how_every_boot_ended(config: Path) -> None:
    code, output = simulate(config, "--machines", "4", "--json")
    document = json.loads(output)

    assert code == 0
    assert (document["machines"], document["booted"], document["failed"]) == (4, 4, {})
    assert {each["outcome"] for each in document["outcomes"]} == {"booted"}
    assert [each["step"] for each in document["outcomes"]] == [9, 9, 9, 9]
    assert document["datagrams"]["lost"] == 0
    assert document["seconds"]["p100"] > 0


def test_the_command_to_repeat_it_repeats_it(config: Path) -> None:
    arguments = ("--machines", "5", "--loss", "10%", "--seed", "3", "--crash", "--firmware", "edk2", "--json")
    _, output = simulate(config, *arguments)
    words = json.loads(output)["repeat"].split()

    again = CLI.invoke(app, [*words[1:], "--json"])

    assert words[0] == "wireboot"
    assert again.stdout == output


def test_a_share_is_written_as_percent_or_as_a_fraction(config: Path) -> None:
    by_percent = simulate(config, "--machines", "4", "--loss", "10%", "--json")

    assert by_percent == simulate(config, "--machines", "4", "--loss", "0.1", "--json")
    assert json.loads(by_percent[1])["datagrams"]["lost"] > 0


@pytest.mark.parametrize("loss", ["100%", "1", "-0.1", "nan", "much"])
def test_a_share_that_is_none_is_refused(config: Path, loss: str) -> None:
    with pytest.raises(OperatorError, match="is no part of all datagrams") as problem:
        simulate(config, "--loss", loss)

    assert problem.value.exit_code == 2


def test_the_story_tells_steps_times_and_what_was_made_up(config: Path) -> None:
    code, output = simulate(config, "--machines", "4")

    assert code == 0
    for told in (
        "edk2 firmware",
        "9  handed the boot file over to be run",
        "Booted: 4 of 4",
        "File rescue/bios.0 is not there: a stand-in of",
        "The same again: wireboot simulate --config",
    ):
        assert told in output


def test_the_operators_own_files_are_used_and_large_ones_cut(config: Path) -> None:
    folder = config.parent / "boot" / "rescue"
    folder.mkdir(parents=True)
    (folder / "bios.0").write_bytes(bytes(1000))
    (folder / "x64.efi").write_bytes(bytes(1_000_000))

    _, output = simulate(config, "--machines", "4", "--json")
    document = json.loads(output)

    assert {each["size_bytes"] for each in document["outcomes"]} == {1000, 256 * 1024}
    assert document["files"] == [{"name": "rescue/x64.efi", "size_bytes": 256 * 1024, "stand_in": False}]


def test_a_pool_that_is_too_small_is_found(config: Path) -> None:
    """RFC 2131 §4.3.1: a server without addresses stays silent."""
    config.write_text(CONFIGURATIONS["server"].replace("10.77.0.200", "10.77.0.101"))
    code, output = simulate(config, "--machines", "3", "--firmware", "edk2")

    assert code == 1
    assert "Failed: 1 with PXE-E51" in output
    assert "no address left in 10.77.0.0/24" in output


def test_a_menu_leads_also_to_other_servers_and_to_the_local_disk(config: Path) -> None:
    """PXE 2.1 §2.2.4."""
    config.write_text(SERVER + default("choice") + PROFILES + MENU)
    code, output = simulate(config, "--machines", "20", "--firmware", "edk2", "--json")
    document = json.loads(output)

    files = {each["boot_file"] for each in document["outcomes"]}
    assert code == 0
    assert document["local"] > 0
    assert any(name and name.startswith("elsewhere/") for name in files)


def test_a_proxy_stands_beside_a_dhcp_server(config: Path) -> None:
    """PXE 2.1 §2.2.3."""
    config.write_text(CONFIGURATIONS["proxy"])
    code, output = simulate(config, "--machines", "4")

    assert code == 0
    assert "beside a DHCP server that knows nothing of PXE" in output
    assert "dhcp server: 10.77.0.2, boot service: 10.77.0.1" in output


def test_a_proxy_on_a_network_without_room_is_told_how_many_fit(config: Path) -> None:
    config.write_text(CONFIGURATIONS["fallback"])

    with pytest.raises(OperatorError, match="has no room for 500 machines") as problem:
        simulate(config, "--machines", "500")

    assert problem.value.hint == "simulate at most 118 with --machines"


def test_a_configuration_that_is_wrong_on_every_machine_is_refused(config: Path) -> None:
    config.write_text(default("nowhere"))

    with pytest.raises(ConfigurationError):
        simulate(config)
