"""The smaller papers around DHCP: BOOTP clients, where an address is to come from, and what a client is known by."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_951 = Document("RFC 951", "Bootstrap Protocol", (
    must(
        "§3", "A client with an empty `ciaddr` gets its address in `yiaddr`.",
        "test_a_client_with_a_reservation_gets_its_address",
        "test_a_reserved_address_that_another_holds_is_not_replaced_by_one_for_ever",
    ),
    must(
        "§3", "The vendor field has 64 bytes.",
        "test_a_reply_has_no_more_than_64_bytes_of_options",
    ),
    may(
        "§3", "A client leaves its vendor field empty, without the magic cookie.",
        "test_a_client_that_says_nothing_in_its_vendor_field_is_read",
    ),
    should(
        "§7.3", "A server that has the file that the client names says so in its reply.",
        gap="BOOTP clients are given addresses and settings; boot files are named to PXE clients",
    ),
))  # fmt: skip

RFC_1534 = Document("RFC 1534", "Interoperation between DHCP and BOOTP", (
    may(
        "§2", "A DHCP server answers BOOTP clients, with what is reserved for them.",
        "test_a_client_without_a_reservation_gets_nothing",
    ),
    may(
        "§2", "It gives them addresses automatically, which are theirs for ever.",
        "test_a_client_without_a_reservation_gets_one_of_the_pool_where_the_operator_wants_that",
        "test_the_address_is_the_clients_for_ever",
    ),
    must(
        "§2", "The reply has no option that means DHCP.",
        "test_the_reply_has_nothing_of_dhcp_in_it",
    ),
    may(
        "§2", "The settings are the same as a DHCP client's.",
        "test_settings_are_those_the_operator_has_for_the_client",
    ),
))  # fmt: skip

RFC_1542 = Document("RFC 1542", "Clarifications and extensions for BOOTP", (
    must(
        "§5.3", "A filled `ciaddr` is the client's address, and the reply goes there.",
        "test_a_client_that_knows_its_address_gets_settings_for_it",
    ),
    must(
        "§5.4", "A reply goes to the relay, by broadcast as the flag asks, or straight to the client.",
        "test_where_a_bootreply_goes",
    ),
))  # fmt: skip

RFC_3011 = Document("RFC 3011", "The IPv4 subnet selection option", (
    must(
        "§2", "The address is of the subnet selected, or of another on the same segment.",
        "test_the_address_is_of_the_subnet_that_the_client_selects",
        "test_the_address_may_be_of_another_subnet_of_the_same_link",
        "test_a_subnet_that_is_not_served_leads_to_no_other",
        "test_an_address_of_another_subnet_than_the_one_selected_is_refused",
    ),
    must(
        "§2", "Replies go where they would go without the option.",
        "test_the_reply_still_goes_to_the_relay",
    ),
    must(
        "§2", "The option comes back, whether it is asked for or not.",
        "test_the_option_comes_back_whether_it_is_requested_or_not",
        "test_a_client_that_selects_nothing_gets_no_such_option",
    ),
))  # fmt: skip

RFC_3527 = Document("RFC 3527", "Link selection by the relay", (
    must(
        "§3", "The address is of the subnet that the relay selects, or of another on that link.",
        "test_the_address_is_of_the_link_that_the_relay_selects",
        "test_the_other_subnets_of_that_link_are_used_too",
        "test_a_link_that_is_not_served_gets_nothing",
    ),
    must(
        "§3", "It goes before the client's subnet selection.",
        "test_the_relays_word_goes_before_the_clients",
    ),
    must(
        "§3", "Only relays say so, with an address of four bytes.",
        "test_only_a_relay_selects_links",
        "test_a_link_in_another_shape_is_as_good_as_none",
    ),
))  # fmt: skip

RFC_4039 = Document("RFC 4039", "Rapid commit", (
    must(
        "§3.1", "A DHCPDISCOVER with the option is answered by a DHCPACK with the option, and the lease is committed.",
        "test_a_discover_that_asks_for_it_is_acknowledged_at_once",
        "test_a_repeated_discover_is_acknowledged_with_the_same_address",
        "test_an_exhausted_pool_is_silent_here_too",
    ),
    must(
        "§3.1", "Without the option the usual four messages are exchanged.",
        "test_a_client_that_does_not_ask_for_it_gets_an_offer",
    ),
    should(
        "§3.2", "The operator decides whether a server does so.",
        "test_unless_the_operator_allows_it_everybody_gets_an_offer",
    ),
))  # fmt: skip

RFC_4361 = Document("RFC 4361", "Node-specific client identifiers", (
    must(
        "§6.3", "The client identifier is the client's key as it stands, whatever hardware it comes from.",
        "test_a_node_specific_identifier_is_the_key_of_the_lease",
        "test_a_new_network_card_keeps_the_lease",
        "test_two_interfaces_of_one_node_are_two_clients",
    ),
    should(
        "§6.3", "An administrator can reserve by it.",
        "test_a_reservation_may_be_for_an_identifier",
    ),
))  # fmt: skip

RFC_4702 = Document("RFC 4702", "The client FQDN option", (
    must(
        "§2", "An option that is cut short is no reason to refuse an address.",
        "test_an_option_cut_short_is_as_good_as_none",
    ),
    must(
        "§2.3", "Names come in DNS's encoding, qualified or not, and from old clients in ASCII.",
        "test_the_lease_keeps_the_name",
    ),
    should(
        "§3.1", "It goes before the host name option.",
        "test_option_81_goes_before_option_12",
    ),
    must(
        "§4", "A server that updates no DNS says so, and that it overrides a wish for it.",
        "test_the_client_hears_that_the_server_updates_nothing",
    ),
    should(
        "§4", "A server that got the option sends it in every reply, and else never.",
        "test_the_option_comes_back_though_it_is_not_in_the_list",
        "test_a_client_that_sends_none_gets_none",
        "test_inform_is_answered_with_the_option_too",
    ),
    may(
        "§4", "The server gives the client another name.",
        "test_a_reserved_name_takes_the_place_of_the_clients",
    ),
))  # fmt: skip

RFC_5010 = Document("RFC 5010", "Relay agent flags", (
    may(
        "§5", "A relayed DHCPREQUEST is a renewal where the relay says that it came by unicast.",
        "test_a_unicast_renewal_through_a_relay_is_a_renewal",
        "test_without_the_flag_it_is_rebinding",
    ),
))  # fmt: skip

RFC_5107 = Document("RFC 5107", "Server identifier override", (
    must(
        "", "The server identifier in a reply is the address that the relay gives.",
        "test_the_client_knows_the_server_by_the_name_that_the_relay_gives_it",
        "test_a_client_on_our_link_cannot_rename_the_server",
    ),
    must(
        "", "A request that names the server so is for this server.",
        "test_a_request_for_the_servers_other_name_is_not_taken_for_another_servers",
    ),
    must(
        "", "The reply is sent from an address of the server's own.",
        "test_the_reply_leaves_from_an_address_of_our_own_all_the_same",
    ),
))  # fmt: skip

RFC_6842 = Document("RFC 6842", "The client identifier in replies", (
    must(
        "§3", "Every reply returns the client identifier unaltered, and only what was sent.",
        "test_every_reply_returns_the_client_identifier",
        "test_a_client_without_identifier_is_sent_none",
        "test_the_client_and_machine_identifiers_are_returned",
    ),
))  # fmt: skip

DHCP_EXTENSIONS = (
    RFC_951,
    RFC_1534,
    RFC_1542,
    RFC_3011,
    RFC_3527,
    RFC_4039,
    RFC_4361,
    RFC_4702,
    RFC_5010,
    RFC_5107,
    RFC_6842,
)
