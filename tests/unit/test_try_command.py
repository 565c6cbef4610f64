"""`wireboot try`: real boot files over an imagined network; and who serves here (server/running.py)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from tests.support.sim import FALLBACK, MENU, PROFILES, SERVER, default
from wireboot.cli import try_
from wireboot.cli.main import main
from wireboot.config.load import load
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.events import RequestRefused
from wireboot.server.lifecycle import serve
from wireboot.server.log import open_log
from wireboot.server.running import RunningNote, RunningServer, running_servers
from wireboot.sim.server_account import ServerAccount
from wireboot.sim.stand_in import stand_in_program

MAC = "52:54:00:77:00:10"
BOOT_FILE = bytes(range(256)) * 300
"""Larger than what a simulation would take of it."""


@dataclass(frozen=True)
class Tried:
    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # JSON
        return json.loads(self.out)


class Try:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.config, self._monkeypatch, self._capsys = folder / "wireboot.toml", monkeypatch, capsys
        (folder / "boot" / "rescue").mkdir(parents=True)
        for name in ("bios.0", "x64.efi"):
            (folder / "boot" / "rescue" / name).write_bytes(BOOT_FILE)
        self.configure(SERVER + default("rescue") + PROFILES)

    def configure(self, toml: str) -> None:
        self.config.write_text(f'boot_dir = "boot"\n{toml}')

    def __call__(self, *arguments: str | Path) -> Tried:
        return self.run("--config", self.config, "--no-execute", "--json", *arguments)

    def run(self, *arguments: str | Path) -> Tried:
        self._monkeypatch.setattr(sys, "argv", ["wireboot", "try", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Tried(int(ended.value.code or 0), *self._capsys.readouterr())


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Try:
    return Try(tmp_path, monkeypatch, capsys)


class TestTheBoot:
    @pytest.mark.parametrize("toml", [SERVER, "", FALLBACK])
    def test_a_machine_boots_the_real_file(self, tried: Try, toml: str) -> None:
        tried.configure(toml + default("rescue") + PROFILES)
        ran = tried("--mac", MAC)

        assert ran.exit_code == 0, ran.err
        assert ran.document["outcome"] == "booted"
        assert ran.document["client"]["mac"] == MAC
        assert (ran.document["boot_file"], ran.document["size_bytes"]) == ("rescue/bios.0", len(BOOT_FILE))
        assert [each["step"] for each in ran.document["steps"]] == [*range(1, 10)]
        assert ran.document["execution"] is None

    def test_the_rule_that_chose_the_file_is_told(self, tried: Try) -> None:
        (named,) = {(each["what"], each["rule"]) for each in tried().document["server"]["named"]}
        assert named == ("rescue/bios.0", "default profile")

    def test_the_architecture_chooses_the_file(self, tried: Try) -> None:
        assert tried("--arch", "x86_64-uefi").document["boot_file"] == "rescue/x64.efi"
        assert tried("--as", "edk2").document["boot_file"] == "rescue/x64.efi"

    def test_a_machine_of_the_inventory_is_known_by_its_mac(self, tried: Try) -> None:
        tried.configure(
            SERVER
            + '[[dhcp4.subnets.reservations]]\nmac = "52:54:00:77:00:10"\naddress = "10.77.0.50"\n'
            + '[[machines]]\nname = "one"\nmac = "52:54:00:77:00:10"\nprofile = "rescue"\n'
            + '[boot]\ndefault_profile = "ignore"\n'
            + PROFILES
        )
        assert tried("--mac", MAC).document["address"] == "10.77.0.50"
        stranger = tried("--deadline", "20")
        assert (stranger.exit_code, stranger.document["outcome"]) == (1, "failed")

    def test_a_line_of_the_menu_is_chosen(self, tried: Try) -> None:
        tried.configure(SERVER + default("choice") + PROFILES + MENU)
        assert tried("--menu-item", "0").document["boot_file"] == "rescue/bios.0"
        assert tried("--menu-item", "2").document["outcome"] == "local"

    def test_another_server_of_a_menu_is_imagined_too(self, tried: Try) -> None:
        tried.configure(SERVER + default("choice") + PROFILES + MENU)
        ran = tried("--menu-item", "1")
        assert (ran.exit_code, ran.document["boot_server"]) == (0, "10.77.0.9")
        assert ran.document["size_bytes"] < 200

    def test_a_file_taken_away_is_refused_as_it_would_be(self, tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(try_, "_checked", lambda loaded, _: loaded)
        (tried.config.parent / "boot/rescue/bios.0").unlink()
        ran = tried()

        assert (ran.exit_code, ran.document["error"]["code"]) == (1, "PXE-E3B")
        assert [each["file"] for each in ran.document["server"]["refused"]] == ["rescue/bios.0"]

    def test_what_no_server_would_run_is_not_tried(self, tried: Try) -> None:
        tried.configure(default("nowhere") + PROFILES)
        ran = tried()
        assert (ran.exit_code, ran.out) == (2, "")
        assert "nowhere" in ran.err

    def test_waiting_takes_no_time(self, tried: Try) -> None:
        """A boot ROM listens four seconds for offers; nobody has to."""
        ran = tried("--as", "intel-rom")
        assert ran.document["steps"][-1]["at_s"] > 4.0

    def test_every_frame_can_be_recorded(self, tried: Try, tmp_path: Path) -> None:
        tried("--pcap", tmp_path / "boot.pcapng")
        assert b"rescue/bios.0\0octet\0" in (tmp_path / "boot.pcapng").read_bytes()

    def test_for_people_the_steps_are_told_on_stderr(self, tried: Try) -> None:
        ran = tried.run("--config", tried.config, "--no-execute")
        assert (ran.exit_code, ran.out) == (0, "")
        assert "downloaded the boot file" in ran.err
        assert "named rescue/bios.0 by rule: default profile" in ran.err


class TestTheProgram:
    """It runs where it is one of x86-bios, unless that is not wanted."""

    def test_it_is_run_to_its_end(self, tried: Try) -> None:
        (tried.config.parent / "boot/rescue/bios.0").write_bytes(b"\x31\xc0\xcb")  # XOR AX, AX; RETF
        ran = tried.run("--config", tried.config, "--json", "--type", "x")
        execution = ran.document["execution"]
        assert (ran.exit_code, execution["ending"], execution["code"]) == (0, "returned", 0)

    def test_another_servers_stand_in_says_so_and_gives_the_machine_back(self, tried: Try) -> None:
        tried.configure(SERVER + default("choice") + PROFILES + MENU)
        ran = tried.run("--config", tried.config, "--json", "--menu-item", "1", "--type", "x")
        execution = ran.document["execution"]
        assert (ran.exit_code, execution["ending"]) == (0, "next-device")
        assert "another server's" in execution["screen"]

    def test_waiting_is_skipped_for_it_too(self, tried: Try) -> None:
        """STI; HLT in a circle: a minute of it."""
        (tried.config.parent / "boot/rescue/bios.0").write_bytes(b"\xfb\xf4\xeb\xfd")
        began = time.monotonic()
        ran = tried.run("--config", tried.config, "--json", "--type", "x", "--run-for", "60")
        assert (ran.exit_code, ran.document["execution"]["ending"]) == (1, "out-of-time")
        assert ran.document["execution"]["seconds"] >= 60
        assert time.monotonic() - began < 30

    def test_what_is_to_be_typed_needs_a_program_that_runs(self, tried: Try) -> None:
        for options in (["--no-execute"], ["--arch", "x86_64-uefi"]):
            ran = tried.run("--config", tried.config, *options, "--type", "x")
            assert (ran.exit_code, ran.out) == (2, ""), options
            assert "--type" in ran.err

    def test_stdin_may_be_closed(self, tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
        (tried.config.parent / "boot/rescue/bios.0").write_bytes(b"\x31\xc0\xcb")
        monkeypatch.setattr(sys, "stdin", None)
        assert tried.run("--config", tried.config).exit_code == 0

    def test_a_program_for_uefi_is_not_run(self, tried: Try) -> None:
        assert tried.run("--config", tried.config, "--json", "--arch", "x86_64-uefi").document["execution"] is None
        ran = tried.run("--config", tried.config, "--arch", "x86_64-uefi", "--execute")
        assert (ran.exit_code, ran.out) == (2, "")


class TestWhichConfiguration:
    """Without --config: that of the one server that runs here."""

    @pytest.fixture(autouse=True)
    def _only_our_notes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wireboot.server.running.RUN_FOLDER", tmp_path / "run")
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    def test_a_running_server_is_found(self, tried: Try, tmp_path: Path) -> None:
        other = tmp_path / "other"
        (other / "rescue").mkdir(parents=True)
        (other / "rescue" / "bios.0").write_bytes(b"other")
        (other / "rescue" / "x64.efi").write_bytes(b"other")
        with RunningNote() as note:
            note.write(load(tried.config).with_command_line(boot_dir=other))
            ran = tried.run("--no-execute", "--json")

        assert f"process {os.getpid()}" in ran.err
        assert ran.document["size_bytes"] == len(b"other")
        assert running_servers() == []

    def test_a_server_leaves_its_note_and_takes_it_away(self, tried: Try) -> None:
        tried.configure(
            'state_dir = "state"\n[dhcp4]\nmode = "off"\n[tftp]\nport = 16969\n[network]\ninterfaces = ["lo"]\n'
            + PROFILES
        )

        async def served() -> list[RunningServer]:
            with open_log("json") as log:
                server = asyncio.create_task(serve(lambda: load(tried.config), log))
                while not running_servers() and not server.done():
                    await asyncio.sleep(0.01)
                running = running_servers()
                os.kill(os.getpid(), signal.SIGTERM)
                await server
                return running

        (running,) = asyncio.run(asyncio.wait_for(served(), 10.0))
        assert (running.pid, running.config_file, running.mode) == (os.getpid(), tried.config, "off")
        assert running_servers() == []

    def test_of_several_none_is_taken(self, tried: Try, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        monkeypatch.setattr(try_, "load", lambda: load(tried.config))
        with RunningNote((tmp_path / "run",)) as one, RunningNote((tmp_path / "wireboot",)) as another:
            one.write(load(tried.config))
            another.write(load(tried.config))
            told = tried.run("--no-execute", "--json").err
        assert "2 servers run here" in told
        assert told.count(f"process {os.getpid()}: {tried.config}") == 2

    def test_a_note_whose_writer_is_gone_counts_for_nothing(self, tmp_path: Path, tried: Try) -> None:
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        with RunningNote() as note:
            note.write(load(tried.config))
            (path,) = (tmp_path / "run").iterdir()
            content = json.loads(path.read_text())
        for changed in ({"pid": ended.pid}, {"started": 1}, {"mode": "odd"}, {"pid": "1"}):
            path.write_text(json.dumps({**content, **changed}))
            assert running_servers() == [], changed
        for odd in ("", "[]", "nonsense"):
            path.write_text(odd)
            assert running_servers() == [], odd

    def test_a_note_that_cannot_be_written_is_no_trouble(self, tmp_path: Path, tried: Try) -> None:
        (tmp_path / "file").touch()
        with RunningNote((tmp_path / "file" / "run",)) as note:
            note.write(load(tried.config))


def test_refusals_are_told_by_their_reason() -> None:
    account = ServerAccount()
    peer = SocketAddress(IPv4Address("10.77.0.100"), 2070)
    for number in range(22):
        account.observe(RequestRefused(f"cfg/{number}", peer, "eth0", 1, "no such file"))
    account.observe(RequestRefused("linux", peer, "eth0", 2, "permission denied"))
    missing, forbidden = account.lines()
    assert missing.startswith("server: refused, no such file: 2 others, then cfg/2, ")
    assert forbidden == "server: refused, permission denied: linux"


def test_what_a_machine_asks_for_moves_no_cursor() -> None:
    account = ServerAccount()
    peer = SocketAddress(IPv4Address("10.77.0.100"), 2070)
    account.observe(RequestRefused("\x1b[2J", peer, "eth0", 1, "no such file"))
    assert [*account.lines()] == ["server: refused, no such file: \\x1b[2J"]


def test_a_stand_in_is_a_program_that_says_what_it_is() -> None:
    program = stand_in_program("nothing here")
    text_at = int.from_bytes(program[6:8], "little") - 0x7C00
    assert program[text_at:] == b"nothing here\r\n\0"
    assert program[text_at - 2 : text_at] == b"\xcd\x18"
