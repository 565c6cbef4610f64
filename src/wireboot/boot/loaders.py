"""Where distributions put the network boot loaders, and which of those found suits a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from wireboot.wire.iana import architecture_code, architecture_names_tried


class LoaderKind(StrEnum):
    """The kinds, best first: those with menus of their own on BIOS, those that Secure Boot accepts on UEFI."""

    PXELINUX = "pxelinux"
    SHIM_GRUB = "shim-grub"
    GRUB = "grub"
    IPXE = "ipxe"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    LoaderKind.PXELINUX: "PXELINUX",
    LoaderKind.SHIM_GRUB: "shim and GRUB",
    LoaderKind.GRUB: "GRUB",
    LoaderKind.IPXE: "iPXE",
}


class Packages(NamedTuple):
    """The packages that bring a file; empty where a distribution family has none."""

    debian: str
    fedora: str = ""
    suse: str = ""
    arch: str = ""
    alpine: str = ""

    def __str__(self) -> str:
        families = zip(("Debian", "Fedora", "openSUSE", "Arch", "Alpine"), self, strict=True)
        return ", ".join(f"{names} on {family}" for family, names in families if names)


@dataclass(frozen=True, slots=True)
class LoaderFile:
    """A file that is offered under `served_name` from the first of `paths` that exists."""

    served_name: str
    paths: tuple[str, ...]
    packages: Packages


@dataclass(frozen=True, slots=True)
class Loader(LoaderFile):
    """A boot program: what a machine's firmware can be told to load."""

    kind: LoaderKind
    architecture: str
    needs: tuple[str, ...] = ()
    """Served names that it fetches from its own folder and does not start without."""


_SYSLINUX = Packages("pxelinux and syslinux-common", "syslinux-nonlinux", "syslinux", "syslinux", "syslinux")
_IPXE = Packages("ipxe", "ipxe-bootimgs-x86", "ipxe-bootimgs", "ipxe")
# From Debian 13 on; the package of Debian 12 has x86 programs only.
_IPXE_ARM = Packages("ipxe (from release 13)", "ipxe-bootimgs-aarch64", "", "ipxe")
_IPXE_OTHER = Packages("ipxe (from release 13)")
_GRUB_X64 = Packages("grub-efi-amd64-signed", "grub2-efi-x64", "grub2-x86_64-efi")
_GRUB_AA64 = Packages("grub-efi-arm64-signed", "grub2-efi-aa64", "grub2-arm64-efi")
_GRUB_IA32 = Packages("grub-efi-ia32-bin", "grub2-efi-ia32")
_SHIM_X64 = Packages("shim-signed and grub-efi-amd64-signed", "shim-x64 and grub2-efi-x64")
_SHIM_AA64 = Packages("shim-signed and grub-efi-arm64-signed", "shim-aa64 and grub2-efi-aa64")
_SHIM_SUSE_X64 = Packages("", "", "shim and grub2-x86_64-efi")
_SHIM_SUSE_AA64 = Packages("", "", "shim and grub2-arm64-efi")


def _on_fedora(name: str) -> tuple[str, ...]:
    """Fedora and its kin ship shim and GRUB straight into the EFI system partition, under the vendor's name."""
    return tuple(f"/boot/efi/EFI/{vendor}/{name}" for vendor in ("fedora", "redhat", "centos", "rocky", "almalinux"))


