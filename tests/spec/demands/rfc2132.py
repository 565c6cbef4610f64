"""The options of DHCP: how they are written, and what some of them ask of who sends or reads them."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_2132 = Document("RFC 2132", "DHCP options", (
    must(
        "§2", "Every option but PAD and END has a length, which ends within its field.",
        "test_rfc3396_long_options.py::test_a_lying_length_is_an_error_with_its_place",
        "test_an_option_must_not_run_out_of_its_field",
    ),
    must(
        "§2", "A text may end in NULs, which do not belong to it.",
        "test_text_may_end_in_a_nul",
    ),
    should(
        "§2", "Texts are sent without a NUL at their end.",
        gap="option 67 is sent with one: some ROMs copy the name together with what lies behind it",
    ),
    must(
        "§3.1", "PAD is skipped.",
        "test_padding_is_skipped_and_what_follows_the_end_is_not_read",
    ),
    must(
        "§3.2", "END ends the options, and what follows it is padding.",
        "test_padding_is_skipped_and_what_follows_the_end_is_not_read",
        "test_a_message_is_padded_to_the_size_of_bootp",
        "test_rfc3396_long_options.py::test_a_missing_end_is_forgiven",
    ),
    must(
        "§3.3", "The subnet mask stands before the routers.",
        "test_settings_come_in_the_order_in_which_they_are_requested",
    ),
    must(
        "§3.3", "Options have the numbers, shapes and units of this document.",
        "test_every_option_has_an_example_and_every_example_an_option",
        "test_an_option_is_read_and_written_and_configured",
        "test_what_firmware_sent_is_read_as_wireshark_reads_it",
    ),
    must(
        "§3.3", "A value of another length than its option has is no value.",
        "test_a_malformed_value_is_an_error_and_never_none",
        "test_a_configured_value_that_does_not_fit_is_refused",
    ),
    should(
        "§3.5", "Routers and servers are listed in the order of preference.",
        "test_an_option_is_read_and_written_and_configured",
    ),
    may(
        "§3.15", "A server says how long the boot file is, in units of 512 bytes.",
        gap="option 13 is read and can be configured, and is not sent by itself: firmware asks by TFTP",
    ),
    must(
        "§8.4", "Who does not know a vendor ignores what it says in option 43.",
        "test_what_another_vendor_says_is_ignored",
        "test_tags_count_with_the_class_only",
    ),
    should(
        "§8.4", "The contents of option 43 are tags of the vendor's own, in the form of options.",
        "test_a_tag_is_read_and_written",
    ),
    must(
        "§9.3", "Option 52 is 1, 2 or 3: `file`, `sname` or both hold options.",
        "test_overloaded_fields_hold_options_and_no_text",
        "test_an_overload_other_than_1_2_or_3_is_an_error",
        "test_an_overload_inside_an_overloaded_field_means_nothing",
    ),
    may(
        "§9.4", "Option 66 names the TFTP server, as `sname` does.",
        "test_a_boot_file_is_named_wherever_some_firmware_looks",
    ),
    may(
        "§9.5", "Option 67 names the boot file, as `file` does.",
        "test_a_boot_file_is_named_wherever_some_firmware_looks",
        "test_option_67_comes_before_the_file_field",
        "test_options_in_the_file_field_are_read",
    ),
    must(
        "§9.6", "The message type is one of eight.",
        "test_a_malformed_value_is_an_error_and_never_none",
        "test_bad_input_is_dropped_and_counted",
    ),
    must(
        "§9.7", "Every offer and acknowledgement names its server.",
        "test_an_offer_names_the_server_and_the_lease_time_with_t1_and_t2",
        "test_a_refusal_says_why_and_nothing_else",
        "test_what_is_no_offer_is_dropped",
    ),
    must(
        "§9.8", "Settings come in the order in which they are requested.",
        "test_settings_come_in_the_order_in_which_they_are_requested",
    ),
    may(
        "§9.9", "A DHCPNAK says why.",
        "test_a_refusal_says_why_and_nothing_else",
    ),
    must(
        "§9.10", "No client takes less than 576 bytes.",
        "test_an_absurd_size_is_read_as_the_nearest_sensible_one",
    ),
    must(
        "§9.13", "A class that the server does not know changes nothing.",
        "test_what_another_vendor_says_is_ignored",
        "test_anything_else_is_none",
    ),
    must(
        "§9.14", "A client identifier is compared as it stands and not interpreted.",
        "test_clients_are_told_apart_by_their_identifier",
    ),
    must(
        "§9.14", "A client identifier has at least two bytes.",
        gap="one of a single byte is taken too: it tells clients apart as well",
    ),
))  # fmt: skip
