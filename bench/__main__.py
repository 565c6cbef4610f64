"""Runs the bench named, with its options, or all of them."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("boot_programs", "dhcp", "first_offer", "multicast")


def main() -> int:
    wanted, options = sys.argv[1:2] or NAMES, sys.argv[2:]
    if unknown := set(wanted) - set(NAMES):
        print(f"error: there is no bench {', '.join(unknown)}", file=sys.stderr)
        print(f"hint: there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    exit_codes = []
    for name in wanted:
        sys.argv = [name, *options]
        exit_code: int = import_module(f"bench.{name}").main()
        exit_codes.append(exit_code)
    return max(exit_codes)


if __name__ == "__main__":
    sys.exit(main())
