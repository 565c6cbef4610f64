"""What a machine boots in the lab: loaders from the distribution, a Linux kernel, and a user space of one line.

All of it is made from Debian's packages, once, under the checkout's cache folder; nothing of it is kept in the
repository and no kernel is installed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.lab.addresses import SERVER
from tests.support.lab.cpio import CpioArchive
from tests.support.lab.process import ENVIRONMENT

CACHE_DIR = Path(__file__).parents[3] / ".cache" / "lab"

KERNEL_PACKAGE = "linux-image-cloud-amd64"
BUSYBOX = Path("/bin/busybox")
PXELINUX = Path("/usr/lib/PXELINUX/pxelinux.0")
PXELINUX_LIBRARY = Path("/usr/lib/syslinux/modules/bios/ldlinux.c32")
GRUB_MODULES = Path("/usr/lib/grub/x86_64-efi")

BOOT_PROGRAM = {"x86-bios": "pxelinux.0", "x86_64-uefi": "grubx64.efi"}
"""The file that each architecture's firmware is to load."""

BOOT_PROGRAM_BESIDE_DHCP_SERVER = BOOT_PROGRAM | {"x86_64-uefi": "grubx64-proxy.efi"}
"""The same for a network whose DHCP server is another host. GRUB 2.06 looks for its files on the server that the
firmware's DHCPACK names in siaddr and never at the answer of the ProxyDHCP server, so there it must be told."""

USER_SPACE_REACHED = "wireboot: user space reached"
"""What the machine's serial line shows when the boot has come to its end."""

# panic=-1: a kernel that fails ends the machine at once instead of letting the test run into its time limit.
COMMAND_LINE = "console=ttyS0 panic=-1 loglevel=4 wireboot.loader="

INIT = f"""\
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "{USER_SPACE_REACHED} with $(/bin/busybox cat /proc/cmdline)"
/bin/busybox poweroff -f
"""

PXELINUX_CONFIGURATION = f"""\
DEFAULT linux
LABEL linux
  KERNEL linux
  INITRD initrd.gz
  APPEND {COMMAND_LINE}pxelinux
"""

GRUB_CONFIGURATION = f"""\
set gfxpayload=text
linux /linux {COMMAND_LINE}grub
initrd /initrd.gz
boot
"""


class PayloadError(Exception):
    """What the machines are to boot could not be made."""


def boot_dir() -> Path:
    """A folder to serve: `BOOT_PROGRAM`, and what those ask for until user space."""
    # The recipe's own text is part of the name, so that a changed recipe makes a new folder.
    recipe = b"".join(Path(__file__).with_name(name).read_bytes() for name in ("payload.py", "cpio.py", "addresses.py"))
    return made_once(CACHE_DIR / f"boot-{hashlib.sha256(recipe).hexdigest()[:12]}", fill_boot_dir)


def fill_boot_dir(target: Path) -> None:
    shutil.copyfile(PXELINUX, target / "pxelinux.0")
    shutil.copyfile(PXELINUX_LIBRARY, target / "ldlinux.c32")
    (target / "pxelinux.cfg").mkdir()
    (target / "pxelinux.cfg" / "default").write_text(PXELINUX_CONFIGURATION)

    make_grub_image(target / "grubx64.efi")
    make_grub_image(target / "grubx64-proxy.efi", server=SERVER)
    (target / "grub").mkdir()
    (target / "grub" / "grub.cfg").write_text(GRUB_CONFIGURATION)

    (target / "linux").hardlink_to(kernel())
    (target / "initrd.gz").write_bytes(initial_ramdisk())


def is_made() -> bool:
    """False: `boot_dir` is going to take its time and needs the distribution's archive."""
    return (CACHE_DIR / "linux").is_dir()


def kernel() -> Path:
    """Debian's smallest stock kernel, unpacked from its package."""
    return made_once(CACHE_DIR / "linux", unpack_kernel) / "vmlinuz"


def unpack_kernel(target: Path) -> None:
    depends = run("apt-cache", "depends", "--important", KERNEL_PACKAGE)
    dependency = re.search(r"Depends: (linux-image-\S+)", depends)  # the package named is empty but for this
    if dependency is None:
        raise PayloadError(f"{KERNEL_PACKAGE} names no kernel: `apt-get update` renews the list of packages")
    with tempfile.TemporaryDirectory(dir=target) as unpacked:
        unpack_package(dependency[1], Path(unpacked))
        (image,) = Path(unpacked, "boot").glob("vmlinuz-*")
        image.rename(target / "vmlinuz")


def unpack_package(package: str, target: Path) -> None:
    """Its files, and the archive that they came in; nothing is installed."""
    # The sandbox user of apt may not write to the cache folder, and says so on every run.
    run("apt-get", "-qq", "download", "-o", "APT::Sandbox::User=root", package, cwd=target)
    (archive,) = target.glob("*.deb")
    run("dpkg", "-x", str(archive), str(target))


def initial_ramdisk() -> bytes:
    busybox = BUSYBOX.read_bytes()
    if b"/ld-linux" in busybox:
        raise PayloadError(f"{BUSYBOX} needs libraries: the package busybox-static brings one that needs none")
    archive = CpioArchive()
    for folder in ("bin", "dev", "proc"):
        archive.add_folder(folder)
    archive.add_character_device("dev/console", major=5, minor=1)  # the kernel opens it for /init's output
    archive.add_file("bin/busybox", busybox, executable=True)
    archive.add_file("init", INIT.encode(), executable=True)
    return gzip.compress(archive.finish(), compresslevel=6, mtime=0)


def make_grub_image(target: Path, server: str | None = None) -> None:
    """GRUB with what it needs to load Linux by TFTP, from `server` or else from the one the firmware was told."""
    folder = f"(tftp,{server})/grub" if server else "/grub"
    modules = ("efinet", "tftp", "normal", "linux", "boot")
    run("grub-mkimage", "-O", "x86_64-efi", "-d", str(GRUB_MODULES), "-p", folder, "-o", str(target), *modules)


def made_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """The folder `target`, filled whole before it gets its name, however many runs ask for it at once."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        fill(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except OSError:
        if not target.is_dir():
            raise  # else another run was faster, and its folder is as good
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def run(*argv: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=ENVIRONMENT)
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise PayloadError(str(failure)) from failure
    if done.returncode:
        raise PayloadError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
