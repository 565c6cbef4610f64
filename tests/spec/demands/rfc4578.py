"""The options by which PXE firmware says what it is."""

from __future__ import annotations

from tests.spec.demands.demand import Document, must

RFC_4578 = Document("RFC 4578", "DHCP options for PXE", (
    must(
        "§2", "A client sends options 93, 94 and 97 in every packet.",
        "test_every_request_says_who_asks",
        "test_discovery_is_the_captured_one",
        "test_edk2_asks_port_4011_as_captured",
    ),
    must(
        "§2.1", "Option 93 is a list of architectures of 16 bits each, the most wanted first.",
        "test_several_architectures_are_kept_in_order",
        "test_a_malformed_option_is_an_error_that_names_it",
    ),
    must(
        "§2.1", "Architectures have the numbers of IANA's registry.",
        "test_architectures_have_the_names_of_ianas_registry",
        "test_real_firmware_is_recognised",
    ),
    must(
        "§2.2", "Option 94 has three bytes: interface type, major and minor revision.",
        "test_real_firmware_is_recognised",
        "test_a_malformed_option_is_an_error_that_names_it",
    ),
    must(
        "§2.3", "Option 97 is a type, 0, and the 16 bytes of the machine's UUID.",
        "test_the_uuid_is_in_smbios_order",
        "test_a_uuid_that_was_never_programmed_is_none",
        "test_a_malformed_option_is_an_error_that_names_it",
    ),
    must(
        "§2.3", "A server returns option 97 in every reply.",
        "test_the_client_and_machine_identifiers_are_returned",
        "test_the_machine_identifier_is_returned",
        "test_the_reply_copies_what_the_client_compares",
    ),
    must(
        "§2.4", "Options 128 to 135 are asked for by clients, and a server gives them no meaning of its own.",
        "test_options_128_to_135_have_no_meaning_of_their_own",
    ),
))  # fmt: skip
