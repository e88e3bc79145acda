//! One record taken apart.

use kafka_playground::model::Offset;
use kafka_playground::stage::snapshot::*;
use kafka_playground::stage::{Ask, Lens, Snapshot, Thing};

use super::figure;
use super::made::*;

fn field(name: &str, value: &str, bytes: &[u8], kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        value: value.into(),
        bytes: bytes.to_vec(),
        kind,
    }
}

fn snapshot() -> Snapshot {
    use FieldKind::{Frame, Key, Payload, Timestamp};
    let value = "{\"lat\":52.5204,\"lng\":13.4061}";
    let fields = vec![
        field("length", "58", &[0x74], Frame),
        field("attributes", "0", &[0], Frame),
        field("timestamp", "base + 0 ms", &[0], Timestamp),
        field("offset", "base + 0", &[0], Frame),
        field("key length", "11", &[0x16], Frame),
        field("key", "driver-chen", b"driver-chen", Key),
        field("value length", "29", &[0x3a], Frame),
        field("value", value, value.as_bytes(), Payload),
        field("headers", "1", &[2], Frame),
        field("header source", "gps", b"\x0csource\x06gps", Payload),
    ];
    Snapshot {
        at: NOW,
        topics: vec![topic(LOCATIONS, Vec::new())],
        anatomy: Some(Anatomy {
            partition: id(0),
            offset: Offset(44),
            mark: mark("chen"),
            state: CellState::Committed,
            fields,
        }),
        washes: vec![Thing::Field(5)],
        ..Snapshot::empty("Record 44, field by field")
    }
}

#[test]
fn record_lens() {
    figure("record", &snapshot(), &Ask::new(Lens::Record, 908.0, 480.0));
    figure(
        "record-390",
        &snapshot(),
        &Ask::new(Lens::Record, 390.0, 418.0),
    );
}
