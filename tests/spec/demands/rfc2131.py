"""DHCP: what the server answers, and as much of a client as firmware is."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_2131 = Document("RFC 2131", "Dynamic Host Configuration Protocol", (
    must(
        "§2", "Whatever a client has not said, a reply has no more than 576 bytes of IP.",
        "test_a_reply_is_no_larger_than_the_client_takes",
        "test_an_absurd_size_is_read_as_the_nearest_sensible_one",
    ),
    must(
        "§2", "Of the flags all but the broadcast flag are ignored.",
        "test_reserved_flags_mean_nothing",
    ),
    should(
        "§2.1", "What a client was configured with is remembered, and given to it again when it asks again.",
        "test_a_repeated_discover_is_offered_the_same_address",
        "test_a_client_is_offered_the_address_it_had",
    ),
    must(
        "§2.2", "An address that is allocated is allocated to nobody else.",
        "test_a_requested_address_that_another_holds_is_not_offered",
        "test_selecting_an_address_that_another_has_is_refused",
        "test_an_exhausted_pool_means_silence_and_the_operator_hears_of_it",
    ),
    should(
        "§2.2", "The server looks whether an address answers before it gives it away.",
        "test_the_next_candidates_are_probed_ahead_of_need",
        "test_an_address_that_answers_is_out_of_use",
        "test_a_silent_address_is_offered_before_one_not_asked_about",
        "test_candidates_behind_a_relay_are_asked_by_echo_ahead_of_need",
        "test_an_address_from_which_an_echo_comes_back_is_out_of_use",
        "test_no_client_waits_for_an_answer",
    ),
    should(
        "§2.2", "The client looks whether its new address answers.",
        "test_the_address_is_probed_before_use",
    ),
    may(
        "§2.2", "Where addresses are short, those of expired leases are used again, the oldest first.",
        "test_an_expired_lease_makes_room",
        "test_of_expired_leases_the_oldest_is_reused_first",
        "test_addresses_never_used_come_before_expired_ones",
        "test_expired_addresses_are_used_again_before_those_given_back",
    ),
    must(
        "§2.2", "A lease ends when its time has passed.",
        "test_a_lease_that_begins_in_the_future_ends_when_its_time_from_now_has_passed",
        "test_leases_of_a_clock_that_was_right_are_left_alone",
    ),
    must(
        "§3", "Options begin with the magic cookie 99.130.83.99.",
        "test_a_header_that_is_none_is_an_error_with_its_place",
    ),
    should(
        "§3.1", "An address that is offered is offered to nobody else meanwhile.",
        "test_an_offered_address_is_offered_to_nobody_else_meanwhile",
        "test_an_offer_to_a_known_machine_is_not_taken_back",
        "test_an_offer_is_not_taken_back_while_there_are_other_addresses",
    ),
    may(
        "§3.1", "An offer that was not requested is used again when there is no other address.",
        "test_an_offer_that_a_stranger_does_not_request_is_the_first_to_be_used_again",
    ),
    should(
        "§3.1", "An offer that is not taken is free again after a while.",
        "test_an_offer_not_taken_is_free_again_after_a_while",
    ),
    must(
        "§3.1", "A client that takes an offer names the server in its DHCPREQUEST.",
        "test_the_request_names_server_and_address",
    ),
    must(
        "§3.1", "The DHCPREQUEST goes to the broadcast address that the DHCPDISCOVER went to.",
        "test_the_request_goes_where_the_discover_went_and_asks_for_the_same",
    ),
    must(
        "§3.1", "The DHCPREQUEST has the `secs` of the DHCPDISCOVER.",
        "test_the_request_has_the_secs_of_the_discover",
    ),
    must(
        "§3.1", "Servers not chosen take the DHCPREQUEST as word that their offer is declined.",
        "test_choosing_another_server_withdraws_the_offer",
        "test_choosing_another_server_does_not_end_a_lease",
    ),
    must(
        "§3.1", "A lease is in persistent storage before its DHCPACK leaves.",
        "test_a_lease_is_told_as_durable_before_its_ack_leaves",
    ),
    should(
        "§3.1", "The DHCPACK does not contradict the DHCPOFFER.",
        "test_an_acknowledgement_says_what_the_offer_said",
    ),
    should(
        "§3.1", "A DHCPREQUEST that cannot be met is answered with a DHCPNAK.",
        "test_selecting_an_address_that_another_has_is_refused",
        "test_selecting_an_address_that_is_not_ours_to_give_is_refused",
        "test_a_conflict_found_after_the_offer_is_answered_with_a_nak",
    ),
    must(
        "§3.1", "A client whose address is in use already sends a DHCPDECLINE and begins anew.",
        "test_an_address_in_use_is_declined",
    ),
    should(
        "§3.1", "It waits for ten seconds before that.",
        "test_an_address_in_use_is_declined",
    ),
    must(
        "§3.1", "A client begins anew after a DHCPNAK.",
        "test_a_nak_begins_anew_a_few_times",
    ),
    must(
        "§3.1", "A client repeats its DHCPREQUEST, and begins anew when nothing comes.",
        "test_the_request_is_repeated_and_then_all_begins_anew",
    ),
    may(
        "§3.1", "A client gives its lease back with a DHCPRELEASE.",
        gap="the client sends none: the system that it loads asks for the same address next",
    ),
    should(
        "§3.2", "An address that a client has is not probed when the client asks for it again.",
        "test_an_address_that_a_client_has_is_not_probed",
        "test_a_client_that_answers_at_its_own_lease_keeps_it",
    ),
    may(
        "§3.2", "A client that remembers its address skips the DHCPDISCOVER.",
        gap="firmware remembers nothing between two boots",
    ),
    may(
        "§3.3", "A lease of 0xffffffff seconds never ends.",
        gap="who asks for one gets the longest that is allowed; only BOOTP clients keep an address for ever",
    ),
    should(
        "§3.5", "Settings that a client does not ask for are left to its own defaults.",
        "test_settings_not_requested_are_not_sent",
        "test_a_client_that_requests_nothing_in_particular_gets_all_settings",
    ),
    must(
        "§3.5", "A client that names the settings it wants in its DHCPDISCOVER names them in its DHCPREQUEST too.",
        "test_the_request_goes_where_the_discover_went_and_asks_for_the_same",
    ),
    should(
        "§3.5", "A client says the largest message that it takes.",
        "test_every_request_says_who_asks",
        "test_the_intel_rom_announces_1260_bytes",
    ),
    must(
        "§4.1", "Servers are asked at port 67, clients are answered at port 68.",
        "test_where_a_reply_goes",
        "test_each_firmwares_discover_is_the_captured_one",
    ),
    must(
        "§4.1", "The last option is END.",
        "test_a_message_is_padded_to_the_size_of_bootp",
        "test_options_are_written_in_their_order",
    ),
    must(
        "§4.1", "Options in `file` and `sname` are announced by option 52, and each field has an END of its own.",
        "test_options_that_do_not_fit_go_into_the_file_field",
        "test_options_go_into_both_fields_when_they_must",
        "test_an_option_must_not_run_out_of_its_field",
    ),
    must(
        "§4.1", "Options are read in the order options, file, sname, and parts of one option are joined.",
        "test_parts_are_joined_in_the_order_options_file_sname",
    ),
    must(
        "§4.1", "The server identifier is an address by which the client can reach the server.",
        "test_each_interface_serves_its_own_network_under_its_own_address",
        "test_of_several_addresses_on_a_link_the_server_uses_the_one_in_the_clients_subnet",
    ),
    must(
        "§4.1", "A server is ready to be called by any of its addresses.",
        "test_any_of_the_servers_addresses_names_this_server",
    ),
    must(
        "§4.1", "A reply goes to the relay, else to `ciaddr`, else by broadcast or unicast as the flag says.",
        "test_where_a_reply_goes",
        "test_a_real_relays_discover_is_answered_to_its_giaddr",
    ),
    must(
        "§4.1", "A DHCPNAK with no relay in between is broadcast.",
        "test_where_a_reply_goes",
    ),
    must(
        "§4.1", "A client that cannot take unicast before it has an address sets the broadcast flag.",
        "test_each_firmwares_discover_is_the_captured_one",
    ),
    must(
        "§4.1", "The client does all the repeating, at growing intervals with some randomness.",
        "test_discover_is_repeated_as_the_firmware_does",
        "test_the_jitter_is_at_most_a_second",
    ),
    must(
        "§4.1", "A new transaction has a new `xid`.",
        "test_a_nak_begins_anew_a_few_times",
        "test_each_way_has_its_full_time",
    ),
    must(
        "§4.2", "A client is known by its identifier, and by its hardware address only where it gives none.",
        "test_clients_are_told_apart_by_their_identifier",
        "test_the_hardware_address_as_identifier_is_the_same_as_none",
        "test_a_client_that_does_not_say_who_it_is_gets_nothing",
    ),
    must(
        "§4.3", "Messages that only servers send are not answered.",
        "test_plain_bootp_and_messages_of_servers_are_ignored",
    ),
    may(
        "§4.3", "A server answers plain BOOTP clients too.",
        "test_a_client_with_a_reservation_gets_its_address",
    ),
    must(
        "§4.3.1", "A network without a subnet is not served; a relay's address says which network it is.",
        "test_a_network_without_a_subnet_is_not_served",
        "test_a_relays_address_selects_the_network",
    ),
    should(
        "§4.3.1", "The address is of the subnet that the message came from, or of another on the same link.",
        "test_a_links_subnets_are_used_in_the_order_of_the_file",
        "test_settings_are_those_of_the_subnet_of_the_address",
        "test_subnets_of_one_interface_are_one_link_where_the_operator_says_so",
    ),
    should(
        "§4.3.1", "The address offered is the current one, else the former one, else the one asked for, else any.",
        "test_a_client_is_offered_the_address_it_has_whatever_it_requests",
        "test_a_client_is_offered_the_address_it_had",
        "test_a_new_client_is_offered_the_address_it_requests_if_free",
        "test_a_discover_is_offered_an_address_of_the_pool",
    ),
    must(
        "§4.3.1", "An address asked for counts only if it is valid and free.",
        "test_a_requested_address_outside_the_pool_is_not_offered",
        "test_a_requested_address_that_another_holds_is_not_offered",
        "test_the_servers_own_address_is_never_given_away",
    ),
    may(
        "§4.3.1", "An administrator keeps an address for one client.",
        "test_a_reserved_address_goes_to_its_machine",
        "test_a_reserved_address_goes_to_nobody_else",
        "test_a_machine_with_a_reservation_gets_no_other_address",
        "test_a_reservation_counts_in_whichever_subnet_of_the_link_it_stands",
    ),
    may(
        "§4.3.1", "With no address left the server is silent and tells the administrator.",
        "test_an_exhausted_pool_means_silence_and_the_operator_hears_of_it",
        "test_exhaustion_is_told_once_a_minute_with_the_number_of_those_turned_away",
    ),
    must(
        "§4.3.1", "An offer names the server, and how long the lease lasts.",
        "test_an_offer_names_the_server_and_the_lease_time_with_t1_and_t2",
    ),
    may(
        "§4.3.1", "The lease lasts as long as the server likes, whatever the client asks for.",
        "test_absurd_values_change_nothing_for_the_server",
        "test_without_limits_a_clients_wish_does_not_matter",
        "test_a_class_may_have_a_lease_time_of_its_own",
    ),
    may(
        "§4.3.1", "The lease lasts as long as the client asks for.",
        "test_a_clients_wish_is_met_within_the_operators_limits",
        "test_one_limit_alone_allows_wishes_on_that_side",
    ),
    must(
        "§4.3.1", "Settings that are configured and asked for are given.",
        "test_settings_come_in_the_order_in_which_they_are_requested",
        "test_the_settings_of_a_class_come_only_when_asked_for",
    ),
    should(
        "§4.3.1", "Settings for one client go before those for its class, and those before the subnet's.",
        "test_the_narrower_word_on_an_option_counts",
    ),
    must(
        "§4.3.1", "A reply copies `xid`, `flags`, `giaddr` and `chaddr`, and its other fields are zero or its own.",
        "test_an_offer_copies_what_identifies_the_exchange_and_nothing_else",
    ),
    must(
        "§4.3.1", "A reply has none of the options that only clients send.",
        "test_a_reply_has_nothing_that_only_clients_send",
    ),
    must(
        "§4.3.1", "A DHCPNAK has no address, no lease and no settings.",
        "test_selecting_an_address_that_another_has_is_refused",
        "test_a_refusal_says_why_and_nothing_else",
    ),
    must(
        "§4.3.2", "SELECTING: the offer is taken with options 50 and 54 and no `ciaddr`.",
        "test_selecting_the_offer_gets_the_lease",
        "test_the_request_names_server_and_address",
    ),
    should(
        "§4.3.2", "INIT-REBOOT: a client on the wrong network, or with the wrong address, gets a DHCPNAK.",
        "test_a_rebooted_client_from_another_network_is_refused",
        "test_a_rebooted_client_that_has_another_address_is_refused",
        "test_an_address_of_another_link_is_refused",
        "test_another_server_may_know_the_network_where_we_are_not_authoritative",
    ),
    should(
        "§4.3.2", "A client with an address of any subnet of its link is on the right network.",
        "test_an_address_of_another_subnet_of_the_same_link_is_served",
    ),
    must(
        "§4.3.2", "INIT-REBOOT: a server that does not know the client is silent.",
        "test_a_rebooted_client_that_is_not_known_is_left_to_other_servers",
        "test_a_rebooted_client_gets_its_address_again",
    ),
    must(
        "§4.3.2", "A DHCPNAK through a relay has the broadcast flag set.",
        "test_a_nak_through_a_relay_asks_it_to_broadcast",
    ),
    must(
        "§4.3.2", "RENEWING: a unicast with `ciaddr` extends the lease, wherever it is routed from.",
        "test_a_renewal_extends_the_lease",
        "test_a_renewal_by_unicast_may_come_from_beyond_a_router",
        "test_a_renewal_of_an_address_that_another_has_is_refused",
    ),
    must(
        "§4.3.2", "REBINDING: a broadcast with `ciaddr` extends the lease; a server that does not know it is silent.",
        "test_rebinding_extends_the_lease",
        "test_rebinding_an_unknown_lease_is_left_to_other_servers",
        "test_rebinding_on_the_wrong_network_is_refused",
    ),
    must(
        "§4.3.3", "A declined address is out of use, and the administrator is told.",
        "test_a_declined_address_is_out_of_use_for_a_while",
        "test_only_the_holder_can_decline_an_address",
    ),
    must(
        "§4.3.4", "A released address is free.",
        "test_a_released_address_makes_room_at_once",
        "test_only_the_holder_can_release_an_address",
    ),
    should(
        "§4.3.4", "Whose it was is remembered.",
        "test_a_released_address_is_free_and_remembered_for_its_client",
    ),
    must(
        "§4.3.5", "A DHCPINFORM is answered by unicast to `ciaddr`, with settings and neither address nor lease.",
        "test_inform_gets_settings_but_neither_address_nor_lease",
        "test_inform_gets_the_settings_of_the_subnet_of_its_address",
        "test_where_a_reply_goes",
    ),
    should(
        "§4.4.1", "A client waits for one to ten seconds before its first DHCPDISCOVER.",
        gap="the client begins at once: somebody waits before the machine",
    ),
    must(
        "§4.4.1", "A DHCPDISCOVER has the seconds since the client began, and repeats keep the `xid`.",
        "test_secs_counts_on_and_the_transaction_stays",
    ),
    must(
        "§4.4.1", "A client drops what has another `xid`, or another hardware address.",
        "test_what_is_no_offer_is_dropped",
    ),
    must(
        "§4.4.1", "A DHCPACK counts from the server that was chosen, for the address that it offered.",
        "test_the_ack_has_to_be_for_the_offer_taken",
        "test_another_servers_nak_is_nothing",
    ),
    must(
        "§4.4.1", "A DHCPDECLINE names address and server and asks for no settings.",
        "test_an_address_in_use_is_declined",
    ),
    may(
        "§4.4.3", "A client that has an address already asks with DHCPINFORM.",
        gap="firmware begins without one",
    ),
    should(
        "§4.4.5", "T1 is half of the lease time, T2 seven eighths.",
        "test_an_offer_names_the_server_and_the_lease_time_with_t1_and_t2",
    ),
    may(
        "§4.4.5", "The server says other times, T1 before T2 and T2 before the end.",
        "test_t1_and_t2_are_the_operators",
        "test_t1_and_t2_that_do_not_fit_a_short_lease_are_its_half_and_seven_eighths",
        "test_the_shortest_leases_have_their_times_in_order",
    ),
    should(
        "§4.4.5", "T1 and T2 vary a little, so that clients do not renew in step.",
        gap="the fractions are exact; clients that boot at different times renew at different times",
    ),
    must(
        "§4.4.5", "A client renews at T1, rebinds at T2, and stops using an address whose lease has ended.",
        gap="the client boots and ends, in seconds; renewing is for the system that it loads",
    ),
))  # fmt: skip
