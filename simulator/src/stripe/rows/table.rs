//! The fidelity table's rows that bind, each with its test. A row of behaviour of an SDK is
//! tested by that SDK: its suite (`tests/stripe/sdk.js`, `sdk.py`) says `row` where a row's checks
//! begin.

/// A row, and the test that would fail without it.
/// A test, and the rows of which it would fail without them. A test names its rows.
const TESTS: &[(&str, &[&str])] = &[
    (
        "s1_s2_s3_s4_signatures_are_stripes_own",
        &["S1", "S2", "S3", "S4"],
    ),
    ("s5_the_junk_of_test_mode_proves_nothing", &["S5"]),
    (
        "s7_while_a_secret_is_rolled_each_live_secret_signs_in_either_order",
        &["S7"],
    ),
    ("s8_every_attempt_signs_the_same_body_anew", &["S8"]),
    (
        "s9_e5_the_other_mode_signs_with_a_secret_of_its_own",
        &["S9", "E5"],
    ),
    (
        "s10_a_body_printed_again_says_the_same_in_other_bytes",
        &["S10"],
    ),
    (
        "s11_s12_an_age_of_300_seconds_passes_and_the_future_does_too",
        &["S11", "S12"],
    ),
    (
        "sdk.js",
        &["S13", "S17", "H8", "H14", "N1", "N2", "N5", "N8"],
    ),
    ("s14_one_good_v1_among_bad_ones_is_enough", &["S14"]),
    ("s15_s16_checks_run_in_stripes_order", &["S15", "S16"]),
    ("sdk.py", &["S18", "N7", "N9", "signature table"]),
    (
        "s19_the_rust_sdk_reads_what_it_knows_and_takes_what_it_does_not",
        &["S19"],
    ),
    (
        "e1_e4_an_event_has_these_fields_at_its_top_and_one_who_has_yet_to_answer",
        &["E1", "E4"],
    ),
    (
        "e2_previous_attributes_stand_in_updates_alone_and_say_what_was",
        &["E2"],
    ),
    ("e3_only_what_an_api_call_caused_names_its_request", &["E3"]),
    ("e6_bodies_look_like_stripes", &["E6"]),
    ("e7_events_are_kept_for_thirty_days", &["E7"]),
    ("e8_an_event_is_rendered_in_its_endpoints_version", &["E8"]),
    ("e9_no_endpoint_gets_a_thin_event", &["E9"]),
    (
        "d1_only_a_2xx_is_delivered_and_a_redirect_is_not_followed",
        &["D1"],
    ),
    (
        "d3_a_retry_has_the_same_body_and_a_new_signature_in_the_schedule_of_test_mode",
        &["D3"],
    ),
    ("d5_a_twin_is_another_event_about_the_same_object", &["D5"]),
    (
        "d6_a_facts_events_come_in_another_order_than_they_were_made",
        &["D6"],
    ),
    (
        "d7_who_is_switched_off_at_retry_time_gets_no_more_of_that_event",
        &["D7"],
    ),
    (
        "d8_nine_days_without_a_2xx_switch_a_live_endpoint_off",
        &["D8"],
    ),
    ("d9_a_resend_by_hand_stops_no_retry", &["D9"]),
    ("d10_what_was_not_delivered_can_be_listed", &["D10"]),
    (
        "d11_each_endpoint_hears_its_own_types_signed_with_its_own_secret",
        &["D11"],
    ),
    (
        "d12_an_account_has_sixteen_endpoints_and_their_secrets_are_shown_once",
        &["D12"],
    ),
    ("d13_deliveries_have_the_headers_of_real_ones", &["D13"]),
    (
        "d14_several_deliveries_are_in_flight_at_once_and_none_is_sent_twice_meanwhile",
        &["D14"],
    ),
    (
        "d15_a_draft_waits_for_every_answer_to_invoice_created",
        &["D15"],
    ),
    (
        "c1_c2_completed_is_paid_by_card_unpaid_by_debit_and_needs_no_payment_in_a_trial",
        &["C1", "C2"],
    ),
    (
        "c3_one_sessions_event_is_under_way_several_times_at_once",
        &["C3"],
    ),
    (
        "c4_c6_amounts_and_what_stands_behind_follow_the_mode",
        &["C4", "C6"],
    ),
    (
        "c5_a_customer_is_there_only_if_passed_or_asked_for",
        &["C5"],
    ),
    (
        "c7_c10_no_event_has_line_items_and_no_finished_session_a_url",
        &["C7", "C10"],
    ),
    (
        "c9_a_session_expires_after_a_day_and_is_never_paid_then",
        &["C9"],
    ),
    ("c11_a_payment_finds_its_session", &["C11"]),
    ("c12_c13_a_card_payment_tells_all_of_this", &["C12", "C13"]),
    ("c14_a_bank_debit_is_told_twice_on_one_session", &["C14"]),
    (
        "i1_i3_i6_a_payment_of_an_invoice_is_told_under_three_names",
        &["I1", "I3", "I6"],
    ),
    (
        "i2_i7_i8_an_invoice_is_a_draft_then_open_then_paid",
        &["I2", "I7", "I8"],
    ),
    (
        "i4_out_of_band_is_told_by_invoice_paid_alone_and_has_no_charge",
        &["I4"],
    ),
    (
        "i5_i16_a_trial_begins_with_an_invoice_of_nothing_and_ends_with_a_renewal",
        &["I5", "I16"],
    ),
    (
        "i9_i10_i11_what_basil_moved_stands_where_each_version_has_it",
        &["I9", "I10", "I11"],
    ),
    (
        "i12_i17_a_renewal_is_active_in_its_new_period_before_the_money",
        &["I12", "I17"],
    ),
    (
        "i13_i14_i15_a_subscription_by_checkout_is_told_by_both",
        &["I13", "I14", "I15"],
    ),
    (
        "i18_r11_a_declined_renewal_is_tried_again_on_the_same_invoice_and_intent",
        &["I18", "R11"],
    ),
    (
        "i19_a_change_of_plan_waits_for_the_next_invoice_or_is_paid_at_once",
        &["I19"],
    ),
    (
        "i20_a_subscription_ends_with_its_period_or_at_once",
        &["I20"],
    ),
    (
        "t1_t2_t3_t4_a_test_clock_goes_forward_and_takes_its_customers_along",
        &["T1", "T2", "T3", "T4"],
    ),
    (
        "t5_a_clock_has_three_customers_with_three_subscriptions_each",
        &["T5"],
    ),
    (
        "r1_r2_r3_one_refund_is_four_events_and_the_charge_has_the_running_total",
        &["R1", "R2", "R3"],
    ),
    ("r4_a_refund_may_fail_after_it_has_succeeded", &["R4"]),
    ("r5_a_refund_above_the_charge_is_refused", &["R5"]),
    (
        "r7_r8_r10_a_dispute_takes_the_money_and_gives_it_back_if_won",
        &["R7", "R8", "R10"],
    ),
    ("r9_an_inquiry_takes_nothing_before_it_escalates", &["R9"]),
    ("r12_no_event_is_called_charge_created", &["R12"]),
    (
        "a1_a2_a3_a4_a5_amounts_are_whole_numbers_of_the_smallest_unit",
        &["A1", "A2", "A3", "A4", "A5"],
    ),
    ("a6_what_is_below_the_minimum_is_refused", &["A6"]),
    (
        "h1_a_key_comes_as_bearer_or_basic_and_live_ones_are_refused",
        &["H1"],
    ),
    (
        "h2_stripes_sdk_for_node_cannot_tell_the_mock_apart",
        &["H2"],
    ),
    ("h3_what_sdks_say_of_themselves_is_taken", &["H3"]),
    (
        "h4_all_encodings_of_nested_parameters_say_the_same",
        &["H4"],
    ),
    ("h5_an_empty_value_is_there_and_unsets", &["H5"]),
    (
        "h6_expands_what_can_be_expanded_and_no_deeper_than_four_levels",
        &["H6"],
    ),
    (
        "h7_lists_are_newest_first_ten_at_a_time_without_a_total",
        &["H7"],
    ),
    (
        "h9_a_bad_cursor_is_a_missing_resource_and_two_are_refused",
        &["H9"],
    ),
    (
        "h10_a_500_after_the_work_is_kept_and_one_before_it_is_not",
        &["H10"],
    ),
    (
        "h10_h11_h12_h13_keys_are_kept_for_what_was_done",
        &["H11", "H12", "H13"],
    ),
    (
        "h15_errors_have_stripes_shape_and_every_answer_its_headers",
        &["H15"],
    ),
    (
        "n3_n6_only_a_lock_timeout_asks_for_a_retry_and_most_500s_ask_for_none",
        &["N3", "N6"],
    ),
    ("n4_the_rust_sdk_retries_as_often_as_it_is_told", &["N4"]),
    ("the_error_table_is_answered_as_it_stands", &["error table"]),
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

/// The suites of SDKs: what they say when a row's checks begin.
const SUITES: [&str; 2] = ["sdk.js", "sdk.py"];

/// Of the SDKs' suites and the tables no name could tell the rows.
fn names_its_rows(test: &str) -> bool {
    !SUITES.contains(&test) && test != "the_error_table_is_answered_as_it_stands"
}

#[test]
fn every_row_that_binds_has_a_test() {
    for (section, count, free) in SECTIONS {
        for number in (1..=*count).filter(|number| !free.contains(number)) {
            let row = format!("{section}{number}");
            let tests = TESTS.iter().filter(|(_, rows)| rows.contains(&&*row));
            assert_eq!(tests.count(), 1, "row {row} has no test, or two");
        }
    }
}

#[test]
fn every_test_of_the_table_is_there_and_names_its_rows() {
    let mut sources = String::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src/stripe", "tests/stripe", "../tests/rust-sdk"] {
        read(&root.join(folder), &mut sources);
    }
    for (test, rows) in TESTS {
        if SUITES.contains(test) {
            let suite = root.join("tests/stripe").join(test);
            let suite = std::fs::read_to_string(suite).unwrap();
            for row in *rows {
                let said = [format!("'{row}'"), format!("\"{row}\"")];
                let mut begins = suite.lines().filter(|it| it.trim().starts_with("row("));
                let begins = begins.any(|line| said.iter().any(|row| line.contains(row)));
                assert!(begins, "{test}: {row}");
            }
            continue;
        }
        let named = format!("fn {test}()");
        assert!(sources.contains(&named), "{rows:?}: no test `{test}`");
        for row in rows.iter().filter(|_| names_its_rows(test)) {
            let row = row.to_lowercase();
            assert!(test.split('_').any(|part| part == row), "{test}: {row}");
        }
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
