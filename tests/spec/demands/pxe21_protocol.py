"""PXE 2.1 §2.1 to §2.2.6: from DHCPDISCOVER to the boot file's name and its credential."""

from __future__ import annotations

from tests.spec.demands.demand import may, must, should

DHCP = (
    must(
        "§2.1", "A boot has nine steps, from DHCPDISCOVER to the program's start.",
        "test_the_steps_are_told_with_their_time",
        "test_every_firmware_boots_from_our_server",
    ),
    must(
        "§2.1", "The file and its credential are had in either order.",
        "test_either_order_of_file_and_credential_works",
        "test_the_credential_is_asked_for_in_either_order",
    ),
    must(
        "§2.2.1", "A client says `PXEClient:Arch:xxxxx:UNDI:yyyzzz` in option 60.",
        "test_the_class_has_32_characters",
        "test_the_intel_rom_announces_1260_bytes",
        "test_what_is_given_takes_the_place_of_what_the_firmware_says",
    ),
    must(
        "§2.2.1", "The first nine characters of the class make a PXE client.",
        "test_the_first_nine_bytes_of_the_class_make_a_pxe_client",
        "test_anything_else_is_none",
        "test_without_a_class_it_is_no_pxe_client",
    ),
    must(
        "§2.2.1", "A server says `PXEClient` in option 60 of every PXE reply.",
        "test_a_boot_file_is_to_be_loaded_at_once",
        "test_the_reply_is_an_ack_that_names_server_and_file",
        "test_a_combined_server_offers_the_menu_with_the_address",
    ),
    must(
        "§2.2.1", "Clients that are not PXE get no word of PXE.",
        "test_other_clients_are_served_without_a_word_of_pxe",
        "test_clients_that_are_not_pxe_are_left_alone",
        "test_a_menu_is_for_pxe_clients_only",
    ),
    must(
        "§2.2.2", "A DHCPDISCOVER is repeated after 4, 8, 16 and 32 seconds, and then the client gives up.",
        "test_discover_is_repeated_as_the_firmware_does",
        "test_no_offer_is_e51",
    ),
    must(
        "§2.2.2", "With a plain offer in hand a client waits for a ProxyDHCP service's.",
        "test_the_rom_waits_two_rounds_for_something_better_than_a_plain_offer",
        "test_ipxe_waits_a_while_for_a_proxy",
    ),
    must(
        "§2.2.2", "A DHCPREQUEST is repeated after 1, 2, 3 and 4 seconds.",
        "test_the_request_is_repeated_and_then_all_begins_anew",
    ),
)  # fmt: skip

PROXY_DHCP = (
    must(
        "§2.2.3", "A ProxyDHCP service answers a DHCPDISCOVER with boot information and no address.",
        "test_real_firmware_is_offered_a_boot_file_and_no_address",
        "test_a_proxy_offers_the_menu_and_no_address",
    ),
    must(
        "§2.2.3", "It answers nothing else at port 67, least of all another server's DHCPREQUEST.",
        "test_a_proxy_answers_discovers_only",
        "test_a_request_to_a_dhcp_server_is_heard_and_not_answered",
    ),
    must(
        "§2.2.3", "Its offer is broadcast, or goes back through the relay.",
        "test_the_offer_is_broadcast_whatever_the_client_asks",
        "test_the_offer_goes_back_through_the_relay",
        "test_the_relay_gets_a_proxys_menu",
    ),
    must(
        "§2.2.3", "A combined server gives address and boot information in one, in offer and acknowledgement.",
        "test_a_pxe_client_is_offered_address_and_boot_file_in_one",
        "test_the_acknowledgement_names_the_boot_file_again",
        "test_a_combined_server_offers_the_menu_with_the_address",
    ),
    must(
        "§2.2.3", "A client whose offer has the class and no tags asks port 4011 of that server.",
        "test_edk2_asks_port_4011_as_captured",
        "test_the_service_is_at_siaddr_else_at_option_54",
        "test_all_services_are_asked_in_turn",
    ),
    must(
        "§2.2.3", "The answer from port 4011 has the class, and tags or a boot file.",
        "test_an_answer_from_4011_says_how_to_boot",
        "test_an_answer_from_4011_names_the_file",
        "test_an_answer_from_4011_with_tags_leads_to_discovery",
        "test_edk2_is_answered_on_4011",
        "test_who_asks_port_4011_without_a_boot_item_gets_the_menu",
    ),
    may(
        "§2.2.3", "A DHCP server and a ProxyDHCP service share a host, the offer having the class alone.",
        gap="wireboot combines the two itself; beside another DHCP server it answers at port 67 and port 4011",
    ),
    must(
        "§2.2.3", "Offers are taken in order: PXE tags, MTFTP tags, tags of a proxy, class alone, file alone, BOOTP.",
        "test_the_order_of_offers_is_the_reference_clients",
        "test_within_a_class_the_first_to_come_is_taken",
        "test_proxy_offers_alone_are_e52",
    ),
    must(
        "§2.2.3", "Option 43 is PXE's only where option 60 says so.",
        "test_tags_count_with_the_class_only",
    ),
    must(
        "§2.2.3", "Of a combined server the acknowledgement's boot information counts.",
        "test_a_combined_servers_ack_has_the_last_word",
        "test_an_ack_that_says_less_leaves_the_offers_word",
    ),
)  # fmt: skip