# Names are flat: PXELINUX and shim fetch their companions from the folder they came from themselves. Only openSUSE's
# shim stands in a folder: it asks for `grub.efi` whatever the architecture, and two of those cannot share one folder.
# Of Debian's GRUB images the "net" ones look for their configuration on the server they were loaded from.
# `snponly.efi` and `undionly.kpxe` use the firmware's own network driver, which has just shown that it works.
# fmt: off
LOADERS = (
    Loader("pxelinux.0",
           ("/usr/lib/PXELINUX/pxelinux.0", "/usr/share/syslinux/pxelinux.0", "/usr/lib/syslinux/bios/pxelinux.0",
            "/tftpboot/pxelinux.0"),
           _SYSLINUX,       LoaderKind.PXELINUX,  "x86-bios",    needs=("ldlinux.c32",)),
    Loader("undionly.kpxe",
           ("/usr/lib/ipxe/undionly.kpxe", "/usr/share/ipxe/undionly.kpxe"),
           _IPXE,           LoaderKind.IPXE,      "x86-bios"),

    Loader("grubia32.efi",
           ("/usr/lib/grub/i386-efi/monolithic/grubnetia32.efi", *_on_fedora("grubia32.efi")),
           _GRUB_IA32,      LoaderKind.GRUB,      "x86-uefi"),
    Loader("ipxe-i386.efi",
           ("/usr/share/ipxe/ipxe-i386.efi", "/usr/share/ipxe/i386/ipxe.efi"),
           Packages("", "ipxe-bootimgs-x86"), LoaderKind.IPXE, "x86-uefi"),

    Loader("shimx64.efi",
           ("/usr/lib/shim/shimx64.efi.signed", *_on_fedora("shimx64.efi")),
           _SHIM_X64,       LoaderKind.SHIM_GRUB, "x86_64-uefi", needs=("grubx64.efi",)),
    Loader("suse-x86_64/shim.efi",
           ("/usr/share/efi/x86_64/shim.efi", "/usr/lib64/efi/shim.efi"),
           _SHIM_SUSE_X64,  LoaderKind.SHIM_GRUB, "x86_64-uefi", needs=("suse-x86_64/grub.efi",)),
    Loader("grubx64.efi",
           ("/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
            "/usr/lib/grub/x86_64-efi/monolithic/grubnetx64.efi", *_on_fedora("grubx64.efi"),
            "/usr/share/grub2/x86_64-efi/grub.efi", "/usr/share/efi/x86_64/grub.efi"),
           _GRUB_X64,       LoaderKind.GRUB,      "x86_64-uefi"),
    Loader("snponly.efi",
           ("/usr/lib/ipxe/snponly.efi", "/usr/share/ipxe/ipxe-snponly-x86_64.efi",
            "/usr/share/ipxe/snponly-x86_64.efi", "/usr/share/ipxe/x86_64/snponly.efi"),
           _IPXE,           LoaderKind.IPXE,      "x86_64-uefi"),
    Loader("ipxe.efi",
           ("/usr/lib/ipxe/ipxe.efi", "/usr/lib/ipxe/ipxe-amd64.efi", "/boot/ipxe.efi",
            "/usr/share/ipxe/ipxe-x86_64.efi", "/usr/share/ipxe/x86_64/ipxe.efi"),
           _IPXE,           LoaderKind.IPXE,      "x86_64-uefi"),

    Loader("shimaa64.efi",
           ("/usr/lib/shim/shimaa64.efi.signed", *_on_fedora("shimaa64.efi")),
           _SHIM_AA64,      LoaderKind.SHIM_GRUB, "arm64-uefi",  needs=("grubaa64.efi",)),
    Loader("suse-aarch64/shim.efi",
           ("/usr/share/efi/aarch64/shim.efi",),
           _SHIM_SUSE_AA64, LoaderKind.SHIM_GRUB, "arm64-uefi",  needs=("suse-aarch64/grub.efi",)),
    Loader("grubaa64.efi",
           ("/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed",
            "/usr/lib/grub/arm64-efi/monolithic/grubnetaa64.efi", *_on_fedora("grubaa64.efi"),
            "/usr/share/grub2/arm64-efi/grub.efi", "/usr/share/efi/aarch64/grub.efi"),
           _GRUB_AA64,      LoaderKind.GRUB,      "arm64-uefi"),
    Loader("snponly-arm64.efi",
           ("/usr/share/ipxe/arm64-efi/snponly.efi", "/usr/share/ipxe/arm64/snponly.efi"),
           Packages("", "ipxe-bootimgs-aarch64"), LoaderKind.IPXE, "arm64-uefi"),
    Loader("ipxe-arm64.efi",
           ("/usr/lib/ipxe/ipxe-arm64.efi", "/boot/ipxe-arm64.efi", "/usr/share/ipxe/arm64-efi/ipxe.efi",
            "/usr/share/ipxe/arm64/ipxe.efi"),
           _IPXE_ARM,       LoaderKind.IPXE,      "arm64-uefi"),

    Loader("ipxe-riscv64.efi", ("/usr/lib/ipxe/ipxe-riscv64.efi",), _IPXE_OTHER, LoaderKind.IPXE, "riscv64-uefi"),
    Loader("ipxe-loong64.efi", ("/usr/lib/ipxe/ipxe-loong64.efi",), _IPXE_OTHER, LoaderKind.IPXE, "loongarch64-uefi"),
)

