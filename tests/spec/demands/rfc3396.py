"""Options longer than 255 bytes."""

from __future__ import annotations

from tests.spec.demands.demand import Document, must

RFC_3396 = Document("RFC 3396", "Encoding long options in DHCPv4", (
    must(
        "§5", "Parts of an option are put together in the order options, file, sname, wherever they stand.",
        "test_parts_are_joined_in_the_order_options_file_sname",
        "test_parts_apart_from_each_other_are_joined",
    ),
    must(
        "§6", "A longer option is sent in parts of 255 bytes.",
        "test_a_long_option_is_split_into_parts_of_255_bytes",
    ),
    must(
        "§7", "An option that comes in parts is one option.",
        "test_an_option_of_any_length_comes_back_whole",
    ),
    must(
        "§7", "Option 43 is split and joined like any other.",
        gap="never: PXE firmware reads the first one only, so what is not in it would be lost",
    ),
))  # fmt: skip