BOOT_SERVER = (
    must(
        "§2.2.5", "A client asks for its Boot Server with a DHCPREQUEST that has its address and tag 71.",
        "test_the_request_names_type_and_layer",
        "test_discovery_is_the_captured_one",
    ),
    must(
        "§2.2.5", "It asks by multicast, by broadcast and by unicast, each way after 1, 2, 3 and 4 seconds.",
        "test_each_way_has_its_full_time",
        "test_each_method_of_discovery_alone_leads_to_a_boot",
    ),
    must(
        "§2.2.5", "Each try is a transaction of its own.",
        "test_each_way_has_its_full_time",
        "test_an_answer_to_an_earlier_try_is_too_late",
    ),
    must(
        "§2.2.5", "A Boot Server answers at port 4011, by unicast and multicast, and at port 67 by broadcast.",
        "test_whichever_way_it_asks_the_answer_is_unicast_to_where_it_asked_from",
        "test_a_broadcast_with_a_boot_item_is_answered_from_port_67",
    ),
    must(
        "§2.2.5", "The answer goes to the address and port that the request came from.",
        "test_the_reply_goes_to_the_port_the_request_came_from",
    ),
    must(
        "§2.2.5", "The answer is a DHCPACK with options 54, 60, 97 and 43, a boot file, and no lease.",
        "test_the_reply_is_an_ack_that_names_server_and_file",
        "test_the_reply_copies_what_the_client_compares",
        "test_the_reply_has_no_lease",
    ),
    must(
        "§2.2.5", "A DHCPREQUEST with a boot item is no request for a lease.",
        "test_a_request_with_a_boot_item_is_discovery_and_leases_nothing",
        "test_a_request_without_a_boot_item_on_port_67_is_not_for_a_boot_server",
    ),
    must(
        "§2.2.5", "A type or layer that is not served here is left to others, in silence.",
        "test_types_not_served_here_are_left_to_others",
        "test_a_layer_that_there_is_not_is_left_to_others",
        "test_types_and_layers_that_are_not_served_are_left_to_others",
    ),
    must(
        "§2.2.5", "A client takes an answer with its transaction, the class, the type asked for and a boot file.",
        "test_a_boot_servers_answer_is_taken",
        "test_what_is_no_answer_is_dropped",
    ),
    must(
        "§2.2.5", "The boot file is at `siaddr`, else at option 54.",
        "test_the_server_is_siaddr_else_option_54",
        "test_a_server_without_address_is_found_by_option_54",
    ),
    must(
        "§2.2.5", "With no answer the boot ends.",
        "test_a_type_that_nobody_serves_is_e78",
        "test_each_way_has_its_full_time",
    ),
)  # fmt: skip

CREDENTIALS = (
    must(
        "§2.2.6", "A client that has to test its file asks with bit 15 of the layer and the types it accepts.",
        "test_the_request_is_laid_out_as_pxe_says",
        "test_what_is_loaded_at_once_is_tested_too",
    ),
    must(
        "§2.2.6", "A client that has not asks for no credential.",
        "test_without_trust_no_credential_is_asked_for",
    ),
    must(
        "§2.2.6", "The answer names the credential, with bit 15 and exactly one of the types.",
        "test_bit_15_asks_for_the_credential",
        "test_a_real_credential_request_is_understood",
        "test_our_server_names_the_credential",
    ),
    must(
        "§2.2.6", "A server with no credential of these types is silent.",
        "test_who_holds_no_fitting_credential_stays_silent",
        "test_none_of_the_types_is_silence",
        "test_bit_15_without_types_is_silence",
    ),
    must(
        "§2.2.6", "A client takes no other answer for a credential.",
        "test_a_credential_reply_has_bit_15_and_one_type",
    ),
    must(
        "§2.2.6", "With no credential the file does not run.",
        "test_nobody_offers_a_credential_is_e7a",
        "test_our_server_without_a_credential_is_e7a",
    ),
    must(
        "§2.2.6", "A file that its credential does not vouch for does not run.",
        "test_what_is_not_vouched_for_never_comes_out",
        "test_a_wrong_digest_is_refused",
        "test_a_good_credential_of_another_file_is_refused",
        "test_a_signature_by_another_key_is_refused",
    ),
    should(
        "§2.2.6", "Credentials are BIS manifests, signed with DSA and SHA-1 or RSA and MD5.",
        gap="CMS with SHA-256 and more takes their place: what BIS signs with is broken",
    ),
)  # fmt: skip
