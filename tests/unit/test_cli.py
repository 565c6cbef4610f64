"""The command line as the contract has it: help with an example, exit codes, data to stdout and talk to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import typer
from sqlalchemy import make_url

from wireboot import __version__
from wireboot.cli.main import app, main
from wireboot.leases.lease import Lease, LeaseState
from wireboot.net.clock import now
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore

MAC = bytes.fromhex("525400770010")
ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("lease", "show"): ("10.77.0.50",),
    ("lease", "release"): ("10.77.0.50",),
    ("lease", "import"): ("dnsmasq.leases",),
}
"""What some commands need besides their options."""


class Ran:
    """A finished command."""

    def __init__(self, exit_code: int, out: str, err: str) -> None:
        self.exit_code, self.out, self.err = exit_code, out, err


Wireboot = Callable[..., Ran]


@pytest.fixture
def wireboot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wireboot:
    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["wireboot", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return run


def commands(taking: str | None = None) -> list[tuple[str, ...]]:
    def below(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        subcommands = getattr(command, "commands", None)
        if not isinstance(subcommands, Mapping):
            options = {name for parameter in getattr(command, "params", ()) for name in parameter.opts}
            if taking is None or taking in options:
                yield path
            return
        for name, each in subcommands.items():
            yield from below(each, (*path, name))

    return list(below(typer.main.get_command(app), ()))


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "wireboot.toml"
    (tmp_path / "boot").mkdir()
    file.write_text(
        f'state_dir = "{tmp_path / "state"}"\nboot_dir = "{tmp_path / "boot"}"\n[network]\ninterfaces=["lo"]'
    )
    return file


# Usage


def test_the_commands_of_this_version_are_all_there() -> None:
    assert set(commands()) >= {("serve",), ("check",), ("lease", "list")}


@pytest.mark.parametrize("command", commands(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_with_an_example(wireboot: Wireboot, command: tuple[str, ...], option: str) -> None:
    ran = wireboot(*command, option)

    assert (ran.exit_code, ran.err) == (0, "")
    assert f"Example: wireboot {' '.join(command)}" in ran.out


def test_help_names_the_commands(wireboot: Wireboot) -> None:
    ran = wireboot("--help")

    assert ran.exit_code == 0
    assert all(name in ran.out for name in ("serve", "check", "lease"))


def test_the_version_is_told(wireboot: Wireboot) -> None:
    ran = wireboot("--version")

    assert (ran.exit_code, ran.out) == (0, f"wireboot {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("nonsense",),
        ("serve", "--nonsense"),
        ("serve", "--mode", "nonsense"),
        ("serve", "--log-format", "xml"),
        ("serve", "--config"),
        ("serve", "surplus"),
        ("check", "--interface", "eth0"),
        ("lease", "nonsense"),
        ("lease", "list", "--nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_a_hint(wireboot: Wireboot, arguments: tuple[str, ...]) -> None:
    ran = wireboot(*arguments)

    error, hint = ran.err.splitlines()
    assert (ran.exit_code, ran.out) == (2, "")
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert "--help" in hint


@pytest.mark.parametrize("option", ["--class", "--user-class"])
@pytest.mark.parametrize("text", ["", "x" * 256, "Klasse ß", "\N{SNOWMAN}"])
def test_a_class_that_no_packet_can_carry_is_wrong_usage(wireboot: Wireboot, option: str, text: str) -> None:
    ran = wireboot("boot", "--interface", "nonsense", option, text)
    assert (ran.exit_code, ran.err) == (2, f"error: {option} takes 1 to 255 ASCII characters\n")


@pytest.mark.parametrize("arguments", [(), ("lease",)], ids=["wireboot", "wireboot lease"])
def test_without_a_command_the_usage_is_told(wireboot: Wireboot, arguments: tuple[str, ...]) -> None:
    ran = wireboot(*arguments)

    assert ran.exit_code == 2
    assert "Traceback" not in ran.err


def test_a_reader_that_has_seen_enough_is_no_trouble(monkeypatch: pytest.MonkeyPatch, configuration: Path) -> None:
    """As with `wireboot lease list | head -1`."""

    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", broken)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["wireboot", "lease", "list", "--json", "--config", str(configuration)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


# check


def test_check_ends_with_0_where_all_is_well(wireboot: Wireboot, configuration: Path) -> None:
    ran = wireboot("check", "--config", configuration)

    assert ran.exit_code == 0
    assert f"{configuration}: ok" in ran.out
    assert "Loaders on this machine:" in ran.out


def test_check_tells_every_finding_with_its_line_and_ends_with_2(wireboot: Wireboot, configuration: Path) -> None:
    configuration.write_text("nonsense = 1\n\n[tftp]\nport = 0\n")

    ran = wireboot("check", "--config", configuration)

    assert ran.exit_code == 2
    assert f"{configuration}:1: error: " in ran.err
    assert f"{configuration}:4: error: " in ran.err
    assert f"{configuration}: not usable" in ran.out


@pytest.mark.parametrize(("text", "exit_code"), [("", 0), ("nonsense = 1\n", 2), ("[network", 2)])
def test_check_json_is_one_document(wireboot: Wireboot, configuration: Path, text: str, exit_code: int) -> None:
    configuration.write_text(text or configuration.read_text())

    ran = wireboot("check", "--json", "--config", configuration)

    document = json.loads(ran.out)
    assert (ran.exit_code, ran.err) == (exit_code, "")
    assert document["ok"] == (exit_code == 0)
    assert document["file"] == str(configuration)
    assert all({"severity", "line", "what", "remedy"} <= {*finding} for finding in document["findings"])


@pytest.mark.parametrize("command", commands(taking="--config"), ids=" ".join)
def test_a_configuration_that_cannot_be_read_ends_with_2(
    wireboot: Wireboot, command: tuple[str, ...], tmp_path: Path
) -> None:
    ran = wireboot(*command, *ARGUMENTS.get(command, ()), "--config", tmp_path / "missing.toml")

    error, hint = ran.err.splitlines()
    assert (ran.exit_code, ran.out) == (2, "")
    assert error.startswith(f"error: cannot read the configuration {tmp_path / 'missing.toml'}: ")
    assert hint.startswith("hint: ")


# lease list


def test_without_a_database_there_are_no_leases_and_none_is_made(wireboot: Wireboot, configuration: Path) -> None:
    assert json.loads(wireboot("lease", "list", "--json", "--config", configuration).out) == []
    assert wireboot("lease", "list", "--config", configuration).out == "no leases\n"
    assert not (configuration.parent / "state").exists()


def test_leases_are_listed_by_address_with_their_state(wireboot: Wireboot, configuration: Path) -> None:
    until = now() + 1000
    leases = [
        Lease(IPv4Address("10.77.0.110"), b"\1" + MAC, MAC, LeaseState.BOUND, 0.0, until, "node-1"),
        Lease(IPv4Address("10.77.0.9"), b"\2", MAC, LeaseState.BOUND, 0.0, 1.0),
        Lease(IPv4Address("10.77.0.10"), b"\3", MAC, LeaseState.RELEASED, 0.0, 1.0),
        Lease(IPv4Address("10.77.0.11"), b"", b"", LeaseState.DECLINED, 0.0, until),
    ]
    LeaseStore(open_database(make_url(f"sqlite:///{configuration.parent / 'state' / 'wireboot.sqlite'}"))).save(leases)

    ran = wireboot("lease", "list", "--json", "--config", configuration)

    listed = json.loads(ran.out)
    assert (ran.exit_code, ran.err) == (0, "")
    assert [(lease["address"], lease["state"]) for lease in listed] == [
        ("10.77.0.9", "expired"),
        ("10.77.0.10", "released"),
        ("10.77.0.11", "declined"),
        ("10.77.0.110", "bound"),
    ]
    assert (listed[3]["mac"], listed[3]["client"], listed[3]["hostname"]) == (
        "52:54:00:77:00:10",
        "01525400770010",
        "node-1",
    )
    assert listed[0]["until"] == "1970-01-01T00:00:01+00:00"
    assert "10.77.0.110" in wireboot("lease", "list", "--config", configuration).out