COMPANIONS = (
    LoaderFile("lpxelinux.0",
             ("/usr/lib/PXELINUX/lpxelinux.0", "/usr/share/syslinux/lpxelinux.0", "/usr/lib/syslinux/bios/lpxelinux.0"),
             _SYSLINUX),
    LoaderFile("mmx64.efi",       ("/usr/lib/shim/mmx64.efi.signed", *_on_fedora("mmx64.efi")),   _SHIM_X64),
    LoaderFile("mmaa64.efi",      ("/usr/lib/shim/mmaa64.efi.signed", *_on_fedora("mmaa64.efi")), _SHIM_AA64),
    LoaderFile("suse-x86_64/grub.efi",
             ("/usr/share/efi/x86_64/grub.efi", "/usr/share/grub2/x86_64-efi/grub.efi"),        _SHIM_SUSE_X64),
    LoaderFile("suse-x86_64/MokManager.efi",
             ("/usr/share/efi/x86_64/MokManager.efi", "/usr/lib64/efi/MokManager.efi"),         _SHIM_SUSE_X64),
    LoaderFile("suse-aarch64/grub.efi",
             ("/usr/share/efi/aarch64/grub.efi", "/usr/share/grub2/arm64-efi/grub.efi"),        _SHIM_SUSE_AA64),
    LoaderFile("suse-aarch64/MokManager.efi", ("/usr/share/efi/aarch64/MokManager.efi",),         _SHIM_SUSE_AA64),
    *(
        LoaderFile(f"{module}.c32",
                 (f"/usr/lib/syslinux/modules/bios/{module}.c32", f"/usr/share/syslinux/{module}.c32",
                  f"/usr/lib/syslinux/bios/{module}.c32", f"/tftpboot/{module}.c32"),
                 _SYSLINUX)
        for module in (
            "ldlinux", "libcom32", "libutil", "libmenu", "libgpl", "liblua", "menu", "vesamenu", "chain", "cmd",
            "config", "cpuid", "dmi", "gfxboot", "hdt", "host", "ifcpu", "ifcpu64", "kbdmap", "linux", "ls", "lua",
            "mboot", "meminfo", "pci", "poweroff", "pxechn", "reboot", "rosh", "sysdump", "vesainfo", "whichsys",
        )
    ),
)
# fmt: on

_ROWS_BY_NAME: Mapping[str, LoaderFile] = {row.served_name: row for row in (*LOADERS, *COMPANIONS)}
_PREFERENCE = tuple(LoaderKind)
ARCHITECTURES = tuple(dict.fromkeys(loader.architecture for loader in LOADERS))
"""The architectures for which some distribution ships a loader."""


def known_boot_file(served_name: str) -> LoaderFile | None:
    """The row for a name such as `pxelinux.0`, whether or not the file is on this machine."""
    return _ROWS_BY_NAME.get(served_name)


@dataclass(frozen=True, slots=True)
class MissingLoader:
    """An architecture without a loader on this machine, and the packages that would bring the best one there is."""

    architecture: str
    packages: Packages


@dataclass(frozen=True, slots=True)
class FoundLoaders:
    """The loader files on this machine."""

    files: Mapping[str, str]
    """The path of every file found, by the name it is served under."""

    def usable(self, architecture: str) -> Iterator[Loader]:
        """The loaders for one architecture whose files are all here, best first; an -http one takes its plain one's."""
        for loader in _loaders_for(architecture):
            if all(name in self.files for name in (loader.served_name, *loader.needs)):
                yield loader

    def best(self, architecture: str) -> Loader | None:
        """The loader to send where the configuration names none, or None when nothing here suits."""
        return next(self.usable(architecture), None)

    def missing(self) -> tuple[MissingLoader, ...]:
        return tuple(
            MissingLoader(architecture, _best_packages(architecture))
            for architecture in ARCHITECTURES
            if self.best(architecture) is None
        )


def _loaders_for(architecture: str) -> list[Loader]:
    code = architecture_code(architecture)
    names = (architecture,) if code is None else (architecture, *architecture_names_tried(code))
    fitting = [loader for loader in LOADERS if loader.architecture in names]
    return sorted(fitting, key=lambda loader: _PREFERENCE.index(loader.kind))


def _best_packages(architecture: str) -> Packages:
    """For each distribution family, what brings the best loader that the family has."""
    by_family = zip(*(loader.packages for loader in _loaders_for(architecture)), strict=True)
    return Packages(*(next(filter(None, names), "") for names in by_family))


def find_loaders(exists: Callable[[str], bool]) -> FoundLoaders:
    """Look in every place that distributions use. `exists` says whether a path is a readable file."""
    found = ((row.served_name, next(filter(exists, row.paths), None)) for row in (*LOADERS, *COMPANIONS))
    return FoundLoaders({name: path for name, path in found if path is not None})


def describe_loaders(found: FoundLoaders) -> tuple[str, ...]:
    """One line for each architecture: the loader that would be sent and where it lies, or what would bring one."""
    missing = {each.architecture: each.packages for each in found.missing()}
    return tuple(
        f"{architecture}: none found (install {missing[architecture]})"
        if architecture in missing
        else _describe_best(found, architecture)
        for architecture in ARCHITECTURES
    )


def _describe_best(found: FoundLoaders, architecture: str) -> str:
    loader = found.best(architecture)
    assert loader is not None, architecture
    return f"{architecture}: {loader.kind.label} ({found.files[loader.served_name]})"
