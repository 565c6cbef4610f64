"""PXE 2.1 §2.2.4 and table 2-1: option 43 and the tags in it."""

from __future__ import annotations

from tests.spec.demands.demand import may, must, should

VENDOR_OPTIONS = (
    must(
        "§2.2.4", "Option 43 holds tags in the form of options, with PAD, and PXE_END at the end.",
        "test_tags_end_with_pxe_end",
        "test_padding_and_what_follows_the_end_is_skipped",
        "test_option_43_without_its_end_is_read",
        "test_the_reply_may_stand_in_any_order_of_tags",
    ),
    must(
        "§2.2.4", "All tags fit into one option 43.",
        "test_tags_that_do_not_fit_into_one_option_are_refused",
        "test_any_menu_fits_and_shows_its_first_line",
        "test_option_43_is_never_split",
        "test_option_43_is_never_joined",
    ),
    must(
        "§2.2.4", "A tag that runs past its end spoils the option, and nothing else.",
        "test_a_lying_option_43_is_dropped",
        "test_tags_whose_length_lies_are_dropped_and_counted",
        "test_a_garbled_boot_option_costs_no_client_its_address",
    ),
    must(
        "§2.2.4", "Tags that make no sense together are refused with an error of their own.",
        "test_tags_that_make_no_sense_are_refused",
    ),
    must(
        "§2.2.4", "Without tag 71 type 0, layer 0 is meant.",
        "test_a_client_without_a_menu_asks_for_type_0",
        "test_a_file_offered_at_once_has_its_credential_under_type_0",
    ),
)  # fmt: skip

TAGS = (
    must(
        "table 2-1", "Every tag has its number, length and layout.",
        "test_every_tag_has_an_example_and_every_example_a_tag",
        "test_a_tag_is_read_and_written",
        "test_a_malformed_tag_is_an_error_that_names_it",
        "test_a_menu_that_both_firmwares_understood_is_read",
    ),
    must(
        "table 2-1", "Tags that are reserved, or a loader's own, are passed over.",
        "test_unknown_tags_are_kept_and_ignored",
        "test_the_reply_may_stand_in_any_order_of_tags",
    ),
    must(
        "table 2-1", "Tags 1 to 5 name a multicast transfer, all of them or none.",
        "test_multicast_is_named_to_bios_only_and_completely",
        "test_an_offer_of_one_file_names_its_multicast_too",
        "test_the_file_comes_by_multicast_where_that_is_wanted",
    ),
    must(
        "table 2-1", "Tag 6, bit 0: no broadcast discovery. Bit 1: no multicast discovery.",
        "test_discovery_control_says_by_which_ways",
        "test_a_menu_is_written_as_firmware_was_seen_to_take_it",
    ),
    must(
        "table 2-1", "Tag 6, bit 2: only listed servers count.",
        "test_with_bit_2_only_listed_servers_count",
        "test_a_type_that_is_not_listed_has_no_server",
        "test_only_listed_servers_count_where_the_operator_says_so",
    ),
    must(
        "table 2-1", "Tag 6, bit 3: the boot file is loaded at once, with no prompt, menu or discovery.",
        "test_bit_3_with_a_file_shows_no_menu",
        "test_bit_3_without_a_file_shows_the_menu",
        "test_a_boot_file_is_to_be_loaded_at_once",
        "test_no_boot_file_goes_with_a_menu",
    ),
    must(
        "table 2-1", "Tag 7 is the group for discovery, and there where multicast is allowed.",
        "test_tags_that_make_no_sense_are_refused",
        "test_a_menu_is_written_as_firmware_was_seen_to_take_it",
    ),
    must(
        "table 2-1", "Tag 8 lists servers by type; a count of 0 means any server of the type.",
        "test_a_tag_is_read_and_written",
        "test_with_bit_2_only_listed_servers_count",
        "test_two_lines_of_one_type_are_one_entry_in_the_list_of_servers",
    ),
    must(
        "table 2-1", "Tag 9 is the menu in the order in which it is shown; type 0 boots from the local disk.",
        "test_the_menu_keeps_its_order_and_the_local_disk_needs_no_server",
        "test_type_0_boots_from_the_local_disk",
        "test_our_menu_leads_to_the_local_disk_too",
    ),
    must(
        "table 2-1", "Tag 10, 0: the first item at once, and nothing is shown.",
        "test_timeout_0_takes_the_first_item_and_shows_nothing",
        "test_the_prompt_has_its_seconds_and_its_text",
    ),
    must(
        "table 2-1", "Tag 10, 255: the menu is shown and waits.",
        "test_timeout_255_shows_the_menu_and_waits",
        "test_nobody_at_the_menu_ends_with_the_deadline",
    ),
    must(
        "table 2-1", "Tag 10, 1 to 254: the prompt counts down and takes the first item; F8 opens the menu.",
        "test_the_prompt_counts_down_and_takes_the_first_item",
        "test_a_key_stops_the_countdown_and_opens_the_menu",
        "test_escape_cancels_the_boot",
    ),
    may(
        "table 2-1", "Tag 11 gives Boot Servers a range of multicast addresses.",
        gap="it is read and left alone: groups are configured",
    ),
    must(
        "table 2-1", "Tag 12 has 32 bits for each credential type.",
        "test_a_tag_is_read_and_written",
        "test_the_request_is_laid_out_as_pxe_says",
        "test_a_garbled_list_of_types_is_dropped_and_counted",
    ),
    must(
        "table 2-1", "Tag 71 is type and layer, and comes back as it was asked.",
        "test_the_boot_item_is_returned",
        "test_the_type_chosen_names_the_boot_file",
        "test_a_layer_has_a_file_of_its_own",
    ),
    should(
        "table 2-1", "A layer of one byte, as older papers had it, is understood.",
        "test_the_three_byte_item_of_old_clients_is_understood",
        "test_an_old_servers_boot_item_has_a_layer_of_one_byte",
        "test_a_boot_item_of_three_bytes_is_read",
    ),
)  # fmt: skip
