//! Frames over TCP: headers, counts, tags and numbers that may or may not be.

use kafka_playground::protocol::api::ApiVersionsRequest;
use kafka_playground::protocol::encode_request;

use super::{Served, frame, is_well, request};

/// Bytes that cost their connection and nothing else.
fn are_refused(served: &Served, table: &[(&str, Vec<u8>)]) {
    let mut bystander = served.connect(1);
    for (what, bytes) in table {
        let mut client = served.connect(1);
        client.write(bytes);
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

#[test]
fn w12_tagged_fields_are_skipped_when_they_are_whole() {
    let served = Served::start(&["--brokers", "1"]);
    // ApiVersions 3: a header with tagged fields, two compact strings, tagged fields.
    let with = |tags: &[u8]| request(18, 3, &[tags, &[2, b'a', 2, b'b', 0]].concat());
    assert_eq!(are_answered(&served, &with(&[0]), 1), [1]);
    let unknown = with(&[1, 7, 2, 9, 9]);
    assert_eq!(are_answered(&served, &unknown, 1), [1]);
    are_refused(
        &served,
        &[
            ("a field longer than the frame", with(&[1, 7, 100, 9, 9])),
            ("more fields than bytes", with(&[0xff, 0xff, 0x7f])),
            (
                "a tag without an end",
                with(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ),
        ],
    );
}

#[test]
fn w13_a_client_id_is_text_of_any_length() {
    let served = Served::start(&["--brokers", "1"]);
    let with = |length: u16, text: &[u8]| {
        let mut bytes = vec![0, 18, 0, 0, 0, 0, 0, 1];
        bytes.extend(length.to_be_bytes());
        bytes.extend_from_slice(text);
        frame(&bytes)
    };
    assert_eq!(are_answered(&served, &with(0xffff, &[]), 1), [1], "null");
    let long = with(32_767, &[b'x'; 32_767]);
    assert_eq!(are_answered(&served, &long, 1), [1]);
    are_refused(
        &served,
        &[
            ("a client id of -2", with(0xfffe, &[])),
            // More than the number before it can say: it reads as less than nothing.
            ("a client id of 40,000", with(40_000, &[b'x'; 40_000])),
            ("a client id that is no text", with(1, &[0xff])),
            ("a client id longer than the frame", with(9, b"short")),
            ("half a header", frame(&[0, 18, 0])),
        ],
    );
}

/// Short frames that promise more than there could be.
fn promises() -> [(&'static str, Vec<u8>); 5] {
    [
        (
            "two thousand million topics",
            request(3, 0, &[0x7f, 0xff, 0xff, 0xff]),
        ),
        ("a count below -1", request(3, 1, &[0xff, 0xff, 0xff, 0xfe])),
        (
            "four thousand million, compact",
            request(3, 9, &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]),
        ),
        (
            "a varint of six bytes",
            request(3, 9, &[0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 0]),
        ),
        (
            "a varint of more than 32 bits",
            request(3, 9, &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0]),
        ),
    ]
}

#[test]
fn w14_w15_counts_that_cannot_be_cost_nothing() {
    let served = Served::start(&["--brokers", "1"]);
    let reserved = served.most_reserved();
    for (what, bytes) in promises() {
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
    are_refused(&served, &promises());
    are_refused(
        &served,
        &[
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
    assert_eq!(are_answered(&served, &request(18, 0, &[7]), 1), [1]);
    // How librdkafka asks for all topics: an array of none is one byte, and it makes room for four.
    let metadata = request(3, 12, &[0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(are_answered(&served, &metadata, 1), [1]);
}

#[test]
fn w18_correlation_ids_may_be_anything_and_come_back() {
    let served = Served::start(&["--brokers", "1"]);
    let numbers = [5, 5, -1, i32::MIN, 0, 5, i32::MAX];
    let bytes: Vec<u8> = (numbers.iter())
        .flat_map(|number| {
            encode_request(&ApiVersionsRequest::default(), 0, *number, None).to_vec()
        })
        .collect();
    assert_eq!(are_answered(&served, &bytes, numbers.len()), numbers);
}
