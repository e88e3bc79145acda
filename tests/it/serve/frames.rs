//! Frames over TCP: headers, counts, tags and numbers that may or may not be.

use super::{Served, is_well, odd, request};

/// Bytes that cost their connection and nothing else.
fn are_refused(served: &Served, table: odd::Rows) {
    let mut bystander = served.connect(1);
    for (what, bytes) in table {
        let mut client = served.connect(1);
        client.write(&bytes);
        assert!(client.is_closed(), "{what}");
        is_well(&mut bystander);
    }
}

/// The numbers of so many answers, on a connection that stays open.
fn are_answered(served: &Served, bytes: &[u8], count: usize) -> Vec<i32> {
    let mut client = served.connect(1);
    client.write(bytes);
    let number = |answer: Vec<u8>| i32::from_be_bytes([answer[0], answer[1], answer[2], answer[3]]);
    let numbers = (0..count).map(|_| number(client.read())).collect();
    is_well(&mut client);
    numbers
}

/// Rows that are requests like any other, numbered 1.
fn are_like_any_other(served: &Served, table: odd::Rows) {
    for (what, bytes) in table {
        assert_eq!(are_answered(served, &bytes, 1), [1], "{what}");
    }
}

#[test]
fn w12_tagged_fields_are_skipped_when_they_are_whole() {
    let served = Served::start(&["--brokers", "1"]);
    are_like_any_other(&served, odd::whole_tags());
    are_refused(&served, odd::broken_tags());
}

#[test]
fn w13_a_client_id_is_text_of_any_length() {
    let served = Served::start(&["--brokers", "1"]);
    are_like_any_other(&served, odd::client_ids());
    are_refused(&served, odd::bad_client_ids());
}

#[test]
fn w14_w15_counts_that_cannot_be_cost_nothing() {
    let served = Served::start(&["--brokers", "1"]);
    let reserved = served.most_reserved();
    for (what, bytes) in odd::promises() {
        // What else the cluster does meanwhile takes a page now and then; what a promise takes it takes each time.
        let costs = (0..8).map(|_| {
            let before = served.forget_peak();
            let mut client = served.connect(1);
            client.write(&bytes);
            assert!(client.is_closed(), "{what}");
            served.peak().saturating_sub(before)
        });
        let least = costs.min().unwrap_or(0);
        assert!(least < 65_536, "{what}: {least}");
    }
    // Nor is room asked for that nobody writes to.
    let reserved = served.most_reserved() - reserved;
    assert!(reserved < 64 << 20, "{reserved}");
}

#[test]
fn w14_w15_w16_counts_that_cannot_be_are_refused_and_cost_little() {
    let served = Served::start(&["--brokers", "1"]);
    is_well(&mut served.connect(1));
    let before = served.forget_peak();
    // Fetch 4 with as many topics as there are bytes, or with as many as there could be, each of which says it has
    // as many partitions as there are bytes.
    let head = [[0xff; 4], [0; 4], [0; 4], [0x7f, 0, 0, 0]].concat();
    let body = vec![0; 1_000_000];
    let fetch = |count: u32, body: &[u8]| {
        let head = [&head[..], &[0], &count.to_be_bytes()].concat();
        request(1, 4, &[&head, body].concat())
    };
    let many = [&[0, 0], &900_000_u32.to_be_bytes()[..], &body].concat();
    are_refused(&served, odd::promises());
    are_refused(
        &served,
        vec![
            ("a topic for each byte", fetch(1_000_000, &body)),
            ("a partition for each byte", fetch(1, &many)),
        ],
    );
    // The most topics that so many bytes can hold, none of which has a partition.
    let most = body.len() as u32 / 6;
    let whole = fetch(most, &body[..6 * most as usize]);
    let answered = are_answered(&served, &whole, 1);
    assert_eq!(answered, [1]);
    let grown = served.peak().saturating_sub(before);
    // Sixty-four bytes for each byte of the longest.
    assert!(grown < 64_000_000, "{grown}");
}

#[test]
fn w17_bytes_behind_the_end_are_not_looked_at() {
    let served = Served::start(&["--brokers", "1"]);
    are_like_any_other(&served, odd::behind_the_end());
}

#[test]
fn w18_correlation_ids_may_be_anything_and_come_back() {
    let served = Served::start(&["--brokers", "1"]);
    let (bytes, numbers) = odd::numbered();
    assert_eq!(are_answered(&served, &bytes, numbers.len()), numbers);
}
