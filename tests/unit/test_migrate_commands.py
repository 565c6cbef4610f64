"""`wireboot import-config`, and `wireboot lease` where it shows, exports and imports."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.migrate import VECTORS
from wireboot.cli.main import main
from wireboot.config.load import load
from wireboot.leases.lease import Lease, LeaseState
from wireboot.store.database import look_into_database, open_database
from wireboot.store.leases import LeaseStore


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


def configured(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "wireboot.toml"
    file.write_text('state_dir = "state"\n[dhcp4]\nmode = "server"\n[[dhcp4.subnets]]\nnetwork = "10.77.0.0/24"\n')
    return file


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return configured(tmp_path)


class Served:
    """The database as a running server has it."""

    def __init__(self, configuration: Path) -> None:
        self._database = open_database(load(configuration).config.database_url)
        self.store = LeaseStore(self._database)

    def close(self) -> None:
        self._database.dispose()


def stored(configuration: Path) -> list[Lease]:
    database = look_into_database(load(configuration).config.database_url)
    return [] if database is None else LeaseStore(database).load()


# import-config


@pytest.mark.parametrize("name", ["dnsmasq.conf", "dhcpd.conf", "kea-dhcp4.conf"])
def test_the_result_goes_to_stdout_and_the_rest_to_stderr(wireboot: Wireboot, name: str, tmp_path: Path) -> None:
    ran = wireboot("import-config", VECTORS / name)

    (tmp_path / "wireboot.toml").write_text(ran.out)
    assert ran.exit_code == 0
    assert load(tmp_path / "wireboot.toml").config.dhcp4.mode == "server"
    assert f"{VECTORS / name}:" in ran.err
    assert ": warning: " in ran.err
    assert "  hint: " in ran.err


def test_the_result_goes_to_a_new_file_and_never_over_another(wireboot: Wireboot, tmp_path: Path) -> None:
    file = tmp_path / "wireboot.toml"

    first = wireboot("import-config", VECTORS / "dnsmasq.conf", "--output", file)
    written = file.read_text()
    second = wireboot("import-config", VECTORS / "dhcpd.conf", "--output", file)

    assert (first.exit_code, first.out) == (0, "")
    assert written.startswith("# Made by `wireboot import-config` from ")
    assert second.exit_code == 2
    assert file.read_text() == written


def test_json_is_one_document(wireboot: Wireboot) -> None:
    ran = wireboot("import-config", "--json", VECTORS / "dnsmasq.conf")

    document = json.loads(ran.out)
    assert (ran.exit_code, ran.err) == (0, "")
    assert document["toml"].startswith("# Made by")
    assert all({"severity", "file", "line", "what", "remedy"} <= {*each} for each in document["untranslated"])


def test_a_syntax_error_ends_with_2_and_its_line(wireboot: Wireboot, tmp_path: Path) -> None:
    file = tmp_path / "dhcpd.conf"
    file.write_text("authoritative;\nsubnet 10.77.0.0 netmask 255.255.255.0 {\n")

    ran = wireboot("import-config", "--from", "isc", file)

    assert (ran.exit_code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {file}:2: ")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_file_that_cannot_be_read_ends_with_2(wireboot: Wireboot, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "x"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)

    ran = wireboot("import-config", file)

    assert (ran.exit_code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: cannot read {file}: ")


def test_included_files_count_from_the_folder_of_the_first(wireboot: Wireboot, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.conf").write_bytes(b"tftp-root=/srv/\xe4\n")  # Latin-1
    (tmp_path / "dnsmasq.conf").write_text("conf-dir=d\nconf-file=missing\n")

    ran = wireboot("import-config", tmp_path / "dnsmasq.conf")

    assert 'boot_dir = "/srv/ä"' in ran.out
    assert f"{tmp_path / 'dnsmasq.conf'}:2: warning: " in ran.err


def test_a_text_cannot_write_to_the_terminal(wireboot: Wireboot, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("dhcp-script=\x1b]0;owned\x07\n")
    ran = wireboot("import-config", "--from", "dnsmasq", tmp_path / "x")
    assert "\x1b" not in ran.err + ran.out


# lease import, export, show


@pytest.mark.parametrize("name", ["dnsmasq.leases", "dhcpd.leases", "kea-leases4.csv"])
def test_leases_are_taken_over_once(wireboot: Wireboot, configuration: Path, name: str) -> None:
    first = wireboot("lease", "import", "--json", "--config", configuration, VECTORS / name)
    leases = stored(configuration)
    second = wireboot("lease", "import", "--json", "--config", configuration, VECTORS / name)

    counts = json.loads(first.out)
    assert first.exit_code == 0
    assert counts["imported"] == len(leases) > 0
    assert counts["over"] > 0
    assert json.loads(second.out)["imported"] == 0
    assert stored(configuration) == leases


@pytest.mark.parametrize("as_format", ["json", "csv"])
def test_an_export_can_be_read_back(wireboot: Wireboot, tmp_path: Path, as_format: str) -> None:
    here, there = configured(tmp_path / "here"), configured(tmp_path / "there")
    wireboot("lease", "import", "--config", here, VECTORS / "dhcpd.leases")

    export = tmp_path / "export"
    export.write_text(wireboot("lease", "export", "--format", as_format, "--config", here).out)
    ran = wireboot("lease", "import", "--from", "wireboot", "--config", there, export)

    assert ran.exit_code == 0
    again = wireboot("lease", "export", "--format", as_format, "--config", there).out
    assert again == export.read_text()


def test_what_is_on_record_and_newer_stays(wireboot: Wireboot, configuration: Path) -> None:
    now = time.time()
    newer = Lease(IPv4Address("10.77.0.101"), b"new", b"", LeaseState.BOUND, now, now + 60)
    with contextlib.closing(Served(configuration)) as served:
        served.store.save([newer])

    ran = wireboot("lease", "import", "--config", configuration, VECTORS / "dhcpd.leases")

    assert ran.out == "2 imported, 1 over already, 1 on record and newer\n"
    assert newer in stored(configuration)


def test_leases_outside_of_every_subnet_and_without_an_end_are_told(wireboot: Wireboot, configuration: Path) -> None:
    ran = wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")

    assert "dnsmasq.leases:5: warning: 10.99.0.7 is in no subnet of the configuration" in ran.err
    assert "dnsmasq.leases:3: warning: the lease of 10.77.0.102 never ends" in ran.err
    assert IPv4Address("10.99.0.7") in [lease.address for lease in stored(configuration)]


def test_nothing_is_written_under_a_running_server(wireboot: Wireboot, configuration: Path) -> None:
    """It has its leases in memory: it would not see them, and lend their addresses to others."""
    with contextlib.closing(Served(configuration)):
        ran = wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")

    assert (ran.exit_code, ran.out) == (1, "")
    assert f"process {os.getpid()}" in ran.err
    assert stored(configuration) == []


def test_a_file_that_is_no_lease_file_ends_with_2_and_makes_no_database(
    wireboot: Wireboot, configuration: Path, tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("nonsense\n")
    ran = wireboot("lease", "import", "--config", configuration, tmp_path / "x")
    assert ran.exit_code == 2
    assert ran.err.startswith(f"error: {tmp_path / 'x'}:1: ")
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("which", ["10.77.0.50", "52:54:00:77:00:10", "52-54-00-77-00-10"])
def test_a_lease_is_shown_by_address_and_by_mac(wireboot: Wireboot, configuration: Path, which: str) -> None:
    wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")

    plain = wireboot("lease", "show", "--config", configuration, which)
    (lease,) = json.loads(wireboot("lease", "show", "--json", "--config", configuration, which).out)

    assert plain.exit_code == 0
    assert "hostname node-1" in plain.out
    assert (lease["address"], lease["client"]) == ("10.77.0.50", "01525400770010")


def test_what_has_no_lease_ends_with_1_and_what_is_no_address_with_2(wireboot: Wireboot, configuration: Path) -> None:
    assert wireboot("lease", "show", "--config", configuration, "10.77.0.9").exit_code == 1
    assert wireboot("lease", "show", "--config", configuration, "nonsense").exit_code == 2


# lease release


def test_a_lease_is_released_and_its_client_remembered(wireboot: Wireboot, configuration: Path) -> None:
    """RFC 2131 §4.3.4: the server keeps what it knows of the client, so that it may have the address again."""
    wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")
    others = [lease for lease in stored(configuration) if lease.address != IPv4Address("10.77.0.50")]

    ran = wireboot("lease", "release", "--config", configuration, "10.77.0.50")

    (lease,) = (each for each in stored(configuration) if each.address == IPv4Address("10.77.0.50"))
    assert (ran.exit_code, ran.out) == (0, "10.77.0.50 is free; 52:54:00:77:00:10 had it\n")
    assert (lease.state, lease.client.hex(), lease.is_held(time.time())) == (
        LeaseState.RELEASED,
        "01525400770010",
        False,
    )
    assert [each for each in stored(configuration) if each != lease] == others


def test_an_address_at_which_something_else_answered_can_be_released(wireboot: Wireboot, configuration: Path) -> None:
    now = time.time()
    declined = Lease(IPv4Address("10.77.0.9"), b"x", b"", LeaseState.DECLINED, now, now + 60)
    with contextlib.closing(Served(configuration)) as served:
        served.store.save([declined])

    assert wireboot("lease", "release", "--config", configuration, "10.77.0.9").exit_code == 0
    assert [lease.state for lease in stored(configuration)] == [LeaseState.RELEASED]


def test_nothing_is_released_under_a_running_server_and_what_helps_is_said(
    wireboot: Wireboot, configuration: Path
) -> None:
    wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")
    before = stored(configuration)
    with contextlib.closing(Served(configuration)):
        ran = wireboot("lease", "release", "--config", configuration, "10.77.0.50")

    assert (ran.exit_code, ran.out) == (1, "")
    assert f"process {os.getpid()}" in ran.err
    assert "DHCPRELEASE" in ran.err
    assert stored(configuration) == before


def test_what_has_no_lease_is_not_released_and_no_database_is_made(
    wireboot: Wireboot, configuration: Path, tmp_path: Path
) -> None:
    assert wireboot("lease", "release", "--config", configuration, "10.77.0.9").exit_code == 1
    assert wireboot("lease", "release", "--config", configuration, "nonsense").exit_code == 2
    assert not (tmp_path / "state").exists()
    wireboot("lease", "import", "--config", configuration, VECTORS / "dnsmasq.leases")
    assert wireboot("lease", "release", "--config", configuration, "10.77.0.103").exit_code == 1
