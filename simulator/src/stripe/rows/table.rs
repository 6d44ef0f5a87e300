//! The fidelity table's rows that bind, each with its test. A row of behaviour of an SDK is
//! tested by that SDK (`tests/stripe/`).

/// A row, and the test that would fail without it.
const ROWS: &[(&str, &str)] = &[
    ("S1", "signatures_are_stripes_own"),
    ("S2", "signatures_are_stripes_own"),
    ("S3", "signatures_are_stripes_own"),
    ("S4", "signatures_are_stripes_own"),
    ("S5", "the_junk_of_test_mode_proves_nothing"),
    (
        "S7",
        "s7_while_a_secret_is_rolled_each_live_secret_signs_in_either_order",
    ),
    ("S8", "every_attempt_signs_the_same_body_anew"),
    ("S9", "s9_the_other_mode_signs_with_a_secret_of_its_own"),
    (
        "S10",
        "s10_a_body_printed_again_says_the_same_in_other_bytes",
    ),
    (
        "S11",
        "an_age_of_300_seconds_passes_and_the_future_does_too",
    ),
    (
        "S12",
        "an_age_of_300_seconds_passes_and_the_future_does_too",
    ),
    ("S13", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    ("S14", "one_good_v1_among_bad_ones_is_enough"),
    ("S15", "checks_run_in_stripes_order"),
    ("S16", "checks_run_in_stripes_order"),
    ("S17", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    (
        "S18",
        "h2_stripes_sdk_for_python_cannot_tell_the_mock_apart",
    ),
    (
        "S19",
        "s19_the_rust_sdk_reads_what_it_knows_and_takes_what_it_does_not",
    ),
    (
        "E1",
        "e1_e4_an_event_has_these_fields_at_its_top_and_one_who_has_yet_to_answer",
    ),
    (
        "E2",
        "e2_previous_attributes_stand_in_updates_alone_and_say_what_was",
    ),
    ("E3", "e3_only_what_an_api_call_caused_names_its_request"),
    (
        "E4",
        "e1_e4_an_event_has_these_fields_at_its_top_and_one_who_has_yet_to_answer",
    ),
    ("E5", "s9_the_other_mode_signs_with_a_secret_of_its_own"),
    ("E6", "bodies_look_like_stripes"),
    ("E7", "e7_events_are_kept_for_thirty_days"),
    ("E8", "e8_an_event_is_rendered_in_its_endpoints_version"),
    (
        "D1",
        "d1_only_a_2xx_is_delivered_and_a_redirect_is_not_followed",
    ),
    (
        "D3",
        "d3_a_retry_has_the_same_body_and_a_new_signature_in_the_schedule_of_test_mode",
    ),
    ("D5", "a_twin_is_another_event_about_the_same_object"),
    (
        "D6",
        "d6_a_facts_events_come_in_another_order_than_they_were_made",
    ),
    (
        "D7",
        "d7_who_is_switched_off_at_retry_time_gets_no_more_of_that_event",
    ),
    (
        "D8",
        "d8_nine_days_without_a_2xx_switch_a_live_endpoint_off",
    ),
    ("D9", "d9_a_resend_by_hand_stops_no_retry"),
    ("D10", "d10_what_was_not_delivered_can_be_listed"),
    (
        "D11",
        "d11_each_endpoint_hears_its_own_types_signed_with_its_own_secret",
    ),
    (
        "D12",
        "d12_an_account_has_sixteen_endpoints_and_their_secrets_are_shown_once",
    ),
    ("D13", "deliveries_have_the_headers_of_real_ones"),
    (
        "D14",
        "d14_several_deliveries_are_in_flight_at_once_and_none_is_sent_twice_meanwhile",
    ),
    (
        "D15",
        "d15_a_draft_waits_for_every_answer_to_invoice_created",
    ),
    (
        "C1",
        "c1_c2_completed_is_paid_by_card_unpaid_by_debit_and_needs_no_payment_in_a_trial",
    ),
    (
        "C2",
        "c1_c2_completed_is_paid_by_card_unpaid_by_debit_and_needs_no_payment_in_a_trial",
    ),
    ("C3", "every_fault_is_met_within_a_few_hundred_storms"),
    ("C4", "c4_c6_amounts_and_what_stands_behind_follow_the_mode"),
    ("C5", "c5_a_customer_is_there_only_if_passed_or_asked_for"),
    ("C6", "c4_c6_amounts_and_what_stands_behind_follow_the_mode"),
    (
        "C7",
        "c7_c10_no_event_has_line_items_and_no_finished_session_a_url",
    ),
    (
        "C9",
        "c9_a_session_expires_after_a_day_and_is_never_paid_then",
    ),
    (
        "C10",
        "c7_c10_no_event_has_line_items_and_no_finished_session_a_url",
    ),
    ("C11", "c11_a_payment_finds_its_session"),
    ("C12", "c12_c13_a_card_payment_tells_all_of_this"),
    ("C13", "c12_c13_a_card_payment_tells_all_of_this"),
    ("C14", "c14_a_bank_debit_is_told_twice_on_one_session"),
    (
        "I1",
        "i1_i3_i6_a_payment_of_an_invoice_is_told_under_three_names",
    ),
    ("I2", "i2_i7_i8_an_invoice_is_a_draft_then_open_then_paid"),
    (
        "I3",
        "i1_i3_i6_a_payment_of_an_invoice_is_told_under_three_names",
    ),
    (
        "I4",
        "i4_out_of_band_is_told_by_invoice_paid_alone_and_has_no_charge",
    ),
    (
        "I5",
        "i5_i16_a_trial_begins_with_an_invoice_of_nothing_and_ends_with_a_renewal",
    ),
    (
        "I6",
        "i1_i3_i6_a_payment_of_an_invoice_is_told_under_three_names",
    ),
    ("I7", "i2_i7_i8_an_invoice_is_a_draft_then_open_then_paid"),
    ("I8", "i2_i7_i8_an_invoice_is_a_draft_then_open_then_paid"),
    (
        "I9",
        "i9_i10_i11_what_basil_moved_stands_where_each_version_has_it",
    ),
    (
        "I10",
        "i9_i10_i11_what_basil_moved_stands_where_each_version_has_it",
    ),
    (
        "I11",
        "i9_i10_i11_what_basil_moved_stands_where_each_version_has_it",
    ),
    (
        "I12",
        "i12_i17_a_renewal_is_active_in_its_new_period_before_the_money",
    ),
    (
        "I13",
        "i13_i14_i15_a_subscription_by_checkout_is_told_by_both",
    ),
    (
        "I14",
        "i13_i14_i15_a_subscription_by_checkout_is_told_by_both",
    ),
    (
        "I15",
        "i13_i14_i15_a_subscription_by_checkout_is_told_by_both",
    ),
    (
        "I16",
        "i5_i16_a_trial_begins_with_an_invoice_of_nothing_and_ends_with_a_renewal",
    ),
    (
        "I17",
        "i12_i17_a_renewal_is_active_in_its_new_period_before_the_money",
    ),
    (
        "I18",
        "i18_r11_a_declined_renewal_is_tried_again_on_the_same_invoice_and_intent",
    ),
    (
        "I19",
        "i19_a_change_of_plan_waits_for_the_next_invoice_or_is_paid_at_once",
    ),
    ("I20", "i20_a_subscription_ends_with_its_period_or_at_once"),
    (
        "T1",
        "t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along",
    ),
    (
        "T2",
        "t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along",
    ),
    (
        "T3",
        "t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along",
    ),
    (
        "T4",
        "t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along",
    ),
    (
        "T5",
        "t5_a_clock_has_three_customers_with_three_subscriptions_each",
    ),
    (
        "R1",
        "r1_r2_r3_one_refund_is_four_events_and_the_charge_has_the_running_total",
    ),
    (
        "R2",
        "r1_r2_r3_one_refund_is_four_events_and_the_charge_has_the_running_total",
    ),
    (
        "R3",
        "r1_r2_r3_one_refund_is_four_events_and_the_charge_has_the_running_total",
    ),
    ("R4", "r4_a_refund_may_fail_after_it_has_succeeded"),
    ("R5", "a_refund_above_the_charge_is_refused"),
    (
        "R7",
        "r7_r8_r10_a_dispute_takes_the_money_and_gives_it_back_if_won",
    ),
    (
        "R8",
        "r7_r8_r10_a_dispute_takes_the_money_and_gives_it_back_if_won",
    ),
    ("R9", "r9_an_inquiry_takes_nothing_before_it_escalates"),
    (
        "R10",
        "r7_r8_r10_a_dispute_takes_the_money_and_gives_it_back_if_won",
    ),
    (
        "R11",
        "i18_r11_a_declined_renewal_is_tried_again_on_the_same_invoice_and_intent",
    ),
    ("R12", "r12_no_event_is_called_charge_created"),
    (
        "A1",
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
    ),
    (
        "A2",
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
    ),
    (
        "A3",
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
    ),
    (
        "A4",
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
    ),
    (
        "A5",
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
    ),
    (
        "H1",
        "h1_a_key_comes_as_bearer_or_basic_and_live_ones_are_refused",
    ),
    ("H2", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    ("H3", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    ("H4", "h4_all_encodings_of_nested_parameters_say_the_same"),
    ("H5", "h5_an_empty_value_is_there_and_unsets"),
    (
        "H6",
        "h6_expands_what_can_be_expanded_and_no_deeper_than_four_levels",
    ),
    (
        "H7",
        "h7_lists_are_newest_first_ten_at_a_time_without_a_total",
    ),
    ("H8", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    (
        "H9",
        "h9_a_bad_cursor_is_a_missing_resource_and_two_are_refused",
    ),
    (
        "H10",
        "h10_a_500_after_the_work_is_kept_and_one_before_it_is_not",
    ),
    ("H11", "h10_h11_h12_h13_keys_are_kept_for_what_was_done"),
    ("H12", "h10_h11_h12_h13_keys_are_kept_for_what_was_done"),
    ("H13", "h10_h11_h12_h13_keys_are_kept_for_what_was_done"),
    ("H14", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    (
        "H15",
        "h15_errors_have_stripes_shape_and_every_answer_its_headers",
    ),
    ("error table", "the_error_table_is_answered_as_it_stands"),
    (
        "signature table",
        "h2_stripes_sdk_for_python_cannot_tell_the_mock_apart",
    ),
    ("N1", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    ("N2", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    (
        "N3",
        "n3_n6_only_a_lock_timeout_asks_for_a_retry_and_most_500s_ask_for_none",
    ),
    ("N4", "n4_the_rust_sdk_retries_as_often_as_it_is_told"),
    ("N5", "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart"),
    (
        "N6",
        "n3_n6_only_a_lock_timeout_asks_for_a_retry_and_most_500s_ask_for_none",
    ),
    ("N7", "h2_stripes_sdk_for_python_cannot_tell_the_mock_apart"),
    ("N9", "h2_stripes_sdk_for_python_cannot_tell_the_mock_apart"),
];

/// Rows that bind and have no test, with the reason.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "E9",
        "thin events go only to destinations set up for them: out of scope",
    ),
    (
        "A6",
        "minimum amounts are not enforced: a settlement currency is no part of this world",
    ),
    (
        "N8",
        "an answer that isn't JSON is no answer of this mock's",
    ),
];

/// How many rows of each section there are, and which of them are only known or assumed.
const SECTIONS: &[(&str, usize, &[usize])] = &[
    ("S", 19, &[6]),
    ("E", 9, &[]),
    ("D", 15, &[2, 4]),
    ("C", 14, &[8]),
    ("I", 20, &[]),
    ("T", 6, &[6]),
    ("R", 12, &[6]),
    ("A", 6, &[]),
    ("H", 15, &[]),
    ("N", 9, &[]),
];

#[test]
fn every_row_that_binds_has_a_test() {
    for (section, count, free) in SECTIONS {
        for number in (1..=*count).filter(|number| !free.contains(number)) {
            let row = format!("{section}{number}");
            let has = |rows: &[(&str, &str)]| rows.iter().any(|(it, _)| *it == row);
            assert!(
                has(ROWS) != has(NOT_HERE),
                "row {row} has no test, or a reason besides"
            );
        }
    }
}

#[test]
fn every_test_of_the_table_is_there() {
    let mut sources = String::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [
        "src/stripe",
        "src/storm",
        "tests/stripe",
        "../tests/rust-sdk",
    ] {
        read(&root.join(folder), &mut sources);
    }
    for (row, test) in ROWS {
        let named = format!("fn {test}()");
        assert!(sources.contains(&named), "{row}: no test `{test}`");
    }
}

fn read(folder: &std::path::Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("table.rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
